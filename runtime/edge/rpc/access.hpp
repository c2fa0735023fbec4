// STORE/access.json: where the runtime of a store listens, and the token that opens its TCP door.
// Mode 0600, published by temporary name and rename; removed at a clean end. One left behind by a dead
// runtime does no harm: nobody answers there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace godwit::rpc {

struct Access {
  Term term;
  std::string node;         // where rank 0 runs
  std::int32_t pid{0};      // of rank 0, there
  std::string boot_id;      // of that node: a pid means nothing under another one
  std::string unix_socket;  // its path on that node
  std::vector<std::string> addresses;  // of TCP, numeric, best first
  std::uint16_t port{0};
  std::string token;  // 64 hex digits
};

[[nodiscard]] std::filesystem::path access_path(std::filesystem::path const& store);
// Fails with peer_lost "unreachable" if there is none, data_lost "malformed" if it is no access file.
[[nodiscard]] Result<Access> read_access(std::filesystem::path const& store);
[[nodiscard]] Status write_access(std::filesystem::path const& store, Access const& access);
// Takes the file away if it is still this one's.
void remove_access(std::filesystem::path const& store, Access const& access);

}  // namespace godwit::rpc
