// Shows what the small adapters promise: naps end early when a descriptor wakes them, deaths are proven
// once, signals are seen, logs are bounded, stores are checked and locked, files replaced whole.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <fstream>
#include <thread>

#include "edge/child.hpp"
#include "edge/posix/boot_clock.hpp"
#include "edge/posix/control_groups.hpp"
#include "edge/posix/death_watch.hpp"
#include "edge/posix/doorbell.hpp"
#include "edge/posix/fd_sleeper.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/identity.hpp"
#include "edge/posix/log_sink.hpp"
#include "edge/posix/node_gauge.hpp"
#include "edge/posix/proc_load.hpp"
#include "edge/posix/stop_signals.hpp"
#include "edge/posix/store_directory.hpp"
#include "edge/scratch.hpp"

namespace godwit {
namespace {

using test::Child;
using test::eventually;
using Steady = std::chrono::steady_clock;

// Counted in naps, not in time: how many sleeps does it take for a second to pass?
int naps_in(Duration span, Sleeper& sleeper, bool busy) {
  int naps = 0;
  for (auto const deadline = Steady::now() + span; Steady::now() < deadline; ++naps) sleeper.sleep(1s, busy);
  return naps;
}

TEST(FdSleeper, NapsAreShortWhenBusyAndLongWhenIdle) {
  FdSleeper sleeper({});
  int const busy = naps_in(200ms, sleeper, true);
  naps_in(300ms, sleeper, false);
  int const idle = naps_in(200ms, sleeper, false);
  EXPECT_GT(busy, idle);
  EXPECT_GT(idle, 0);
}

TEST(FdSleeper, ADescriptorThatIsReadableEndsEveryNap) {
  UniqueFd const bell(::eventfd(1, EFD_CLOEXEC));
  FdSleeper quiet({}), woken({bell.get(), -1});
  naps_in(300ms, quiet, false);
  EXPECT_GT(naps_in(200ms, woken, false), naps_in(200ms, quiet, false));
}

TEST(FdSleeper, SleepsUntilRungWhereEverybodyRings) {
  FdSleeper napping({}), rung({}, true);
  EXPECT_GT(naps_in(200ms, napping, false), naps_in(200ms, rung, false));
  EXPECT_GT(naps_in(200ms, rung, true), 10);  // what is in flight doesn't ring
}

TEST(FdSleeper, NeverLongerThanAsked) {
  FdSleeper sleeper({});
  for (int i = 0; i < 1000; ++i) sleeper.sleep(0ns, false);
  sleeper.sleep(-5s, false);
}

TEST(Doorbell, RingsUntilItIsSilenced) {
  auto const here = Doorbell::open(), there = Doorbell::open();
  ASSERT_TRUE(here && there);
  auto const rings = [](Doorbell const& bell) {
    pollfd readable{bell.wait_fd(), POLLIN, 0};
    return ::poll(&readable, 1, 0) == 1;
  };
  EXPECT_FALSE(rings(*here));
  for (int i = 0; i < 3; ++i) there->ring(here->name());
  EXPECT_TRUE(rings(*here));
  EXPECT_FALSE(rings(*there));
  here->silence();
  EXPECT_FALSE(rings(*here));
  there->ring(here->name());
  EXPECT_TRUE(rings(*here));
}

TEST(Doorbell, RingingNeverBlocks) {
  auto const here = Doorbell::open();
  ASSERT_TRUE(here);
  for (int i = 0; i < 10'000; ++i) here->ring(here->name());  // far more than its socket holds
  here->ring("godwit-nobody");
  here->silence();
  pollfd readable{here->wait_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 0);
}

TEST(DeathWatch, ADeathIsReportedOnce) {
  Child child;
  DeathWatch watch;
  watch.watch(7, std::array{child.pid()});
  EXPECT_TRUE(watch.take_dead().empty());
  EXPECT_TRUE(is_alive(child.pid()));
  child.kill();
  std::vector<int> dead;
  EXPECT_TRUE(eventually([&] {
    for (int const key : watch.take_dead()) dead.push_back(key);
    return !dead.empty();
  }));
  EXPECT_EQ(dead, std::vector<int>{7});
  EXPECT_TRUE(watch.take_dead().empty());
  EXPECT_FALSE(is_alive(child.pid()));
}

TEST(DeathWatch, WhoIsGoneAlreadyIsDead) {
  auto const child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  DeathWatch watch;
  watch.watch(3, std::array{child});
  EXPECT_EQ(watch.take_dead(), std::vector<int>{3});
}

TEST(DeathWatch, OneOfTwoIsNotEnough) {
  Child first, second;
  DeathWatch watch;
  watch.watch(7, std::array{first.pid(), second.pid()});
  first.end();
  EXPECT_TRUE(watch.take_dead().empty());
  second.end();
  EXPECT_EQ(watch.take_dead(), std::vector<int>{7});
}

TEST(IsAlive, NotOnceItHasEnded) {
  auto const child = ::fork();
  if (child == 0) ::_exit(0);
  EXPECT_TRUE(eventually([child] { return !is_alive(child); })) << "though nobody has waited for it";
  ::waitpid(child, nullptr, 0);
}

TEST(StopSignals, AreSeenAndDoNotKill) {
  auto const child = ::fork();  // the mask would stay in this process otherwise
  if (child == 0) {
    StopSignals signals;
    if (signals.take()) ::_exit(1);
    for (int const signal : {SIGTERM, SIGINT, SIGUSR1}) {
      ::kill(::getpid(), signal);
      if (!signals.take()) ::_exit(2);
      if (signals.take()) ::_exit(3);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(BootClock, GoesForward) {
  BootClock const clock;
  auto const first = clock.now();
  EXPECT_GE(clock.now(), first);
  EXPECT_GT(clock.wall().unix_ns, 1'700'000'000'000'000'000);
}

TEST(NodeGauge, ReadsThisNode) {
  EXPECT_GE(NodeGauge({}).read().load_milli, 0);
  EXPECT_FALSE(node_name().empty());
  EXPECT_FALSE(boot_id().empty());
  EXPECT_NE(whoami().find("@" + node_name()), std::string::npos);
}

TEST(ControlGroups, WhatIsLeftOfMemoryIsTheLeastOfAll) {
  testing::Scratch const scratch;
  auto const left = [](char const* cgroups, std::filesystem::path const& mount) {
    return control_group_limits(cgroups, mount).memory_left_bytes;
  };
  auto const put = [&](std::string const& group, char const* file, char const* text) {
    std::filesystem::create_directories(scratch.path() / group);
    std::ofstream(scratch.path() / group / file) << text << '\n';
  };
  put("slurm/job_7", "memory.max", "4000");
  put("slurm/job_7", "memory.current", "3000");
  EXPECT_EQ(left("0::/slurm/job_7\n", scratch.path()), 1000U);
  put("slurm/job_7", "memory.stat", "anon 1\nactive_file 5000\ninactive_file 500");
  EXPECT_EQ(left("0::/slurm/job_7\n", scratch.path()), 1500U);
  put("slurm", "memory.max", "9000");
  put("slurm", "memory.current", "8800");
  EXPECT_EQ(left("0::/slurm/job_7\n", scratch.path()), 200U);
  put("slurm", "memory.current", "9900");
  EXPECT_EQ(left("0::/slurm/job_7\n", scratch.path()), 0U);
  put("memory/box", "memory.limit_in_bytes", "3000");
  put("memory/box", "memory.usage_in_bytes", "1000");
  EXPECT_EQ(left("9:memory:/box\n", scratch.path()), 2000U);
  EXPECT_EQ(left("0::/elsewhere\n", scratch.path()), std::nullopt);
}

// A /proc of files: what they say is what is read, and rates are between two readings.
class FakeProc {
 public:
  void put(std::string const& file, std::string const& text) const {
    auto const path = scratch_.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  [[nodiscard]] ProcLoad gauge(std::vector<std::int32_t> cpus = {}) const {
    return {scratch_.path(), scratch_.path() / "groups", std::move(cpus)};
  }

 private:
  testing::Scratch scratch_;
};

TEST(ProcLoad, SaysNothingOfWhatItCannotRead) {
  FakeProc const proc;
  auto gauge = proc.gauge();
  EXPECT_EQ(gauge.read(), NodeLoad{});
  EXPECT_EQ(gauge.read(), NodeLoad{}) << "absent isn't 0";
}

TEST(ProcLoad, ReadsAveragesMemoryAndPressure) {
  FakeProc const proc;
  proc.put("loadavg", "1.25 0.40 0.33 4/120 4711\n");
  proc.put("meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\n");
  proc.put("pressure/cpu", "some avg10=12.34 avg60=5.00 avg300=1.00 total=9\n");
  proc.put("pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=9.00 avg60=0 avg300=0 total=0\n");
  auto gauge = proc.gauge();
  auto const load = gauge.read();
  EXPECT_EQ(load.load_milli, 1250);
  EXPECT_EQ(load.run_queue, 3) << "one of the four is the reader";
  EXPECT_EQ(load.memory_bytes, 1000U << 10);
  EXPECT_EQ(load.memory_free_bytes, 600U << 10);
  EXPECT_EQ(load.cpu_stall_permille, 123);
  EXPECT_EQ(load.memory_stall_permille, 0);
  EXPECT_FALSE(load.busy_milli) << "there are no cores to be seen";
  proc.put("self/cgroup", "0::/box\n");
  proc.put("groups/box/memory.max", "500000\n");
  proc.put("groups/box/memory.current", "400000\n");
  EXPECT_EQ(gauge.read().memory_bytes, 500'000U);
  EXPECT_EQ(gauge.read().memory_free_bytes, 100'000U);
}

TEST(ProcLoad, HowBusyCoresAreIsBetweenTwoReadings) {
  FakeProc const proc;
  proc.put("loadavg", "1.25 0.40 0.33 4/120 4711\n");
  proc.put("stat", "cpu 0 0 0 0\ncpu0 100 0 0 900 0 0 0 0 0 0\ncpu1 500 0 0 500 0 0 0 0 0 0\nintr 7\n");
  auto all = proc.gauge(), first = proc.gauge({0});
  EXPECT_FALSE(all.read().busy_milli) << "nothing to compare with";
  EXPECT_FALSE(first.read().busy_milli);
  // Of 100 ticks each, the first core was used for 60 (10 of them stolen), the other for 100.
  proc.put("stat", "cpu 0 0 0 0\ncpu0 120 10 20 930 10 0 0 10 0 0\ncpu1 600 0 0 500 0 0 0 0 0 0\nintr 7\n");
  EXPECT_EQ(all.read().busy_milli, 1600);
  auto const of_one = first.read();
  EXPECT_EQ(of_one.busy_milli, 600);
  EXPECT_EQ(all.read().busy_milli, 1600) << "too early for another reckoning";
  EXPECT_EQ(all.read().cores_id, 0U);
  EXPECT_NE(of_one.cores_id, 0U);
  EXPECT_TRUE(all.read().run_queue);
  EXPECT_FALSE(of_one.run_queue) << "the node's queue says nothing about one core";
  EXPECT_NE(proc.gauge({1}).read().cores_id, of_one.cores_id);
}

TEST(LogSink, WritesLinesAndTurnsTheFileOver) {
  testing::Scratch const scratch;
  BootClock const clock;
  {
    LogSink sink(
        {.directory = scratch.path(), .rank = Rank{2}, .to_stderr = Level::severe, .file_bytes_max = 1000},
        clock);
    for (int i = 0; i < 100; ++i)
      sink.write({Level::info, JobId{7}, Epoch{3}, "tick \"quoted\" \x1b[31m\n" + std::to_string(i)});
  }
  auto const newest = *read_file(scratch.path() / "2.jsonl", 1 << 20);
  EXPECT_LT(newest.size(), 1200U);
  EXPECT_LT(std::filesystem::file_size(scratch.path() / "2.1.jsonl"), 1200U);
  EXPECT_NE(newest.find(
                R"("level":"info","rank":2,"job":7,"epoch":3,"text":"tick \"quoted\" \u001b[31m\u000a99"})"),
            std::string::npos)
      << newest;
}

TEST(StoreDirectory, IsMadeAndLockedOnce) {
  testing::Scratch const scratch;
  auto const path = scratch.path() / "deep" / "store";
  auto store = StoreDirectory::make(path);
  ASSERT_TRUE(store) << store.failure().context;
  EXPECT_TRUE(std::filesystem::is_directory(path / "ledger"));
  EXPECT_TRUE(StoreDirectory::check(path));
  ASSERT_TRUE(store->lock());
  auto again = StoreDirectory::make(path);
  ASSERT_TRUE(again);
  auto const refused = again->lock();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.failure().code, "store_in_use");
}

TEST(StoreDirectory, AFileIsNoStore) {
  testing::Scratch const scratch;
  std::ofstream(scratch.path() / "file") << "x";
  auto const store = StoreDirectory::make(scratch.path() / "file");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.failure().code, "store_not_writable");
  EXPECT_NE(store.failure().context.find((scratch.path() / "file").string() + " is not writable"),
            std::string::npos);
}

TEST(StoreDirectory, AStoreThatOneCannotWriteToIsNamed) {
  // As root mode bits don't count; /proc refuses everyone.
  auto const store = StoreDirectory::make("/proc/godwit-store");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.failure().code, "store_not_writable");
}

TEST(ReplaceFile, IsWholeAndHasItsMode) {
  testing::Scratch const scratch;
  auto const path = scratch.path() / "f";
  ASSERT_TRUE(replace_file(path, "old", 0644));
  ASSERT_TRUE(replace_file(path, "new", 0600));
  EXPECT_EQ(*read_file(path, 100), "new");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(read_file(path, 2).failure().code, "too_long");
  EXPECT_EQ(read_file(scratch.path() / "g", 2).failure().code, "no_such_file");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1)
      << "a temporary is left";
}

}  // namespace
}  // namespace godwit
