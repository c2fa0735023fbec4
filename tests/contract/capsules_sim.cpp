// Capsules of tests/sim, under virtual time.
#include "contract/capsules.hpp"

#include "sim/capsules.hpp"

namespace godwit::contract {
namespace {

class SimHost final : public CapsulesRig {
 public:
  explicit SimHost(std::uint64_t seed)
      : scheduler_(seed),
        disk_(seed, scheduler_),
        capsules_({disk_, census_, scheduler_, trace_, clock_, 1, Rank{1}}, seed) {
    census_.is_leased = [this](sim::Census::Runner runner) { return capsules_.is_leased(runner.capsule); };
  }
  Capsules& capsules() override { return capsules_; }
  bool let_pass() override { return scheduler_.run_one(); }
  CapsuleOrder counting(JobId job, std::uint64_t steps) override {
    sim::Work work;
    work.key = std::to_string(job.value);
    work.steps = steps;
    work.cells = 500;
    CapsuleOrder order;
    order.job = job;
    work.put_into(order.spec);
    return order;
  }
  CapsuleOrder impossible(JobId job) override {
    auto order = counting(job, 1);
    order.arena_bytes = 4800;
    capsules_.refuse_next();
    return order;
  }
  void crash(CapsuleId, JobId job) override { capsules_.crash(job); }
  Instant now() const override { return clock_.now(); }

 private:
  sim::Scheduler scheduler_;
  sim::Trace trace_{scheduler_, {}};
  sim::SimDisk disk_;
  sim::Census census_;
  sim::SimClock clock_{scheduler_, Instant{5'000'000'000}, 0};
  sim::SimCapsules capsules_;
};

INSTANTIATE_TEST_SUITE_P(Sim, CapsulesContract, ::testing::ValuesIn(seeds<CapsulesRig, SimHost>()));

}  // namespace
}  // namespace godwit::contract
