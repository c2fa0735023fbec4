// Jobs that begin again after their end, what is left of their lineage after pruning, jobs found in their files after the ledger
// was lost, and what is learnt of failures. Each story ends with a replay.
#include <gtest/gtest.h>

#include "ledger/ledger.hpp"

namespace godwit::ledger_again_test {
namespace {

constexpr JobId job{1};
constexpr Rank one{1}, two{2};

WallTime at(std::int64_t seconds) { return {1'700'000'000'000'000'000 + seconds * 1'000'000'000}; }
log::ImageKey image(std::uint64_t epoch, std::uint64_t generation) { return {Epoch{epoch}, Generation{generation}}; }
using Runs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

class Tale {
 public:
  explicit Tale(bool begun = true) {
    if (begun) take(log::WorldBegan{Term{1}, 4, at(0)});
  }
  ~Tale() {
    Ledger replayed;
    for (auto const& event : events_) EXPECT_TRUE(replayed.apply(*decode<LedgerEvent>(encode(event))).ok());
    EXPECT_EQ(replayed, ledger);
  }
  void take(LedgerEvent const& event) {
    auto const applied = ledger.apply(event);
    ASSERT_TRUE(applied.ok()) << applied.failure().context;
    events_.push_back(event);
  }
  void refuses(LedgerEvent const& event) {
    auto const before = ledger;
    EXPECT_FALSE(ledger.apply(event).ok());
    EXPECT_EQ(before, ledger) << "a refused event changed the ledger";
  }
  JobRecord const& record() const { return *ledger.find(job); }
  void runs() {
    JobSpec spec;
    spec.type = "heat";
    take(log::Submitted{job, spec, at(1)});
    take(log::Granted{job, Epoch{1}, one, at(1)});
    take(log::Started{job, Epoch{1}, std::nullopt, false, at(2)});
    for (std::uint64_t generation = 1; generation <= 3; ++generation) {
      take(log::Checkpointed{job, image(1, generation), 100, at(3)});
    }
  }
  void fails() {
    take(log::Crashed{job, Epoch{1}, {Ending::crashed, "signal 11"}, at(4)});
    take(log::Ended{job, Epoch{1}, {Ending::failed, "crashed"}, at(4)});
  }
  Ledger ledger;

 private:
  std::vector<LedgerEvent> events_;
};

TEST(LedgerAgain, ARetriedJobWaitsWithItsLineage) {
  Tale tale;
  tale.refuses(log::Retried{job, false, at(1)});
  tale.runs();
  tale.refuses(log::Retried{job, false, at(3)});
  tale.fails();
  EXPECT_EQ(tale.record().crashes, 1U);
  tale.take(log::Retried{job, false, at(5)});
  EXPECT_EQ(tale.record().state, JobState::waiting);
  EXPECT_EQ(tale.record().crashes, 0U);
  EXPECT_EQ(tale.record().host, no_rank);
  EXPECT_EQ(tale.record().outcome, Outcome{});
  EXPECT_EQ(tale.record().lineage.size(), 3U);
  EXPECT_FALSE(tale.record().fresh_files);
  EXPECT_EQ(tale.ledger.counts().waiting, 1U);
  EXPECT_EQ(tale.ledger.counts().failed, 0U);
  tale.refuses(log::Granted{job, Epoch{1}, one, at(6)});
  tale.take(log::Granted{job, Epoch{2}, two, at(6)});
  tale.take(log::Started{job, Epoch{2}, image(1, 3), false, at(7)});
  tale.take(log::Ended{job, Epoch{2}, {Ending::finished}, at(8)});
  tale.refuses(log::Retried{job, false, at(9)});
}

TEST(LedgerAgain, AfreshNothingOfItsFormerLifeCounts) {
  Tale tale;
  tale.runs();
  tale.fails();
  tale.take(log::Retried{job, true, at(5)});
  EXPECT_TRUE(tale.record().lineage.empty());
  EXPECT_FALSE(tale.ledger.extends_lineage(job, image(1, 4)));
  tale.take(log::Granted{job, Epoch{2}, two, at(6)});
  EXPECT_TRUE(tale.ledger.extends_lineage(job, image(2, 4)));
}

TEST(LedgerAgain, NothingIsRetriedWhileALostHostMayRunIt) {
  Tale tale;
  tale.runs();
  tale.take(log::HostLost{one, false, at(4)});
  tale.take(log::Ended{job, Epoch{1}, {Ending::cancelled}, at(5)});
  tale.refuses(log::Retried{job, false, at(6)});
  tale.take(log::HostFenced{one, at(20)});
  tale.take(log::Retried{job, false, at(21)});
  EXPECT_TRUE(tale.record().fresh_files) << "its end isn't proven: it may still write";
}

TEST(LedgerAgain, ElementsThatNeverBeganWaitAsIfTheyHadNotBeenCancelled) {
  Tale tale;
  JobArray sweep;
  sweep.spec.type = "heat";
  sweep.axes = {{.name = "n", .count = 100}};
  tale.take(log::Submitted{job, sweep, at(1)});
  auto const untouched = tale.ledger;
  tale.take(log::ElementsCancelled{job, Runs{{10, 50}, {60, 60}}, "", at(2)});
  tale.refuses(log::ElementsRetried{job, Runs{{9, 12}}, at(3)});
  tale.refuses(log::ElementsRetried{job, Runs{{20, 30}, {25, 26}}, at(3)});
  tale.take(log::ElementsRetried{job, Runs{{20, 30}, {60, 60}}, at(3)});
  EXPECT_EQ(tale.ledger.state(JobId::of_element(1, 19)), JobState::cancelled);
  EXPECT_EQ(tale.ledger.state(JobId::of_element(1, 20)), JobState::waiting);
  EXPECT_EQ(tale.ledger.state(JobId::of_element(1, 31)), JobState::cancelled);
  EXPECT_EQ(tale.ledger.counts(job).cancelled, 30U);
  EXPECT_EQ(tale.ledger.counts(job).waiting, 70U);
  tale.take(log::ElementsRetried{job, Runs{{10, 19}, {31, 50}}, at(4)});
  EXPECT_EQ(*tale.ledger.array(job), *untouched.array(job));
}

TEST(LedgerAgain, WhatWasPrunedIsNotOfTheLineage) {
  Tale tale;
  tale.runs();
  EXPECT_EQ(tale.ledger.stored_bytes(), 300U);
  tale.take(log::Pruned{job, {image(1, 1), image(1, 9)}, 200, at(4)});
  EXPECT_EQ(tale.record().lineage, (std::vector{image(1, 3), image(1, 2)}));
  EXPECT_EQ(tale.ledger.stored_bytes(), 200U);
  EXPECT_EQ(tale.record().stored_bytes, 200U);
  tale.refuses(log::Pruned{JobId{9}, {}, 0, at(5)});
}

TEST(LedgerAgain, JobsAreFoundInTheirFiles) {
  Tale tale;
  JobSpec spec;
  spec.type = "heat";
  spec.name = "plate";
  tale.take(log::Recovered{JobId{3}, spec, {image(4, 9), image(2, 8)}, Epoch{1004}, {}, 0, JobId{8}, at(1)});
  auto const* found = tale.ledger.find(JobId{3});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->state, JobState::waiting);
  EXPECT_EQ(found->lineage.size(), 2U);
  EXPECT_EQ(tale.ledger.next_job(), JobId{8});
  tale.refuses(log::Recovered{JobId{3}, spec, {}, Epoch{4}, {}, 0, JobId{8}, at(1)});
  tale.refuses(log::Recovered{JobId{}, spec, {}, Epoch{4}, {}, 0, JobId{8}, at(1)});  // no job has that number

  spec.name = "sweep";
  auto const element = [](std::uint32_t index) { return JobId::of_element(5, index); };
  tale.take(log::Recovered{element(2), spec, {image(1, 1)}, Epoch{1001}, {}, 4, JobId{8}, at(1)});
  tale.take(log::Recovered{element(4), spec, {image(1, 2)}, Epoch{1001}, {}, 4, JobId{8}, at(1)});
  tale.refuses(log::Recovered{element(4), spec, {image(1, 2)}, Epoch{1001}, {}, 4, JobId{8}, at(1)});
  tale.refuses(log::Recovered{element(5), spec, {image(1, 2)}, Epoch{1001}, {}, 4, JobId{8}, at(1)});
  EXPECT_EQ(tale.ledger.counts(JobId{5}).waiting, 2U);
  EXPECT_EQ(tale.ledger.counts(JobId{5}).cancelled, 2U);
  EXPECT_EQ(tale.ledger.state(element(1)), JobState::cancelled);
  EXPECT_EQ(tale.ledger.record(element(4))->lineage.size(), 1U);
  // And they run: in the next world, at epochs that nobody had before.
  tale.take(log::WorldBegan{Term{2}, 4, at(2)});
  tale.refuses(log::Granted{element(4), Epoch{1001}, one, at(3)});
  tale.take(log::Granted{element(4), Epoch{1002}, one, at(3)});
  tale.take(log::Started{element(4), Epoch{1002}, image(1, 2), false, at(4)});
  tale.take(log::Ended{element(4), Epoch{1002}, {Ending::finished}, at(5)});
  tale.take(log::Granted{element(2), Epoch{1002}, one, at(3)});
  tale.take(log::Started{element(2), Epoch{1002}, image(1, 1), false, at(4)});
  tale.take(log::Ended{element(2), Epoch{1002}, {Ending::finished}, at(6)});
  EXPECT_EQ(tale.ledger.array(JobId{5})->ended, at(6));
}

TEST(LedgerAgain, FailuresAreCountedOverHostsHours) {
  Tale tale;  // 3 hosts
  EXPECT_EQ(tale.ledger.exposure().mean_time_between_failures(), Exposure::prior);
  constexpr std::int64_t hour = 3600;
  tale.take(log::Commanded{"anna", "ps", "", at(4 * hour)});
  EXPECT_EQ(tale.ledger.exposure().host_seconds, 12U * hour);
  EXPECT_EQ(tale.ledger.exposure().mean_time_between_failures(), std::chrono::hours(36)) << "none yet, and 12 hours more";
  tale.take(log::HostLost{one, false, at(4 * hour)});
  tale.take(log::HostLost{one, true, at(4 * hour)});  // the same one
  EXPECT_EQ(tale.ledger.exposure().failures, 1U);
  EXPECT_EQ(tale.ledger.exposure().mean_time_between_failures(), std::chrono::hours(18));
  tale.take(log::Commanded{"anna", "ps", "", at(10 * hour)});  // two hosts are left
  EXPECT_EQ(tale.ledger.exposure().mean_time_between_failures(), std::chrono::hours(24));
  tale.take(log::WorldBegan{Term{2}, 4, at(1000 * hour)});  // it hadn't ended in order: both had failed
  EXPECT_EQ(tale.ledger.exposure().failures, 3U);
  EXPECT_EQ(tale.ledger.exposure().mean_time_between_failures(), std::chrono::hours(12)) << "there was no host between the worlds";
  tale.take(log::WorldEnded{Term{2}, at(1002 * hour)});
  tale.take(log::WorldBegan{Term{3}, 4, at(2000 * hour)});
  EXPECT_EQ(tale.ledger.exposure().failures, 3U);
  EXPECT_EQ(tale.ledger.exposure().host_seconds, 30U * hour);
}

}  // namespace
}  // namespace godwit::ledger_again_test
