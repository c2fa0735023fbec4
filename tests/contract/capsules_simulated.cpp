// Capsules without processes: which of them obeys a command or takes a step is drawn.
#include "contract/capsules.hpp"

#include "support/fake_capsules.hpp"
#include "support/virtual_clock.hpp"

namespace godwit::contract {
namespace {

class Imagined final : public CapsulesRig {
 public:
  explicit Imagined(std::uint64_t seed) : random_(seed) {}
  Capsules& capsules() override { return capsules_; }
  bool let_pass() override {
    clock_.pass(Duration{1000});
    return capsules_.advance(random_);
  }
  CapsuleOrder counting(JobId job, std::uint64_t steps) override {
    CapsuleOrder order;
    order.job = job;
    order.spec.type = "count";
    order.spec.arguments = {{"steps", std::to_string(steps)}, {"cells", "600"}};
    return order;
  }
  CapsuleOrder impossible(JobId job) override {
    auto order = counting(job, 1);
    order.spec.type = "unknown";
    return order;
  }
  void crash(CapsuleId capsule, JobId) override { capsules_.crash(capsule); }
  Instant now() const override { return clock_.now(); }

 private:
  Random random_;
  test::VirtualClock clock_;
  test::Census census_;
  test::FakeNetwork network_{1};
  test::FakeCapsules capsules_{Rank{1}, clock_, census_, network_};
};

INSTANTIATE_TEST_SUITE_P(Simulated, CapsulesContract, ::testing::ValuesIn(seeds<CapsulesRig, Imagined>()));

}  // namespace
}  // namespace godwit::contract
