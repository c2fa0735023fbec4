// Shows what the small adapters promise: naps end early when a descriptor wakes them, deaths are proven
// once, signals are seen, logs are bounded, stores are checked and locked, files replaced whole.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "edge/posix/boot_clock.hpp"
#include "edge/posix/death_watch.hpp"
#include "edge/posix/doorbell.hpp"
#include "edge/posix/fd_sleeper.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/identity.hpp"
#include "edge/posix/log_sink.hpp"
#include "edge/posix/node_gauge.hpp"
#include "edge/posix/stop_signals.hpp"
#include "edge/posix/store_directory.hpp"
#include "edge/scratch.hpp"

namespace godwit {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(30);

template <class Condition>
bool eventually(Condition condition) {
  for (auto const deadline = Steady::now() + patience; Steady::now() < deadline;) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

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
  auto const child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  DeathWatch watch;
  watch.watch(7, child);
  EXPECT_TRUE(watch.take_dead().empty());
  EXPECT_TRUE(is_alive(child));
  ::kill(child, SIGKILL);
  std::vector<int> dead;
  EXPECT_TRUE(eventually([&] {
    for (int const key : watch.take_dead()) dead.push_back(key);
    return !dead.empty();
  }));
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(dead, std::vector<int>{7});
  EXPECT_TRUE(watch.take_dead().empty());
  EXPECT_FALSE(is_alive(child));
}

TEST(DeathWatch, WhoIsGoneAlreadyIsDead) {
  auto const child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  DeathWatch watch;
  watch.watch(3, child);
  EXPECT_EQ(watch.take_dead(), std::vector<int>{3});
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
  EXPECT_GE(NodeGauge().read().load_milli, 0);
  EXPECT_FALSE(node_name().empty());
  EXPECT_FALSE(boot_id().empty());
  EXPECT_NE(whoami().find("@" + node_name()), std::string::npos);
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
