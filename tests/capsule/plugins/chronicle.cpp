// A job that uses everything: fields of each form, arrays, an input, two outputs, stdout through stdio and
// iostreams, random numbers, hooks, scratch; and members that it doesn't describe.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

#include <godwit/job.hpp>

namespace {

enum class Mood : std::uint16_t { calm = 7, excited = 300 };

class Chronicle : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("steps", limit_, std::int64_t{200}, "");
    p("delay_us", delay_us_, std::int64_t{0}, "");
    p("input", input_path_, "input.txt", "");
    p("trace", trace_path_, "trace.txt", "");
    p("journal", journal_path_, "journal.txt", "");
  }
  void describe(godwit::State& s) override {
    s.field("count", count_);
    s.field("mood", mood_);
    s.field("log", log_);
    s.field("history", history_);
    s.field("flag", flag_);
    s.field("lines", lines_);
    s.field("tally", tally_);
    s.field("seen", seen_);
    s.array("cells", cells_);
    s.array("bits", bits_);
    s.array("never", never_);
    s.input("input", input_, input_path_);
    s.output("trace", trace_, trace_path_);
    s.output("journal", journal_, journal_path_, godwit::Output::append);
  }
  void start(godwit::Context& c) override {
    c.allocate(cells_, {37, 11});
    c.allocate(bits_, {5000});
    undescribed_.assign(100, 'x');
    std::cout << "started\n";
  }
  void restored(godwit::Context&) override { undescribed_.clear(); }
  godwit::Step step(godwit::Context& c) override {
    if (delay_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay_us_));
    ++count_;
    flag_ = !flag_;
    mood_ = flag_ ? Mood::excited : Mood::calm;
    auto const chance = c.random();
    cells_(static_cast<std::uint64_t>(count_) % 37, chance % 11) += 0.5;
    bits_[chance % 5000] ^= 1;
    ++tally_[chance % 3 == 0 ? "a third" : "the others"];
    seen_.push_back(chance % 2 == 0);
    if (count_ % 10 == 0) history_.push_back(static_cast<double>(count_) / 3);
    std::string line;
    log_ = input_.line(line) ? line : "(end)";
    if (count_ % 50 == 0) lines_.push_back(line);
    trace_ << std::to_string(count_) << " " << log_ << " " << std::to_string(chance) << "\n";
    journal_ << "step " << std::to_string(count_) << "\n";
    std::printf("stdio %lld\n", static_cast<long long>(count_));
    std::cout << "iostream " << count_ << '\n';
    std::cerr << "grumble " << count_ << '\n';
    c.progress(static_cast<std::uint64_t>(count_), static_cast<std::uint64_t>(limit_), "steps");
    if (count_ < limit_) return godwit::Step::more();
    double sum = 0;
    for (auto const cell : cells_.span()) sum += cell;
    for (auto const bit : bits_.span()) sum += 1000.0 * bit;
    for (auto const past : history_) sum += past;
    for (auto const seen : seen_) sum += seen ? 0.25 : 0;
    std::printf("sum %.17g\n", sum);
    for (auto const& [key, count] : tally_) std::cout << key << " " << count << "\n";
    for (auto const& kept : lines_) std::cout << kept << "\n";
    return godwit::Step::done();
  }
  void methods(godwit::Methods& m) override {
    m.on("count", "", [this] { return count_; });
    m.on("add", "", [](std::int64_t a, double b) { return static_cast<double>(a) + b; });
    m.on("throw", "", [] { throw std::runtime_error("on purpose"); });
    m.on("hooks", "", [this] { return hooks_; });
  }
  void suspend() override { hooks_ += "s"; }
  void resume() override { hooks_ += "r"; }

 private:
  std::int64_t limit_ = 0, delay_us_ = 0, count_ = 0;
  std::string input_path_, trace_path_, journal_path_;
  Mood mood_ = Mood::calm;
  bool flag_ = false;
  std::string log_, hooks_, undescribed_;
  std::vector<double> history_;
  std::vector<std::string> lines_;
  std::vector<bool> seen_;
  std::map<std::string, std::int64_t> tally_;
  godwit::Array<double> cells_;
  godwit::Array<std::uint8_t> bits_;
  godwit::Array<float> never_;
  godwit::Input input_;
  godwit::Output trace_, journal_;
};

}  // namespace

GODWIT_JOB(Chronicle, "chronicle", 1)
