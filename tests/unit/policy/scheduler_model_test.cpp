// The scheduler against the plainest one that could be written: whatever happens, in whatever order, both
// choose the same request and host. The plain one looks at every request and every host each time.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>

#include "policy/capacity.hpp"
#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

struct Plain {
  Goal goal;
  std::map<JobId, Request> waiting;
  std::map<JobId, std::pair<Request, Rank>> running;
  struct At {
    Room room;
    bool open;
  };
  std::map<Rank, At> hosts;

  [[nodiscard]] std::optional<Rank> host_for(Request const& request) const {
    std::optional<Rank> best;
    auto const& demand = request.demand;
    auto const fits = [&](Rank rank, At const& at) {
      if (!at.open || !at.room.fits(demand) || (demand.host != no_rank && demand.host != rank)) return false;
      if (demand.together.empty()) return true;
      return std::ranges::all_of(running, [&](auto const& one) {
        return one.second.first.demand.together != demand.together || one.second.second == rank;
      });
    };
    auto const better = [&](Rank a, Rank b) {
      if (goal == Goal::locality && (a == request.last || b == request.last)) return a == request.last;
      auto const &x = hosts.at(a).room, &y = hosts.at(b).room;
      auto const left = std::int64_t{x.taken_cores()} * y.has().cores,
                 right = std::int64_t{y.taken_cores()} * x.has().cores;
      if (left != right) return goal == Goal::consolidate ? left > right : left < right;
      return a < b;
    };
    for (auto const& [rank, at] : hosts) {
      if (fits(rank, at) && (!best || better(rank, *best))) best = rank;
    }
    return best;
  }
  // `tree`: whose standings are taken for granted.
  [[nodiscard]] static Request const* best(ShareTree const& tree, Policy const& policy, Node node,
                                           std::vector<Request const*> const& fitting) {
    Request const* best_yet = nullptr;
    if (!tree.is_group(node)) {
      for (auto const* one : fitting) {
        if (tree.find(one->account) != node) continue;
        auto const place = [](Request const& request) { return std::tuple(-request.priority, request.job); };
        if (best_yet == nullptr || place(*one) < place(*best_yet)) best_yet = one;
      }
      return best_yet;
    }
    std::tuple<std::int64_t, std::int64_t, JobId> least;
    for (auto const member : tree[node].children) {
      auto const* one = best(tree, policy, member, fitting);
      if (one == nullptr) continue;
      auto const& standing = tree[member].standing;
      std::tuple const place(policy.key(standing), (standing.charged_millicores << 20) / standing.shares,
                             one->job);
      if (best_yet != nullptr && least < place) continue;
      best_yet = one;
      least = place;
    }
    return best_yet;
  }
  [[nodiscard]] std::optional<std::pair<JobId, Rank>> next(ShareTree const& tree,
                                                           Policy const& policy) const {
    std::vector<Request const*> fitting;
    for (auto const& [job, request] : waiting) {
      bool capped = false;
      for (auto node = *tree.find(request.account); node != root; node = tree[node].parent) {
        auto const most = tree[node].cores_max;
        capped = capped || (most > 0 && tree[node].standing.running_millicores + request.demand.cores * 1000 >
                                            most * 1000);
      }
      if (!capped && host_for(request)) fitting.push_back(&request);
    }
    std::map<Demand, std::vector<Request const*>> by_demand;
    for (auto const* one : fitting) by_demand[one->demand].push_back(one);
    std::vector<Request const*> firsts;
    for (auto const& [demand, same] : by_demand) firsts.push_back(best(tree, policy, root, same));
    auto const* chosen = best(tree, policy, root, firsts);
    if (chosen != nullptr) chosen = best(tree, policy, *tree.find(chosen->account), fitting);
    if (chosen == nullptr) return std::nullopt;
    return std::pair(chosen->job, *host_for(*chosen));
  }
};

// Both, told the same.
class Pair {
 public:
  Pair(std::string_view policy, Goal goal, unsigned seed)
      : random_(seed),
        plain_{.goal = goal},
        scheduler_({.goal = goal, .patience = std::chrono::hours(1)}, policy_named(policy),
                   tree_of({{.path = "a", .shares = 3, .cores_max = 9},
                            {.path = "a/x", .shares = 2, .cores_max = 5},
                            {.path = "a/y", .hosts = {Rank{2}}},
                            {.path = "b", .shares = 2, .hosts = {Rank{3}}},
                            {.path = "c"}})) {}

