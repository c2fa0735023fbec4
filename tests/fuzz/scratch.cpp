#include <stdlib.h>

#include <fstream>
#include <string>

#include "fuzz/fuzz.hpp"

namespace godwit::fuzz {
namespace {

class Directory {
 public:
  Directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "godwit-fuzz-XXXXXX").string();
    invariant(::mkdtemp(pattern.data()) != nullptr, "no directory can be made below $TMPDIR");
    path_ = pattern;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(Directory const&) = delete;
  Directory& operator=(Directory const&) = delete;

  [[nodiscard]] std::filesystem::path const& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

std::filesystem::path const& scratch() {
  static Directory const directory;
  return directory.path();
}

void put_file(std::filesystem::path const& path, ByteView bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<char const*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  invariant(!file.fail(), "a file of the fuzzer's own can't be written");
}

}  // namespace godwit::fuzz
