// Shows how capsules end: jobs that crash in every way are reported with the reason and their last words and
// harm no other; killed capsules are silent; and no process outlives the host.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "capsule/rig.hpp"

namespace godwit::testing {
namespace {

class End : public ::testing::Test {
 protected:
  Outcome crash(std::string const& how, std::map<std::string, std::string> arguments = {}) {
    arguments["how"] = how;
    arguments.try_emplace("after", "5");
    auto const capsule = rig.start(host, rig.order("crash", arguments));
    return host.expect<capsule::Died>(capsule).outcome;
  }

  Rig rig;
  Host host{rig.store()};
};

TEST_F(End, ASegmentationFault) {
  auto const outcome = crash("segv");
  EXPECT_EQ(outcome.ending, Ending::crashed);
  EXPECT_EQ(outcome.reason, "killed by signal 11 (SIGSEGV)");
  EXPECT_EQ(outcome.log_tail, "about to segv after 5 steps");
  EXPECT_EQ(outcome.steps, 5U);
}

TEST_F(End, AnAbort) {
  EXPECT_EQ(crash("abort").reason, "killed by signal 6 (SIGABRT)");
}

TEST_F(End, AnExit) {
  EXPECT_EQ(crash("exit").reason, "exited with status 3");
}

TEST_F(End, AnExceptionFailsTheJobWithItsMessage) {
  auto const capsule = rig.start(host, rig.order("crash", {{"how", "throw"}}));
  auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::failed);
  EXPECT_EQ(outcome.reason, "thrown on purpose");
  EXPECT_EQ(outcome.log_tail, "about to throw after 0 steps");
}

TEST_F(End, AJobSaysThatItFailed) {
  auto const capsule = rig.start(host, rig.order("crash", {{"how", "fail"}, {"after", "3"}}));
  auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::failed);
  EXPECT_EQ(outcome.reason, "failed on purpose");
  EXPECT_EQ(outcome.steps, 3U);
}

TEST_F(End, AnExceptionInStart) {
  auto const capsule = rig.prepare(host, rig.fixture("odd", "odd", {{"way", "throw_in_start"}}));
  host.service().start(capsule, Epoch{1});
  auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::failed);
  EXPECT_EQ(outcome.reason, "no start today");
}

TEST_F(End, AnExceptionOfAnyOtherType) {
  for (auto const* way : {"throw_int_in_start", "throw_int_in_step"}) {
    auto const capsule = rig.prepare(host, rig.fixture("odd", "odd", {{"way", way}}));
    host.service().start(capsule, Epoch{1});
    auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
    EXPECT_EQ(outcome.ending, Ending::failed) << way;
    EXPECT_EQ(outcome.reason, "an exception that isn't a std::exception") << way;
  }
}

TEST_F(End, WhatWasPrintedBeforeACrashIsKept) {
  auto const capsule = rig.start(host, rig.fixture("odd", "odd", {{"way", "crash_talking"}}));
  auto const outcome = host.expect<capsule::Died>(capsule).outcome;
  EXPECT_EQ(outcome.log_tail, "printed first\nlast words");
  EXPECT_EQ(rig.printed("stdout"), "printed first\nlast words\n");
}

