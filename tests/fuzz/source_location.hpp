// std::source_location for clang 14, which hasn't what libstdc++'s is made of. Included before all else where fuzzers are built.
#pragma once

#include <cstdint>
#include <source_location>

#if !__has_builtin(__builtin_source_location)
namespace std {

class source_location {
 public:
  static constexpr source_location current(char const* file = __builtin_FILE(), unsigned line = __builtin_LINE()) noexcept {
    source_location here;
    here.file_ = file;
    here.line_ = line;
    return here;
  }
  [[nodiscard]] constexpr char const* file_name() const noexcept { return file_; }
  [[nodiscard]] constexpr uint_least32_t line() const noexcept { return line_; }

 private:
  char const* file_ = "";
  unsigned line_ = 0;
};

}  // namespace std
#endif
