// What the allocator costs: CPU time of its steps per job and per heart-beat, and messages at rank 0, with a thousand
// and with a million jobs in line, of 1,000 accounts, on 10,000 hosts of 8 cores, all full. The allocator and its
// ledger are real, hosts, journal and catalogue are not; time is virtual. Half of the jobs come one by one, half as
// arrays of a hundred. What ends is replaced, so that the line keeps its length while it is measured.
#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "bench/measured_allocator.hpp"
#include "bench/stub_hosts.hpp"
#include "edge/posix/large_pages.hpp"

namespace {

using namespace godwit;
using namespace godwit::bench;

struct Options {
  std::vector<std::uint64_t> in_line{1'000, 1'000'000};
  std::int32_t hosts{10'000}, cores{8};
  std::uint64_t accounts{1'000}, ended{200'000};
  double job_s{20};
  std::int64_t turn_us{1000};
  std::string policy{"up-down"};
  bool by_name{false};
};

Duration seconds(double count) { return Duration{static_cast<std::int64_t>(count * 1e9)}; }

class Load {
 public:
  explicit Load(Options const& options)
      : options_(options),
        hosts_({options.hosts, {options.cores, 0, {}, {}}, seconds(options.job_s)}, now_),
        allocator_(settings(options), options.hosts, now_) {}

  void join() {
    while (allocator_.counted().steps[1] < static_cast<std::uint64_t>(options_.hosts)) pass();
  }
  // Until the hosts are full and so many wait.
  void fill(std::uint64_t in_line) {
    while (allocator_.ledger().counts().waiting < in_line) {
      submit_some(1'000);
      pass();
    }
  }
  void run(std::uint64_t in_line, std::uint64_t ended) {
    auto const& counts = allocator_.ledger().counts();
    for (auto const until = hosts_.ended() + ended; hosts_.ended() < until;) {
      if (counts.waiting < in_line) submit_some(in_line - counts.waiting);
      pass();
    }
  }
  [[nodiscard]] MeasuredAllocator& allocator() { return allocator_; }
  [[nodiscard]] std::int64_t running() const { return hosts_.running(); }
  [[nodiscard]] std::uint64_t polls() const { return hosts_.polls(); }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] std::uint64_t submitted() const { return submitted_; }

 private:
  static allocator::Settings settings(Options const& options) {
    allocator::Settings settings;
    settings.policy = options.policy;
    return settings;
  }

  // A turn of rank 0's loop, and of everybody else's.
  void pass() {
    now_ = now_ + std::chrono::microseconds(options_.turn_us);
    said_.clear();
    hosts_.say(now_, said_);
    auto events = std::exchange(submissions_, {});
    for (auto& one : said_)
      events.emplace_back(allocator::Received{one.from, std::move(one.message), MeasuredAllocator::term});
    allocator_.turn(now_, std::move(events));
    for (auto const& one : allocator_.take_sent()) hosts_.hear(one.to, one.message, now_);
  }

  // With the next turn.
  void submit_some(std::uint64_t count) {
    for (auto const until = submitted_ + count; submitted_ < until;) {
      JobArray job(next_spec());
      if (submitted_ - arrayed_ > arrayed_) {
        Axis axis;
        axis.name = "i";
        axis.count = array_size;
        job.axes.push_back(std::move(axis));
        arrayed_ += array_size;
      }
      submitted_ += job.size();
      submissions_.push_back(allocator_.submission(std::move(job)));
    }
  }

  JobSpec next_spec() {
    auto const account = random_.below(options_.accounts);
    JobSpec spec;
    spec.type = "stub";
    spec.account = "g" + std::to_string(account % 32) + "/a" + std::to_string(account);
    spec.directory = "/home/somebody/somewhere";
    spec.cores = std::int32_t{1} << random_.below(3);
    if (random_.below(4) == 0) spec.memory_bytes = 1u << 30;
    return spec;
  }

  static constexpr std::uint32_t array_size = 100;

  Options options_;
  Instant now_{1'000'000'000};
  StubHosts hosts_;
  MeasuredAllocator allocator_;
  Random random_{1};
  std::vector<StubHosts::Said> said_;
  std::vector<allocator::Event> submissions_;
  std::uint64_t submitted_{0}, arrayed_{0};
};

void measure(Options const& options, std::uint64_t in_line) {
  auto const us_each = [](double cpu_s, std::uint64_t count) {
    return 1e6 * cpu_s / static_cast<double>(std::max<std::uint64_t>(count, 1));
  };
  Load load(options);
  auto& allocator = load.allocator();
  load.join();
  allocator.forget_counts();
  load.fill(in_line);
  auto const filling = us_each(allocator.counted().cpu_s[0], load.submitted());
  load.run(in_line, options.ended / 4);
  allocator.forget_counts();
  auto const began = load.now();
  load.run(in_line, options.ended);
  auto const& counted = allocator.counted();
  auto const ended = options.ended;
  auto const virtual_s = static_cast<double>((load.now() - began).count()) * 1e-9;
  auto const per_job = [&](std::uint64_t count) { return static_cast<double>(count) / static_cast<double>(ended); };
  std::printf("%s, %llu in line, %lld running: %.2f us per job (%.2f us each to fill the line); %.2f us per heart-beat of %.1f "
              "jobs; %.1f us per second of virtual time for timers\n",
              options.policy.c_str(), static_cast<unsigned long long>(in_line), static_cast<long long>(load.running()),
              us_each(counted.cpu_s[0], ended), filling, us_each(counted.cpu_s[1], counted.steps[1]),
              static_cast<double>(load.running()) / options.hosts, 1e6 * counted.cpu_s[2] / virtual_s);
  std::printf("  %.0f jobs a second; at rank 0, per job: %.2f messages in (%.2f frames), %.2f out (%.2f frames); "
              "ledger: %.2f records, %.0f bytes per job; of a core in all: %.1f %%; %llu refusals, %llu polls\n",
              static_cast<double>(ended) / virtual_s, per_job(counted.messages_in), per_job(counted.frames_in),
              per_job(counted.messages_out), per_job(counted.frames_out), per_job(counted.records),
              per_job(counted.record_bytes),
              100 * (counted.cpu_s[0] + counted.cpu_s[1] + counted.cpu_s[2]) / virtual_s,
              static_cast<unsigned long long>(counted.refusals), static_cast<unsigned long long>(load.polls()));
  if (options.by_name) {
    for (auto const& [name, count] : allocator.sent_by_name())
      std::printf("  sent %s: %llu\n", name.c_str(), static_cast<unsigned long long>(count));
  }
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** words) {
  ask_for_large_pages(words);  // as rank 0 does
  Options options;
  CLI::App app{"What the allocator costs per job and per heart-beat, and messages at rank 0"};
  app.add_option("--in-line", options.in_line, "Jobs that wait, in turn");
  app.add_option("--hosts", options.hosts, "Hosts");
  app.add_option("--cores", options.cores, "Cores of each");
  app.add_option("--accounts", options.accounts, "Accounts, in 32 groups");
  app.add_option("--jobs", options.ended, "Jobs that end while it is measured");
  app.add_option("--job-s", options.job_s, "Mean running time, in virtual seconds");
  app.add_option("--turn-us", options.turn_us, "Length of a turn of the loop, in virtual time");
  app.add_option("--policy", options.policy, "Whose policy");
  app.add_flag("--by-name", options.by_name, "Say how many messages of each kind were sent");
  CLI11_PARSE(app, count, words);
  for (auto const in_line : options.in_line) measure(options, in_line);
}
