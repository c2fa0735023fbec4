#include "app/godwitd/standby_office.hpp"

#include "edge/capsules/plugin_catalogue.hpp"
#include "edge/rpc/server.hpp"

namespace godwit {
namespace {

class OpenOffice final : public Office {
 public:
  OpenOffice(std::unique_ptr<rpc::ControlServer> server, ZygoteProcess zygote, Options const& options)
      : server_(std::move(server)),
        catalogue_(std::move(zygote), {.directories = options.plugins, .store = options.store}) {}

  Control& control() override { return *server_; }
  Catalogue& catalogue() override { return catalogue_; }
  void wakes(WakeGroup& wake) const {
    wake.add(server_->wait_fd());
    wake.add(catalogue_.wait_fd());
  }

 private:
  std::unique_ptr<rpc::ControlServer> server_;
  PluginCatalogue catalogue_;
};

}  // namespace

// The zygote is spawned, not forked: that is safe after MPI_Init.
Result<std::unique_ptr<Office>> StandbyOffices::open(Term term) {
  auto zygote = ZygoteProcess::launch(program_directory() / "godwit-capsule");
  if (!zygote) return zygote.failure();
  auto server = rpc::ControlServer::open({.store = options_.store, .term = term, .listen = options_.listen});
  if (!server) return server.failure();
  auto office = std::make_unique<OpenOffice>(*std::move(server), *std::move(zygote), options_);
  office->wakes(wake_);
  return std::unique_ptr<Office>(std::move(office));
}

}  // namespace godwit
