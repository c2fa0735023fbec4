// Ledger: who owns, ran and moved what; the only place where custody changes. A pure fold over
// LedgerEvents: replaying the same events gives the same ledger. Custody of a job is (host, epoch);
// epochs only rise; apply() refuses an event that would break that, and leaves the ledger as it was.
//
// A new world frees every job that has not ended: it waits again, with its lineage. A host that is lost
// strands its jobs; a job on its way between two hosts is decided by what the other one says.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ledger/event.hpp"

namespace godwit {

struct OpenIntent {
  Rank source, target;
  Epoch target_epoch, thaw_epoch;
  bool operator==(OpenIntent const&) const = default;
};

struct JobRecord {
  JobId job;
  JobSpec spec;
  JobState state{JobState::waiting};
  Rank host{no_rank};      // custody: who may run it, at `epoch`; once ended or stranded: who had it last
  Epoch epoch;
  Epoch granted;           // of the newest grant: an image of an older epoch that is reported after it is an orphan
  Epoch newest_epoch;      // ever minted, also for intents: the next one is newest_epoch.next()
  std::optional<OpenIntent> intent;
  std::vector<log::ImageKey> lineage;  // newest first: what a restore may adopt
  bool suspended{false};
  std::uint32_t moves{0};
  std::uint32_t crashes{0};
  WallTime submitted, started, ended;
  Outcome outcome;
  bool operator==(JobRecord const&) const = default;
};

class Ledger {
 public:
  Status apply(LedgerEvent const& event);
  bool operator==(Ledger const&) const = default;

  [[nodiscard]] std::map<JobId, JobRecord> const& jobs() const { return jobs_; }
  [[nodiscard]] JobRecord const* find(JobId job) const;
  [[nodiscard]] bool is_lost(Rank host) const { return lost_.contains(host); }  // in this world
  // Would this image become part of the job's lineage? False: known already, or an orphan branch.
  [[nodiscard]] bool extends_lineage(JobId job, log::ImageKey image) const;
  [[nodiscard]] JobId next_job() const { return next_job_; }
  [[nodiscard]] Term term() const { return term_; }
  [[nodiscard]] bool ended_cleanly() const { return ended_cleanly_; }

 private:
  Status fold(log::WorldBegan const& event);
  Status fold(log::WorldEnded const& event);
  Status fold(log::HostLost const& event);
  Status fold(log::Submitted const& event);
  Status fold(log::Granted const& event);
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
  // The record, if it is known, has not ended and is at this epoch.
  Result<JobRecord*> live(char const* event, JobId job, Epoch epoch);
  void go_on(JobRecord& record) const;  // its state, now that no intent is open

  std::map<JobId, JobRecord> jobs_;
  std::set<Rank> lost_;
  JobId next_job_{1};
  Term term_{0};
  bool ended_cleanly_{true};
};

}  // namespace godwit
