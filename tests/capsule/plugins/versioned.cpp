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
    s.field("names", names_, {"Anna", "Bo"});
    s.field("table", table_, {{"one", 1}, {"two", 2}});
#elif SHAPE == 4  // has a new one without a default
    s.retired("old");
    s.field("fresh", extra_);
#elif SHAPE == 5  // changed a type
    s.field("old", real_);
#elif SHAPE == 6  // names a field twice
    s.field("count", extra_);
#elif SHAPE == 7  // after 3: a list has become another kind of list
    s.retired("old");
    s.retired("fresh");
    s.retired("table");
    s.field("names", numbers_);
#elif SHAPE == 8  // allocates an array that it doesn't describe
    s.field("old", extra_);
    s.array("known", known_);
#endif
    seen_version_ = s.version();
  }
  void start([[maybe_unused]] godwit::Context& c) override {
    extra_ = 5;
    names_ = {"Cy", ""};
    table_ = {{"three", 3}};
    if (SHAPE != 8) return;
    c.allocate(known_, {1000});
    c.allocate(unknown_, {5000});
    for (std::uint64_t i = 0; i < known_.size(); ++i) known_[i] = static_cast<double>(i) / 3;
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
    m.on("names", "", [this] {
      std::string all;
      for (auto const& name : names_) all += name + ";";
      for (auto const& [key, value] : table_) all += key + "=" + std::to_string(value) + ";";
      return all;
    });
    m.on("version", "", [this] { return restored_version_; });
  }

 private:
  std::int64_t count_ = 0, extra_ = 0;
  double real_ = 0;
  std::vector<std::string> names_;
  std::map<std::string, int> table_;
  std::vector<double> numbers_;
  godwit::Array<double> known_, unknown_;
  std::uint32_t seen_version_ = 0, restored_version_ = 0;
};

}  // namespace

GODWIT_JOB(Versioned, "versioned", SHAPE)
