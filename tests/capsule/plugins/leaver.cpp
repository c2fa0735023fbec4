// A job that is over after one step, and may leave something behind in its process.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <thread>

#include <godwit/job.hpp>

namespace {

class Leaver : public godwit::Job {
 public:
  ~Leaver() override {
    if (way_ == "dies_afterwards") std::abort();
  }
  void parameters(godwit::Parameters& p) override {
    p("way", way_, "", "what it leaves behind");
    p("text", text_, "", "what it prints");
  }
  void describe(godwit::State& s) override { s.array("data", data_); }
  void start(godwit::Context& c) override {
    c.allocate(data_, {std::uint64_t{100'000}});
    for (std::uint64_t i = 0; i < data_.size(); ++i) {
      if (data_[i] != 0) throw std::runtime_error("an array that isn't zero");
      data_[i] = 7;
    }
    if (way_ == "scratch") std::ofstream(c.scratch() + "/file") << "something";
    if (way_ == "thread") std::thread([] { ::pause(); }).detach();
    if (way_ == "child" && ::fork() == 0) {
      for (;;) ::pause();
    }
    if (way_ == "orphan") {  // of a child that is gone
      if (auto const child = ::fork(); child == 0) {
        if (::fork() == 0) {
          for (;;) ::pause();
        }
        ::_exit(0);
      }
    }
    if (way_ == "fails") throw std::runtime_error("failed on purpose");
  }
  godwit::Step step(godwit::Context&) override {
    if (!text_.empty()) std::cout << text_ << " at " << ::getpid() << " value " << 0.5 << '\n';
    std::cout << std::setprecision(1) << std::scientific;  // the next job prints as if this had never been
    if (way_ == "directory" && ::chdir("/") != 0) return godwit::Step::failed("no /");
    return godwit::Step::done();
  }

 private:
  std::string way_, text_;
  godwit::Array<double> data_;
};

}  // namespace

GODWIT_JOB(Leaver, "leaver", 1)
