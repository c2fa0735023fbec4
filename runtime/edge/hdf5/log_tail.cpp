#include "edge/hdf5/log_tail.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace godwit {
namespace {

// Bytes [from, to) of a file, or none.
std::string read_range(std::filesystem::path const& path, std::uint64_t from, std::uint64_t to) {
  int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return {};
  std::string text(to - from, '\0');
  auto const n = ::pread(file, text.data(), text.size(), static_cast<off_t>(from));
  ::close(file);
  text.resize(n == static_cast<ssize_t>(text.size()) ? text.size() : 0);
  return text;
}

std::string tail_of(std::filesystem::path const& store, StreamMark const& stream) {
  auto const begin = stream.offset > log_tail_bytes ? stream.offset - log_tail_bytes : 0;
  auto text = begin < stream.synced ? read_range(store / stream.path, begin, stream.synced) : std::string();
  text += to_text(stream.tail);
  if (text.size() > log_tail_bytes) text.erase(0, text.size() - log_tail_bytes);
  bool const whole = text.size() == stream.offset;
  if (auto const line = text.find('\n'); !whole && line != std::string::npos) text.erase(0, line + 1);
  return text;
}

}  // namespace

std::vector<LogTail> log_tails(std::filesystem::path const& store, Manifest const& manifest) {
  std::vector<LogTail> tails;
  for (auto const& stream : manifest.streams) {
    if (stream.name == "stdout" || stream.name == "stderr")
      tails.push_back({stream.name, tail_of(store, stream)});
  }
  return tails;
}

}  // namespace godwit
