// alphabet: reads shuffled alphabets character by character and writes each as a sorted set, a line each.
// Shows small steps: it can be moved after any character, in the middle of a set. Without an input it
// shuffles alphabets of its own with Context::random(), which gives the same ones wherever the job runs.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include <godwit/job.hpp>

namespace {

constexpr char alphabet[] = "abcdefghijklmnopqrstuvwxyz";

class Alphabet : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("input", input_path_, "", "file with a shuffled alphabet on each line; empty: alphabets are made up");
    p("output", output_path_, "file for the sorted sets");
    p("sets", sets_, std::uint64_t{8}, "how many alphabets to sort");
    p("delay_us", delay_us_, std::int64_t{0}, "microseconds that a step takes at least");
  }

  void describe(godwit::State& s) override {
    s.field("made_up", made_up_);
    s.field("next", next_);
    s.field("sorted", sorted_);
    s.field("written", written_);
    if (!input_path_.empty()) s.input("input", input_, input_path_);
    s.output("output", output_, output_path_);
  }

  void start(godwit::Context& c) override {
    if (!input_path_.empty()) return;
    for (std::uint64_t set = 0; set < sets_; ++set) {
      std::string letters = alphabet;
      for (auto left = letters.size(); left > 1; --left)
        std::swap(letters[left - 1], letters[c.random() % left]);
      made_up_ += letters + "\n";
    }
  }

  // One character: into its place in the set, or the end of the set.
  godwit::Step step(godwit::Context& c) override {
    if (written_ == sets_) return godwit::Step::done();
    if (delay_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay_us_));
    char character = 0;
    bool const there = read(character);
    if (there && character != '\n') {
      auto const place = std::lower_bound(sorted_.begin(), sorted_.end(), character);
      if (place == sorted_.end() || *place != character) sorted_.insert(place, character);
      return godwit::Step::more();
    }
    if (!sorted_.empty()) {  // an empty line is no set
      output_ << sorted_ << "\n";
      sorted_.clear();
      ++written_;
      c.progress(written_, sets_, "sets");
    }
    if (there || written_ == sets_) return godwit::Step::more();
    return godwit::Step::failed("the input ends after " + std::to_string(written_) + " of " +
                                std::to_string(sets_) + " alphabets");
  }

  void methods(godwit::Methods& m) override {
    m.on("sorted", "the set that is being put together, so far", [this] { return sorted_; });
  }

 private:
  bool read(char& character) {  // false at the end
    if (!input_path_.empty()) return input_.read(&character, 1) == 1;
    if (next_ == made_up_.size()) return false;
    character = made_up_[next_++];
    return true;
  }

  std::string input_path_, output_path_;
  std::uint64_t sets_ = 0;
  std::int64_t delay_us_ = 0;
  std::string made_up_;     // instead of an input
  std::uint64_t next_ = 0;  // place in it
  std::string sorted_;
  std::uint64_t written_ = 0;
  godwit::Input input_;
  godwit::Output output_;
};

}  // namespace

GODWIT_JOB(Alphabet, "alphabet", 1)
