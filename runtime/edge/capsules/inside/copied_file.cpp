#include "edge/capsules/inside/copied_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit::inside {

Status copy_start(std::string const& name, std::filesystem::path const& from, std::filesystem::path const& to,
                  std::uint64_t bytes) {
  auto const failed = [&](std::filesystem::path const& path) {
    return reject("output_not_copied",
                  fmt::format("cannot copy output '{}' from {} to {}: {}: {}", name, from.native(),
                              to.native(), path.native(), std::strerror(errno)));
  };
  UniqueFd const out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!out) return failed(to);
  if (bytes == 0) return Done{};
  UniqueFd const in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) return failed(from);
  constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 30;
  for (std::uint64_t left = bytes; left > 0;) {
    auto const put = ::sendfile(out.get(), in.get(), nullptr, std::min(left, piece_bytes));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed(to);
    if (put == 0) {
      return data_lost(
          "output_short",
          fmt::format("output '{}': {} has {} bytes, and {} were durable at the safe point: somebody cut "
                      "or replaced it",
                      name, from.native(), bytes - left, bytes));
    }
    left -= static_cast<std::uint64_t>(put);
  }
  if (::fdatasync(out.get()) != 0) return failed(to);
  return Done{};
}

}  // namespace godwit::inside
