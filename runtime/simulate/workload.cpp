#include "simulate/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace godwit::simulate {

std::optional<Instant> Replay::next() const {
  return next_ < trace_.jobs.size() ? std::optional(trace_.jobs[next_].submit) : std::nullopt;
}

void Replay::submit(std::vector<Job>& to) {
  auto const now = trace_.jobs[next_].submit;
  for (; next_ < trace_.jobs.size() && trace_.jobs[next_].submit == now; ++next_)
    to.push_back(trace_.jobs[next_]);
}

HeavyAndLightJobs::HeavyAndLightJobs(HeavyAndLight const& setup)
    : setup_(setup), random_(setup.seed), accounts_{"heavy"}, heavy_due_(setup.heavy_jobs) {
  for (std::int32_t i = 1; i <= setup.light_accounts; ++i) accounts_.push_back(fmt::format("light{}", i));
}

std::optional<Instant> HeavyAndLightJobs::next() const {
  return now_ < *until() ? std::optional(now_) : std::nullopt;
}

// Batches of one to three, so often that they ask for the load.
void HeavyAndLightJobs::submit(std::vector<Job>& to) {
  for (; heavy_due_ > 0; --heavy_due_) to.push_back(job_of(0, now_));
  auto const batches =
      setup_.light_load * setup_.processors / (setup_.mean_quanta * 2) / setup_.light_accounts;
  for (std::int32_t account = 1; account <= setup_.light_accounts; ++account) {
    if (random_.uniform() >= batches) continue;
    auto const jobs = 1 + random_.below(3);
    for (std::uint64_t i = 0; i < jobs; ++i) to.push_back(job_of(static_cast<std::uint32_t>(account), now_));
  }
  now_ = now_ + setup_.quantum;
}

// Jobs end at a quantum's end, where the next one begins.
void HeavyAndLightJobs::ended(Job const& job, Instant /*now*/) {
  if (job.account == 0) ++heavy_due_;
}

Job HeavyAndLightJobs::job_of(std::uint32_t account, Instant now) {
  auto const quanta = std::max(1.0, std::round(-std::log1p(-random_.uniform()) * setup_.mean_quanta));
  auto const run = setup_.quantum * static_cast<std::int64_t>(quanta);
  return {now, run, run, 1, account};
}

}  // namespace godwit::simulate
