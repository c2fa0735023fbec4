// HeldJob: the one job of this process, from its arguments to its last output: everything about it but
// when it runs. Its functions call the job's code; what that throws comes back as a Failure.
// One thread: the job's.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "edge/capsules/inside/arena.hpp"
#include "edge/capsules/inside/captured_stream.hpp"
#include "edge/capsules/inside/guarded.hpp"
#include "edge/capsules/inside/job_context.hpp"
#include "edge/capsules/inside/method_table.hpp"
#include "edge/capsules/inside/plugin.hpp"
#include "edge/capsules/inside/streams.hpp"
#include "edge/capsules/link/control_block.hpp"
#include "edge/capsules/link/wire.hpp"

namespace godwit::inside {

// What stays in the process from one job to the next.
struct Kept {
  SharedMemory arena;
  std::unique_ptr<PackWriter> pack;
  std::optional<Plugin> plugin;
  std::string plugin_digest;
};

// What a capsule is born with.
struct Surroundings {
  ControlBlock& block;
  int arena;  // memfds
  int out;
  int err;
  Kept* kept{nullptr};
};

class HeldJob {
 public:
  // Enters the job's directory and environment, loads its plugin, binds its arguments, touches memory.
  [[nodiscard]] static Result<std::unique_ptr<HeldJob>> prepare(Surroundings surroundings,
                                                                capsule_wire::Prepare order);

  // Where its outputs go; none of them is touched.
  [[nodiscard]] Result<std::vector<std::string>> outputs();

  // A new job: opens its streams; then runs start(), whose failure is the job's.
  [[nodiscard]] Status open(Epoch epoch);
  [[nodiscard]] Status start();
  // From an image whose pages are in the arena.
  [[nodiscard]] Status restore(Epoch epoch, Manifest const& manifest);
  void goes_on_at(Epoch epoch);
  [[nodiscard]] Status take_back_files(Others others);  // all that it writes

  // One step; throws what the job throws: to be called inside guarded().
  [[nodiscard]] Step step() { return job_->step(*context_); }
  [[nodiscard]] Status suspend();
  [[nodiscard]] Status resume();
  [[nodiscard]] Result<std::string> call(std::string const& method,
                                         std::vector<std::string> const& arguments);

  // Its state at this safe point; the arena goes beside it. Without a lease its files are left alone, which may be another's by
  // now: what isn't in them yet is in the manifest.
  [[nodiscard]] Result<Manifest> manifest(Epoch epoch, bool suspended, bool leased);

  [[nodiscard]] Status save_printed();  // what it printed, and its outputs, to the store
  [[nodiscard]] Status sync();          // all outputs, durable
  [[nodiscard]] std::string log_tail() const;
  // May another job follow in this process? Not if this one left threads, children, a scratch directory or a
  // large arena behind.
  [[nodiscard]] bool leaves_nothing() const;
  // Makes the process as it was before this job, whose destructor runs.
  void clear_away();

  [[nodiscard]] JobContext& context() { return *context_; }
  [[nodiscard]] JobId id() const { return order_.job; }
  [[nodiscard]] std::uint64_t arena_bytes() const { return arena_.used(); }
  [[nodiscard]] SharedMemory const& arena_memory() const { return arena_.memory(); }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] bool tells_end() const { return order_.tell_end; }
  void count_step() { ++steps_; }

 private:
  [[nodiscard]] Status take_printed();
  HeldJob(Surroundings surroundings, SharedMemory arena, Plugin plugin, capsule_wire::Prepare order);
  [[nodiscard]] Status check(Manifest const& manifest) const;

  Surroundings surroundings_;
  capsule_wire::Prepare order_;
  Plugin plugin_;
  Arena arena_;
  Streams streams_;
  std::unique_ptr<PackWriter> pack_;
  CapturedStream out_, err_;
  std::unique_ptr<Job> job_;
  std::unique_ptr<JobContext> context_;
  MethodTable methods_;
  std::uint64_t steps_ = 0;
};

}  // namespace godwit::inside
