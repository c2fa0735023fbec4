// Census: the oracle over all capsules of a simulation, living and dead, of every world. It knows what really ran,
// whatever the runtime believes, and throws Wrong at the first moment at which
//   - a step begins at an older epoch than one that has run already, or while another capsule of the job may begin
//     one too (a step that began under a valid lease may end after it: that is not a second runner);
//   - a job goes on from another step than the one at which it was left, without a loss that explains it;
//   - a job that ended runs.
// A loss is what takes work back to an image: the death of a capsule, a host or a world.
#pragma once

#include <map>
#include <set>

#include "base/ids.hpp"
#include "sim/trace.hpp"

namespace godwit::sim {

class Census {
 public:
  // One capsule of one process, as the census sees it.
  struct Runner {
    std::uint64_t process{0};
    CapsuleId capsule;
    auto operator<=>(Runner const&) const = default;
  };
  // May this capsule begin a step right now, if nothing stops it? Asked of the world.
  std::function<bool(Runner)> is_leased = [](Runner) { return true; };

  void begins(JobId job, Epoch epoch, Runner runner, std::uint64_t steps);
  void stops(JobId job, Runner runner);  // frozen, killed, ended
  void step_begins(JobId job, Epoch epoch, Runner runner);
  void step_ends(JobId job, Epoch epoch, Runner runner, std::uint64_t step, Duration time);
  void loses(JobId job, Epoch epoch);  // what was done at that epoch, and isn't in an image
  // The ledger says so, of all epochs up to this one: who begins at one of them all the same has lost nothing.
  void takes_back(JobId job, Epoch newest) { taken_back_[job].insert(newest); }
  void takes_nothing_back(JobId job) { taken_back_.erase(job); }
  void is_clone(JobId job, std::uint64_t steps);  // before it begins
  void finished(JobId job, Epoch epoch, std::uint64_t steps);  // its capsule says so
  void image_known(JobId job, std::uint64_t steps);  // the ledger has an image of this step
  void images_harmed() { harmed_ = true; }  // from now on older images may be adopted

  [[nodiscard]] std::uint64_t finished_at(JobId job) const;  // 0: no capsule has finished it
  // It has begun again, since that epoch, from a step before this one.
  [[nodiscard]] bool went_back(JobId job, Epoch since, std::uint64_t steps) const;
  [[nodiscard]] std::size_t runners() const;
  [[nodiscard]] std::uint64_t steps_run() const { return steps_run_; }
  [[nodiscard]] Duration job_time() const { return job_time_; }
  [[nodiscard]] Duration time_of(JobId job) const;  // that its steps took, lost ones included

 private:
  struct Seen {
    Epoch epoch;                // the newest that has begun
    std::uint64_t steps{0};     // at the newest safe point of that epoch
    std::uint64_t saved{0};     // the newest image that the ledger has
    std::uint64_t finished{0};
    Runner owner;               // the one that began last
    Duration time{0};
    std::map<Runner, Epoch> runners;
    std::map<Epoch, std::uint64_t> begun;  // at which step
  };
  using Losses = std::map<JobId, std::set<Epoch>>;
  static bool any_before(Losses& losses, JobId job, Epoch epoch);  // takes them

  std::map<JobId, Seen> jobs_;
  Losses lost_, taken_back_;
  bool harmed_{false};
  std::uint64_t steps_run_{0};
  Duration job_time_{0};
};

}  // namespace godwit::sim
