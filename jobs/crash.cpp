// crash: goes wrong in a chosen way after so many steps. For trying out what Godwit does about it.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <godwit/job.hpp>

namespace {

class Crash : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("how", how_, "segv, abort, exit, throw, hang, fail or hoard");
    p("after", after_, std::int64_t{0}, "steps that go well before");
    p("delay_us", delay_us_, std::int64_t{0}, "microseconds that each of them takes");
  }

  void describe(godwit::State& s) override { s.field("steps", steps_); }

  void start(godwit::Context&) override {
    for (auto const* known : {"segv", "abort", "exit", "throw", "hang", "fail", "hoard"}) {
      if (how_ == known) return;
    }
    throw std::invalid_argument("how: '" + how_ + "' is none of segv, abort, exit, throw, hang, fail, hoard");
  }

  godwit::Step step(godwit::Context&) override {
    if (steps_ < after_) {
      if (delay_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay_us_));
      ++steps_;
      return godwit::Step::more();
    }
    if (!hoard_.empty()) return hoard();
    std::fprintf(stderr, "about to %s after %lld steps\n", how_.c_str(), static_cast<long long>(steps_));
    if (how_ == "segv") std::raise(SIGSEGV);
    if (how_ == "abort") std::abort();
    if (how_ == "exit") std::exit(3);
    if (how_ == "throw") throw std::runtime_error("thrown on purpose");
    if (how_ == "hoard") return hoard();
    if (how_ == "fail") return godwit::Step::failed("failed on purpose");
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));  // hang: no safe point ever comes
  }

 private:
  // Ever more memory beside its arrays, for memory limits; not without end where there is none.
  godwit::Step hoard() {
    hoard_.emplace_back(std::size_t{8} << 20, 'x');
    return hoard_.size() < 64 ? godwit::Step::again_in(std::chrono::milliseconds(20))
                              : godwit::Step::failed("has hoarded 512 MiB, and nobody minded");
  }

  std::vector<std::string> hoard_;
  std::string how_;
  std::int64_t after_ = 0;
  std::int64_t delay_us_ = 0;
  std::int64_t steps_ = 0;
};

}  // namespace

GODWIT_JOB(Crash, "crash", 1)
