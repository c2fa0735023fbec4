#include "app/godwit/simulate/text_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

namespace godwit::cli {
namespace {

struct CloseText {
  void operator()(gzFile file) const { gzclose_r(file); }
};

}  // namespace

Result<std::string> read_text_file(std::string const& path) {
  auto const failure = [&](char const* why) {
    return reject("unreadable", fmt::format("cannot read {}: {}", path, why));
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return failure("it is a directory");
  std::unique_ptr<gzFile_s, CloseText> const file(gzopen(path.c_str(), "rb"));
  if (!file) return failure(std::strerror(errno));
  std::string text;
  std::vector<char> piece(1 << 16);
  int got = 0;
  while ((got = gzread(file.get(), piece.data(), static_cast<unsigned>(piece.size()))) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  // A compressed file that was cut off reads to its end all the same.
  int problem = Z_OK;
  auto const* const words = gzerror(file.get(), &problem);
  if (got < 0 || problem != Z_OK) return failure(problem == Z_ERRNO ? std::strerror(errno) : words);
  return text;
}

}  // namespace godwit::cli
