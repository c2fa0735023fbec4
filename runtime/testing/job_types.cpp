#include "testing/job_types.hpp"

#include <poll.h>

#include "edge/capsules/plugin_catalogue.hpp"

namespace godwit::testing {

Result<std::vector<JobType>> find_job_types(std::string const& type,
                                            std::vector<std::filesystem::path> const& plugins,
                                            std::filesystem::path const& capsule_program,
                                            std::filesystem::path const& store) {
  if (capsule_program.empty()) {
    return reject("no_zygote",
                  "the program godwit-capsule isn't where Godwit's programs should be: install Godwit, "
                  "or name it in GODWIT_CAPSULE");
  }
  auto zygote = ZygoteProcess::launch(capsule_program);
  if (!zygote) return zygote.failure();
  PluginCatalogue catalogue(*std::move(zygote), {plugins, store});
  catalogue.find(RequestId{1}, type);
  for (;;) {
    pollfd readable{catalogue.wait_fd(), POLLIN, 0};
    ::poll(&readable, 1, -1);  // the catalogue's own patience bounds it
    for (auto& found : catalogue.poll()) return std::move(found.types);
  }
}

}  // namespace godwit::testing
