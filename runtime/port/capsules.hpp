// Capsules: the processes in which jobs run, one job each, children of this host. The loop thread
// calls; nothing blocks; answers come from poll(). A capsule that dies is reported once by Died and
// is then gone. Every call about an unknown or dead capsule is ignored, but for arena() and forget(): however
// its process ended (kill, Ended, Died, Failed), the arena stays mapped, and can be grown, until forget().
//
// The life of a capsule:   prepare ─► Prepared ─► start | restore ─► Running ─► … ─► Ended | Died
//                          Running ─ freeze ─► Frozen ─ thaw ─► Running | Failed
//
// Each thaw of a live capsule is answered by one Running, whether it was frozen, about to be, or neither: a
// Frozen that comes before that Running belongs to the freeze that was withdrawn. Suspends, resumes and calls
// made before a freeze are answered before its Frozen; none are made while frozen.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "job/spec.hpp"
#include "port/written_pages.hpp"
#include "state/manifest.hpp"

namespace godwit {

struct CapsuleOrder {
  CapsuleId capsule;
  JobId job;
  JobSpec spec;
  std::uint64_t arena_bytes{0};  // memory to touch before Prepared, in the host's mapping and the capsule's
  Rank host;
  JobId clone_of;  // 0: none; else its outputs go to PATH.clone-<job>, copied from the image's job's
  bool fresh_files{false};  // outputs go to new files, the prefix copied, renamed over the old ones
  // A job that starts afresh may be started with the same order. If it has no outputs, start() isn't called, and
  // Prepared and Running come when they come, at the latest with the job's end.
  std::optional<Epoch> start_at;
  std::vector<std::int32_t> cpus;  // to be kept to; empty: wherever the host may run
  // For trials of a job type: fill fresh memory of the process with this byte (0: don't), and have Ended carry
  // the job's last state.
  std::uint8_t poison{0};
  bool tell_end{false};
};

namespace capsule {

struct Prepared {  // plugin loaded, arguments parsed, memory touched; no output is opened before start or restore
  CapsuleId capsule;
  std::vector<std::string> outputs;  // absolute paths that it will write to
};
struct Running {                         // started, restored or thawed: its first step may have begun
  CapsuleId capsule;
  std::uint64_t steps{0};
  bool suspended{false};
};
struct Frozen {  // at a safe point, and will stay there; the arena is stable
  CapsuleId capsule;
  Instant at;
  Bytes manifest;  // encoded Manifest
  std::uint64_t arena_bytes{0};
};
struct Suspended { CapsuleId capsule; };
struct Resumed { CapsuleId capsule; };
struct Called { CapsuleId capsule; RequestId request; std::optional<Failure> failure; std::string answer; };
struct WantsMove { CapsuleId capsule; Rank target; };
struct Ended {  // finished or failed; outputs flushed and fsynced
  CapsuleId capsule;
  Outcome outcome;
  Bytes manifest{};  // encoded, if the job finished and its order has tell_end
};
struct Died { CapsuleId capsule; Outcome outcome; };   // crashed: signal or status, and log tail
struct Failed { CapsuleId capsule; Failure why; };     // what was asked couldn't be done; the process is gone

}  // namespace capsule

using CapsuleEvent = std::variant<capsule::Prepared, capsule::Running, capsule::Frozen, capsule::Suspended,
                                  capsule::Resumed, capsule::Called, capsule::WantsMove, capsule::Ended,
                                  capsule::Died, capsule::Failed>;

struct CapsuleReport {  // read from shared memory, costs the job nothing
  std::uint64_t steps{0};
  Progress progress;
  std::uint64_t arena_bytes{0};
  Instant last_safe_point;
  bool waits{false};         // no step is running
  Duration running_time{0};  // as the job counts it, over all its hosts
  Duration step_p50{0}, step_p99{0};
};

class Capsules {
 public:
  virtual ~Capsules() = default;

  // An arena without a process, for a job that may take `memory_bytes` (0: no limit). Then prepare() under this id
  // gives it to a process, with the pages that it has; or forget() ends it. False: there is no memory for it.
  [[nodiscard]] virtual bool keep(CapsuleId capsule, std::uint64_t memory_bytes, std::uint64_t arena_bytes) = 0;

  virtual void prepare(CapsuleOrder order) = 0;
  virtual void start(CapsuleId capsule, Epoch epoch) = 0;
  // The arena holds the image's pages already. The job stays suspended if the manifest says so.
  virtual void restore(CapsuleId capsule, Epoch epoch, Bytes manifest) = 0;
  virtual void freeze(CapsuleId capsule) = 0;                // → Frozen at the next safe point, or Ended
  // → Running, at this epoch. Also withdraws a freeze not yet reached; of one never asked for: takes the epoch.
  // Of a frozen one, `others` says who may have opened its outputs meanwhile; → Failed if they can't be made good.
  virtual void thaw(CapsuleId capsule, Epoch epoch, Others others) = 0;
  virtual void suspend(CapsuleId capsule) = 0;
  virtual void resume(CapsuleId capsule) = 0;
  virtual void call(CapsuleId capsule, RequestId request, std::string method, std::vector<std::string> arguments) = 0;
  // Ends the process; no event follows. The arena stays mapped until forget().
  virtual void kill(CapsuleId capsule) = 0;
  virtual void forget(CapsuleId capsule) = 0;  // killed, or ended by itself; nothing refers to its arena any more

  // The host's mapping of the arena, at least `bytes` long (grown if need be).
  [[nodiscard]] virtual std::span<std::byte> arena(CapsuleId capsule, std::uint64_t bytes) = 0;
  // Which of its pages the job has written; valid as long as the arena is. Null: this adapter never knows.
  [[nodiscard]] virtual WrittenPages* written_pages(CapsuleId capsule) = 0;
  [[nodiscard]] virtual CapsuleReport report(CapsuleId capsule) const = 0;
  // All capsules stop at their next safe point after this instant, until it is set later; none starts or restores,
  // nor opens an output, after it: the order waits, and what is told after it.
  virtual void set_lease(Instant until) = 0;

  virtual std::vector<CapsuleEvent> poll() = 0;
};

}  // namespace godwit
