#include "edge/capsules/link/printed.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

namespace {

constexpr int lines_max = 10;
constexpr off_t bytes_max = 4096;

std::string last_lines_of(std::filesystem::path const& path) {
  UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) return {};
  auto const size = std::min(info.st_size, bytes_max);
  std::string text(static_cast<std::size_t>(size), '\0');
  auto const got = ::pread(file.get(), text.data(), text.size(), info.st_size - size);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto from = text.size();
  for (int lines = 0; lines < lines_max && from != std::string::npos && from > 0; ++lines) {
    from = text.rfind('\n', from - 1);
  }
  return from == std::string::npos || from == 0 ? text : text.substr(from + 1);
}

}  // namespace

std::string printed_path(JobId job, char const* stream) {
  return fmt::format("jobs/{}/{}", job, stream);
}

std::string last_lines(std::filesystem::path const& store, JobId job) {
  auto text = last_lines_of(store / printed_path(job, "stderr"));
  return text.empty() ? last_lines_of(store / printed_path(job, "stdout")) : text;
}

}  // namespace godwit