  void something() {
    switch (below(9)) {
      case 0:
      case 1:
      case 2:
        return submit();
      case 3:
      case 4:
        return end();
      case 5:
        return leave();
      case 6:
        return host();
      case 7:
        return below(20) == 0 ? lose_host() : interval();
      default:
        return place();
    }
  }
  void check() {
    auto const mine = scheduler_.next(now_);
    auto const plain = plain_.next(scheduler_.tree(), scheduler_.policy());
    ASSERT_EQ(mine.has_value(), plain.has_value());
    if (!mine) return;
    EXPECT_EQ(mine->job, plain->first);
    EXPECT_EQ(mine->host, plain->second);
  }
  [[nodiscard]] std::size_t placed() const { return placed_; }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  Demand demand() {
    Demand demand{.cores = static_cast<std::int32_t>(1 + below(4))};
    if (below(4) == 0) demand.memory_bytes = 1 + below(2);
    if (below(8) == 0) demand.resources = {{"gpu", 1}};
    if (below(8) == 0) demand.labels = {"fast"};
    if (below(8) == 0) demand.host = Rank{static_cast<std::int32_t>(1 + below(6))};
    if (below(8) == 0) demand.together = "t" + std::to_string(below(2));
    if (below(8) == 0) demand.apart = "s" + std::to_string(below(2));
    return demand;
  }
  void submit() {
    static constexpr std::array accounts{"a/x", "a/y", "a/z", "b/x", "b/y", "c", "d/e/f", "d/e/g", "h"};
    Request request{
        .job = JobId{++submitted_}, .account = accounts[below(accounts.size())], .demand = demand()};
    if (below(6) == 0) request.priority = static_cast<std::int32_t>(below(3));
    if (below(3) == 0) request.last = Rank{static_cast<std::int32_t>(1 + below(6))};
    scheduler_.wait(request);
    plain_.waiting[request.job] = request;
  }
  template <class Map>
  auto any_of(Map& map) {
    return std::next(map.begin(), static_cast<std::ptrdiff_t>(below(map.size())));
  }
  void leave() {
    if (plain_.waiting.empty()) return;
    auto const at = any_of(plain_.waiting);
    scheduler_.leave(at->first);
    plain_.waiting.erase(at);
  }
  void place() {
    auto const placement = scheduler_.next(now_);
    if (!placement) return;
    ++placed_;
    auto const request = plain_.waiting.at(placement->job);
    plain_.waiting.erase(placement->job);
    scheduler_.leave(placement->job);
    scheduler_.occupy(request, placement->host, now_);
    plain_.hosts.at(placement->host).room.take(request.demand);
    plain_.running[placement->job] = {request, placement->host};
  }
  void end() {
    if (plain_.running.empty()) return;
    auto const at = any_of(plain_.running);
    auto const& [request, rank] = at->second;
    scheduler_.release(at->first, rank);
    plain_.hosts.at(rank).room.give_back(request.demand);
    plain_.running.erase(at);
  }
  void host() {
    Rank const rank{static_cast<std::int32_t>(1 + below(6))};
    Capabilities has{.cores = static_cast<std::int32_t>(1 + below(8)), .memory_bytes = below(5)};
    if (below(2) == 0) has.resources = {{"gpu", {"0", "1"}}};
    if (below(2) == 0) has.labels = {"fast"};
    bool const open = below(5) > 0;
    scheduler_.set_host(rank, has, open);
    auto& at = plain_.hosts[rank];
    at.room.replace(has);
    at.open = open;
  }
  void lose_host() {
    if (plain_.hosts.empty()) return;
    auto const rank = any_of(plain_.hosts)->first;
    scheduler_.remove_host(rank);
    plain_.hosts.erase(rank);
    std::erase_if(plain_.running, [&](auto const& one) { return one.second.second == rank; });
  }
  void interval() {
    now_ = now_ + 1s;
    scheduler_.interval(now_);
  }

  std::mt19937_64 random_;
  Plain plain_;
  Scheduler scheduler_;
  Instant now_;
  std::uint64_t submitted_{0};
  std::size_t placed_{0};
};

#ifdef __SANITIZE_ADDRESS__
constexpr unsigned seeds = 5;
#else
constexpr unsigned seeds = 20;
#endif

TEST(SchedulerModel, BothChooseTheSame) {
  for (auto const* policy : {"up-down", "round-robin", "decay"}) {
    for (auto const goal : {Goal::spread, Goal::consolidate, Goal::locality}) {
      for (unsigned seed = 1; seed <= seeds; ++seed) {
        Pair pair(policy, goal, seed);
        for (int step = 0; step < 400 && !testing::Test::HasFailure(); ++step) {
          pair.something();
          pair.check();
        }
        ASSERT_FALSE(testing::Test::HasFailure())
            << policy << ", goal " << static_cast<int>(goal) << ", seed " << seed;
        EXPECT_GT(pair.placed(), 5u);
      }
    }
  }
}

}  // namespace
}  // namespace godwit::policy
