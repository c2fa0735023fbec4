#include "edge/capsules/last_words.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <cstring>
#include <utility>

namespace godwit {

std::string how_it_ended(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return fmt::format("exited with status {}", WEXITSTATUS(wait_status));
  auto const number = WTERMSIG(wait_status);
  auto const* const name = ::sigabbrev_np(number);
  return name != nullptr ? fmt::format("killed by signal {} (SIG{})", number, name)
                         : fmt::format("killed by signal {}", number);
}

Unsaved unsaved(UniqueFd memfd, CaptureMarks const& marks) {
  return {std::move(memfd), marks.file_base.load(std::memory_order_acquire),
          marks.drained.load(std::memory_order_acquire)};
}

void save(Unsaved const& unsaved, PrintedPlace const& place, PackRecord record) {
  struct stat info {};
  if (::fstat(unsaved.memfd.get(), &info) != 0) return;
  auto const end = static_cast<std::uint64_t>(info.st_size);
  if (unsaved.drained >= end) return;
  UniqueFd out;
  PackWriter pack(place.path);
  if (!place.packed) {
    std::error_code ignored;
    if (!place.in_store.empty()) std::filesystem::create_directories(place.path.parent_path(), ignored);
    out = UniqueFd(::open(place.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    if (!out) return;
  }
  std::array<std::byte, 64 << 10> buffer;
  for (auto at = unsaved.drained; at < end;) {
    auto const got = ::pread(unsaved.memfd.get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (got <= 0) return;
    record.offset = unsaved.file_base + at;  // modulo 2^64
    ByteView const bytes(buffer.data(), static_cast<std::size_t>(got));
    bool const put = place.packed
                         ? pack.append(record, bytes).ok()
                         : ::pwrite(out.get(), bytes.data(), bytes.size(), static_cast<off_t>(record.offset)) == got;
    if (!put) return;
    at += static_cast<std::uint64_t>(got);
  }
}

std::string last_lines_of(Unsaved const& unsaved, PrintedPlace const& place) {
  return place.packed ? last_lines_of(unsaved.memfd.get()) : last_lines_of(place.path);
}

}  // namespace godwit
