#include "edge/capsules/link/printed.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

namespace {
constexpr int lines_max = 10;
}

std::string printed_path(JobId job, char const* stream) {
  return fmt::format("jobs/{}/{}", job, stream);
}

PrintedPlace printed_place(std::filesystem::path const& store, JobId job, PrintedStream stream,
                           std::filesystem::path const& directory, std::string const& wanted,
                           std::filesystem::path const& pack) {
  if (!wanted.empty()) return {directory / wanted, false, {}};
  if (job.element() != 0) return {pack, true, {}};
  auto in_store = printed_path(job, name_of(stream));
  return {store / in_store, false, std::move(in_store)};
}

std::string last_lines(std::string_view text) {
  text = text.substr(text.size() - std::min(text.size(), last_bytes_max));
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  auto from = text.size();
  for (int lines = 0; lines < lines_max && from != std::string_view::npos && from > 0; ++lines) {
    from = text.rfind('\n', from - 1);
  }
  return std::string(from == std::string_view::npos || from == 0 ? text : text.substr(from + 1));
}

std::string last_lines_of(int file) {
  struct stat info {};
  if (::fstat(file, &info) != 0) return {};
  auto const size = std::min(info.st_size, static_cast<off_t>(last_bytes_max));
  std::string text(static_cast<std::size_t>(size), '\0');
  auto const got = ::pread(file, text.data(), text.size(), info.st_size - size);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return last_lines(text);
}

std::string last_lines_of(std::filesystem::path const& path) {
  UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file ? last_lines_of(file.get()) : std::string();
}

}  // namespace godwit
