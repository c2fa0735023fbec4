// Shows that a wait asked for by Step::again_in isn't cut short by a move or a restart: the rest of it is in the image,
// and the restored job takes no step before it is over. And that the job's own time goes into its outcome.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "capsule/rig.hpp"

namespace godwit::testing {
namespace {

class Wait : public ::testing::Test {
 protected:
  CapsuleOrder idle() { return rig.fixture("odd", "odd", {{"way", "idle"}}); }  // again_in an hour, after each step
  // Frozen amid its first wait.
  Image amid_the_wait(bool suspended = false) {
    auto const capsule = rig.start(host, idle());
    if (suspended) {
      host.service().suspend(capsule);
      host.expect<capsule::Suspended>(capsule);
    }
    auto image = host.freeze(capsule);
    host.end(capsule);
    EXPECT_EQ(image.decoded().steps, 1U);
    EXPECT_GT(image.decoded().wait_left, Duration{0});
    EXPECT_LE(image.decoded().wait_left, Duration(std::chrono::hours(1)));
    return image;
  }
  static Image with_left(Image image, Duration left) {
    auto manifest = image.decoded();
    manifest.wait_left = left;
    image.manifest = encode(manifest);
    return image;
  }

  Rig rig;
  Host host{rig.store()};
};

TEST_F(Wait, ItsRestGoesWithTheJob) {
  auto left = Duration(std::chrono::hours(1));
  auto image = amid_the_wait();
  for (std::uint64_t move = 0; move < 3; ++move) {  // each time less is left, and no step has begun
    EXPECT_LT(image.decoded().wait_left, left);
    left = image.decoded().wait_left;
    auto const capsule = rig.restore(host, idle(), image, Epoch{2 + move});
    image = host.freeze(capsule);
    host.end(capsule);
    EXPECT_EQ(image.decoded().steps, 1U);
  }
  EXPECT_LT(image.decoded().wait_left, left);
  EXPECT_GT(image.decoded().wait_left, Duration{0});
}

TEST_F(Wait, ANewOneBeginsWhenTheRestIsOver) {
  for (auto const left : {Duration{0}, Duration(1ms)}) {  // 0: also what images of older versions say
    auto const capsule = rig.restore(host, idle(), with_left(amid_the_wait(), left), Epoch{2});
    for (int i = 0; i < 60'000 && host.service().report(capsule).steps < 2; ++i) {
      std::this_thread::sleep_for(1ms);
    }
    auto const again = host.freeze(capsule).decoded();
    EXPECT_EQ(again.steps, 2U);
    EXPECT_GT(again.wait_left, Duration(1ms));
  }
}

TEST_F(Wait, ItDoesNotRunWhileTheRestoredJobIsSuspended) {
  auto const image = amid_the_wait(true);
  auto const capsule = rig.restore(host, idle(), image, Epoch{2});
  auto const again = host.freeze(capsule).decoded();
  EXPECT_TRUE(again.suspended);
  EXPECT_EQ(again.wait_left, image.decoded().wait_left);
}

TEST_F(Wait, AThawGoesOnWithIt) {
  auto const capsule = rig.start(host, idle());
  auto const first = host.freeze(capsule).decoded();
  host.service().thaw(capsule, Epoch{2});
  host.expect<capsule::Running>(capsule);
  auto const second = host.freeze(capsule).decoded();
  EXPECT_EQ(second.steps, 1U);
  EXPECT_LT(second.wait_left, first.wait_left);
}

// ---- the job's own time

TEST_F(Wait, TheOutcomeSaysHowLongTheJobRanOnAllItsHosts) {
  auto const order = rig.order("counter", {{"limit", "300"}, {"delay_us", "100"}});
  auto capsule = rig.start(host, order);
  while (host.service().report(capsule).steps < 100) host.look();
  auto const image = host.freeze(capsule);
  auto const before = image.decoded().running_time;
  EXPECT_GE(before, Duration(10ms));
  host.end(capsule);
  capsule = rig.restore(host, order, image, Epoch{2});
  auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::finished);
  EXPECT_GE(outcome.running_time, before + static_cast<std::int64_t>(300 - image.decoded().steps) * Duration(100us));
}

TEST_F(Wait, TheOutcomeOfACrashSaysItToo) {
  auto const capsule = rig.start(host, rig.order("counter", {{"limit", "1000000000"}, {"delay_us", "100"}}));
  while (host.service().report(capsule).steps < 100) host.look();
  ::kill(host.pid(capsule), SIGKILL);
  EXPECT_GE(host.expect<capsule::Died>(capsule).outcome.running_time, Duration(10ms));
}

}  // namespace
}  // namespace godwit::testing
