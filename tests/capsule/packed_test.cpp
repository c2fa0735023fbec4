// Shows that what array elements print goes to one file per host, not to one each; that it is whole and not doubled
// after moves, crashes and restarts; and that a job may have its output in a file of its choice instead.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "capsule/rig.hpp"
#include "edge/capsules/link/pack.hpp"

namespace godwit::testing {
namespace {

using namespace std::chrono_literals;

std::string numbers(std::uint64_t to) {
  std::string text;
  for (std::uint64_t i = 1; i <= to; ++i) text += fmt::format("{}\n", i);
  return text;
}

class Packed : public ::testing::Test {
 protected:
  CapsuleOrder counter(std::uint64_t limit, JobId job, int delay_us = 0) {
    return rig.order("counter",
                     {{"limit", std::to_string(limit)}, {"print_every", "1"}, {"delay_us", std::to_string(delay_us)}},
                     job);
  }
  void run(CapsuleOrder order) {
    order.start_at = Epoch{1};
    auto const capsule = order.capsule;
    host.service().prepare(std::move(order));
    EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.ending, Ending::finished);
    host.service().forget(capsule);
  }
  std::string printed(JobId job, PrintedStream stream = PrintedStream::out) {
    return packed_text(rig.store(), job, stream);
  }
  std::size_t files_in(std::filesystem::path const& directory) {
    std::error_code none;
    std::size_t count = 0;
    for ([[maybe_unused]] auto const& entry : std::filesystem::recursive_directory_iterator(directory, none)) ++count;
    return count;
  }
  // Until the capsule has saved at least so much.
  void await_printed(JobId job, std::size_t bytes) {
    auto const deadline = std::chrono::steady_clock::now() + 60s;
    while (printed(job).size() < bytes && std::chrono::steady_clock::now() < deadline) {
      host.look();
      std::this_thread::sleep_for(1ms);
    }
  }
  static constexpr JobId element(std::uint32_t index) { return JobId::of_element(7, index); }

  Rig rig;
  Host host{rig.store()};
};

TEST_F(Packed, ManyElementsPrintIntoOneFile) {
  for (std::uint32_t i = 1; i <= 50; ++i) run(counter(i, element(i)));
  for (std::uint32_t i = 1; i <= 50; ++i) EXPECT_EQ(printed(element(i)), numbers(i));
  EXPECT_EQ(files_in(rig.store() / "output"), 1U);
  EXPECT_FALSE(std::filesystem::exists(rig.store() / "jobs"));
  EXPECT_EQ(printed(element(51)), "");
}

TEST_F(Packed, ElementsThatPrintNothingMakeNothing) {
  auto order = rig.order("counter", {{"limit", "3"}}, element(1));
  run(order);
  EXPECT_FALSE(std::filesystem::exists(rig.store() / "output"));
  EXPECT_FALSE(std::filesystem::exists(rig.store() / "jobs"));
}

TEST_F(Packed, AMoveNeitherLosesNorDoubles) {
  Host other{rig.store()};
  auto const order = counter(100'000'000, element(3), 100);
  auto const first = rig.start(host, order);
  await_printed(element(3), 40);
  auto image = host.freeze(first);
  host.end(first);
  auto const second = rig.restore(other, order, image, Epoch{2});
  image = other.freeze(second);
  EXPECT_EQ(printed(element(3)), numbers(image.decoded().steps));
  other.end(second);
  auto const third = rig.restore(host, order, image, Epoch{3});
  image = host.freeze(third);
  EXPECT_EQ(printed(element(3)), numbers(image.decoded().steps));
}

TEST_F(Packed, ARestartTakesBackWhatItsImageHasNotGot) {
  auto const order = counter(100'000'000, element(3), 100);
  auto const first = rig.start(host, order);
  auto const image = host.freeze(first);
  auto const kept = printed(element(3));
  EXPECT_EQ(kept, numbers(image.decoded().steps));
  host.service().thaw(first, Epoch{1});
  await_printed(element(3), kept.size() + 40);
  host.end(first);
  auto const second = rig.restore(host, order, image, Epoch{2});
  auto const again = host.freeze(second);
  EXPECT_EQ(printed(element(3)), numbers(again.decoded().steps));
}

TEST_F(Packed, ASecondAttemptWithoutAnImageBeginsAnew) {
  auto const first = rig.start(host, counter(100'000'000, element(3), 100));
  await_printed(element(3), 40);
  ASSERT_EQ(::kill(host.pid(first), SIGKILL), 0);
  host.expect<capsule::Died>(first);
  EXPECT_NE(printed(element(3)), "");
  auto const second = rig.start(host, rig.order("counter", {{"limit", "3"}}, element(3)), Epoch{2});
  host.expect<capsule::Ended>(second);
  EXPECT_EQ(printed(element(3)), "") << "the second attempt printed nothing";
}

TEST_F(Packed, WhatWasPrintedBeforeACrashIsKept) {
  auto const capsule = rig.start(host, rig.fixture("odd", "odd", {{"way", "crash_talking"}}, element(4)));
  auto const outcome = host.expect<capsule::Died>(capsule).outcome;
  EXPECT_EQ(outcome.log_tail, "printed first\nlast words");
  EXPECT_EQ(printed(element(4)), "printed first\nlast words\n");
}

TEST_F(Packed, AFailureCarriesTheLastLines) {
  auto const capsule = rig.start(host, rig.order("crash", {{"how", "throw"}}, element(5)));
  EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.log_tail, "about to throw after 0 steps");
}

TEST_F(Packed, ATornRecordIsSkipped) {
  PackWriter pack(rig.store() / "output" / "torn.pack");
  auto const bytes = to_bytes("first\n");
  ASSERT_TRUE(pack.append({element(1), Epoch{1}, PrintedStream::out, 0}, bytes).ok());
  auto const whole = read_file(pack.path());
  ASSERT_TRUE(pack.append({element(1), Epoch{1}, PrintedStream::out, 6}, to_bytes("second\n")).ok());
  auto const both = read_file(pack.path());
  // Cut off in its middle, and another behind it.
  write_file(pack.path(), both.substr(0, both.size() - 3) + whole.substr(0, 0));
  ASSERT_TRUE(PackWriter(pack.path()).append({element(2), Epoch{1}, PrintedStream::out, 0}, bytes).ok());
  EXPECT_EQ(printed(element(1)), "first\n");
  EXPECT_EQ(printed(element(2)), "first\n");
  // A flipped bit in the text of the first.
  auto damaged = both;
  damaged[50] ^= 1;
  write_file(pack.path(), damaged);
  EXPECT_EQ(printed(element(1)).substr(6), "second\n");
}

TEST_F(Packed, AJobMayHaveItsOutputInAFileOfItsChoice) {
  for (auto const job : {element(1), JobId{8}}) {
    auto order = counter(3, job);
    order.spec.stdout_path = fmt::format("said-{}.txt", job);
    run(order);
    EXPECT_EQ(read_file(rig.work() / fmt::format("said-{}.txt", job)), numbers(3));
  }
  EXPECT_FALSE(std::filesystem::exists(rig.store() / "output"));
  auto order = counter(3, JobId{9});
  order.spec.stdout_path = "no/such/place.txt";
  auto const capsule = order.capsule;
  order.start_at = Epoch{1};
  host.service().prepare(order);
  auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::failed);
  EXPECT_NE(outcome.reason.find("output directory missing"), std::string::npos) << outcome.reason;
}

}  // namespace
}  // namespace godwit::testing
