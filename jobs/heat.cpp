// heat: how warmth spreads over a square plate whose rim is kept cold. Shows bulk data in arrays.
//
// du/dt = α (d²u/dx² + d²u/dy²) on the unit square, u = 0 on its rim, u = sin(πx) sin(πy), made uneven by a seed, at
// first; forward in time, centred in space (FTCS) on n × n squares, (n+1) × (n+1) points, with r = dt/h². Stable for
// α r ≤ 1/4.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include <godwit/job.hpp>

namespace {

class Heat : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("n", n_, std::uint64_t{64}, "squares along each side, even");
    p("steps", steps_, std::uint64_t{500}, "time steps");
    p("r", r_, 0.2, "dt/h²; at most 0.25 with alpha");
    p("alpha", alpha_, 1.0, "how well the plate conducts");
    p("seed", seed_, std::uint64_t{0}, "of the unevenness that the plate begins with; 0: none");
    p("output", output_path_, "", "file for a line 'step,u(1/2,1/2)' every few steps; empty: none");
    p("output_every", output_every_, std::uint64_t{10}, "time steps between two lines of it");
  }

  void describe(godwit::State& s) override {
    s.field("iteration", iteration_);
    s.array("temperature", u_);
    if (!output_path_.empty()) s.output("output", output_, output_path_);
  }

  void start(godwit::Context& c) override {
    if (n_ < 2 || n_ % 2 != 0) throw std::invalid_argument("n must be even and at least 2");
    if (!(rate() > 0 && rate() <= 0.25)) throw std::invalid_argument("r times alpha must be above 0 and at most 0.25");
    c.allocate(u_, {n_ + 1, n_ + 1});
    auto const h = 1.0 / static_cast<double>(n_);
    noise_ = seed_;
    for (std::uint64_t i = 1; i < n_; ++i) {
      for (std::uint64_t j = 1; j < n_; ++j) {
        u_(i, j) = std::sin(std::numbers::pi * h * static_cast<double>(i)) *
                       std::sin(std::numbers::pi * h * static_cast<double>(j)) +
                   unevenness();
      }
    }
    next_.assign((n_ + 1) * (n_ + 1), 0.0);
  }

  // A work array: its content doesn't outlive a step, so it isn't described.
  void restored(godwit::Context&) override { next_.assign((n_ + 1) * (n_ + 1), 0.0); }

  godwit::Step step(godwit::Context& c) override {
    auto const width = n_ + 1;
    auto const rate = this->rate();
    for (std::uint64_t i = 1; i < n_; ++i) {
      for (std::uint64_t j = 1; j < n_; ++j) {
        next_[i * width + j] =
            u_(i, j) + rate * (u_(i + 1, j) + u_(i - 1, j) + u_(i, j + 1) + u_(i, j - 1) - 4 * u_(i, j));
      }
    }
    for (std::uint64_t i = 1; i < n_; ++i) {
      for (std::uint64_t j = 1; j < n_; ++j) u_(i, j) = next_[i * width + j];
    }
    ++iteration_;
    c.progress(iteration_, steps_, "steps");
    if (!output_path_.empty() && iteration_ % output_every_ == 0) write_line();
    if (iteration_ < steps_) return godwit::Step::more();
    std::printf("u(1/2,1/2) = %.15f\n", middle());
    return godwit::Step::done();
  }

  void methods(godwit::Methods& m) override {
    m.on("middle", "u(1/2,1/2) now", [this] { return middle(); });
  }

 private:
  [[nodiscard]] double rate() const { return r_ * alpha_; }
  // Between -1/20 and 1/20, another one at each call: splitmix64 (Steele, Lea, Flood 2014). c.random() would differ
  // from job to job; the same seed is to give the same plate.
  double unevenness() {
    if (seed_ == 0) return 0.0;
    auto bits = noise_ += 0x9e3779b97f4a7c15;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return (static_cast<double>((bits ^ (bits >> 31)) >> 11) * 0x1p-53 - 0.5) / 10;
  }
  [[nodiscard]] double middle() const { return u_(n_ / 2, n_ / 2); }

  void write_line() {
    char line[64];
    std::snprintf(line, sizeof line, "%llu,%.17g\n", static_cast<unsigned long long>(iteration_), middle());
    output_ << line;
  }

  std::uint64_t n_ = 0, steps_ = 0, output_every_ = 0;
  double r_ = 0, alpha_ = 1;
  std::uint64_t seed_ = 0, noise_ = 0;
  std::string output_path_;
  std::uint64_t iteration_ = 0;
  godwit::Array<double> u_;  // [n+1, n+1]
  godwit::Output output_;
  std::vector<double> next_;
};

}  // namespace

GODWIT_JOB(Heat, "heat", 1)
