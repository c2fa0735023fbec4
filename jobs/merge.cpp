// merge: writes the lines of several files in turn to one: line 1 of each, then line 2 of each, and so on; a
// file that has ended drops out. Shows as many streams as an argument names, and an output in append mode.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <godwit/job.hpp>

namespace {

class Merge : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("inputs", inputs_, "files to read, with a comma between two: a.txt,b.txt,c.txt");
    p("output", output_path_, "file for their lines");
    p("append", append_, false, "append to the output instead of replacing it");
    p("delay_us", delay_us_, std::int64_t{0}, "microseconds that a step takes at least");
  }

  // Called before start() too, so the list of files is taken apart here. An appended output is cut back to
  // where this job was in it, as any other: what was there before the job began stays.
  void describe(godwit::State& s) override {
    if (files_.empty()) take_apart();
    s.field("turn", turn_);
    s.field("ended", ended_);
    for (std::size_t i = 0; i < files_.size(); ++i)
      s.input("input" + std::to_string(i), files_[i], paths_[i]);
    s.output("output", output_, output_path_, append_ ? godwit::Output::append : godwit::Output::replace);
  }

  void start(godwit::Context&) override { ended_.assign(files_.size(), 0); }

  // One line, or the news that a file has ended.
  godwit::Step step(godwit::Context& c) override {
    if (delay_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay_us_));
    for (std::size_t tried = 0; ended_[turn_] != 0; ++tried) {
      if (tried == files_.size()) return godwit::Step::done();
      pass_on();
    }
    if (files_[turn_].line(line_)) {
      output_ << line_ << "\n";
    } else {
      ended_[turn_] = 1;
    }
    pass_on();
    std::uint64_t read = 0, all = 0;
    for (auto const& file : files_) {
      read += file.offset();
      all += file.size();
    }
    c.progress(read, all, "bytes");
    return godwit::Step::more();
  }

 private:
  void pass_on() { turn_ = (turn_ + 1) % files_.size(); }

  void take_apart() {
    for (std::size_t from = 0; from <= inputs_.size();) {
      auto const comma = std::min(inputs_.find(',', from), inputs_.size());
      if (comma == from) throw std::invalid_argument("inputs: '" + inputs_ + "' names an empty file name");
      paths_.push_back(inputs_.substr(from, comma - from));
      from = comma + 1;
    }
    files_ = std::vector<godwit::Input>(paths_.size());
  }

  std::string inputs_, output_path_;
  bool append_ = false;
  std::int64_t delay_us_ = 0;
  std::vector<std::string> paths_;
  std::vector<godwit::Input> files_;
  godwit::Output output_;
  std::uint64_t turn_ = 0;           // whose line comes next
  std::vector<std::uint8_t> ended_;  // per file
  std::string line_;
};

}  // namespace

GODWIT_JOB(Merge, "merge", 1)