TEST_F(End, TheLogTailIsTheLastTenLines) {
  write_file(rig.work() / "input.txt", "");
  auto const capsule =
      rig.start(host, rig.fixture("chronicle", "chronicle", {{"steps", "1000000"}, {"delay_us", "100"}}));
  while (host.service().report(capsule).steps < 50) std::this_thread::sleep_for(1ms);
  ASSERT_EQ(::kill(host.pid(capsule), SIGKILL), 0);
  auto const outcome = host.expect<capsule::Died>(capsule).outcome;
  EXPECT_EQ(outcome.reason, "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(std::ranges::count(outcome.log_tail, '\n'), 9);
  EXPECT_TRUE(outcome.log_tail.starts_with("grumble ")) << outcome.log_tail;
}

TEST_F(End, ACrashHarmsNoOther) {
  auto const bystander =
      rig.start(host, rig.order("counter", {{"limit", "100"}, {"delay_us", "1000"}}, JobId{2}));
  crash("segv");
  auto const hung = rig.start(host, rig.order("crash", {{"how", "hang"}}, JobId{3}));
  EXPECT_EQ(host.expect<capsule::Ended>(bystander).outcome.ending, Ending::finished);
  host.end(hung);
}

TEST_F(End, MoreMemoryThanTheJobMayHave) {
  auto order = rig.order("crash", {{"how", "hoard"}});
  order.spec.memory_bytes = std::uint64_t{40} << 20;
  auto const outcome = host.expect<capsule::Died>(rig.start(host, std::move(order))).outcome;
  EXPECT_EQ(outcome.ending, Ending::crashed);
  EXPECT_TRUE(outcome.reason.starts_with("memory limit of 40.0 MiB passed: it has taken ")) << outcome.reason;
  EXPECT_EQ(outcome.log_tail, "about to hoard after 0 steps");
}

TEST_F(End, AKilledCapsuleIsSilentAndGoesWithAllItStarted) {
  auto const capsule = rig.start(host, rig.fixture("odd", "odd", {{"way", "fork"}}));
  auto const pid = host.pid(capsule);
  std::vector<int> all;
  for (int i = 0; i < 6000 && all.size() < 3; ++i) {  // zygote, capsule, its child
    all = descendants();
    std::this_thread::sleep_for(10ms);
  }
  ASSERT_GE(all.size(), 3U);
  std::erase_if(all, [&](int one) { return one != pid && !std::ranges::count(descendants(), one); });
  auto const zygote = all.front();
  host.service().kill(capsule);
  std::erase(all, zygote);
  EXPECT_TRUE(all_gone(all));
  std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(host.service().poll().empty());
  host.service().forget(capsule);
}

TEST_F(End, TheArenaOutlivesItsProcess) {
  auto const capsule = rig.start(host, rig.order("counter", {{"limit", "1000000000"}, {"bytes", "5000"}}));
  host.freeze(capsule);
  auto const pid = host.pid(capsule);
  host.service().kill(capsule);
  ASSERT_TRUE(all_gone({pid}));
  auto const arena = host.service().arena(capsule, 5000);
  ASSERT_EQ(arena.size(), 5000U);
  EXPECT_EQ(arena[252], std::byte{1});
  host.service().forget(capsule);
}

TEST_F(End, NoProcessOutlivesTheHost) {
  rig.start(host, rig.order("counter", {{"limit", "1000000000"}}, JobId{1}));
  rig.start(host, rig.order("crash", {{"how", "hang"}}, JobId{2}));
  rig.start(host, rig.fixture("odd", "odd", {{"way", "fork"}}, JobId{3}));
  rig.prepare(host, rig.order("counter", {}, JobId{4}));
  auto const all = descendants();
  EXPECT_GE(all.size(), 5U);
  host.close();
  EXPECT_TRUE(all_gone(all));
}

TEST_F(End, ScratchGoesWithTheCapsule) {
  auto const before = [] {
    int count = 0;
    for (auto const& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path())) {
      count += std::filesystem::exists(entry.path() / "file") &&
               entry.path().filename().native().starts_with("godwit-");
    }
    return count;
  };
  auto const capsule = rig.start(host, rig.fixture("odd", "odd", {{"way", "scratch"}}));
  EXPECT_GE(before(), 1);
  auto const with = before();
  host.end(capsule);
  for (int i = 0; i < 6000 && before() >= with; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_LT(before(), with);
}

TEST_F(End, ManyAtOnce) {
  std::vector<CapsuleId> capsules;
  for (std::uint64_t i = 1; i <= 64; ++i) {
    auto order = rig.order("counter", {{"limit", "20"}, {"bytes", "100000"}}, JobId{i});
    order.arena_bytes = 100000;
    capsules.push_back(order.capsule);
    host.service().prepare(std::move(order));
  }
  for (auto const capsule : capsules) {
    host.expect<capsule::Prepared>(capsule);
    host.service().start(capsule, Epoch{1});
  }
  for (auto const capsule : capsules) {
    EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.steps, 20U);
    host.service().forget(capsule);
  }
}

TEST_F(End, AnEndedCapsuleDoesNotKeepTheLoopAwake) {
  auto const capsule = rig.prepare(host, rig.order("counter", {{"limit", "3"}}));
  auto const pid = host.pid(capsule);
  host.service().start(capsule, Epoch{1});
  host.expect<capsule::Ended>(capsule);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);  // it would wait for another job
  ASSERT_TRUE(all_gone({pid}));
  bool quiet = false;
  for (int i = 0; i < 6000 && !quiet; ++i) {
    host.look();
    std::this_thread::sleep_for(5ms);
    quiet = !host.wakes();
  }
  EXPECT_TRUE(quiet) << "though it isn't forgotten yet";
}

TEST_F(End, WithoutItsZygoteAHostSaysSo) {
  auto const capsule = rig.start(host, rig.order("counter", {{"limit", "1000000000"}}));
  auto const zygote = descendants().front();
  ASSERT_EQ(::kill(zygote, SIGKILL), 0);
  EXPECT_EQ(host.expect<capsule::Died>(capsule).outcome.ending, Ending::crashed);
  auto order = rig.order("counter");
  auto const next = order.capsule;
  host.service().prepare(std::move(order));
  EXPECT_EQ(host.expect<capsule::Failed>(next).why.code, "zygote_gone");
}

}  // namespace
}  // namespace godwit::testing
