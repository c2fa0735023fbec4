// Retry: what failed or was cancelled waits again, as the same job or element, its crashes forgotten. It goes on from its
// newest image that verifies, or afresh. Elements that were cancelled before they began are intervals, as always.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/figures.hpp"

namespace godwit::allocator {

namespace {

bool may_be_retried(JobState state) {
  return state == JobState::failed || state == JobState::cancelled;
}

std::string why_not(JobRecord const& record) {
  if (record.state == JobState::finished) {
    return fmt::format("{} has finished: 'godwit restart {}' makes a new job of one of its generations", called(record),
                       record.job);
  }
  return fmt::format("{} hasn't ended: it is {}; what failed or was cancelled can be retried", called(record),
                     to_string(record.state));
}

}  // namespace

// What still keeps it from waiting: the caller has looked at the job's own state.
std::optional<Failure> Allocator::Core::unready(JobId job) const {
  if (auto const never = never_to_start(job)) {
    return reject("never_starts", fmt::format("job {} can't be retried: {}; retry that first", job, *never));
  }
  if (!ledger.is_anybody_unfenced()) return std::nullopt;
  return retry_later("not_fenced", fmt::format("job {} can't be retried yet: a host that died may still run it; try "
                                               "again in {}",
                                               job, spell_duration(settings.lease)));
}

cmd::Act Allocator::Core::retry_one(JobId job, bool afresh) {
  cmd::Act act;
  act.job = job;
  auto const known = ledger.record(job);
  if (!known || !may_be_retried(known->state)) {
    act.failure = reject(known->state == JobState::finished ? "already_ended" : "not_ended", why_not(*known));
    return act;
  }
  if (auto why = unready(job)) {
    act.failure = std::move(why);
    return act;
  }
  journal(log::Retried{job, afresh, wall});
  no_longer_over(job.array());
  auto const& record = *record_of(job);
  auto const lease_end = began + ledger.old_leases();
  if (record.fresh_files && ledger.old_leases() > Duration{0} && now < lease_end) {
    leased.insert(job);  // a host of a former world may run it yet
    out->push_back(Arm{leases_timer, lease_end});
  }
  if (job.element() == 0) hold_back(job);
  reseat(job);
  reopen(job, 1);
  auto const images = images_of(record);
  act.what = images.empty() ? "waits again, to start from its beginning"
                            : fmt::format("waits again, to go on from generation {}", images.front().generation);
  note(Level::info, job, record.epoch, fmt::format("{} {}", called(record), act.what));
  return act;
}

cmd::Act Allocator::Core::retry_never_begun(JobId array, Intervals const& elements) {
  cmd::Act act;
  act.job = array;
  auto const& record = *ledger.array(array);
  auto const limit = record.work->spec.max_failed;
  if (limit >= 0 && record.counts.failed > static_cast<std::uint64_t>(limit)) {
    act.failure = reject("max_failed", fmt::format("{} elements of {} have failed, more than its max_failed of {}: retry "
                                                   "those, too ('godwit retry {}')",
                                                   record.counts.failed, called(record), limit, array));
    return act;
  }
  if (auto why = unready(array)) {
    act.failure = std::move(why);
    return act;
  }
  leave_line(array);
  journal(log::ElementsRetried{array, elements.list(), wall});
  no_longer_over(array);
  hold_back(array);
  line_up(array);
  reopen(array, elements);
  act.what = fmt::format("{} elements that had not begun wait again", elements.size());
  note(Level::info, array, {}, fmt::format("{}: {}", called(record), act.what));
  return act;
}

// Waiting for it counts it again. Of a whole array or single job, or of some elements.
void Allocator::Core::reopen(JobId job, std::uint64_t how_many) {
  auto const at = watchers.find(job.array());
  if (at == watchers.end()) return;
  for (auto const command : at->second) {
    auto& waiter = waiters.at(command);
    if (job.element() == 0 || waiter.choices.at(job.array()).elements.contains(job.element())) waiter.open += how_many;
  }
}

void Allocator::Core::reopen(JobId array, Intervals const& elements) {
  auto const at = watchers.find(array);
  if (at == watchers.end()) return;
  for (auto const command : at->second) {
    auto& waiter = waiters.at(command);
    waiter.open += elements.within(waiter.choices.at(array).elements).size();
  }
}

void Allocator::Core::retry(CommandReceived const& event, cmd::Retry const& command) {
  auto const text = fmt::format("retry {}{}", command.job, command.afresh ? " --afresh" : "");
  auto const selection = resolve(command.job);
  if (!selection) return refuse_command(event, text, selection.failure());
  std::vector<JobId> jobs;
  std::vector<std::pair<JobId, Intervals>> never_begun;
  for (auto const& choice : selection->choices) {
    auto const& known = ledger.jobs();
    for (auto at = known.lower_bound(choice.job); at != known.end() && at->first.array() == choice.job; ++at) {
      auto const element = at->first.element();
      bool const chosen = element == 0 || choice.elements.contains(element);
      if (chosen && may_be_retried(at->second.state)) jobs.push_back(at->first);
    }
    auto const* array = ledger.array(choice.job);
    if (array == nullptr) continue;
    if (auto some = array->never_begun().within(choice.elements); !some.empty()) {
      never_begun.emplace_back(choice.job, std::move(some));
    }
  }
  if (jobs.empty() && never_begun.empty()) {
    if (!selection->one) return refuse_command(event, text, nothing_to_do("retried", command.job, *selection));
    auto const& choice = selection->choices.front();
    auto const job = choice.elements.empty() ? choice.job
                                             : JobId::of_element(choice.job.number(), choice.elements.front());
    jobs.push_back(job);
  }
  note(Level::info, {}, {}, fmt::format("{}: {}", event.who, text));
  commanded(event, text);
  reply(event.id, cmd::Acted{retry_all(std::move(jobs), std::move(never_begun), command.afresh)});
}

// In such an order that who waits for another one of them comes after it.
std::vector<cmd::Act> Allocator::Core::retry_all(std::vector<JobId> jobs,
                                                 std::vector<std::pair<JobId, Intervals>> never_begun, bool afresh) {
  std::vector<cmd::Act> acts;
  for (bool last = false; !jobs.empty() || !never_begun.empty();) {
    auto const size = jobs.size() + never_begun.size();
    auto const put = [&](cmd::Act act) {
      bool const waits = act.failure && act.failure->code == "never_starts" && !last;
      if (!waits) acts.push_back(std::move(act));
      return !waits;
    };
    std::erase_if(jobs, [&](JobId job) { return put(retry_one(job, afresh)); });
    std::erase_if(never_begun, [&](auto const& some) { return put(retry_never_begun(some.first, some.second)); });
    last = jobs.size() + never_begun.size() == size;
  }
  std::ranges::sort(acts, {}, &cmd::Act::job);
  sum_up(acts);
  return acts;
}

}  // namespace godwit::allocator
