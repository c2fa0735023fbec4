// Scenario: all that a seed decides beforehand, as data: how large the world is, which jobs there are, what users do and
// what goes wrong, and when. What is left to chance during the run (delays, which of two events comes first) is drawn
// from the same seed. A scenario without some of its actions or jobs is a scenario too: that is how the shrinker works.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "allocator/allocator.hpp"
#include "host/host.hpp"
#include "sim/network.hpp"
#include "sim/work.hpp"

namespace godwit::sim {

// A submission: a job, or an array of `elements`.
// Of a job that is to finish: more crashes than all troubles together make. Where no image of it can be read
// any more it still comes to its end: each try takes twenty seconds then.
inline constexpr std::int32_t crashes_enough = 40;

struct Plan {
  Work work;
  std::uint32_t elements{0};
  Duration checkpoint_every{0};
  std::int32_t crash_limit{3};
  std::int32_t max_failed{-1};
  std::int32_t host_loss_limit{0};
  Duration time_limit{0}, step_limit{0};
  bool partner{false};  // copies in another host's memory
  std::string account;  // empty: one of its own
  std::int32_t cores{1}, priority{0};
  int after{-1};              // another plan
  bool after_any_end{false};  // else it must have finished
};

enum class Do : std::uint8_t {
  // what users do
  submit, migrate, clone, checkpoint, suspend, resume, call, cancel, stop_and_start, drain,
  // what goes wrong
  crash_capsule, refuse_arrival, host_dies, node_dies, world_dies, allocator_dies, allocator_stalls, allocator_parted, host_stalls, node_stalls,
  link_late, link_silent, link_slow, store_full, store_fails, store_slow, reads_fail, names_stale, image_damaged, journal_breaks,
};
[[nodiscard]] char const* name_of(Do what);
[[nodiscard]] constexpr bool is_fault(Do what) { return what >= Do::crash_capsule; }

struct Action {
  Moment at{0};
  Do what{};
  std::uint32_t a{0}, b{0};   // plan, host, …: taken modulo how many there are
  Duration span{0};
  bool proven{true};          // of a death; of a parting: that it is over after the span
};

struct Scenario {
  std::uint64_t seed{0};
  int hosts{3};
  std::int32_t slots{2};
  Duration load_lasts{0};  // how long a node is as busy as it is, with what isn't ours; 0: nobody says how busy it is
  std::int64_t drift_ppm_max{0};
  SimNetwork::Habits habits;
  allocator::Settings allocator;
  Duration orphan_patience{60s}, safe_point_patience{30s};
  bool deputies{false};  // hosts may take the allocator's place
  bool names_are_durable{false};  // files' names, as soon as they are given
  std::optional<policy::ProbingTuning> probing;  // by which hosts find each other
  Duration partner_every{1s};
  std::uint64_t partner_memory{1 << 20};
  std::vector<Plan> plans;
  std::vector<Action> actions;  // in order of time
};

// What a run may contain: stages of the runtime's abilities.
struct Range {
  bool succession{false};  // the allocator dies, stalls and is cut off, and another takes its place
  bool drifting_clocks{true};
  bool names{true};  // that were given to files may be lost; without: what regression seeds mean that are older yet
  bool shares{true};  // accounts, policies, cores, and hosts that are drained for a while
  bool managers{true};  // hosts in groups, in half of the runs
  bool balance{true};  // goals for which jobs are moved, and nodes that others use
  bool probing{true};  // hosts that find each other
  bool partners{true};  // jobs with copies in other hosts' memory, in three of four runs
  bool limits{true};  // of jobs, read errors, and one fault more; without: what the first regression seeds mean
};

[[nodiscard]] Scenario draw(std::uint64_t seed, Range const& range);
[[nodiscard]] std::string describe(Scenario const& scenario);

}  // namespace godwit::sim
