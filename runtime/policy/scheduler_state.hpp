// What a Scheduler knows: policy/scheduler.hpp says why it is as it is. Private to the sources of Scheduler.
//
// Requests with equal demands are of one DemandClass. Each class has a copy of the part of the share tree in
// which it has requests: a Branch for each node there, which knows whose turn it is in it. When a node's standing
// changes, only the branches of its path are looked at. What is known of a million requests is in no cache: so what is
// looked at together lies together, in Members, a Line and Starts, rather than in the nodes of search trees.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/indexed_map.hpp"
#include "base/table.hpp"
#include "policy/capacity.hpp"
#include "policy/host_order.hpp"
#include "policy/line.hpp"
#include "policy/members.hpp"
#include "policy/scheduler.hpp"
#include "policy/starts.hpp"

namespace godwit::policy {

struct Branch;
struct DemandClass;

// A request in line.
struct Entry {
  JobId job;
  Node account{root};
  DemandClass* of{nullptr};
  Branch* branch{nullptr};  // its account's
  std::int32_t priority{0};
  Duration estimate{0};
  Rank last{no_rank};
  Rank copy_at{no_rank};
  std::size_t lot{0};  // its place in DemandClass::lots
};

// A node of the tree, as far as one class of demands is concerned.
struct Branch {
  DemandClass* of{nullptr};
  Node node{root};
  Branch* parent{nullptr};
  Members::Seat seat{Members::nobody};  // among its parent's members
  Entry* head{nullptr};                 // whose turn it is in it; null: there is none
  JobId next;                           // its job
  std::size_t waiting{0};
  std::uint64_t asked_out{0};           // the interval in which nobody in it can ask for another's room any more
  Line line;                            // an account's requests
  Members members;                      // a group's: none with nothing in line, or at its cap
};

// A request that others were served before because it fitted nowhere.
struct PassedOver {
  Entry* entry{nullptr};
  Instant since;
  std::optional<Rank> reserved;
  Instant reserved_since;
};

struct DemandClass {
  Demand demand;
  std::map<Node, Branch> branches;
  Branch* top{nullptr};          // of the root
  std::vector<Entry*> lots;      // all that wait
  std::int64_t running{0};       // jobs
  bool tracked{false};           // `hosts` is kept up to date
  HostOrder hosts;               // open ones on which it fits now
  std::vector<bool> is_listed;   // by rank: in `hosts`
  std::optional<bool> possible;  // on some host, were it empty; none: not looked yet
  std::optional<PassedOver> passed;
  // By node, the interval in which it was found: no job was there to be had for a request of that account; nobody
  // in that node had one to give.
  std::vector<std::uint64_t> in_vain, unyielding;

  [[nodiscard]] bool pinned() const { return demand.host != no_rank; }
};

struct Host {
  Room room;
  bool open{false};
  HostPlace place;
  std::vector<JobId> jobs;  // in their order
};

// A job that has room: on one host, or on more while it moves.
struct Running {
  struct Stay {
    Rank host;
    Instant since;
  };
  Node account{root};
  DemandClass* of{nullptr};
  Duration estimate{0};
  Stay stay;                  // the one that counts
  std::vector<Stay> further;  // while it moves
};

// A node's own, beside what the tree knows.
struct NodeState {
  std::int64_t key{0};
  std::int64_t load{0};     // what ties are broken by: charged / shares
  std::int64_t running{0};  // millicores
  bool is_active{false};
  bool is_at_rest{false};  // without jobs, and a score of 0
  int depth{0};
  std::vector<std::pair<DemandClass const*, Branch*>> branches;  // of the classes that it has requests in
  Starts jobs;                                                   // an account's that run
  Instant none_before{for_ever};                                 // no job that runs in it has started
};

struct Candidate {
  Entry* entry{nullptr};
  Rank host{no_rank};
};

struct Scheduler::State {
  State(Tuning tuning_, std::unique_ptr<Policy> policy_, ShareTree tree_);

