// The search behind Balance (policy/balance.hpp), goal by goal: it works on a copy of the hosts, in which the moves that it has
// found are made already. Private to the sources of Balance.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "policy/balance.hpp"

namespace godwit::policy {

class BalanceSearch {
 public:
  explicit BalanceSearch(Balance const& asked);

  [[nodiscard]] std::vector<Rank> sources() const;
  [[nodiscard]] std::vector<BalanceMove> even_out(std::vector<BalanceJob> const& jobs);
  [[nodiscard]] std::vector<BalanceMove> empty_one(std::vector<BalanceJob> const& jobs) const;
  [[nodiscard]] std::vector<BalanceMove> gather(std::vector<BalanceJob> const& jobs);

 private:
  struct Full {  // cores taken of those there are, compared without dividing
    std::int64_t taken{0}, cores{1};
    bool operator<(Full const& other) const { return taken * other.cores < other.taken * cores; }
  };
  [[nodiscard]] BalanceHost const& at(Rank host) const { return hosts_[places_.at(host)]; }
  [[nodiscard]] BalanceHost& at(Rank host) { return hosts_[places_.at(host)]; }
  [[nodiscard]] BalanceNode const& node_of(BalanceHost const& host) const { return nodes_[host.node]; }
  [[nodiscard]] static Full full(BalanceHost const& host, std::int32_t more = 0) {
    return {std::int64_t{host.taken} + more, std::max(host.cores, 1)};
  }
  [[nodiscard]] std::int64_t slowness_with(BalanceHost const& from, BalanceHost const& to, std::int32_t more) const;
  [[nodiscard]] bool has_room(BalanceJob const& job, BalanceHost const& to) const;
  [[nodiscard]] bool is_strained(BalanceHost const& host) const;
  [[nodiscard]] bool relieves(BalanceHost const& from, BalanceHost const& to, std::int32_t cores) const;
  [[nodiscard]] bool evens(BalanceHost const& from, BalanceHost const& to, std::int32_t cores) const;
  [[nodiscard]] std::optional<BalanceMove> best_of(BalanceJob const& job, std::vector<Rank> const& targets) const;
  [[nodiscard]] std::vector<Rank> targets_for_evening() const;
  [[nodiscard]] std::optional<std::vector<BalanceMove>> emptying(BalanceHost const& source,
                                                                 std::vector<BalanceJob> const& jobs) const;
  [[nodiscard]] std::optional<BalanceMove> packed(BalanceJob const& job) const;
  using Family = std::map<std::size_t, std::int64_t>;  // node → how many of it are there
  [[nodiscard]] std::optional<BalanceMove> nearer(BalanceJob const& job, Family const& family) const;
  [[nodiscard]] BalanceMove move_of(BalanceJob const& job, BalanceHost const& to, BalanceGoal why) const;
  void make(BalanceMove const& move, std::int32_t cores);

  Balance const& asked_;
  std::vector<BalanceNode> nodes_;
  std::vector<BalanceHost> hosts_;
  std::map<Rank, std::size_t> places_;
  std::set<Rank> touched_;             // by a move that was found: what becomes of them isn't known yet
  std::set<std::size_t> touched_nodes_;
};

}  // namespace godwit::policy
