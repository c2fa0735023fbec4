// Sharing: what happens at each interval of the policy, and how a job is made to wait for another account's, or to
// leave a host that is being drained. Neither loses a step: it is moved, or checkpointed and waits.
#include <fmt/format.h>

#include "allocator/core.hpp"
#include "base/mutation.hpp"
#include "policy/measure.hpp"

namespace godwit::allocator {

namespace {

constexpr Duration scores_every = 30s;   // kept in the ledger: a new allocator's are at most that old
constexpr Duration leave_every = 10s;    // who couldn't leave a drained host is asked again

policy::ShareTree tree_of(Ledger const& ledger) {
  auto tree = policy::ShareTree::make(ledger.accounts());
  invariant(tree.ok(), "the ledger's account rules were checked when they were given");
  return std::move(*tree);
}

}  // namespace

policy::Scheduler Allocator::Core::make_scheduler(Settings const& settings, Ledger const& ledger) {
  auto policy = settings.own_policy != nullptr
                    ? Result(std::unique_ptr<policy::Policy>(settings.own_policy()))
                    : policy::make_policy(settings.policy, settings.up_down);
  invariant(policy.ok(), "the policy's name was checked when it was given");
  policy::Scheduler scheduler(settings.scheduling, std::move(*policy), tree_of(ledger));
  if (!mutated(Mutation::forget_the_scores)) scheduler.set_scores(ledger.scores());
  return scheduler;
}

void Allocator::Core::pass_interval() {
  if (now < interval_due) return;
  interval_due = now + settings.scheduling.interval;
  former_scores = scheduler.scores();
  scheduler.interval(now);
  if (now >= scores_due) {
    scores_due = now + scores_every;
    keep_scores();
  }
  if (now >= leave_due) {
    leave_due = now + leave_every;
    for (auto const& [rank, host] : hosts) {
      if (ledger.is_drained(rank) && host.presence == Presence::alive) empty_host(rank);
    }
  }
}

// All of the policy's memory. Of a single account it makes no difference.
void Allocator::Core::keep_scores() {
  auto scores = scheduler.scores();
  if (scores.size() > 1 && scores != ledger.scores()) journal(log::Scores{std::move(scores), wall});
}

void Allocator::Core::preempt() {
  while (auto const next = scheduler.preempt(now)) {
    auto const& tree = scheduler.tree();
    auto const& policy = scheduler.policy();
    auto const text = fmt::format("made to wait for job {}: {}'s {} is {}, {}'s {}", next->for_whom,
                                  tree[next->victim_account].path, policy::measure_of(policy),
                                  policy::spell_key(policy, next->victim_key), tree[next->account].path,
                                  policy::spell_key(policy, next->key));
    decided(next->victim, text);
    note(Level::info, next->victim, {}, fmt::format("{} is {}", called(*record_of(next->victim)), text));
    ask(next->victim, {Verb::park, Asked{std::nullopt, 0, now}, std::nullopt});
  }
}

void Allocator::Core::decided(JobId job, std::string what) { journal(log::Decided{job, std::move(what), wall}); }

void Allocator::Core::drain(CommandReceived const& event, cmd::Drain const& command) {
  auto const* verb = command.undrain ? "undrain" : "drain";
  auto const text = fmt::format("{} host {}", verb, command.host);
  if (auto why = not_a_live_host(command.host)) return refuse_command(event, text, std::move(*why));
  commanded(event, text);
  cmd::Drained answer{command.host, !command.undrain, {}, {}};
  if (ledger.is_drained(command.host) == command.undrain) {
    journal(log::Drained{command.host, !command.undrain, wall});
    note(Level::info, {}, {}, fmt::format("host {} {}", command.host, command.undrain ? "takes jobs again" : "is drained"));
  }
  tell_scheduler(command.host);
  if (!command.undrain) answer.leaving = empty_host(command.host);
  reply(event.id, std::move(answer));
}

// Everybody who is there, and not about to leave already.
std::vector<JobId> Allocator::Core::empty_host(Rank rank) {
  std::vector<JobId> leaving;
  for (auto const job : hosts.at(rank).occupants) {
    auto const& record = *record_of(job);
    bool const here = record.host == rank && !record.intent && !record.at_group && record.state != JobState::stranded;
    if (!here) continue;
    leaving.push_back(job);
    auto const desk = desks.find(job);
    if (desk != desks.end() && (desk->second.open || !desk->second.queue.empty())) continue;
    ask(job, {Verb::leave, Asked{std::nullopt, 0, now}, std::nullopt});
  }
  return leaving;
}

// To another host if there is room for it; else it waits.
void Allocator::Core::begin_leave(JobRecord const& record, Operation operation) {
  if (!ledger.is_drained(record.host)) return;
  auto const from = record.host;
  operation.target = scheduler.host_for(demand_of(record.spec), from);
  operation.verb = operation.target ? Verb::migrate : Verb::park;
  decided(record.job, operation.target ? fmt::format("moved from host {} to host {}: host {} is being drained", from,
                                                      *operation.target, from)
                                        : fmt::format("checkpointed, to wait for another host: host {} is being "
                                                      "drained, and nowhere else is room for it",
                                                      from));
  if (operation.target) return begin_move(record, operation);
  begin_order(record, operation);
}

}  // namespace godwit::allocator
