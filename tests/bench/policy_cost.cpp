// What a scheduler's decision costs: CPU per job, with a thousand and with a million jobs in line, 1,000
// accounts in 32 groups and 10,000 hosts of 8 cores, all full. Each job is submitted, chosen, placed and
// ends; each end makes room, and another takes its place in line. An interval passes each time that a tenth
// of the cores has changed hands.
//   godwit-bench-policy-cost [POLICY] [JOBS]
#include <ctime>

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "policy/scheduler.hpp"

namespace {

using namespace godwit;
using namespace godwit::policy;

constexpr std::int32_t hosts = 10'000, cores_each = 8;
constexpr std::uint64_t accounts = 1'000, groups = 32;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Load {
 public:
  explicit Load(std::string const& policy) : scheduler_({}, std::move(*make_policy(policy)), {}) {
    for (std::int32_t host = 1; host <= hosts; ++host)
      scheduler_.set_host(Rank{host}, {.cores = cores_each}, true);
  }
  void submit() { scheduler_.wait(request(++submitted_)); }
  // Starts all that may start now.
  void place() {
    while (auto const placement = scheduler_.next(now_)) {
      scheduler_.leave(placement->job);
      scheduler_.occupy(request(placement->job.value), placement->host, now_);
      running_.emplace_back(placement->job, placement->host);
      ++placed_;
    }
  }
  // One of those that run ends, not always the oldest.
  void end() {
    auto const at = random_.below(std::min<std::uint64_t>(running_.size(), 1000));
    std::swap(running_[at], running_.front());
    auto const [job, host] = running_.front();
    running_.pop_front();
    scheduler_.release(job, host);
    if (++ended_ % (hosts * cores_each / 10) == 0) scheduler_.interval(now_ = now_ + 1s);
  }
  [[nodiscard]] std::uint64_t placed() const { return placed_; }

 private:
  // The same each time for the same job.
  static Request request(std::uint64_t job) {
    Random random(job);
    auto const account = random.below(accounts);
    Request request{.job = JobId{job}, .demand = {.cores = std::int32_t{1} << random.below(3)}};
    request.account = "g" + std::to_string(account % groups) + "/a" + std::to_string(account);
    request.estimate = std::chrono::seconds(1 + random.below(100));
    if (random.below(4) == 0) request.demand.memory_bytes = 1u << 30;
    return request;
  }

  Scheduler scheduler_;
  Random random_{1};
  Instant now_;
  std::deque<std::pair<JobId, Rank>> running_;
  std::uint64_t submitted_{0}, placed_{0}, ended_{0};
};

void measure(std::string const& policy, std::uint64_t in_line, std::uint64_t rounds) {
  Load load(policy);
  auto const begin = cpu_seconds();
  std::uint64_t submitted = 0;
  for (; submitted < in_line + load.placed(); ++submitted) {
    load.submit();
    load.place();
  }
  auto const filled = cpu_seconds();
  auto const before = load.placed();
  for (std::uint64_t i = 0; i < rounds; ++i) {
    load.end();
    load.submit();
    load.place();
  }
  auto const end = cpu_seconds();
  std::printf("%s: %llu in line: %.2f us each to fill, %.2f us each from submission to end (%llu jobs)\n",
              policy.c_str(), static_cast<unsigned long long>(in_line),
              1e6 * (filled - begin) / static_cast<double>(submitted),
              1e6 * (end - filled) / static_cast<double>(load.placed() - before),
              static_cast<unsigned long long>(load.placed() - before));
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** words) {
  std::string const policy = count > 1 ? words[1] : "up-down";
  constexpr std::uint64_t rounds = 400'000;
  if (count > 2) return measure(policy, std::stoull(words[2]), rounds), 0;
  for (std::uint64_t const in_line : {1'000, 1'000'000}) measure(policy, in_line, rounds);
}
