// What must be over before a job may start: `after` of its spec, by number or name.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "allocator/core.hpp"
#include "job/nearest.hpp"

namespace godwit::allocator {

namespace {

enum class Verdict : std::uint8_t { open, met, never };

Verdict verdict(JobCounts const& counts, Dependency::Until until) {
  if (until == Dependency::Until::finished && counts.failed + counts.cancelled > 0) return Verdict::never;
  return counts.live() == 0 ? Verdict::met : Verdict::open;
}

std::string name_or_place(std::vector<JobArray> const& jobs, std::size_t index) {
  auto const& name = jobs[index].spec.name;
  return name.empty() ? fmt::format("job {} of {}", index + 1, jobs.size()) : fmt::format("'{}'", name);
}

std::vector<Dependency> const& after_of(Ledger const& ledger, JobId job) {
  auto const* array = ledger.array(job);
  return array != nullptr ? array->work->spec.after : ledger.find(job)->spec.after;
}

std::string why_never(Ledger const& ledger, JobId over) {
  auto const counts = ledger.counts(over);
  bool const failed = counts.failed > 0;
  if (auto const* array = ledger.array(over)) {
    return fmt::format("it was to start after {} finished, and {} of its elements {}", called(*array),
                       failed ? counts.failed : counts.cancelled, failed ? "failed" : "were cancelled");
  }
  auto const* record = ledger.find(over);
  return fmt::format("it was to start after {} finished, and that {}",
                     record != nullptr ? called(*record) : fmt::format("job {}", over), failed ? "failed" : "was cancelled");
}

}  // namespace

// Finds what each job of a submission waits for: another of the same submission (its place goes into the
// decision), or one that is known already. Returns their places, each after those that it waits for.
Result<std::vector<std::size_t>> Allocator::Core::order_by_dependence(std::vector<JobArray>& jobs,
                                                                      std::vector<Decision>& decisions) const {
  std::map<std::string, std::size_t> here;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!jobs[i].spec.name.empty()) here.try_emplace(jobs[i].spec.name, i);
  }
  for (auto const& [name, at] : here) known.push_back(name);
  for (auto const& [name, job] : names) known.push_back(name);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    for (auto& dependency : jobs[i].spec.after) {
      if (auto const at = here.find(dependency.job); at != here.end()) {
        decisions[i].after.emplace_back(at->second);
        dependency.id = {};
        continue;
      }
      auto const job = named(dependency.job);
      if (!job) {
        auto const near = nearest_name(dependency.job, known);
        return reject("bad_after",
                      fmt::format("{} is to start after '{}': no such job{}; whole jobs and arrays can be named",
                                  name_or_place(jobs, i), dependency.job,
                                  near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
      }
      decisions[i].after.emplace_back(std::nullopt);
      dependency.id = *job;
    }
  }

  std::vector<std::size_t> order, path;
  std::vector<std::uint8_t> seen(jobs.size(), 0);  // 1: on the path, 2: done
  std::optional<Failure> circle;
  std::function<void(std::size_t)> const visit = [&](std::size_t i) {
    if (seen[i] == 2 || circle) return;
    if (seen[i] == 1) {
      std::string text;
      for (auto at = std::ranges::find(path, i); at != path.end(); ++at)
        text += name_or_place(jobs, *at) + " after ";
      circle = reject("bad_after", fmt::format("these wait for each other: {}{}", text, name_or_place(jobs, i)));
      return;
    }
    seen[i] = 1;
    path.push_back(i);
    for (auto const& other : decisions[i].after) {
      if (other) visit(*other);
    }
    path.pop_back();
    seen[i] = 2;
    order.push_back(i);
  };
  for (std::size_t i = 0; i < jobs.size() && !circle; ++i) visit(i);
  if (circle) return *circle;
  return order;
}

std::optional<std::string> Allocator::Core::never_to_start(JobId job) const {
  if (job.element() != 0) return std::nullopt;  // its array has begun
  for (auto const& dependency : after_of(ledger, job)) {
    if (verdict(ledger.counts(dependency.id), dependency.until) == Verdict::never) return why_never(ledger, dependency.id);
  }
  return std::nullopt;
}

// Notes what a job that is not over has yet to wait for.
void Allocator::Core::hold_back(JobId job) {
  for (auto const& dependency : after_of(ledger, job)) {
    if (verdict(ledger.counts(dependency.id), dependency.until) == Verdict::met) continue;
    blocked[job].insert(dependency.id);
    dependents[dependency.id].insert(job);
    to_release.insert(dependency.id);
  }
}

// Something ended: who waited for it may start, or never will.
void Allocator::Core::look_at_dependents() {
  if (!serving()) return to_release.clear();
  while (!to_release.empty()) {
    auto const over = *to_release.begin();
    to_release.erase(to_release.begin());
    auto const at = dependents.find(over);
    if (at == dependents.end()) continue;
    auto const counts = ledger.counts(over);
    auto const waits_on = at->second;
    for (auto const job : waits_on) {
      bool open = false, never = ledger.counts(job).waiting == 0;
      for (auto const& dependency : after_of(ledger, job)) {
        if (dependency.id != over) continue;
        auto const how = verdict(counts, dependency.until);
        open = open || how == Verdict::open;
        never = never || how == Verdict::never;
      }
      if (open && !never) continue;
      at->second.erase(job);
      auto& others = blocked[job];
      others.erase(over);
      if (never) {
        for (auto const other : others) dependents[other].erase(job);
        others.clear();
      }
      if (!others.empty()) continue;
      blocked.erase(job);
      if (never) {
        cancel_waiting(job, why_never(ledger, over));
      } else if (ledger.array(job) != nullptr) {
        line_up(job);
      } else {
        reseat(job);
      }
    }
    if (at->second.empty()) dependents.erase(at);
  }
}

}  // namespace godwit::allocator
