// sleep: lasts a given time and uses no processor. Shows Step::again_in, and now(): the time that the job has
// been running, which goes on where it stopped after a move.
#include <algorithm>
#include <chrono>
#include <cstdint>

#include <godwit/job.hpp>

namespace {

using Seconds = std::chrono::duration<double>;

class Sleep : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override { p("seconds", seconds_, "how long"); }
  void describe(godwit::State&) override {}
  void start(godwit::Context&) override {}

  godwit::Step step(godwit::Context& c) override {
    Seconds const left = Seconds(seconds_) - c.now();
    c.progress(static_cast<std::uint64_t>(Seconds(c.now()) / std::chrono::milliseconds(1)),
               static_cast<std::uint64_t>(seconds_ * 1000), "ms");
    if (left <= Seconds(0)) return godwit::Step::done();
    return godwit::Step::again_in(std::chrono::ceil<std::chrono::nanoseconds>(std::min(left, Seconds(0.5))));
  }

 private:
  double seconds_ = 0;
};

}  // namespace

GODWIT_JOB(Sleep, "sleep", 1)
