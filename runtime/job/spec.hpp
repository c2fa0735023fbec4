// JobSpec: what the user asked for. JobType: what a plugin offers. Both cross the wire and the ledger.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "godwit/job.hpp"
#include "job/demand.hpp"

namespace godwit {

// What must be over before a job may start.
struct Dependency {
  enum class Until : std::uint8_t { finished = 0, ended = 1 };  // every element finished | or failed, or cancelled

  std::string job;  // as the user named it: a number or a name
  JobId id;         // filled in at submission: a job or a whole array
  Until until{Until::finished};

  bool operator==(Dependency const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & job & id & until;
  }
};

// What is kept of a job's generations, beside the newest one that verifies and what that rests on: checkpoint/retention.hpp.
struct Retention {
  std::int32_t keep{0};        // the newest so many; 0: all
  std::int32_t every_nth{0};   // and of the older ones each whose number this divides; 0: none
  Duration every{0};           // and the first in each such time; 0: none
  std::uint64_t quota_bytes{0};  // all together; 0: no limit

  [[nodiscard]] bool keeps_all() const { return keep == 0 && quota_bytes == 0; }
  bool operator==(Retention const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & keep & every_nth & every & quota_bytes;
  }
};

struct JobSpec {
  std::string type;
  std::map<std::string, std::string> arguments;
  std::string name;     // empty: none
  std::string account;  // a label
  std::string directory;  // absolute; the job's working directory, relative paths start here
  std::map<std::string, std::string> environment;  // added to the runtime's own
  std::int32_t cores{1};
  std::uint64_t memory_bytes{0};  // 0: no limit
  Rank host{no_rank};             // start there only
  std::map<std::string, std::int32_t> resources;  // counted ones, such as gpu: 1; it is told which
  std::vector<std::string> labels;                // its host must carry them all
  std::int32_t priority{0};                       // among its account's jobs: the highest first
  std::string together, apart;                    // groups: all on one host; no two on one host
  Duration checkpoint_every{0};   // 0: on request and at shutdown only
  bool checkpoint_auto{false};    // as often as pays, from what one costs and how often hosts fail: Daly's formula
  Retention retention;                // of its checkpoints
  bool checkpoint_partner{false};     // copies in a partner's memory, too
  bool checkpoint_compress{false};    // its generations' large arrays
  std::int32_t crash_limit{3};    // crashes after which it fails
  std::int32_t host_loss_limit{3};  // hosts in a row that died while they had it, after which it is held; 0: no limit
  std::int32_t max_failed{-1};    // of an array: when more elements than this have failed, no more start; -1: no limit
  Duration step_limit{0};         // a step that takes longer ends its capsule, as a crash; 0: no limit
  Duration time_limit{0};         // running time after which it fails; 0: no limit
  std::string stdout_path;        // instead of the store's own; relative to `directory`
  std::string stderr_path;
  std::vector<Dependency> after;  // all of these first
  std::string plugin_digest;      // hex; filled in at submission, kept for the job's life

  bool operator==(JobSpec const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    // One byte, as when there was one wish: ledgers of before are read.
    auto wishes = static_cast<std::uint8_t>((checkpoint_partner ? 1 : 0) | (checkpoint_compress ? 2 : 0));
    archive & type & arguments & name & account & directory & environment & cores & memory_bytes & host &
        resources & labels & priority & together & apart & checkpoint_every & checkpoint_auto & retention & wishes & crash_limit & host_loss_limit & max_failed &
        step_limit & time_limit & stdout_path & stderr_path & after & plugin_digest;
    if constexpr (Archive::is_loading::value) {
      checkpoint_partner = (wishes & 1) != 0;
      checkpoint_compress = (wishes & 2) != 0;
    }
  }
};

[[nodiscard]] Demand demand_of(JobSpec const& spec);  // of its host, as long as it is there

struct ParameterInfo {
  std::string name;
  std::string help;
  ParameterKind kind{};
  std::optional<std::string> fallback;  // none: required

  bool operator==(ParameterInfo const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & name & help & kind & fallback;
  }
};

struct MethodInfo {
  std::string name;
  std::string help;
  std::uint32_t arity{0};

  bool operator==(MethodInfo const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & name & help & arity;
  }
};

struct JobType {
  std::string name;
  std::uint32_t state_version{0};
  std::string plugin_digest;  // hex
  std::string plugin_path;    // where it was found
  std::vector<ParameterInfo> parameters;
  std::vector<MethodInfo> methods;

  bool operator==(JobType const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & name & state_version & plugin_digest & plugin_path & parameters & methods;
  }
};

// Are these arguments what the type takes? The failure names every unknown, missing or malformed one,
// with the nearest known name and what was expected.
[[nodiscard]] Status check_arguments(JobType const& type, std::map<std::string, std::string> const& arguments);

enum class JobState : std::uint8_t {
  waiting = 0,     // for a host
  starting = 1,    // granted, its capsule not yet running
  running = 2,
  migrating = 3,   // a move is open
  suspended = 4,
  finished = 5,
  failed = 6,      // with its reason
  cancelled = 7,
  stranded = 8,    // its host died, and may still run it: it waits again once that host is fenced
  held = 9,        // as many hosts in a row as its limit allows died while they had it: it waits for the user's word
};

[[nodiscard]] char const* to_string(JobState state);  // "RUNNING"
[[nodiscard]] constexpr bool is_ended(JobState state) {
  return state == JobState::finished || state == JobState::failed || state == JobState::cancelled;
}

enum class Ending : std::uint8_t { finished = 0, failed = 1, cancelled = 2, crashed = 3 };

struct Outcome {
  Ending ending{};
  std::string reason;    // failed: the job's message; crashed: "killed by signal 11 (SIGSEGV)"
  std::string log_tail;  // crashed or failed: the last lines of its stderr, else stdout
  std::uint64_t steps{0};
  Duration running_time{0};  // as the job counts it, over all its hosts

  bool operator==(Outcome const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & ending & reason & log_tail & steps & running_time;
  }
};

}  // namespace godwit
