// Starting the runtime: a launcher (launcher.hpp) with godwitd on every rank, in a session of its own, so
// that Ctrl-C in a terminal reaches `godwit` alone and the world is ended by command.
//
// mpirun's own exit code says nothing (it returns 0 for a rank 0 that failed): what became of a world is
// asked of STORE/verdict.json. The launcher's output goes to STORE/log/runtime.out, its process number to
// STORE/log/mpirun.pid. One thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/godwit/invocation.hpp"
#include "app/godwit/launcher.hpp"
#include "app/godwit/signals.hpp"
#include "base/result.hpp"
#include "message/command.hpp"

namespace godwit::cli {

void add_launch_options(CLI::App& verb, LaunchOptions& to);
[[nodiscard]] std::string spell_groups(LaunchOptions const& options);  // ", in groups of 64"; nothing if there are none

// A runtime that this process started. Not ended by the destructor: that takes a command.
class Launched {
 public:
  // Fails if the store can't be written or a runtime answers there already. Inside a Slurm allocation it says
  // on stderr what it takes from it.
  static Result<Launched> launch(std::filesystem::path const& store, LaunchOptions const& options);

  // Until every host is alive, or known to have died since. A failure has code "interrupted" if a signal came: then, and on any other
  // failure, nothing is left running. What a rank that crashed kept from coming up is started again, up to three times in all.
  Status await_hosts(SignalWatch& signals);

  // The launcher, and so every rank. One that goes on after the world has ended, as mpirun does over several
  // nodes when a rank had died, is ended.
  [[nodiscard]] bool has_ended();
  bool ends_within(Duration patience);
  void await_end(Duration patience);  // then it is ended the hard way
  Result<cmd::Stopped> stop();  // with every job checkpointed, and waits for its end
  [[nodiscard]] std::int32_t hosts() const { return hosts_; }
  [[nodiscard]] Term term() const { return term_; }  // its first
  [[nodiscard]] std::string last_words() const;      // the end of its output in this run

 private:
  Launched(std::filesystem::path store, LaunchPlan plan)
      : store_(std::move(store)), hosts_(plan.hosts), plan_(std::move(plan)) {}
  Status spawn();
  Status come_up(SignalWatch& signals);
  [[nodiscard]] std::string crash() const;  // srun's line about a rank that crashed; empty: there is none
  bool look_for_hosts();  // true: the runtime is up

  std::filesystem::path store_;
  std::int32_t hosts_;
  LaunchPlan plan_;
  Term term_;
  pid_t launcher_{-1};
  bool ended_{false};
  std::chrono::steady_clock::time_point look_again_{};  // at the verdict
  int looks_after_end_{0};
  std::uint64_t output_from_{0};  // where this run's output begins in runtime.out
};

// Checkpoints everything, ends the world and waits until its rank 0 is gone.
Result<cmd::Stopped> stop_runtime(std::filesystem::path const& store);

// What became of a world that has ended, or is about to: fails unless it says, within the patience, that it
// ended in order.
[[nodiscard]] Status ended_well(std::filesystem::path const& store, Term term, Duration patience);

// "6 jobs checkpointed; 'godwit start' on this store goes on from there", or what couldn't be saved.
[[nodiscard]] std::string spell_stop(cmd::Stopped const& stopped);

}  // namespace godwit::cli
