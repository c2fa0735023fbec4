// Balance: jobs that nobody asked to move are moved for the goal that the runtime was started with. What pays is said by
// policy/balance.hpp; here is what it is told, and the patience that keeps jobs from going to and fro: a job is looked at several
// times before it is moved, stays for a residence time (the quantum) that doubles with each such move, and what a move has
// changed must have shown in the loads before its hosts take part in another. The move itself goes as any other.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/figures.hpp"
#include "base/mutation.hpp"
#include "policy/balance.hpp"
#include "policy/time_left.hpp"

namespace godwit::allocator {

namespace {

using policy::BalanceGoal;

constexpr std::uint32_t looks_min = 5;        // at a job before it is moved, one each interval
constexpr std::uint32_t doublings_max = 10;   // of the residence time
constexpr std::size_t candidates_max = 1024;  // in one look; for locality all that run

void smooth(std::optional<std::int64_t>& to, std::optional<std::int64_t> fresh) {
  if (!fresh) return to.reset();
  to = to ? *to + (*fresh - *to) / 8 : *fresh;
}

std::string spell_times(std::int64_t permille) {
  return fmt::format("{}.{:02}", permille / 1000, permille % 1000 / 10);
}

std::string reason_of(policy::BalanceMove const& move) {
  switch (move.why) {
    case BalanceGoal::offload:
      return fmt::format("a job takes {} times as long there as on idle cores, and {} times on host {}",
                         spell_times(move.slowness_from), spell_times(move.slowness_to), move.to);
    case BalanceGoal::consolidate:
      return fmt::format("host {} is emptied", move.from);
    case BalanceGoal::locality:
      return "more of its array is there";
    default:
      return fmt::format("{} core{} of host {} were taken, and {} of host {}", move.taken_from,
                         move.taken_from == 1 ? "" : "s", move.from, move.taken_to, move.to);
  }
}

}  // namespace

void Allocator::Core::smooth_load(Rank host, NodeLoad const& load) {
  if (settings.balance.goal == BalanceGoal::none) return;
  auto& smoothed = balancing.loads[host];
  smooth(smoothed.busy_milli, load.busy_milli);
  smooth(smoothed.queue_milli, load.run_queue ? std::optional(*load.run_queue * 1000) : std::nullopt);
  smooth(smoothed.memory_stall_permille, load.memory_stall_permille);
}

void Allocator::Core::balance() {
  if (now < balancing.due) return;
  balancing.due = now + settings.scheduling.interval;
  see_moves_end();
  if (settings.balance.goal == BalanceGoal::none || awaiting() || gathering() || !leads()) return;
  if (balancing.under_way.size() >= settings.balance.at_once) return;
  auto question = balance_question();
  question.tuning.at_once -= balancing.under_way.size();
  for (auto const& move : question.moves(candidates(question.sources()))) balance_job(move);
}

// Those whose moves are over, one way or the other: their hosts settle.
void Allocator::Core::see_moves_end() {
  std::erase_if(balancing.under_way, [this](auto const& one) {
    auto const* record = record_of(one.first);
    if (record != nullptr && record->intent) return false;
    auto const until = now + settings.scheduling.interval * looks_min;
    balancing.settling[one.second.first] = balancing.settling[one.second.second] = until;
    return true;
  });
  std::erase_if(balancing.settling, [this](auto const& one) { return one.second <= now; });
}

policy::Balance Allocator::Core::balance_question() const {
  policy::Balance question;
  question.tuning = settings.balance;
  std::map<std::pair<std::string, std::uint64_t>, std::size_t> nodes;  // by name, and which of its cores
  std::set<Rank> busy;
  for (auto const& [host, until] : balancing.settling) busy.insert(host);
  for (auto const& [job, hosts_of] : balancing.under_way) busy.insert({hosts_of.first, hosts_of.second});
  for (auto const& [rank, host] : hosts) {
    if (host.presence != Presence::alive || host.awaited) continue;
    auto const [at, fresh] = nodes.try_emplace({host.hello.node, host.load.cores_id}, question.nodes.size());
    if (fresh) question.nodes.emplace_back();
    auto& node = question.nodes[at->second];
    auto const taken = scheduler.taken_cores(rank);
    node.cores = std::max<std::int64_t>(node.cores, host.hello.cores);
    node.wanted += taken;
    if (auto const load = balancing.loads.find(rank); load != balancing.loads.end()) {
      node.busy_milli = load->second.busy_milli;
      node.queue_milli = load->second.queue_milli;
      node.memory_stall_permille = load->second.memory_stall_permille.value_or(0);
    }
    policy::BalanceHost one{rank, at->second, host.hello.has.cores, taken, static_cast<std::int32_t>(host.occupants.size())};
    bool const settled = !busy.contains(rank);
    one.gives = settled && !ledger.is_drained(rank);
    one.takes = settled && is_open(rank) && !is_standby(rank);
    question.hosts.push_back(one);
  }
  question.fits = [this](policy::BalanceJob const& job, Rank to) { return fits_at(job.job, to); };
  question.cost = [this](policy::BalanceJob const& job, Rank to) {
    bool const near = hosts.at(job.host).hello.node == hosts.at(to).hello.node;
    return policy::cost_of({.bytes = arena_of(job.job)}, balancing.ways.to(to, near)).whole();
  };
  return question;
}

// As far as is known of the memory there.
bool Allocator::Core::fits_at(JobId job, Rank to) const {
  auto const free = hosts.at(to).load.memory_free_bytes;
  auto const bytes = arena_of(job);
  return scheduler.can_go_to(demand_of(spec_of(job)), to) && (free == 0 || bytes + bytes / 8 <= free);
}

std::uint64_t Allocator::Core::arena_of(JobId job) const {
  auto const* report = report_of(job);
  return report != nullptr ? report->arena_bytes : 0;
}

// What is no candidate any more is forgotten: the next time it is looked at anew.
std::vector<policy::BalanceJob> Allocator::Core::candidates(std::vector<Rank> const& sources) {
  std::vector<policy::BalanceJob> found;
  std::map<JobId, Watched> watched;
  bool const all = settings.balance.goal == BalanceGoal::locality;
  for (auto const rank : sources) {
    for (auto const job : hosts.at(rank).occupants) {
      auto const& record = *record_of(job);
      if (!all && found.size() >= candidates_max) break;
      policy::BalanceJob one{job, rank, record.spec.cores};
      one.family = job.element() != 0 ? job.array() : JobId{};
      one.movable = record.host == rank && may_be_moved(record);
      if (one.movable) {
        auto const& seen = watched.insert({job, look_at(record)}).first->second;
        one.time_left = time_left_of(record, seen);
        one.movable = seen.looks >= looks_min;
      }
      found.push_back(std::move(one));
    }
  }
  balancing.watched = std::move(watched);
  return found;
}

// It runs, nobody wants anything of it, and it may be elsewhere.
bool Allocator::Core::may_be_moved(JobRecord const& record) const {
  bool const runs = record.state == JobState::running && !record.intent && !record.suspended;
  bool const bound = record.spec.host != no_rank || !record.spec.together.empty();
  auto const departing = departures.lower_bound({record.job, Epoch{}});
  bool const leaves = departing != departures.end() && departing->first.first == record.job;
  return runs && !bound && !leaves && !desks.contains(record.job) && !leased.contains(record.job) &&
         has_stayed(record.job);
}

bool Allocator::Core::has_stayed(JobId job) const {
  auto const here = now - scheduler.stays_since(job);
  auto const at = balancing.moved.find(job);
  if (at == balancing.moved.end()) return here >= settings.scheduling.quantum_min;
  if (mutated(Mutation::move_back_at_once)) return true;
  auto const& before = at->second;
  auto const stay = settings.scheduling.quantum_min * (std::int64_t{1} << std::min(before.times, doublings_max));
  return std::min(here, now - before.last) >= stay;
}

Watched Allocator::Core::look_at(JobRecord const& record) const {
  auto const at = balancing.watched.find(record.job);
  if (at != balancing.watched.end() && at->second.epoch == record.epoch) {
    auto seen = at->second;
    ++seen.looks;
    return seen;
  }
  return {record.epoch, now, progress_of(record.job), 1};
}

std::uint64_t Allocator::Core::progress_of(JobId job) const {
  auto const* report = report_of(job);
  if (report == nullptr) return 0;
  return report->progress.total > 0 ? report->progress.done : report->steps;
}

Duration Allocator::Core::time_left_of(JobRecord const& record, Watched const& seen) const {
  auto const* report = report_of(record.job);
  auto const total = report != nullptr ? report->progress.total : 0;
  auto const ran = Duration{std::max<std::int64_t>(0, wall.unix_ns - record.started.unix_ns)};
  return policy::time_left({seen.done, progress_of(record.job), total, now - seen.since, ran});
}

void Allocator::Core::balance_job(policy::BalanceMove const& move) {
  bool const empties = move.why == BalanceGoal::consolidate;
  begin_balancing(*record_of(move.job), move.to,
                  fmt::format("{}; {} {}{} against a cost of {}", reason_of(move), empties ? "it has" : "expected gain",
                              spell_duration(move.gain), empties ? " left," : "", spell_duration(move.cost)));
}

// Two hosts have found each other. The decision is theirs, but not whether the job may leave, or the other one has room.
void Allocator::Core::move_as_agreed(JobRecord const& record, Rank target) {
  bool const known = target != record.host && hosts.contains(target) && hosts.at(record.host).presence == Presence::alive;
  if (!known || !is_open(target) || is_standby(target) || !may_be_moved(record)) return;
  if (!fits_at(record.job, target) && !mutated(Mutation::obey_those_who_probe)) return;
  begin_balancing(record, target,
                  fmt::format("the two agreed on it (probing), for host {} had more to run than it has cores for", record.host));
}

void Allocator::Core::begin_balancing(JobRecord const& record, Rank target, std::string text) {
  auto const job = record.job;
  auto& before = balancing.moved[job];
  ++before.times;
  before.last = now;
  balancing.under_way[job] = {record.host, target};
  text = fmt::format("moved from host {} to host {}: {}", record.host, target, text);
  note(Level::info, job, {}, fmt::format("{} is to be {}", called(record), text));
  decided(job, std::move(text));
  ask(job, {Verb::migrate, Asked{std::nullopt, 0, now}, target});
}

}  // namespace godwit::allocator
