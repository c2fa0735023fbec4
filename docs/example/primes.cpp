#include <godwit/job.hpp>

class Primes : public godwit::Job {
 public:
  // key=value arguments, bound to members. Without a default: required.
  void parameters(godwit::Parameters& p) override {
    p("below", below_, std::uint64_t{1000}, "numbers to look at");
    p("output", path_, "file for the primes, one a line");
  }

  // The whole state. What isn't named here doesn't survive a move.
  void describe(godwit::State& s) override {
    s.field("next", next_);
    s.field("count", count_);
    s.field("last_digits", last_digits_);
    s.array("composite", composite_);
    s.output("primes", out_, path_);
  }

  // Once in the job's life: allocate, initial conditions.
  void start(godwit::Context& c) override { c.allocate(composite_, {below_}); }

  // One bounded slice of work; between two of them the job can be frozen.
  godwit::Step step(godwit::Context& c) override {
    if (next_ >= below_) return godwit::Step::done();
    if (composite_[next_] == 0) {
      ++count_;
      ++last_digits_[next_ % 10];
      out_ << std::to_string(next_) + "\n";
      for (auto multiple = next_ * next_; multiple < below_; multiple += next_) composite_[multiple] = 1;
    }
    ++next_;
    c.progress(next_, below_, "numbers");
    return godwit::Step::more();
  }

  // Calls from outside, run between two steps: godwit call primes found
  void methods(godwit::Methods& m) override {
    m.on("found", "how many primes so far", [this] { return count_; });
  }

 private:
  std::uint64_t below_ = 0, next_ = 2, count_ = 0;
  std::string path_;
  std::map<int, int> last_digits_;  // of the primes: how many end in 1, 3, …
  godwit::Array<std::uint8_t> composite_;
  godwit::Output out_;
};

GODWIT_JOB(Primes, "primes", 1)
