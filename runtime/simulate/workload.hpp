// Workload: what comes to the machine, and when. A trace comes as it once did; who keeps a number of jobs in
// line answers to each end with another submission.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "simulate/trace.hpp"

namespace godwit::simulate {

class Workload {
 public:
  virtual ~Workload() = default;
  [[nodiscard]] virtual std::vector<std::string> const& accounts() const = 0;
  // When the next jobs come; none: no more will.
  [[nodiscard]] virtual std::optional<Instant> next() const = 0;
  // Those of that instant, which next() has said. Job by job: `to` keeps what it has.
  virtual void submit(std::vector<Job>& to) = 0;
  // One has ended: next() may be that instant now.
  virtual void ended(Job const& /*job*/, Instant /*now*/) {}
  // Jobs that come before don't count; what hasn't ended by `until` doesn't either. Zero: all count.
  [[nodiscard]] virtual Instant counts_from() const { return {}; }
  [[nodiscard]] virtual std::optional<Instant> until() const { return std::nullopt; }
};

class Replay : public Workload {
 public:
  explicit Replay(Trace const& trace) : trace_(trace) {}
  [[nodiscard]] std::vector<std::string> const& accounts() const override { return trace_.accounts; }
  [[nodiscard]] std::optional<Instant> next() const override;
  void submit(std::vector<Job>& to) override;

 private:
  Trace const& trace_;
  std::size_t next_{0};
};

// The experiment of Mutka & Livny 1987: a heavy account that always has 40 jobs waiting or running, and four
// light ones that together use a share of the machine.
struct HeavyAndLight {
  double light_load{0.25};  // that the light accounts together ask for; of the machine
  std::int32_t processors{10};
  std::int32_t light_accounts{4};
  std::int32_t heavy_jobs{40};
  std::int64_t quanta{60'000}, warm_up{1'000};
  Duration quantum{60s};  // jobs come at its beginning and run for whole ones
  double mean_quanta{6};  // that a job runs
  std::uint64_t seed{1};
};

class HeavyAndLightJobs : public Workload {
 public:
  explicit HeavyAndLightJobs(HeavyAndLight const& setup);
  [[nodiscard]] std::vector<std::string> const& accounts() const override { return accounts_; }
  [[nodiscard]] std::optional<Instant> next() const override;
  void submit(std::vector<Job>& to) override;
  void ended(Job const& job, Instant now) override;
  [[nodiscard]] Instant counts_from() const override { return Instant{} + setup_.quantum * setup_.warm_up; }
  [[nodiscard]] std::optional<Instant> until() const override {
    return Instant{} + setup_.quantum * setup_.quanta;
  }

 private:
  Job job_of(std::uint32_t account, Instant now);

  HeavyAndLight setup_;
  Random random_;
  std::vector<std::string> accounts_;  // the heavy one first
  Instant now_;                        // the next quantum's beginning
  std::int32_t heavy_due_;
};

}  // namespace godwit::simulate
