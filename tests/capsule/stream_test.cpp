// Shows that declared files and what a job prints are transactional: after a crash, a move, or a restart from
// an image or from nothing, a reader finds what an undisturbed run would have written; and that what can't be
// opened or written is said with name, path and reason.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <thread>

#include "capsule/rig.hpp"

namespace godwit::testing {
namespace {

class Stream : public ::testing::Test {
 protected:
  Stream() { write_file(rig.work() / "input.txt", "one\ntwo\nthree"); }

  CapsuleOrder chronicle(std::string const& steps, std::map<std::string, std::string> more = {}) {
    more["steps"] = steps;
    more.try_emplace("delay_us", "200");
    return rig.fixture("chronicle", "chronicle", more);
  }
  Failure failure_to_start(CapsuleOrder order) {
    auto const capsule = rig.prepare(host, std::move(order));
    host.service().start(capsule, Epoch{1});
    return host.expect<capsule::Failed>(capsule).why;
  }
  std::string numbered(std::string const& text, int steps) {
    std::string lines;
    for (int i = 1; i <= steps; ++i) lines += text + " " + std::to_string(i) + "\n";
    return lines;
  }
  std::string work(std::string const& name) { return read_file(rig.work() / name); }
  void await_steps(CapsuleId capsule, std::uint64_t steps) {
    for (int i = 0; i < 60'000 && host.service().report(capsule).steps < steps; ++i) {
      host.look();
      std::this_thread::sleep_for(1ms);
    }
  }
  void await_bytes(std::filesystem::path const& path, std::size_t more_than) {
    for (int i = 0; i < 60'000 && read_file(path).size() <= more_than; ++i) {
      host.look();
      std::this_thread::sleep_for(1ms);
    }
  }

  Rig rig;
  Host host{rig.store()};
};

TEST_F(Stream, AFinishedJobLeavesWhatItWrote) {
  write_file(rig.work() / "journal.txt", "older\n");
  write_file(rig.work() / "trace.txt", "much that will be replaced\n");
  auto const capsule = rig.start(host, chronicle("20"));
  auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::finished) << outcome.reason;
  EXPECT_EQ(work("journal.txt"), "older\n" + numbered("step", 20));
  EXPECT_TRUE(work("trace.txt").starts_with("1 one ")) << work("trace.txt");
  EXPECT_EQ(rig.printed("stderr"), numbered("grumble", 20));
  EXPECT_TRUE(rig.printed("stdout").starts_with("started\nstdio 1\niostream 1\nstdio 2\n"));
}

TEST_F(Stream, ACrashCutsBackToTheImage) {
  auto const first = rig.start(host, chronicle("100000"));
  await_steps(first, 30);
  auto const image = host.freeze(first);
  auto const done = static_cast<int>(image.decoded().steps);
  host.service().thaw(first, Epoch{2});
  await_bytes(rig.store() / "jobs/1/stderr", numbered("grumble", done).size());
  ::kill(host.pid(first), SIGKILL);
  host.expect<capsule::Died>(first);
  EXPECT_GT(rig.printed("stderr").size(), numbered("grumble", done).size());

  auto const second = rig.send_restore(host, chronicle("100000"), image, Epoch{3});
  host.expect<capsule::Running>(second);
  auto const again = host.freeze(second);
  auto const steps = static_cast<int>(again.decoded().steps);
  EXPECT_EQ(rig.printed("stderr"), numbered("grumble", steps));
  EXPECT_EQ(work("journal.txt"), numbered("step", steps));
}

TEST_F(Stream, ACrashBeforeTheFirstImageStartsFromNothing) {
  write_file(rig.work() / "journal.txt", "older\n");
  auto const first = rig.start(host, chronicle("100000"));
  await_bytes(rig.work() / "journal.txt", std::string("older\n").size());
  ::kill(host.pid(first), SIGKILL);
  host.expect<capsule::Died>(first);
  EXPECT_NE(rig.printed("stdout"), "");

  auto const second = rig.start(host, chronicle("10"), Epoch{2});
  EXPECT_EQ(host.expect<capsule::Ended>(second).outcome.ending, Ending::finished);
  EXPECT_EQ(work("journal.txt"), "older\n" + numbered("step", 10));
  EXPECT_EQ(rig.printed("stderr"), numbered("grumble", 10));
}

TEST_F(Stream, TheImageCarriesWhatIsNotDurable) {
  auto const first = rig.start(host, chronicle("100000"));
  await_steps(first, 50);
  auto const image = host.freeze(first);
  auto const expected = work("trace.txt");
  EXPECT_FALSE(expected.empty());
  host.end(first);
  for (auto const& mark : image.decoded().streams) {  // as if a power cut had taken what wasn't synced
    if (mark.name == "stdout" || mark.name == "stderr" || mark.mode == StreamMode::input) continue;
    EXPECT_EQ(mark.synced + mark.tail.size(), mark.offset);
    std::filesystem::resize_file(mark.path, mark.synced);
  }
  auto const second = rig.prepare(host, [&] {
    auto order = chronicle("100000");
    order.arena_bytes = image.arena.size();
    return order;
  }());
  host.service().suspend(second);  // ignored: it hasn't begun
  host.service().restore(second, Epoch{2}, image.manifest);
  host.service().freeze(second);
  host.expect<capsule::Frozen>(second);
  EXPECT_TRUE(work("trace.txt").starts_with(expected));
}

TEST_F(Stream, AnOutputShorterThanItsDurablePartIsDataLost) {
  std::string const large(3 << 20, 'x');
  write_file(rig.work() / "input.txt", large);  // one line, written to the trace at once: beyond the tail
  auto const first = rig.start(host, chronicle("100000"));
  await_steps(first, 3);
  auto const image = host.freeze(first);
  host.end(first);
  auto const found = image.decoded();
  for (auto const& mark : found.streams)
    EXPECT_LE(mark.tail.size(), std::size_t{1 << 20} + 4096) << mark.name;
  std::filesystem::resize_file(rig.work() / "trace.txt", 100);
  auto const second = rig.send_restore(host, chronicle("100000"), image, Epoch{2});
  auto const why = host.expect<capsule::Failed>(second).why;
  EXPECT_EQ(why.reaction, Reaction::data_lost);
  EXPECT_EQ(why.code, "output_short");
}

TEST_F(Stream, AnInputThatShrankIsDataLost) {
  auto const first = rig.start(host, chronicle("100000"));
  await_steps(first, 10);
  auto const image = host.freeze(first);
  write_file(rig.work() / "input.txt", "one\n");
  auto const second = rig.send_restore(host, chronicle("100000"), image, Epoch{2});
  EXPECT_EQ(host.expect<capsule::Failed>(second).why.code, "input_short");
}

TEST_F(Stream, ADirectoryBelowTheJobsOwnIsMade) {
  auto const capsule = rig.start(host, chronicle("3", {{"trace", "a/b/trace.txt"}}));
  EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.ending, Ending::finished);
  EXPECT_TRUE(std::filesystem::is_regular_file(rig.work() / "a/b/trace.txt"));
}