  Tuning tuning;
  std::unique_ptr<Policy> policy;
  Discipline discipline{policy->discipline()};  // asked once: it's looked at for each node
  ShareTree tree;
  Instant now;
  std::uint64_t placements{0};

  std::map<Demand, std::unique_ptr<DemandClass>> classes;
  std::vector<DemandClass*> tracked;
  std::vector<DemandClass*> idle;  // tracked without requests, the longest first
  std::vector<NodeState> nodes;    // by Node
  JobMap<Entry> waiting;
  JobTable<Running> running;
  std::map<Rank, Host> hosts;
  std::vector<Host*> by_rank;             // the same, found quicker
  std::map<Rank, std::int32_t> capacity;  // cores, as ShareTree::entitle wants them
  bool capacity_changed{false};
  bool active_changed{false};  // who is active, or who is there: of whom the capacity is shared among
  std::map<Rank, Entry*> reserved;
  std::map<std::string, std::map<Rank, std::int32_t>> together;  // where those groups are, with how many jobs

  bool none_is_next{false}, none_yields{false};  // as long as nothing has changed
  void changed() { none_is_next = none_yields = false; }

  std::uint64_t intervals{1};
  std::set<Rank> preempted_hosts;      // that lose a job in this interval
  std::set<JobId> preempted_for;       // requests that were given one in it, or for which one is on its way out
  std::map<JobId, JobId> on_its_way;   // victims that haven't let go yet, and for whom
  std::set<JobId> unclaimed;           // of them, those for whom don't wait any more

  // ---- classes (demand_classes.cpp)
  DemandClass& class_of(Demand const& demand);
  void track(DemandClass& one);
  void untrack(DemandClass& one);
  void is_wanted(DemandClass& one);    // its first request has come
  void may_be_idle(DemandClass& one);  // its last request or job has gone
  void refit(Host& host);              // its room has changed
  void list(DemandClass& one, Host const& host, HostPlace const& former);
  [[nodiscard]] bool is_possible(DemandClass& one);
  void possibilities_changed();

  // ---- lines (lines.cpp)
  Node account_of(std::string const& path);
  void regroup(Node group);
  void grow_nodes();
  void enter(Entry& entry);
  void withdraw(Entry& entry);
  Branch& branch_of(DemandClass& one, Node node);
  void drop_if_empty(Branch& branch);
  void path_changed(Node account, Branch* only);
  bool rekey(Node node);
  // Whose turn it is among siblings: what Members are ordered by.
  [[nodiscard]] auto standings() const {
    return [this](Node node) { return std::pair(nodes[node].key, nodes[node].load); };
  }
  void refresh(Branch& branch);
  void set_head(Branch& branch);
  void reorder_all();
  [[nodiscard]] bool by_account() const { return discipline == Discipline::by_account; }
  [[nodiscard]] LinePlace line_place(Entry const& entry) const;
  [[nodiscard]] bool is_capped(Node node, Demand const& demand) const;
  [[nodiscard]] bool is_capped_above(Entry const& entry) const;

  // ---- order (order.cpp)
  [[nodiscard]] Entry* first(DemandClass const& one) const;
  [[nodiscard]] Entry* first_of_merged(Branch const& top) const;
  [[nodiscard]] bool before(Entry const& a, Entry const& b) const;
  [[nodiscard]] Candidate best_of(std::span<Candidate const> candidates) const;
  [[nodiscard]] std::vector<Entry*> sorted(std::vector<Entry*> entries) const;
  using EntriesOf = std::map<Node, std::vector<Entry*>, std::greater<>>;
  [[nodiscard]] std::vector<Entry*> joined(std::vector<Node> members, EntriesOf const& of) const;
  [[nodiscard]] std::pair<Node, Node> compared(Node a, Node b) const;
  [[nodiscard]] std::tuple<std::int64_t, bool, std::int64_t> standing_of(Node node) const;
  [[nodiscard]] std::pair<Node, Node> parting(Node a, Node b) const;  // the siblings where their paths part
  [[nodiscard]] std::vector<Node> path_of(Node node) const;           // from below the root
  [[nodiscard]] std::vector<Node> in_order() const;

