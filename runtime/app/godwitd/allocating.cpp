#include "app/godwitd/allocating.hpp"

#include <set>

#include "edge/posix/fd_sleeper.hpp"

namespace godwit {
namespace {

constexpr Duration farewell_patience = 5s;
constexpr Duration far_patience = 200ms;

struct Farewell final : TransportEvents {
  void on(FrameReceived) override {}
  void on(PagesSent) override {}
  void on(PagesReceived) override {}
  void on(PeerDied event) override { here.erase(event.peer); }
  std::set<Rank> here;
};

}  // namespace

Result<PolicyPlugin> policy_of(Options const& options) {
  return is_policy_file(options.policy) ? load_policy(options.policy) : PolicyPlugin{options.policy, nullptr};
}

allocator::Settings allocator_settings(Options const& options, PolicyPlugin const& policy) {
  return {.heartbeat_every = options.heartbeat,
          .lease = options.lease,
          .late_after = 4 * options.heartbeat,
          .suspicion = options.suspicion,
          .policy = policy.name,
          .own_policy = policy.make,
          .scheduling = {.goal = policy::placing_for(options.goal),
                         .interval = options.interval,
                         .quantum_min = options.quantum,
                         .margin = options.margin},
          .hosts_per_manager = options.managers,
          .balance = {.goal = options.goal},
          .store_quota = options.store_quota,
          .history_age = options.history.age,
          .history_jobs = options.history.jobs,
          .gather = 2s};
}

void see_hosts_off(MpiTransport& transport, MpiWorld const& world, Clock const& clock) {
  Farewell farewell;
  for (Rank rank{1}; rank.value < world.ranks(); rank = rank.next()) {
    if (rank != world.self() && world.is_here(rank) && !transport.is_dead(rank)) farewell.here.insert(rank);
  }
  Duration const far = world.ranks_here() == world.ranks() ? Duration{0} : far_patience;
  FdSleeper sleeper({transport.bell_fd(), transport.wait_fd()});
  for (auto const began = clock.now();;) {
    transport.poll(farewell);
    auto const waited = clock.now() - began;
    if ((farewell.here.empty() && waited >= far) || waited > farewell_patience) return;
    sleeper.sleep(1ms, false);
  }
}

}  // namespace godwit
