// grep: copies the lines of a file that match a pattern to another. Shows declared streams: the runtime opens
// them, knows how far they were read and written, and puts them back after a move.
#include <cstdint>
#include <regex>
#include <stdexcept>
#include <string>

#include <godwit/job.hpp>

namespace {

class Grep : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("pattern", pattern_, "regular expression (ECMAScript)");
    p("input", input_path_, "file to read");
    p("output", output_path_, "file for the matching lines");
    p("lines_per_step", lines_per_step_, std::int64_t{256}, "lines looked at in one step");
  }

  void describe(godwit::State& s) override {
    s.field("matches", matches_);
    s.input("input", input_, input_path_);
    s.output("output", output_, output_path_);
  }

  void start(godwit::Context&) override { compile(); }
  // The compiled pattern isn't described: it is made again from the argument.
  void restored(godwit::Context&) override { compile(); }

  godwit::Step step(godwit::Context& c) override {
    std::string line;
    for (std::int64_t i = 0; i < lines_per_step_; ++i) {
      if (!input_.line(line)) return godwit::Step::done();
      if (!std::regex_search(line, regex_)) continue;
      ++matches_;
      output_ << line << "\n";
    }
    c.progress(input_.offset(), input_.size(), "bytes");
    return godwit::Step::more();
  }

  void methods(godwit::Methods& m) override {
    m.on("matches", "how many lines matched so far", [this] { return matches_; });
  }

 private:
  void compile() {
    try {
      regex_.assign(pattern_, std::regex::ECMAScript | std::regex::optimize);
    } catch (std::regex_error const& error) {
      throw std::invalid_argument("pattern '" + pattern_ + "': " + error.what());
    }
  }

  std::string pattern_, input_path_, output_path_;
  std::int64_t lines_per_step_ = 0;
  std::uint64_t matches_ = 0;
  godwit::Input input_;
  godwit::Output output_;
  std::regex regex_;
};

}  // namespace

GODWIT_JOB(Grep, "grep", 1)