  // ---- rooms and jobs (rooms.cpp)
  void set_host(Rank rank, Capabilities const& has, bool open);
  void remove_host(Rank rank);
  void note_capacity(Rank rank);
  void occupy(Request const& request, Rank rank, Instant since);
  void release(JobId job, Rank rank);
  void give_back(JobId job, Demand const& demand, Rank rank);
  void charge(JobId job, Running const& one, std::int64_t sign);

  // ---- standings (standings.cpp)
  void entitle();
  void intervals_passed(Instant last, std::int64_t count);
  void move_scores(std::int64_t count);
  bool move_scores_once(std::vector<Node> const& movable, std::vector<std::int64_t>& sums);
  void scores_changed();
  [[nodiscard]] std::map<std::string, std::int64_t> scores() const;
  void set_scores(std::map<std::string, std::int64_t> const& by_path);
  void replace_tree(ShareTree fresh);
  void rebuild();

  // ---- choice (choice.cpp)
  [[nodiscard]] std::optional<Rank> host_for(Entry const& entry) const;
  [[nodiscard]] Host* host_at(Rank rank) const;
  [[nodiscard]] std::optional<Rank> host_for(Demand const& demand, Rank except) const;
  [[nodiscard]] bool fits_at(Demand const& demand, Rank rank) const;
  [[nodiscard]] bool may_take(Entry const& entry, Rank rank) const;
  [[nodiscard]] Candidate choose();
  [[nodiscard]] Candidate choose_by_account();
  [[nodiscard]] Candidate first_of_account(Candidate best) const;
  [[nodiscard]] Candidate choose_in_order();
  [[nodiscard]] Candidate choose_by_lot() const;
  [[nodiscard]] Entry* oldest();
  [[nodiscard]] Reason reason_for(Candidate const& chosen) const;
  [[nodiscard]] Entry const* runner_up(Entry const& chosen) const;

  // ---- backfilling (backfill.cpp)
  struct Backfilling;
  [[nodiscard]] Candidate choose_backfill();

  // ---- reservations (reservations.cpp)
  void pass_over(Entry& entry);
  void forget(Entry const& entry);
  void cancel_reservation(PassedOver& passed);
  void reserve(Instant first, std::int64_t count);
  bool reserve();
  [[nodiscard]] std::optional<Duration> patience_left() const;
  [[nodiscard]] std::optional<Rank> host_to_reserve(Entry const& entry) const;
  [[nodiscard]] std::optional<int> jobs_in_the_way(Demand const& demand, Host const& host) const;

  // ---- preemption (preemption.cpp)
  struct Search;
  [[nodiscard]] std::optional<Preemption> preempt();
  [[nodiscard]] Entry* first_to_ask(DemandClass& one, Branch& branch);
  [[nodiscard]] bool takes_over_a_victim(Entry const& entry);
  void may_ask(Branch& branch);
  void leave_victims(JobId job);
  void stays(JobId victim);  // or has left
  void next_round();

  // ---- what is told (answers.cpp)
  [[nodiscard]] Waiting why_waiting(Entry const& entry);
  [[nodiscard]] std::vector<std::string> hosts_without_room(Entry const& entry, bool ever) const;
  [[nodiscard]] std::uint64_t before_in_account(DemandClass const& one, Entry const& entry) const;
  [[nodiscard]] std::vector<Node> accounts_ahead(Entry const& entry) const;
  [[nodiscard]] bool is_at_its_cap(Node account) const;
  [[nodiscard]] std::optional<std::string> never_fits(Demand const& demand) const;
};

}  // namespace godwit::policy
