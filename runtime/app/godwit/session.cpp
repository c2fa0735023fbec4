#include "app/godwit/session.hpp"

#include "app/godwit/successor.hpp"
#include "message/command.hpp"

namespace godwit::cli {

Result<rpc::Client*> Session::client(std::filesystem::path const& store) {
  if (client_ && store_ == store) return &*client_;
  client_.reset();
  auto fresh = connect_patiently(store);
  if (!fresh) return fresh.failure();
  client_.emplace(*std::move(fresh));
  store_ = store;
  return &*client_;
}

void Session::check() {
  if (client_ && !client_->ask(cmd::Ping{}, 1s)) client_.reset();
}

}  // namespace godwit::cli
