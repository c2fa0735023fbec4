// For benchmarks: a job with an array of many pages, which writes to some of them, drawn evenly, when it is
// told to.
#include <godwit/job.hpp>

namespace {

class Scatter : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("pages", pages_, std::int64_t{262144}, "of 4096 bytes");
  }
  void describe(godwit::State& s) override {
    s.field("random", random_);
    s.array("cells", cells_);
  }
  void start(godwit::Context& c) override {
    c.allocate(cells_, {static_cast<std::uint64_t>(pages_), 512});
    for (std::uint64_t page = 0; page < static_cast<std::uint64_t>(pages_); ++page) {
      for (std::uint64_t word = 0; word < 512; ++word) cells_(page, word) = draw();
    }
  }
  godwit::Step step(godwit::Context&) override {
    return godwit::Step::again_in(std::chrono::milliseconds(1));
  }
  void methods(godwit::Methods& m) override {
    m.on("write", "to so many pages", [this](std::int64_t count) {
      for (std::int64_t i = 0; i < count; ++i)
        ++cells_(draw() % static_cast<std::uint64_t>(pages_), draw() % 512);
    });
  }

 private:
  std::uint64_t draw() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    return random_ ^= random_ << 17;
  }

  std::int64_t pages_ = 0;
  std::uint64_t random_ = 88172645463325252;
  godwit::Array<std::uint64_t> cells_;
};

}  // namespace

GODWIT_JOB(Scatter, "scatter", 1)
