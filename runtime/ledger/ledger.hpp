// Ledger: who owns, ran and moved what; the only place where custody changes. A pure fold over
// LedgerEvents: replaying the same events gives the same ledger. Custody of a job is (host, epoch);
// epochs only rise; apply() refuses an event that would break that, and leaves the ledger as it was.
//
// A new world frees every job that has not ended: it waits again, with its lineage. A host that is lost
// strands its jobs: it may still run them. Once it is fenced they wait again, or are held if too many hosts
// in a row died with them. A job on its way between two hosts is decided by what the other one says; if both
// are lost it is stranded until both are fenced, for either may have it.
//
// A job may be granted to a manager for its group: until it is known which host has it, the manager's end says nothing
// about it, for any of the group may run it.
//
// An array is one ArrayRecord (ledger/record.hpp). An element gets a JobRecord with its grant, and loses it
// when it ends without incident: a pointer from find() is good until the next apply().
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/indexed_map.hpp"
#include "base/result.hpp"
#include "ledger/event.hpp"
#include "ledger/exposure.hpp"
#include "ledger/identity.hpp"
#include "ledger/record.hpp"
#include "ledger/snapshot.hpp"
#include "ledger/usage.hpp"

namespace godwit {

class Ledger {
 public:
  Status apply(LedgerEvent const& event);
  bool operator==(Ledger const&) const = default;

  // Single jobs, and the elements that have a record of their own.
  [[nodiscard]] std::map<JobId, JobRecord> const& jobs() const { return jobs_.map(); }
  [[nodiscard]] JobRecord const* find(JobId job) const;
  [[nodiscard]] std::map<JobId, ArrayRecord> const& arrays() const { return arrays_.map(); }
  [[nodiscard]] ArrayRecord const* array(JobId job) const;  // that `job` is, or is an element of

  // Of any single job or element, whether or not it has a record of its own; none: there is no such job.
  // record() makes an element's spec: not for loops over arrays.
  [[nodiscard]] std::optional<JobRecord> record(JobId job) const;
  [[nodiscard]] std::optional<JobState> state(JobId job) const;

  // Who has been forgotten, as far as they had names: the newest of each name. Null: no such job.
  [[nodiscard]] std::map<std::string, Identity> const& identities() const { return identities_; }
  [[nodiscard]] Identity const* forgotten(JobId job) const;
  [[nodiscard]] std::string const* name_of(JobId forgotten) const;

  // All of it, as parts in order; and made of them again, of an empty one: no apply() before the last.
  void save(std::function<void(part::Part const&)> const& each) const;
  Status restore(part::Part&& part);
  Status restore(ByteView part);  // encoded

  // How many are in which state: of all; of a single job, an element or an array; of some elements.
  [[nodiscard]] JobCounts const& counts() const { return counts_; }
  [[nodiscard]] JobCounts counts(JobId job) const;
  [[nodiscard]] JobCounts counts(JobId array, Intervals const& elements) const;
  // The elements that JobCounts counts together with this state.
  [[nodiscard]] Intervals in_state(JobId array, JobState state) const;

  [[nodiscard]] std::vector<Decision> const& decisions(JobId job) const;  // the last few, oldest first; also once it is over

  // Of this world: out of the electorate, for good.
  struct LostHost {
    bool proven{false};  // its process is known to have ended
    bool fenced{false};  // it can't run anything any more
    bool operator==(LostHost const&) const = default;
  };
  [[nodiscard]] std::map<Rank, LostHost> const& lost() const { return lost_; }
  [[nodiscard]] bool is_lost(Rank host) const { return lost_.contains(host); }
  [[nodiscard]] bool is_fenced(Rank host) const {
    auto const at = lost_.find(host);
    return at != lost_.end() && at->second.fenced;
  }
  // A host was lost, and might still run something.
  [[nodiscard]] bool is_anybody_unfenced() const;
  [[nodiscard]] bool is_drained(Rank host) const { return drained_.contains(host); }  // in this world
  [[nodiscard]] std::vector<AccountRule> const& accounts() const { return accounts_; }
  [[nodiscard]] std::map<std::string, std::int64_t> const& scores() const { return scores_; }  // of the policy, by path
  // Would this image become part of the job's lineage? False: known already, or an orphan branch.
  [[nodiscard]] bool extends_lineage(JobId job, log::ImageKey image) const;
  [[nodiscard]] JobId next_job() const { return next_job_; }
  [[nodiscard]] Term term() const { return term_; }
  [[nodiscard]] Term world() const { return world_; }  // the term with which this world began
  // For so long from then on, hosts of former worlds might run the jobs that have `fresh_files` since.
  [[nodiscard]] Duration old_leases() const { return old_leases_; }
  // Who has a say in who leads: this world's hosts but for those lost, and its first allocator while it leads.
  [[nodiscard]] std::set<Rank> electorate() const;
  // Without what runs now. What a world did after its last record, if it didn't end cleanly, is nowhere.
  [[nodiscard]] Usage const& usage() const { return usage_; }
  [[nodiscard]] bool ended_cleanly() const { return ended_cleanly_; }
  [[nodiscard]] std::uint64_t stored_bytes() const { return stored_bytes_; }  // of all generations, as far as is known
  [[nodiscard]] Exposure const& exposure() const { return exposure_; }

