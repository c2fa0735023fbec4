// A snapshot of the ledger as a file: a head with its own digest, then parts (ledger/snapshot.hpp) framed and digested as the
// log's records are, the last of which says how many there are. So one that is torn, shorter, longer or damaged anywhere is
// recognised before anything of it is used. Blocks on the store; any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "edge/capsules/link/unique_fd.hpp"
#include "edge/posix/journal_format.hpp"
#include "ledger/snapshot.hpp"

namespace godwit {

// Writes a draft; whoever has finished it renames it. The first failure stays.
class SnapshotWriter {
 public:
  SnapshotWriter(std::filesystem::path path, journal::SnapshotHead const& head);
  void put(part::Part const& part);
  [[nodiscard]] Status const& status() const { return status_; }
  [[nodiscard]] Status finish();  // the end is written, and all of it durable
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  void flush();
  void fail(char const* doing, int error);

  std::filesystem::path path_;
  UniqueFd file_;
  Bytes buffer_;
  std::uint64_t parts_{0}, bytes_{0};
  Status status_{Done{}};
};

struct SnapshotRead {
  journal::SnapshotHead head;
  std::string text;
  std::vector<ByteView> parts;  // of the text, without the end
};

// reject "no_such_file"; data_lost "snapshot_damaged" with file and offset.
[[nodiscard]] Result<std::unique_ptr<SnapshotRead>> read_snapshot(std::filesystem::path const& path);

}  // namespace godwit
