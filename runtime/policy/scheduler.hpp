// Scheduler: which waiting job is placed next, and where. It knows the share tree, the hosts' room and the requests in
// line; a Policy says how accounts stand against each other. The allocator and `godwit simulate` drive the very same
// class. It decides and never acts: what it says is so only once it is told so, by leave() and occupy().
//
// Requests with equal demands are of one class, and each class knows the hosts that it fits on now: so a decision
// costs the number of *distinct* demands that can be placed, times the tree's depth, times a logarithm, whatever
// number of jobs, accounts and hosts there is.
//
// No request starves behind smaller ones: what is first in the policy's order and fits nowhere for `patience` gets a
// host reserved: the one that will fit it with the fewest jobs gone. Nothing else starts there but what is ahead of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "job/demand.hpp"
#include "policy/policy.hpp"
#include "policy/share_tree.hpp"

namespace godwit::policy {

enum class Goal : std::uint8_t {
  spread,       // the host that is least taken, relative to what it has
  consolidate,  // the one most taken on which it fits: few hosts, the others empty
  locality,     // where it last ran, if it fits there; else as spread
};

struct Tuning {
  Goal goal{Goal::spread};
  Duration interval{1s};      // between two looks at how everyone stands
  Duration patience{10s};     // of a request that is first and fits nowhere, before a host is reserved for it
  Duration quantum_min{60s};  // that a job runs before it may be made to wait
  std::int64_t margin{0};     // by which its account's key must exceed the requester's, in the unit of the key
  std::uint64_t seed{1};      // of the lottery
};

struct Request {
  JobId job;               // also its place among those of the same priority: the lowest first
  std::string account;
  Demand demand;
  std::int32_t priority{0};  // within its account: the highest first
  Duration estimate{0};      // of its running time, for backfilling; 0: unknown, for ever
  Rank last{no_rank};        // where it ran before
  Rank copy_at{no_rank};     // its image is in that host's memory: it goes there if it fits, whatever the goal
};

// Why it is this one's turn. The numbers are as they were then.
struct Reason {
  Node account{root};
  Node branch{root};              // the account, or the group above it whose key made the difference
  std::int64_t key{0};            // of that
  std::optional<Node> runner_up;  // a sibling of `branch`: who would have been next
  std::int64_t runner_up_key{0};
  std::int64_t waiting{0};        // requests, with this one
  std::int32_t free_cores{0};     // of the host, before
  std::int32_t hosts_that_fit{0};
};

struct Placement {
  JobId job;
  Rank host;
  Reason why;
};

struct Preemption {
  JobId victim;
  Rank host;
  JobId for_whom;
  Node victim_account{root}, account{root};  // or the groups above them: siblings, where the paths part
  std::int64_t victim_key{0}, key{0};        // of these two
};

// What a waiting request waits for.
struct Waiting {
  enum class For : std::uint8_t {
    nothing,   // it is next
    turn,      // others go first
    room,      // it fits nowhere now
    never,     // it fits on none of the hosts that there are, even when they are empty
    cap,       // its account, or a group above, may have no more at once
  };
  For what{};
  std::vector<std::string> hosts;   // room, never: "host 2: 3 of 8 cores are free"; at most eight
  std::vector<Node> ahead;          // the accounts that are served first, best first; at most eight
  std::uint64_t ahead_in_account{0};  // requests of the same account before it
  std::optional<Rank> reserved;     // a host that is kept for it
};

class Scheduler {
 public:
  Scheduler(Tuning tuning, std::unique_ptr<Policy> policy, ShareTree tree);
  ~Scheduler();
  Scheduler(Scheduler&&) noexcept;
  Scheduler& operator=(Scheduler&&) noexcept;

  // ---- what is so
  // A host that is there. `open`: it takes new jobs; else only what is there counts.
  void set_host(Rank host, Capabilities const& has, bool open);
  void remove_host(Rank host);  // nothing is there any more
  void set_tree(ShareTree tree);    // scores and everything else stay
  void set_policy(std::unique_ptr<Policy> policy, Tuning tuning);

  void wait(Request request);  // stands in line; must not stand there already
  void leave(JobId job);       // doesn't any more; nothing if it didn't
  // It takes room on that host, and counts as running for its account. On two hosts while it moves: it counts once.
  void occupy(Request const& request, Rank host, Instant since);
  void release(JobId job, Rank host);

  // ---- what should be
  // The next placement; none: nothing that waits may start now.
  [[nodiscard]] std::optional<Placement> next(Instant now);
  // Who would be next if there were room, of each class of demands, best first: for grants ahead.
  [[nodiscard]] std::vector<JobId> heads() const;
  // After next() has said none. At most one for each request that waits and fits nowhere, at most one at each host
  // in an interval. Until the victim is released, or is said to stay, the request has what it asked for.
  [[nodiscard]] std::optional<Preemption> preempt(Instant now);
  void stays(JobId victim);  // it couldn't be made to wait
  // One interval has passed: the policy looks at everyone.
  void interval(Instant now) { intervals(now, 1); }
  // So many have, the last one by `now`, and meanwhile nothing else was said or asked: as if each had been told.
  void intervals(Instant now, std::int64_t count);

  // ---- what is to be told
  [[nodiscard]] Waiting why_waiting(JobId job) const;
  // Why no host can ever take it; none: one can. For refusals at submission.
  [[nodiscard]] std::optional<std::string> never_fits(Demand const& demand) const;
  // Where a job that runs on `except` could go on at once, by the goal; none: nowhere.
  [[nodiscard]] std::optional<Rank> host_for(Demand const& demand, Rank except) const;
  [[nodiscard]] std::vector<Rank> kept() const;  // hosts, for requests that were passed over for too long
  // Could it go on there at once? Not on a host that is closed, full, or kept for another.
  [[nodiscard]] bool can_go_to(Demand const& demand, Rank host) const;
  [[nodiscard]] std::int32_t taken_cores(Rank host) const;
  [[nodiscard]] Instant stays_since(JobId job) const;  // where it is; of one that is nowhere: for ever
  // The accounts in the order in which they would be served, those with requests first.
  [[nodiscard]] std::vector<Node> order() const;
  // It has requests, and its cap or that of a group above it lets none of them start now.
  [[nodiscard]] bool is_at_its_cap(Node account) const;
  // The siblings where the paths of two accounts part: whose keys say which of them goes first.
  [[nodiscard]] std::pair<Node, Node> parting(Node a, Node b) const;
  [[nodiscard]] ShareTree const& tree() const;
  [[nodiscard]] Policy const& policy() const;
  [[nodiscard]] Tuning const& tuning() const;
  // Scores by path, to be kept in the ledger, and back.
  [[nodiscard]] std::map<std::string, std::int64_t> scores() const;
  void set_scores(std::map<std::string, std::int64_t> const& scores);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace godwit::policy