TEST_F(Stream, AMissingDirectoryElsewhereIsNamed) {
  auto const place = (rig.work() / "no/such/place.txt").native();
  auto const why = failure_to_start(chronicle("1", {{"trace", place}}));
  EXPECT_EQ(why.code, "output_directory_missing");
  EXPECT_EQ(why.context, "output directory missing: " + (rig.work() / "no/such").native() + " (for 'trace')");
}

TEST_F(Stream, AMissingInputIsNamed) {
  auto const why = failure_to_start(chronicle("1", {{"input", "nothing.txt"}}));
  EXPECT_EQ(why.context, "cannot read input 'input': " + (rig.work() / "nothing.txt").native() +
                             ": No such file or directory");
}

TEST_F(Stream, DirectoriesAndDevicesAreNoStreams) {
  EXPECT_NE(failure_to_start(chronicle("1", {{"input", "."}})).context.find("Is a directory"),
            std::string::npos);
  EXPECT_NE(failure_to_start(chronicle("1", {{"trace", "/dev/full"}})).context.find("not a regular file"),
            std::string::npos);
}

TEST_F(Stream, AFailingWriteFailsTheJobWithPathAndReason) {
  if (!std::filesystem::exists("/proc/self/limits")) GTEST_SKIP();
  auto order = chronicle("100000000", {{"delay_us", "0"}});
  auto const capsule = rig.start(host, order);
  rlimit const tight{64 << 10, 64 << 10};  // as a full disk would: writes beyond fail, with EFBIG
  ASSERT_EQ(::prlimit(host.pid(capsule), RLIMIT_FSIZE, &tight, nullptr), 0);
  auto const event = host.next(capsule);
  if (auto const* died = std::get_if<capsule::Died>(&event)) {
    EXPECT_EQ(died->outcome.reason, "killed by signal 25 (SIGXFSZ)");
    return;
  }
  auto const* const ended = std::get_if<capsule::Ended>(&event);
  ASSERT_NE(ended, nullptr) << describe(event);
  EXPECT_NE(ended->outcome.reason.find("File too large"), std::string::npos) << ended->outcome.reason;
}

TEST_F(Stream, NothingPrintedMakesNoFile) {
  auto const capsule = rig.start(host, rig.order("counter", {{"limit", "3"}}));
  host.expect<capsule::Ended>(capsule);
  EXPECT_FALSE(std::filesystem::exists(rig.store() / "jobs/1/stdout"));
}

TEST_F(Stream, WhatIsPrintedShowsWhileTheJobRuns) {
  rig.start(host, rig.order("counter", {{"limit", "100000000"}, {"print_every", "1"}, {"delay_us", "100"}}));
  await_bytes(rig.store() / "jobs/1/stdout", 4);
  EXPECT_TRUE(rig.printed("stdout").starts_with("1\n2\n"));
}

}  // namespace
}  // namespace godwit::testing
