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

void save(Unsaved const& unsaved, std::filesystem::path const& file) {
  struct stat info {};
  if (::fstat(unsaved.memfd.get(), &info) != 0) return;
  auto const end = static_cast<std::uint64_t>(info.st_size);
  if (unsaved.drained >= end) return;
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  UniqueFd const out(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!out) return;
  std::array<char, 64 << 10> buffer;
  for (auto at = unsaved.drained; at < end;) {
    auto const got = ::pread(unsaved.memfd.get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (got <= 0) return;
    auto const place = static_cast<off_t>(unsaved.file_base + at);  // modulo 2^64
    if (::pwrite(out.get(), buffer.data(), static_cast<std::size_t>(got), place) != got) return;
    at += static_cast<std::uint64_t>(got);
  }
}

}  // namespace godwit
