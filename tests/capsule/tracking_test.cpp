// Shows that a host is told exactly which pages of its arena a job has written, each reader of its own; and
// that it is told nothing, rather than too little, where that can't be known.
#include <gtest/gtest.h>

#include "capsule/rig.hpp"
#include "edge/capsules/link/page_watch.hpp"

namespace godwit::testing {
namespace {

using Reader = WrittenPages::Reader;

class Tracking : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto const why = why_writes_cannot_be_watched(); !why.empty()) GTEST_SKIP() << why;
  }
  CapsuleOrder scribbler(JobId job = {1}) { return rig.fixture("scribbler", "scribbler", {}, job); }

  std::string call(CapsuleId capsule, std::string method, std::vector<std::string> arguments = {}) {
    host.service().call(capsule, RequestId{1}, std::move(method), std::move(arguments));
    auto const called = host.expect<capsule::Called>(capsule);
    EXPECT_FALSE(called.failure) << called.failure->context;
    return called.answer;
  }
  void write(CapsuleId capsule, std::initializer_list<int> pages) {
    for (auto const page : pages) call(capsule, "write", {std::to_string(page)});
  }
  std::optional<PageRuns> take(CapsuleId capsule, Reader reader = Reader::checkpoint) {
    auto* const pages = host.service().written_pages(capsule);
    EXPECT_NE(pages, nullptr);
    return pages == nullptr ? std::nullopt : pages->take(reader, 1024 * tracked_page_bytes);
  }
  // At a safe point, after which it goes on.
  std::optional<PageRuns> take_frozen(CapsuleId capsule) {
    host.freeze(capsule);
    auto runs = take(capsule);
    host.service().thaw(capsule, Epoch{1});
    host.expect<capsule::Running>(capsule);
    return runs;
  }

  Rig rig;
  Host host{rig.store()};
};

TEST_F(Tracking, ReportsWhatWasWrittenSinceTheLastTimeAndNothingElse) {
  auto const capsule = rig.start(host, scribbler());
  EXPECT_FALSE(take_frozen(capsule)) << "from here on it is known";
  EXPECT_EQ(take_frozen(capsule), PageRuns{});
  write(capsule, {7, 3, 8, 1023});
  EXPECT_EQ(take_frozen(capsule), (PageRuns{{3, 1}, {7, 2}, {1023, 1}}));
  EXPECT_EQ(take_frozen(capsule), PageRuns{});
  for (int page = 60; page < 200; ++page) write(capsule, {page});
  EXPECT_EQ(take_frozen(capsule), (PageRuns{{60, 140}}));
  host.end(capsule);
}

TEST_F(Tracking, IsExactForScatteredPages) {
  auto const capsule = rig.start(host, scribbler());
  EXPECT_FALSE(take_frozen(capsule));
  PageRuns expected;
  for (std::uint64_t page = 1; page < 1024; page += 2) {  // more regions than the kernel reports at once
    write(capsule, {static_cast<int>(page)});
    expected.push_back({page, 1});
  }
  EXPECT_EQ(take_frozen(capsule), expected);
  host.end(capsule);
}

TEST_F(Tracking, EachReaderIsToldWhatItHasNotHeard) {
  auto const capsule = rig.start(host, scribbler());
  EXPECT_FALSE(take_frozen(capsule));
  write(capsule, {5});
  EXPECT_FALSE(take(capsule, Reader::move));
  write(capsule, {6});
  EXPECT_EQ(take(capsule, Reader::move), (PageRuns{{6, 1}}));
  write(capsule, {9});
  EXPECT_EQ(take(capsule), (PageRuns{{5, 2}, {9, 1}}));
  EXPECT_EQ(take(capsule, Reader::move), (PageRuns{{9, 1}}));
  host.end(capsule);
}

TEST_F(Tracking, SeesWhatTheKernelWritesForTheJob) {
  auto const capsule = rig.start(host, scribbler());
  EXPECT_FALSE(take_frozen(capsule));
  EXPECT_EQ(call(capsule, "read", {"11"}), "8");
  EXPECT_EQ(call(capsule, "value", {"11"}), "0");
  EXPECT_EQ(take_frozen(capsule), (PageRuns{{11, 1}}));
  host.end(capsule);
}

TEST_F(Tracking, KnowsNothingOnceAChildHasItsMemory) {
  auto const capsule = rig.start(host, scribbler());
  EXPECT_FALSE(take_frozen(capsule));
  call(capsule, "system");
  EXPECT_EQ(take_frozen(capsule), PageRuns{}) << "a program that is started has none of it";
  call(capsule, "child", {"20"});
  EXPECT_EQ(call(capsule, "value", {"20"}), "21") << "the memory is shared";
  EXPECT_FALSE(take_frozen(capsule));
  EXPECT_FALSE(take_frozen(capsule)) << "nor later";
  host.end(capsule);
}

TEST_F(Tracking, KnowsNothingAfterTheEndOfTheProcess) {
  auto const capsule = rig.start(host, scribbler());
  EXPECT_FALSE(take_frozen(capsule));
  write(capsule, {5});
  auto const process = host.pid(capsule);
  host.service().kill(capsule);
  ASSERT_TRUE(all_gone({process}));
  EXPECT_FALSE(take(capsule)) << "though page 5 was written, and the kernel reports none";
  host.service().forget(capsule);
}

TEST_F(Tracking, BeginsAnewWithARestoredJob) {
  auto const first = rig.start(host, scribbler());
  EXPECT_FALSE(take_frozen(first));
  write(first, {5});
  auto const image = host.freeze(first);
  host.end(first);
  auto const capsule = rig.restore(host, scribbler(), image, Epoch{2});
  EXPECT_FALSE(take_frozen(capsule)) << "the host has written all of it";
  EXPECT_EQ(call(capsule, "value", {"5"}), "6");
  write(capsule, {4});
  EXPECT_EQ(take_frozen(capsule), (PageRuns{{4, 1}})) << "reading is no writing";
  host.end(capsule);
}

TEST_F(Tracking, BeginsAnewWithTheNextJobInAProcess) {
  auto const first = rig.start(host, scribbler());
  auto const process = host.pid(first);
  EXPECT_FALSE(take_frozen(first));
  call(first, "end");
  host.expect<capsule::Ended>(first);
  host.service().forget(first);
  auto const second = rig.start(host, scribbler(JobId{2}));
  ASSERT_EQ(host.pid(second), process);
  EXPECT_FALSE(take_frozen(second));
  write(second, {17});
  EXPECT_EQ(take_frozen(second), (PageRuns{{17, 1}}));
  host.end(second);
}

}  // namespace
}  // namespace godwit::testing
