#include "sim/census.hpp"

#include <algorithm>

namespace godwit::sim {

void Census::begins(JobId job, Epoch epoch, Runner runner, std::uint64_t steps) {
  auto& seen = jobs_[job];
  // Thawed after its lease ran out: it can't begin a step, whoever else runs the job by now.
  if (epoch < seen.epoch && !is_leased(runner)) return;
  if (epoch < seen.epoch) {
    wrong("job {} begins at epoch {} in process {}, and has begun at {} before", job, epoch, runner.process, seen.epoch);
  }
  // One whose lease has run out has lost what it did since its newest image.
  bool lost = false;
  if (seen.owner != runner) {
    lost = any_before(lost_, job, epoch);
    lost = any_before(taken_back_, job, epoch) || lost;
  }
  for (auto const& [other, at] : seen.runners) {
    if (other == runner) continue;
    lost = true;
    if (!is_leased(other)) continue;
    wrong("job {} has two runners: process {} begins at epoch {} while process {} runs it at epoch {}", job,
          runner.process, epoch, other.process, at);
  }
  if (lost || harmed_) {
    if (steps > seen.steps) wrong("job {} goes on from step {}, and had only come to {}", job, steps, seen.steps);
    if (steps < seen.saved && !harmed_) {
      wrong("job {} goes on from step {}, and the ledger has an image of step {}", job, steps, seen.saved);
    }
  } else if (steps != seen.steps) {
    wrong("job {} goes on from step {}, and was left at {}", job, steps, seen.steps);
  }
  seen.epoch = epoch;
  seen.steps = steps;
  seen.begun[epoch] = steps;
  seen.owner = runner;
  seen.runners = {{runner, epoch}};
}

bool Census::any_before(Losses& losses, JobId job, Epoch epoch) {
  auto const at = losses.find(job);
  if (at == losses.end()) return false;
  bool const any = std::erase_if(at->second, [&](Epoch lost) { return lost < epoch; }) > 0;
  if (at->second.empty()) losses.erase(at);
  return any;
}

// Of an older epoch than one that has begun: nobody goes on from there.
void Census::loses(JobId job, Epoch epoch) {
  if (epoch >= jobs_[job].epoch) lost_[job].insert(epoch);
}

bool Census::went_back(JobId job, Epoch since, std::uint64_t steps) const {
  auto const at = jobs_.find(job);
  return at != jobs_.end() && std::ranges::any_of(at->second.begun, [&](auto const& one) {
    return one.first > since && one.second < steps;
  });
}

void Census::is_clone(JobId job, std::uint64_t steps) {
  auto& seen = jobs_[job];
  if (seen.epoch == Epoch{}) seen.steps = steps;
}

void Census::stops(JobId job, Runner runner) { jobs_[job].runners.erase(runner); }

void Census::step_begins(JobId job, Epoch epoch, Runner runner) {
  auto const& seen = jobs_.at(job);
  if (epoch == seen.epoch && seen.runners.contains(runner)) return;
  wrong("job {} runs a step at epoch {} in process {}, and has begun at epoch {} elsewhere", job, epoch,
        runner.process, seen.epoch);
}

void Census::step_ends(JobId job, Epoch epoch, Runner runner, std::uint64_t step, Duration time) {
  ++steps_run_;
  job_time_ += time;
  auto& seen = jobs_.at(job);
  seen.time += time;
  // Of an older epoch: it began while its lease was good. Nobody will hear of it.
  if (epoch == seen.epoch && seen.runners.contains(runner)) seen.steps = step;
}

void Census::finished(JobId job, Epoch epoch, std::uint64_t steps) {
  auto& seen = jobs_.at(job);
  if (epoch != seen.epoch) return;  // its last step began while its lease was good: nobody hears of it
  if (seen.steps != steps) wrong("job {} says that it is over after {} steps, and ran {}", job, steps, seen.steps);
  seen.finished = steps;
}

Duration Census::time_of(JobId job) const {
  auto const at = jobs_.find(job);
  return at == jobs_.end() ? Duration{0} : at->second.time;
}

std::uint64_t Census::finished_at(JobId job) const {
  auto const at = jobs_.find(job);
  return at == jobs_.end() ? 0 : at->second.finished;
}

void Census::image_known(JobId job, std::uint64_t steps) {
  auto& seen = jobs_[job];
  seen.saved = std::max(seen.saved, steps);
}

std::size_t Census::runners() const {
  std::size_t all = 0;
  for (auto const& [job, seen] : jobs_) all += seen.runners.size();
  return all;
}

}  // namespace godwit::sim
