#include "policy/balance_search.hpp"

#include <algorithm>
#include <utility>

#include "base/mutation.hpp"

namespace godwit::policy {

namespace {

// Targets are tried in their order; who fits on none of the first that have room gets no move in this round.
constexpr std::size_t targets_tried_max = 32;

}  // namespace

BalanceSearch::BalanceSearch(Balance const& asked) : asked_(asked), nodes_(asked.nodes), hosts_(asked.hosts) {
  for (std::size_t place = 0; place < hosts_.size(); ++place) places_[hosts_[place].host] = place;
}

// Of the target's node, with the job; on the node that it is on already nothing is added.
std::int64_t BalanceSearch::slowness_with(BalanceHost const& from, BalanceHost const& to, std::int32_t more) const {
  return node_of(to).slowness(from.node == to.node ? 0 : more);
}

bool BalanceSearch::has_room(BalanceJob const& job, BalanceHost const& to) const {
  bool const cores = to.cores - to.taken >= job.cores || mutated(Mutation::balance_onto_the_full);
  return to.takes && to.host != job.host && cores && asked_.fits(job, to.host);
}

bool BalanceSearch::is_strained(BalanceHost const& host) const {
  return node_of(host).slowness() >= 1000 + asked_.tuning.margin_permille;
}

// The target, with the job, keeps it waiting for less than the source does.
bool BalanceSearch::relieves(BalanceHost const& from, BalanceHost const& to, std::int32_t cores) const {
  if (from.node == to.node || !is_strained(from)) return false;
  auto const limit = node_of(from).slowness() * (1000 - asked_.tuning.margin_permille) / 1000;
  return slowness_with(from, to, cores) <= limit;
}

// The target, with the job, is less full than the source is, and keeps nobody waiting for longer.
bool BalanceSearch::evens(BalanceHost const& from, BalanceHost const& to, std::int32_t cores) const {
  return slowness_with(from, to, cores) <= node_of(from).slowness() && full(to, cores) < full(from);
}

BalanceMove BalanceSearch::move_of(BalanceJob const& job, BalanceHost const& to, BalanceGoal why) const {
  auto const& from = at(job.host);
  BalanceMove move{job.job, job.host, to.host, why};
  move.slowness_from = node_of(from).slowness();
  move.slowness_to = slowness_with(from, to, job.cores);
  move.taken_from = from.taken;
  move.taken_to = to.taken;
  move.cost = asked_.cost(job, to.host);
  return move;
}

void BalanceSearch::make(BalanceMove const& move, std::int32_t cores) {
  auto& from = at(move.from);
  auto& to = at(move.to);
  from.taken -= cores, to.taken += cores;
  --from.jobs, ++to.jobs;
  touched_.insert({move.from, move.to});
  if (from.node == to.node) return;
  nodes_[from.node].wanted -= cores, nodes_[to.node].wanted += cores;
  touched_nodes_.insert({from.node, to.node});
}

std::vector<Rank> BalanceSearch::sources() const {
  std::vector<BalanceHost const*> found;
  auto const& tuning = asked_.tuning;
  bool const evening = tuning.goal == BalanceGoal::offload || tuning.goal == BalanceGoal::spread;
  BalanceHost const* emptiest = nullptr;
  for (auto const& host : hosts_) {
    if (host.takes && host.taken < host.cores && (emptiest == nullptr || full(host) < full(*emptiest))) emptiest = &host;
  }
  if (evening && emptiest == nullptr) return {};
  for (auto const& host : hosts_) {
    if (!host.gives || host.jobs == 0) continue;
    bool const uneven = tuning.goal == BalanceGoal::spread && full(*emptiest, 1) < full(host);
    if (!evening || is_strained(host) || uneven) found.push_back(&host);
  }
  auto const worst_first = [&](BalanceHost const* a, BalanceHost const* b) {
    if (tuning.goal == BalanceGoal::consolidate)
      return a->taken != b->taken ? a->taken < b->taken : b->host < a->host;
    if (tuning.goal == BalanceGoal::locality) return a->host < b->host;
    auto const slow_a = node_of(*a).slowness(), slow_b = node_of(*b).slowness();
    if (slow_a != slow_b) return slow_a > slow_b;
    if (full(*a) < full(*b) || full(*b) < full(*a)) return full(*b) < full(*a);
    return a->host < b->host;
  };
  std::ranges::sort(found, worst_first);
  if (tuning.goal != BalanceGoal::locality && found.size() > tuning.sources_max) found.resize(tuning.sources_max);
  std::vector<Rank> ranks;
  for (auto const* host : found) ranks.push_back(host->host);
  return ranks;
}

// ---- offload, spread

// Whoever has a core to spare, the least strained first.
std::vector<Rank> BalanceSearch::targets_for_evening() const {
  std::vector<std::pair<std::int64_t, BalanceHost const*>> found;
  for (auto const& host : hosts_) {
    bool const open = host.takes && !touched_.contains(host.host) && !touched_nodes_.contains(host.node);
    bool const room = host.taken < host.cores || mutated(Mutation::balance_onto_the_full);
    if (open && room) found.emplace_back(node_of(host).slowness(1), &host);
  }
  std::ranges::sort(found, [](auto const& a, auto const& b) {
    if (a.first != b.first) return a.first < b.first;
    if (full(*a.second) < full(*b.second) || full(*b.second) < full(*a.second)) return full(*a.second) < full(*b.second);
    return a.second->host < b.second->host;
  });
  std::vector<Rank> ranks;
  for (auto const& [slowness, host] : found) ranks.push_back(host->host);
  return ranks;
}

// How long it takes there and here, relative to each other: for want of cores, and on the fuller host a little more.
std::optional<BalanceMove> BalanceSearch::best_of(BalanceJob const& job, std::vector<Rank> const& targets) const {
  auto const& from = at(job.host);
  bool const spreads = asked_.tuning.goal == BalanceGoal::spread;
  auto const crowded = [&](std::int64_t slowness, Full const& how) {
    auto const crowding = spreads ? asked_.tuning.crowding_permille * how.taken / how.cores : 0;
    return slowness * (1000 + crowding);
  };
  std::size_t tried = 0;
  for (auto const rank : targets) {
    auto const& to = at(rank);
    bool const relief = relieves(from, to, job.cores);
    if (!relief && !(spreads && evens(from, to, job.cores))) continue;
    if (++tried > targets_tried_max) break;
    if (!has_room(job, to)) continue;
    auto move = move_of(job, to, relief ? BalanceGoal::offload : BalanceGoal::spread);
    auto const here = crowded(move.slowness_from, full(from)), there = crowded(move.slowness_to, full(to, job.cores));
    if (here <= there) continue;
    move.gain = Duration{job.time_left.count() / here * (here - there) + job.time_left.count() % here * (here - there) / here};
    if (pays(move.gain, move.cost, asked_.tuning)) return move;
  }
  return std::nullopt;
}

// The job with the most to gain first; each host takes part once, for what the others will do then isn't known.
std::vector<BalanceMove> BalanceSearch::even_out(std::vector<BalanceJob> const& jobs) {
  std::vector<BalanceMove> found;
  while (found.size() < asked_.tuning.at_once) {
    auto const targets = targets_for_evening();
    std::optional<BalanceMove> best;
    std::int32_t cores = 0;
    for (auto const& job : jobs) {
      if (!job.movable || touched_.contains(job.host) || touched_nodes_.contains(at(job.host).node)) continue;
      auto const move = best_of(job, targets);
      if (!move || (best && move->gain - move->cost <= best->gain - best->cost)) continue;
      best = move;
      cores = job.cores;
    }
    if (!best) break;
    make(*best, cores);
    found.push_back(*best);
  }
  return found;
}

// ---- consolidate

// The fullest host that still has room for it, has more than the one that is emptied, and keeps nobody waiting then.
std::optional<BalanceMove> BalanceSearch::packed(BalanceJob const& job) const {
  auto const& from = at(job.host);
  BalanceHost const* best = nullptr;
  for (auto const& to : hosts_) {
    if (to.jobs == 0 || (best != nullptr && to.taken <= best->taken)) continue;
    if (has_room(job, to) && slowness_with(from, to, job.cores) <= 1000) best = &to;
  }
  if (best == nullptr) return std::nullopt;
  auto move = move_of(job, *best, BalanceGoal::consolidate);
  move.gain = job.time_left;  // for which its host would have to stay
  return move;
}

std::optional<std::vector<BalanceMove>> BalanceSearch::emptying(BalanceHost const& source,
                                                                std::vector<BalanceJob> const& jobs) const {
  auto copy = *this;
  for (auto& host : copy.hosts_) {  // towards those that have more, so that two never take turns
    bool const more = host.taken != source.taken ? host.taken > source.taken : host.host < source.host;
    host.takes = host.takes && more;
  }
  std::vector<BalanceMove> found;
  for (auto const& job : jobs) {
    auto const move = copy.packed(job);
    if (!move || !pays(move->gain, move->cost, asked_.tuning)) return std::nullopt;
    copy.make(*move, job.cores);
    found.push_back(*move);
  }
  return found;
}

std::vector<BalanceMove> BalanceSearch::empty_one(std::vector<BalanceJob> const& jobs) const {
  for (auto const rank : sources()) {
    std::vector<BalanceJob> there;
    std::ranges::copy_if(jobs, std::back_inserter(there), [&](auto const& job) { return job.host == rank; });
    bool const all = static_cast<std::int32_t>(there.size()) == at(rank).jobs &&
                     std::ranges::all_of(there, [](auto const& job) { return job.movable; });
    if (!all) continue;
    std::ranges::stable_sort(there, std::ranges::greater{}, &BalanceJob::cores);
    if (auto found = emptying(at(rank), there)) {
      if (found->size() > asked_.tuning.at_once) found->resize(asked_.tuning.at_once);
      return *std::move(found);
    }
  }
  return {};
}

// ---- locality

// To the node that has most of its family, or as many and comes first; there to the emptiest host.
std::optional<BalanceMove> BalanceSearch::nearer(BalanceJob const& job, Family const& family) const {
  auto const& from = at(job.host);
  auto const here = family.at(from.node);
  std::int64_t all = 0;
  for (auto const& [node, count] : family) all += count;
  BalanceHost const* best = nullptr;
  auto const count_at = [&](BalanceHost const& host) {
    auto const found = family.find(host.node);
    return found == family.end() ? 0 : found->second;
  };
  for (auto const& to : hosts_) {
    auto const there = count_at(to);
    bool const draws = there > here || (there == here && to.node < from.node);
    if (to.node == from.node || there == 0 || !draws || !has_room(job, to)) continue;
    if (slowness_with(from, to, job.cores) > std::max<std::int64_t>(1000, node_of(from).slowness())) continue;
    if (best == nullptr || there > count_at(*best) || (there == count_at(*best) && full(to) < full(*best))) best = &to;
  }
  if (best == nullptr) return std::nullopt;
  auto move = move_of(job, *best, BalanceGoal::locality);
  auto const nearer_by = (count_at(*best) - here + 1) * asked_.tuning.nearness_permille;
  move.gain = job.time_left / (1000 * std::max<std::int64_t>(all, 1)) * nearer_by;
  return pays(move.gain, move.cost, asked_.tuning) ? std::optional(move) : std::nullopt;
}

std::vector<BalanceMove> BalanceSearch::gather(std::vector<BalanceJob> const& jobs) {
  std::map<JobId, Family> families;
  for (auto const& job : jobs) {
    if (job.family != JobId{}) ++families[job.family][at(job.host).node];
  }
  std::vector<BalanceMove> found;
  for (auto const& job : jobs) {
    if (found.size() >= asked_.tuning.at_once) break;
    if (!job.movable || job.family == JobId{} || families.at(job.family).size() < 2) continue;
    auto& family = families.at(job.family);
    auto const move = nearer(job, family);
    if (!move) continue;
    --family[at(move->from).node], ++family[at(move->to).node];
    make(*move, job.cores);
    found.push_back(*move);
  }
  return found;
}

}  // namespace godwit::policy
