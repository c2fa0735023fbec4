#include "edge/capsules/inside/append_bases.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit::inside {

void AppendBases::read() {
  if (std::exchange(read_, true)) return;
  std::ifstream in(file_);
  std::uint64_t base = 0;
  std::string path;
  while (in >> base && in.get() == ' ' && std::getline(in, path)) bases_[path] = base;
}

std::optional<std::uint64_t> AppendBases::of(std::filesystem::path const& output) {
  read();
  auto const found = bases_.find(output.native());
  if (found == bases_.end()) return std::nullopt;
  return found->second;
}

Status AppendBases::record(std::filesystem::path const& output, std::uint64_t base) {
  read();
  bases_[output.native()] = base;
  std::string text;
  for (auto const& [path, bytes] : bases_) text += fmt::format("{} {}\n", bytes, path);

  auto const failed = [&] {
    return reject("store_not_writable",
                  fmt::format("cannot write {}: {}", file_.native(), std::strerror(errno)));
  };
  std::error_code ignored;  // shows as a failure to open
  std::filesystem::create_directories(file_.parent_path(), ignored);
  auto const temporary = file_.native() + ".tmp";
  UniqueFd const out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!out || ::write(out.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failed();
  if (::fsync(out.get()) != 0 || ::rename(temporary.c_str(), file_.c_str()) != 0) return failed();
  UniqueFd const directory(::open(file_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return failed();
  return Done{};
}

}  // namespace godwit::inside
