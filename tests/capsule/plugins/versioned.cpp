// One job type in several versions, chosen by SHAPE, that differ in what they describe.
#include <godwit/job.hpp>

namespace {

class Versioned : public godwit::Job {
 public:
  void parameters(godwit::Parameters&) override {}
  void describe(godwit::State& s) override {
    s.field("count", count_);
#if SHAPE == 1  // the first
    s.field("old", extra_);
#elif SHAPE == 2  // dropped "old" without a word
#elif SHAPE == 3  // dropped it properly, and has a new one with a default
    s.retired("old");
    s.field("fresh", extra_, std::int64_t{42});
#elif SHAPE == 4  // has a new one without a default
    s.retired("old");
    s.field("fresh", extra_);
#elif SHAPE == 5  // changed a type
    s.field("old", real_);
#elif SHAPE == 6  // names a field twice
    s.field("count", extra_);
#endif
    seen_version_ = s.version();
  }
  void start(godwit::Context&) override {
    extra_ = 5;
  }
  void restored(godwit::Context&) override {
    restored_version_ = seen_version_;
  }
  godwit::Step step(godwit::Context&) override {
    ++count_;
    return godwit::Step::again_in(std::chrono::hours(1));
  }
  void methods(godwit::Methods& m) override {
    m.on("extra", "", [this] { return extra_; });
    m.on("version", "", [this] { return restored_version_; });
  }

 private:
  std::int64_t count_ = 0, extra_ = 0;
  double real_ = 0;
  std::uint32_t seen_version_ = 0, restored_version_ = 0;
};

}  // namespace

GODWIT_JOB(Versioned, "versioned", SHAPE)
