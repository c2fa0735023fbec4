// Balance: which running jobs should go on elsewhere, for a goal of the whole runtime rather than for any user.
//
// - offload: from nodes whose cores can't serve all that want to run, to where cores are idle.
// - spread: as offload; and from fuller hosts to emptier ones, even where nobody waits for a core.
// - consolidate: the least taken host is emptied, if all that it has finds room on hosts that have more.
// - locality: elements of an array are gathered on the nodes that have most of them.
//
// A move pays if its gain, in the job's own time, exceeds its cost several times (policies: "when a move pays"). And none is
// proposed that would leave the target as strained as the source was: so under a constant load moves cease, whatever is
// wrong with the estimates (the hosts' strains, sorted, fall with each move; for consolidate and locality the sum of
// squares rises). Whoever carries them out adds residence times.
//
// Pure functions over integers: the same question always gets the same answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "policy/scheduler.hpp"

namespace godwit::policy {

enum class BalanceGoal : std::uint8_t { none, offload, spread, consolidate, locality };

[[nodiscard]] Result<BalanceGoal> balance_goal_of(std::string_view name);
[[nodiscard]] std::string_view to_string(BalanceGoal goal);
[[nodiscard]] Goal placing_for(BalanceGoal goal);  // new jobs go where balance would have them

struct BalanceTuning {
  BalanceGoal goal{BalanceGoal::none};
  std::int32_t gain_times{4};  // the gain is at least so many times the cost,
  Duration gain_min{1s};       // and this much more
  // Assumptions, of a thousand: how much slower a job is on a full host than on an empty one, for caches and memory are
  // shared; and with none of its array beside it than among all of them, for they read the same files.
  std::int32_t crowding_permille{100};
  std::int32_t nearness_permille{100};
  std::int32_t margin_permille{100};  // by which a target must be less strained than the source was
  std::size_t at_once{2};             // moves proposed, with those under way
  std::size_t sources_max{16};        // hosts looked at for jobs to move
};

// What the hosts of a node share: its cores. Hosts that are kept to cores of their own are a node each.
struct BalanceNode {
  std::int64_t cores{1};
  std::int64_t wanted{0};                  // cores, by the jobs that run there
  std::optional<std::int64_t> busy_milli;  // cores in use × 1000, by anybody; none: nobody says
  std::optional<std::int64_t> queue_milli; // tasks that run or could × 1000, by anybody
  std::int64_t memory_stall_permille{0};   // of the time somebody waited for memory

  // How many times as long as on idle cores a job takes there, × 1000; with so many more cores wanted. A node whose
  // cores aren't all in use keeps nobody waiting, whatever its jobs asked for.
  [[nodiscard]] std::int64_t slowness(std::int64_t more = 0) const;
};

struct BalanceHost {
  Rank host;
  std::size_t node{0};
  std::int32_t cores{0}, taken{0};  // that jobs may take; by those there and on their way
  std::int32_t jobs{0};             // there and on their way
  bool gives{true}, takes{true};    // may jobs leave it; may it take one
};

struct BalanceJob {
  JobId job;
  Rank host;
  std::int32_t cores{1};
  Duration time_left{0};  // at its present rate
  bool movable{true};
  JobId family;  // its array; 0: none
};

struct BalanceMove {
  JobId job;
  Rank from, to;
  BalanceGoal why{};  // of spread and offload the one that it is for
  Duration gain{0}, cost{0};
  std::int64_t slowness_from{1000}, slowness_to{1000};  // as now, and with the job
  std::int32_t taken_from{0}, taken_to{0};              // cores, before
};

struct Balance {
  BalanceTuning tuning;
  std::vector<BalanceNode> nodes;
  std::vector<BalanceHost> hosts;
  std::function<bool(BalanceJob const&, Rank to)> fits;      // beside room for its cores: memory, labels, groups
  std::function<Duration(BalanceJob const&, Rank to)> cost;  // of its move

  // Hosts with jobs that the goal would have elsewhere, the worst first. For locality all that have any.
  [[nodiscard]] std::vector<Rank> sources() const;
  // `jobs`: all that run on those hosts, also those that can't move. At most tuning.at_once, and one per host and node pair.
  [[nodiscard]] std::vector<BalanceMove> moves(std::vector<BalanceJob> const& jobs) const;
};

[[nodiscard]] bool pays(Duration gain, Duration cost, BalanceTuning const& tuning);

}  // namespace godwit::policy