 private:
  Status fold(log::WorldBegan const& event);
  Status fold(log::WorldEnded const& event);
  Status fold(log::TermBegan const& event);
  Status fold(log::HostLost const& event);
  Status fold(log::HostFenced const& event);
  Status fold(log::Released const& event);
  Status fold(log::Submitted const& event);
  Status fold(log::Cloned const& event);
  Status fold(log::Granted const& event);
  Status fold(log::GrantedToGroup const& event);
  Status fold(log::HandedOn const& event);
  Status fold(log::Started const& event);
  Status fold(log::Intent const& event);
  Status fold(log::Moved const& event);
  Status fold(log::Stayed const& event);
  Status fold(log::Checkpointed const& event);
  Status fold(log::Suspended const& event);
  Status fold(log::Resumed const& event);
  Status fold(log::Crashed const& event);
  Status fold(log::Ended const& event);
  Status fold(log::Parked const& event);
  Status fold(log::ElementsCancelled const& event);
  Status fold(log::Commanded const& event);
  Status fold(log::AccountsSet const& event);
  Status fold(log::Scores const& event);
  Status fold(log::Decided const& event);
  Status fold(log::Drained const& event);
  Status fold(log::Retried const& event);
  Status fold(log::ElementsRetried const& event);
  Status fold(log::Pruned const& event);
  Status fold(log::Recovered const& event);
  Status fold(log::Forgotten const& event);
  void forget(JobId job);
  // The record, if it is known, has not ended and is at this epoch.
  Result<JobRecord*> live(char const* event, JobId job, Epoch epoch);
  Status grant(char const* event, log::Granted const& grant, bool to_group);
  // Why an element or job that has no record of its own isn't what an event needs.
  [[nodiscard]] std::string absence(JobId job) const;
  JobRecord& materialise(JobId job);  // of one that exists
  void become(JobRecord& record, JobState state);
  void charge(JobRecord& record, WallTime until);
  void release(JobRecord& record, WallTime at);  // nobody runs it any more, and nobody is about to
  void go_on(JobRecord& record);  // its state, now that no intent is open
  // Whoever may have had it is fenced: it waits again, or is held. False: one of them isn't.
  bool free_if_fenced(JobRecord& record, WallTime at);
  [[nodiscard]] bool may_still_write(Rank host) const;
  void close_if_over(ArrayRecord& array, WallTime at);
  [[nodiscard]] std::uint64_t live_hosts() const;
  void pass_time(WallTime until);  // for the hosts of this world
  [[nodiscard]] ArrayRecord* array_of(JobId job);

  JobMap<JobRecord> jobs_;
  JobMap<ArrayRecord> arrays_;  // by the array's own id
  std::map<JobId, std::vector<Decision>> decisions_;
  std::map<std::string, Identity> identities_;
  std::map<JobId, std::string> forgotten_;  // the other way round
  JobCounts counts_;
  std::map<Rank, LostHost> lost_;
  std::set<Rank> drained_;
  std::vector<AccountRule> accounts_;
  std::map<std::string, std::int64_t> scores_;
  JobId next_job_{1};
  Usage usage_;
  Exposure exposure_;
  std::uint64_t stored_bytes_{0};
  WallTime newest_;  // of all events
  Term term_{0}, world_{0};
  Duration old_leases_{0};
  std::int32_t ranks_{0};
  bool ended_cleanly_{true};
};

}  // namespace godwit
