// The reader that docs/checkpoint-format.md prints, as a script, with a module beside it that digests by the
// xxHash library.
#pragma once

#include <fstream>
#include <sstream>

#include "store/fixture.hpp"

namespace godwit::test {

inline std::filesystem::path reader_in_the_specification(std::filesystem::path const& directory) {
  std::ifstream in(GODWIT_CHECKPOINT_FORMAT);
  std::stringstream text;
  text << in.rdbuf();
  auto const spec = text.str();
  auto const begin = spec.find("```python\n");
  EXPECT_NE(begin, std::string::npos);
  auto const end = spec.find("```", begin + 10);
  auto const script = directory / "reader.py";
  test::write_file(script, view_of(spec.substr(begin + 10, end - begin - 10)));
  test::write_file(directory / "xxhash.py", view_of(R"(import ctypes
library = ctypes.CDLL("libxxhash.so.0")
library.XXH3_64bits.restype = ctypes.c_uint64
library.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
def xxh3_64_intdigest(data):
    return library.XXH3_64bits(bytes(data), len(data))
)"));
  return script;
}

}  // namespace godwit::test
