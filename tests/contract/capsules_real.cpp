// Capsules that are processes, forked by a zygote of the case's own; the job in them is the type `counter`.
#include "contract/capsules.hpp"

#include <poll.h>
#include <signal.h>

#include "capsule/rig.hpp"
#include "edge/capsules/link/clock.hpp"

namespace godwit::contract {
namespace {

class Processes final : public CapsulesRig {
 public:
  Capsules& capsules() override { return host_.service(); }
  bool let_pass() override {
    pollfd readable{host_.service().wait_fd(), POLLIN, 0};
    ::poll(&readable, 1, 10);
    return true;
  }
  CapsuleOrder counting(JobId job, std::uint64_t steps) override {
    return rig_.order("counter", {{"limit", std::to_string(steps)}, {"delay_us", "50"}, {"bytes", "4800"}}, job);
  }
  CapsuleOrder impossible(JobId job) override {
    auto order = counting(job, 1);
    order.spec.plugin_digest = "none";
    return order;
  }
  void crash(CapsuleId capsule, JobId) override { ::kill(host_.service().pid(capsule), SIGKILL); }
  Instant now() const override { return boot_now(); }

 private:
  testing::Rig rig_;
  testing::Host host_{rig_.store()};
};

INSTANTIATE_TEST_SUITE_P(Processes, CapsulesContract, ::testing::Values(Adapter<CapsulesRig>{
                                                          "processes", [] { return std::make_unique<Processes>(); }}));

}  // namespace
}  // namespace godwit::contract
