// counter: counts to a limit, one a step. The smallest complete job: parameters, state, a method.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>

#include <godwit/job.hpp>

namespace {

class Counter : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("limit", limit_, std::int64_t{1000}, "count to this");
    p("print_every", print_every_, std::int64_t{0}, "print the count every so many steps; 0: never");
    p("delay_us", delay_us_, std::int64_t{0}, "microseconds that a step takes at least");
    p("bytes", bytes_, std::int64_t{0}, "size of an array that the job also owns");
  }

  void describe(godwit::State& s) override {
    s.field("count", count_);
    s.field("limit_set", limit_set_);
    s.array("ballast", ballast_);
  }

  void start(godwit::Context& c) override {
    if (bytes_ <= 0) return;
    c.allocate(ballast_, {static_cast<std::uint64_t>(bytes_)});
    for (std::uint64_t i = 0; i < ballast_.size(); ++i) ballast_[i] = static_cast<std::uint8_t>(i % 251);
  }

  godwit::Step step(godwit::Context& c) override {
    if (count_ >= limit()) return godwit::Step::done();
    if (delay_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay_us_));
    ++count_;
    if (print_every_ > 0 && count_ % print_every_ == 0) std::cout << count_ << '\n';
    c.progress(static_cast<std::uint64_t>(count_), static_cast<std::uint64_t>(limit()), "counts");
    return count_ >= limit() ? godwit::Step::done() : godwit::Step::more();
  }

  void methods(godwit::Methods& m) override {
    m.on("get", "the count", [this] { return count_; });
    m.on("set", "count on from here", [this](std::int64_t count) { count_ = count; });
    m.on("set_limit", "count to this instead", [this](std::int64_t limit) { limit_set_ = limit; });
  }

 private:
  [[nodiscard]] std::int64_t limit() const { return limit_set_ > 0 ? limit_set_ : limit_; }

  std::int64_t limit_ = 0;
  std::int64_t print_every_ = 0;
  std::int64_t delay_us_ = 0;
  std::int64_t bytes_ = 0;
  std::int64_t count_ = 0;
  std::int64_t limit_set_ = 0;  // by a call; 0: by none. It is state: where the job goes on, a parameter is what it was at first
  godwit::Array<std::uint8_t> ballast_;
};

}  // namespace

GODWIT_JOB(Counter, "counter", 1)
