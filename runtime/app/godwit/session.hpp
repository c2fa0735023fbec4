// What the questions of one process of `godwit` share: a verb asks a few, a shell one at each completion.
// Keeps the connection to the runtime open between them. One thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "edge/rpc/client.hpp"

namespace godwit::cli {

class Session {
 public:
  std::string store_option;  // of calls that give none; empty: the environment's
  bool interactive{false};   // in a shell already

  // To the runtime on that store: the one from before if there is one.
  Result<rpc::Client*> client(std::filesystem::path const& store);
  // Forgets a connection whose runtime doesn't answer any more, so that the next call finds its successor.
  void check();

 private:
  std::filesystem::path store_;
  std::optional<rpc::Client> client_;
};

}  // namespace godwit::cli
