// A job that adds up 0 … steps−1, and forgets something when it is moved: what, an argument says.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include <godwit/job.hpp>

namespace {

int steps_of_this_process = 0;

class Forgetful : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("forgets", way_, "nothing", "nothing, member, count, array, heap, output, stdout, own_file, step or throw");
    p("steps", limit_, std::int64_t{10}, "");
    p("output", path_, "out.csv", "");
  }
  void describe(godwit::State& s) override {
    if (way_ != "count") s.field("count", count_);
    s.field("sum", sum_);
    if (way_ != "member") s.field("partial", partial_);
    if (way_ == "array") s.array("cells", cells_);
    s.output("out", out_, path_);
  }
  void start(godwit::Context& c) override {
    if (way_ == "throw") throw std::runtime_error("no start");
    if (way_ == "throw_int") throw 42;
    c.allocate(cells_, {4, 5});
    scale_ = std::make_unique<double[]>(8);
  }
  void restored(godwit::Context&) override {
    scale_.reset(new double[8]);  // whatever is there
    if (way_ != "heap") std::fill_n(scale_.get(), 8, 0.0);
    if (way_ == "refuse") throw std::runtime_error("can't rebuild");
  }
  godwit::Step step(godwit::Context&) override {
    ++steps_of_this_process;
    partial_ += count_;
    sum_ = partial_;
    if (way_ == "heap") sum_ += scale_[3] == 0.0 ? 0 : 1000;
    if (way_ == "array") cells_(2, 3) = steps_of_this_process;
    out_ << std::to_string(way_ == "output" ? steps_of_this_process : count_) << "\n";
    if (way_ == "stdout") std::cout << "step " << count_ << " of " << steps_of_this_process << "\n";
    if (way_ == "own_file") std::ofstream("own.log", std::ios::app) << count_ << "\n";
    ++count_;
    if (way_ == "step" && steps_of_this_process == 3) ++count_;
    if (way_ == "end" && count_ == 5) return godwit::Step::failed(steps_of_this_process == 1 ? "moved" : "not moved");
    return count_ < limit_ ? godwit::Step::more() : godwit::Step::done();
  }

 private:
  std::string way_, path_;
  std::int64_t limit_ = 0, count_ = 0, sum_ = 0, partial_ = 0;
  std::unique_ptr<double[]> scale_;
  godwit::Array<double> cells_;
  godwit::Output out_;
};

}  // namespace

GODWIT_JOB(Forgetful, "forgetful", 1)
