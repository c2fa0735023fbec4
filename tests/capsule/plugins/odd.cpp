// A job whose ways are chosen by an argument: for what happens off the straight path.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include <godwit/job.hpp>

namespace {

class Odd : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override { p("way", way_, ""); }
  void describe(godwit::State& s) override {
    s.field("count", count_);
    s.array("data", data_);
  }
  void start(godwit::Context& c) override {
    if (way_ == "hungry") c.allocate(data_, {std::uint64_t{1} << 30});
    if (way_ == "throw_in_start") throw std::runtime_error("no start today");
    if (way_ == "throw_int_in_start") throw 42;
    if (way_ == "scratch") std::ofstream(c.scratch() + "/file") << "something";
  }
  void restored(godwit::Context&) override {
    if (way_ == "throw_in_restored") throw std::runtime_error("can't rebuild");
    if (way_ == "throw_int_in_restored") throw 42;
  }
  godwit::Step step(godwit::Context& c) override {
    ++count_;
    if (way_ == "throw_int_in_step") throw 42;
    if (way_ == "wander" && count_ == 3) c.move_to(2);
    if (way_ == "late_allocate") c.allocate(data_, {10});
    if (way_ == "polite") {
      while (!c.stop_wanted()) ::usleep(1000);
    }
    if (way_ == "fork") {  // a child that would outlive us
      if (::fork() == 0) {
        for (;;) ::pause();
      }
    }
    if (way_ == "crash_talking") {
      std::printf("printed first\n");
      std::cout << "last words" << std::endl;
      ::abort();
    }
    return way_ == "wander" || way_ == "polite" ? godwit::Step::more()
                                                : godwit::Step::again_in(std::chrono::hours(1));
  }
  void methods(godwit::Methods& m) override {
    m.on("count", "", [this] { return count_; });
    m.on("directory", "", [] {
      char path[4096] = "";
      return std::string(::getcwd(path, sizeof path));
    });
    m.on("variable", "", [](std::string name) {
      auto const* const value = ::getenv(name.c_str());
      return std::string(value == nullptr ? "" : value);
    });
  }

 private:
  std::string way_;
  std::int64_t count_ = 0;
  godwit::Array<double> data_;
};

}  // namespace

GODWIT_JOB(Odd, "odd", 1)
