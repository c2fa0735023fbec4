// Draft: a file that is written under a temporary name in its own directory and then published whole,
// or vanishes. Publishing never replaces a file.
//
// publish() makes it durable: fsync, rename without replacing, fsync of the directory. The destructor
// removes what wasn't published. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace godwit {

// What the file system said, as the caller should react: everything but "exists" may pass by itself.
[[nodiscard]] Failure file_failure(int error, std::string const& doing, std::filesystem::path const& path);

// The name of this node, as it stands in the names of drafts: ".5-12.h5.NODE.PID-N.tmp".
[[nodiscard]] std::string draft_node();

class Draft {
 public:
  // Makes the directories between `root` and the file; `root` itself must be there.
  [[nodiscard]] static Result<Draft> open(std::filesystem::path const& root, std::string const& relative);
  ~Draft();
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&&) = delete;
  Draft(Draft const&) = delete;
  Draft& operator=(Draft const&) = delete;

  [[nodiscard]] Status write(std::uint64_t offset, ByteView bytes);
  // For much data: straight from memory to the disk where the file system can do that (O_DIRECT) and
  // address and offset are multiples of 4096, which costs a third of the time and hardly any CPU;
  // else through the page cache, with write-back started at once.
  [[nodiscard]] Status write_bulk(std::uint64_t offset, ByteView bytes);
  [[nodiscard]] Status publish();

 private:
  Draft(std::filesystem::path target, int directory) : target_(std::move(target)), directory_(directory) {}
  // How much of it went to disk directly; 0 where that can't be done.
  [[nodiscard]] Result<std::uint64_t> write_directly(std::uint64_t offset, ByteView bytes);

  std::filesystem::path target_;
  std::string temporary_;  // in the same directory; empty once published
  int directory_ = -1;
  int file_ = -1;
  int direct_ = -1;  // the same file, opened for direct writes
};

}  // namespace godwit
