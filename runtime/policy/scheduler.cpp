#include "policy/scheduler.hpp"

#include <algorithm>

#include "base/panic.hpp"
#include "policy/scheduler_state.hpp"

namespace godwit::policy {

Scheduler::State::State(Tuning tuning_, std::unique_ptr<Policy> policy_, ShareTree tree_)
    : tuning(tuning_), policy(std::move(policy_)), tree(std::move(tree_)) {
  grow_nodes();
}

Scheduler::Scheduler(Tuning tuning, std::unique_ptr<Policy> policy, ShareTree tree)
    : state_(std::make_unique<State>(tuning, std::move(policy), std::move(tree))) {}
Scheduler::~Scheduler() = default;
Scheduler::Scheduler(Scheduler&&) noexcept = default;
Scheduler& Scheduler::operator=(Scheduler&&) noexcept = default;

void Scheduler::set_host(Rank host, Capabilities const& has, bool open) {
  state_->changed();
  state_->set_host(host, has, open);
}
void Scheduler::remove_host(Rank host) {
  state_->changed();
  state_->remove_host(host);
}

void Scheduler::set_tree(ShareTree tree) {
  state_->changed();
  state_->replace_tree(std::move(tree));
}

void Scheduler::set_policy(std::unique_ptr<Policy> policy, Tuning tuning) {
  state_->changed();
  state_->policy = std::move(policy);
  state_->discipline = state_->policy->discipline();
  state_->tuning = tuning;
  for (auto& [rank, host] : state_->hosts) state_->refit(host);
  state_->rebuild();
}

void Scheduler::wait(Request request) {
  state_->changed();
  auto const account = state_->account_of(request.account);
  auto const [at, fresh] = state_->waiting.try_emplace(request.job);
  invariant(fresh, "a job stands in line once");
  auto& entry = at->second;
  entry.job = request.job;
  entry.account = account;
  entry.of = &state_->class_of(request.demand);
  entry.priority = request.priority;
  entry.estimate = request.estimate;
  entry.last = request.last;
  entry.copy_at = request.copy_at;
  state_->enter(entry);
}

void Scheduler::leave(JobId job) {
  auto const at = state_->waiting.find(job);
  if (at == state_->waiting.end()) return;
  state_->changed();
  state_->withdraw(at->second);
  state_->waiting.erase(at);
}

void Scheduler::occupy(Request const& request, Rank host, Instant since) {
  state_->changed();
  state_->occupy(request, host, since);
}
void Scheduler::release(JobId job, Rank host) {
  state_->changed();
  state_->release(job, host);
}

std::optional<Placement> Scheduler::next(Instant now) {
  state_->now = now;
  if (state_->none_is_next) return std::nullopt;
  auto const chosen = state_->choose();
  // Orders of another kind look at the clock: who has waited long, what will have ended by then.
  if (chosen.entry == nullptr) state_->none_is_next = state_->by_account();
  if (chosen.entry == nullptr) return std::nullopt;
  return Placement{chosen.entry->job, chosen.host, state_->reason_for(chosen)};
}

std::vector<JobId> Scheduler::heads() const {
  std::vector<Entry*> heads;
  for (auto const& one : state_->tracked) {
    if (auto* const entry = state_->first(*one)) heads.push_back(entry);
  }
  std::vector<JobId> jobs;
  for (auto const* entry : state_->sorted(std::move(heads))) jobs.push_back(entry->job);
  return jobs;
}

std::optional<Preemption> Scheduler::preempt(Instant now) {
  state_->now = now;
  if (state_->none_yields) return std::nullopt;
  auto const found = state_->preempt();
  state_->none_yields = !found;  // who was asked in vain isn't again in this interval, but for something new
  return found;
}

void Scheduler::stays(JobId victim) {
  state_->changed();
  state_->stays(victim);
}

void Scheduler::intervals(Instant now, std::int64_t count) {
  invariant(count > 0, "an interval has passed");
  state_->changed();
  state_->intervals_passed(now, count);
}

Waiting Scheduler::why_waiting(JobId job) const {
  auto const at = state_->waiting.find(job);
  return at == state_->waiting.end() ? Waiting{} : state_->why_waiting(at->second);
}

std::optional<Rank> Scheduler::host_for(Demand const& demand, Rank except) const {
  return state_->host_for(demand, except);
}

bool Scheduler::can_go_to(Demand const& demand, Rank host) const {
  bool const meant = demand.host == no_rank || demand.host == host;
  return meant && !state_->reserved.contains(host) && state_->fits_at(demand, host);
}

std::int32_t Scheduler::taken_cores(Rank host) const {
  auto const* at = state_->host_at(host);
  return at == nullptr ? 0 : at->room.taken_cores();
}

Instant Scheduler::stays_since(JobId job) const {
  auto const at = state_->running.find(job);
  return at == state_->running.end() ? Instant{} : at->second.stay.since;
}

std::optional<std::string> Scheduler::never_fits(Demand const& demand) const {
  return state_->never_fits(demand);
}
std::vector<Rank> Scheduler::kept() const {
  std::vector<Rank> hosts;
  for (auto const& [host, entry] : state_->reserved) hosts.push_back(host);
  return hosts;
}
std::vector<Node> Scheduler::order() const {
  return state_->in_order();
}

bool Scheduler::is_at_its_cap(Node account) const {
  return state_->is_at_its_cap(account);
}

std::pair<Node, Node> Scheduler::parting(Node a, Node b) const {
  return state_->parting(a, b);
}

ShareTree const& Scheduler::tree() const {
  if (state_->capacity_changed) state_->entitle();
  return state_->tree;
}
Policy const& Scheduler::policy() const {
  return *state_->policy;
}
Tuning const& Scheduler::tuning() const {
  return state_->tuning;
}

std::map<std::string, std::int64_t> Scheduler::scores() const {
  return state_->scores();
}

void Scheduler::set_scores(std::map<std::string, std::int64_t> const& scores) {
  state_->changed();
  state_->set_scores(scores);
}

}  // namespace godwit::policy
