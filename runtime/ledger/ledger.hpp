// Ledger: who owns, ran and moved what; the only place where custody changes. A pure fold over
// LedgerEvents: replaying the same events gives the same ledger. Custody of a job is (host, epoch);
// epochs only rise; apply() refuses an event that would break that.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ledger/event.hpp"

namespace godwit {

struct OpenIntent {
  Rank source, target;
  Epoch target_epoch, thaw_epoch;
};

struct JobRecord {
  JobId job;
  JobSpec spec;
  JobState state{JobState::waiting};
  Rank host{no_rank};      // custody: who may run it, at `epoch`
  Epoch epoch;
  Epoch newest_epoch;      // ever minted, also for intents: the next one is newest_epoch.next()
  std::optional<OpenIntent> intent;
  std::vector<log::ImageKey> lineage;  // newest first: what a restore may adopt
  bool suspended{false};
  std::uint32_t moves{0};
  std::uint32_t crashes{0};
  WallTime submitted, started, ended;
  Outcome outcome;
};

class Ledger {
 public:
  Status apply(LedgerEvent const& event);

  [[nodiscard]] std::map<JobId, JobRecord> const& jobs() const { return jobs_; }
  [[nodiscard]] JobRecord const* find(JobId job) const;
  [[nodiscard]] JobId next_job() const { return next_job_; }
  [[nodiscard]] Term term() const { return term_; }
  [[nodiscard]] bool ended_cleanly() const { return ended_cleanly_; }

 private:
  std::map<JobId, JobRecord> jobs_;
  JobId next_job_{1};
  Term term_{0};
  bool ended_cleanly_{true};
};

}  // namespace godwit
