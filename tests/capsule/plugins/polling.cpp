// A job whose number of steps depends on how it is moved: the first step of each process finds nothing to take. It
// says so, and may still forget something.
#include <godwit/job.hpp>

namespace {

class Polling : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override { p("forgets", forgets_, false, "leave 'sum' undescribed"); }
  void describe(godwit::State& s) override {
    s.field("taken", taken_);
    if (!forgets_) s.field("sum", sum_);
    s.field("result", result_);
  }
  void start(godwit::Context&) override {}
  godwit::Step step(godwit::Context&) override {
    if (!connected_) {
      connected_ = true;
      return godwit::Step::more();
    }
    sum_ += ++taken_;
    if (taken_ < 10) return godwit::Step::more();
    result_ = sum_;
    return godwit::Step::done();
  }

 private:
  bool forgets_ = false, connected_ = false;
  std::int64_t taken_ = 0, sum_ = 0, result_ = 0;
};

}  // namespace

GODWIT_JOB(Polling, "polling", 1)
GODWIT_STEPS_VARY
