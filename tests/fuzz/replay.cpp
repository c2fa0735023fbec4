// A target without libFuzzer: runs each file that is named, or lies in a directory that is named, once. So what was found once
// stays a test where there is no clang, too.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> inputs(int count, char** names) {
  std::vector<fs::path> all;
  for (int i = 1; i < count; ++i) {
    if (!fs::is_directory(names[i])) {
      all.emplace_back(names[i]);
      continue;
    }
    for (auto const& entry : fs::directory_iterator(names[i])) {
      if (entry.is_regular_file()) all.push_back(entry.path());
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  auto const all = inputs(argc, argv);
  for (auto const& path : all) {
    std::ifstream file(path, std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file) {
      std::fprintf(stderr, "%s can't be read\n", path.c_str());
      return 2;
    }
    std::fprintf(stderr, "%s\n", path.c_str());  // the last one that is named is the one that crashed
    LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
  }
  std::printf("%zu inputs\n", all.size());
  return all.empty() ? 2 : 0;
}
