// What a fuzzer may take, counted in its own CPU time: the clock also runs while others have the processors, and libFuzzer's
// limits are by the clock.
#pragma once

#include <ctime>

namespace godwit::fuzz {

// A target has one while it looks at an input: one that takes longer is a finding.
class InputLimit {
 public:
  static constexpr std::time_t seconds = 25;

  InputLimit();
  ~InputLimit();
  InputLimit(InputLimit const&) = delete;
  InputLimit& operator=(InputLimit const&) = delete;
};

// The whole run: libFuzzer ends by itself then, as if its time were over. From $GODWIT_FUZZ_CPU_SECONDS; 0 or none: no limit.
void limit_run();

}  // namespace godwit::fuzz
