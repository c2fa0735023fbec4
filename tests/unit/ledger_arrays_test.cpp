// Arrays in the ledger: one record until elements differ, every element answered for wherever it is kept,
// counts that always agree with the elements, and little memory for those that wait or went well.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "ledger/ledger.hpp"
#include "unit/allocation_count.hpp"

namespace godwit::ledger_arrays_test {
namespace {

constexpr WallTime noon{1'000'000};
constexpr WallTime later{2'000'000};
constexpr Rank one{1}, two{2};
constexpr JobId array{1};

JobId element(std::uint32_t index) {
  return JobId::of_element(1, index);
}

JobArray sweep(std::uint32_t size) {
  JobSpec spec;
  spec.type = "heat";
  spec.name = "sweep";
  spec.arguments = {{"output", "out/%{seed}.csv"}};
  Axis seed;
  seed.name = "seed";
  seed.first = 10;
  seed.count = size;
  seed.argument = true;
  return {spec, {seed}};
}

// Applies events, keeps them for a replay, and counts each element by hand after each event.
class Book {
 public:
  explicit Book(std::uint32_t size) : size_(size) {
    take(log::WorldBegan{Term{1}, 4, noon});
    take(log::Submitted{array, sweep(size), noon});
  }
  ~Book() {
    Ledger replayed;
    for (auto const& event : events_) EXPECT_TRUE(replayed.apply(*decode<LedgerEvent>(encode(event))).ok());
    EXPECT_EQ(replayed, ledger) << "a replay gives another ledger";
  }
  void take(LedgerEvent const& event) {
    auto const applied = ledger.apply(event);
    ASSERT_TRUE(applied.ok()) << applied.failure().context;
    events_.push_back(event);
    JobCounts counts;
    for (std::uint32_t i = 1; i <= size_; ++i) {
      if (auto const state = ledger.state(element(i))) ++counts.of(*state);
    }
    if (ledger.array(array) == nullptr) return;
    EXPECT_EQ(counts, ledger.counts(array));
    EXPECT_EQ(counts, ledger.counts(array, {1, size_}));
    EXPECT_EQ(counts, ledger.counts());
    for (auto const state : {JobState::waiting, JobState::running, JobState::finished, JobState::failed,
                             JobState::cancelled, JobState::stranded, JobState::suspended,
                             JobState::held}) {
      EXPECT_EQ(ledger.in_state(array, state).size(), counts.of(state)) << to_string(state);
    }
  }
  std::string refusal(LedgerEvent const& event) {
    auto const before = ledger;
    auto const applied = ledger.apply(event);
    EXPECT_EQ(before, ledger) << "a refused event changed the ledger";
    return applied.ok() ? "taken" : applied.failure().context;
  }
  void runs(std::uint32_t index, Rank host = one) {
    take(log::Granted{element(index), Epoch{1}, host, noon});
    take(log::Started{element(index), Epoch{1}, std::nullopt, false, noon});
  }
  void ends(std::uint32_t index, Ending ending = Ending::finished) {
    take(log::Ended{element(index), Epoch{1}, {ending, ending == Ending::failed ? "diverged" : "", "", 12},
                    later});
  }

  Ledger ledger;

 private:
  std::uint32_t size_;
  std::vector<LedgerEvent> events_;
};

TEST(LedgerArrays, AnElementHasARecordOnlyWhileItIsInFlight) {
  Book book(3);
  EXPECT_TRUE(book.ledger.jobs().empty());
  auto const waiting = book.ledger.record(element(2));
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->state, JobState::waiting);
  EXPECT_EQ(waiting->spec.arguments.at("seed"), "11");
  EXPECT_EQ(waiting->spec.arguments.at("output"), "out/11.csv");

  book.runs(2, two);
  ASSERT_NE(book.ledger.find(element(2)), nullptr);
  EXPECT_EQ(book.ledger.find(element(2))->spec, waiting->spec);
  EXPECT_EQ(book.ledger.array(element(2))->untouched.list(), (std::vector<Intervals::Run>{{1, 1}, {3, 3}}));
  EXPECT_EQ(book.ledger.array(array)->started, noon);
  auto const running = *book.ledger.record(element(2));
  book.ends(2);
  EXPECT_TRUE(book.ledger.jobs().empty());
  auto expected = running;
  expected.state = JobState::finished;
  expected.ended = later;
  expected.outcome.steps = 12;
  expected.runs_since.reset();
  EXPECT_EQ(*book.ledger.record(element(2)), expected);
  EXPECT_EQ(book.ledger.next_job(), JobId{2});
}

TEST(LedgerArrays, OneThatSomethingHappenedToKeepsItsRecord) {
  Book book(4);
  for (std::uint32_t i = 1; i <= 4; ++i) book.runs(i);
  book.ends(1, Ending::failed);
  EXPECT_EQ(book.ledger.find(element(1))->outcome.reason, "diverged");
  book.take(log::Crashed{element(2), Epoch{1}, {Ending::crashed, "signal 11", "", 3}, noon});
  book.take(log::Granted{element(2), Epoch{2}, two, noon});
  book.take(log::Started{element(2), Epoch{2}, std::nullopt, false, noon});
  book.take(log::Ended{element(2), Epoch{2}, {Ending::finished, "", "", 12}, later});
  EXPECT_EQ(book.ledger.find(element(2))->crashes, 1U);
  book.take(log::Intent{element(3), one, two, Epoch{2}, Epoch{3}, noon});
  book.take(log::Moved{element(3), Epoch{2}, two, noon});
  book.take(log::Ended{element(3), Epoch{2}, {Ending::finished, "", "", 12}, later});
  EXPECT_EQ(book.ledger.find(element(3))->moves, 1U);
  EXPECT_EQ(book.ledger.array(array)->ended, WallTime{});
  book.ends(4);
  EXPECT_EQ(book.ledger.array(array)->ended, later);
  EXPECT_EQ(book.ledger.find(element(4)), nullptr);
  // An image of it that is reported only now.
  EXPECT_TRUE(book.ledger.extends_lineage(element(4), {Epoch{1}, Generation{1}}));
  EXPECT_FALSE(book.ledger.extends_lineage(element(4), {Epoch{2}, Generation{1}}));
  book.take(log::Checkpointed{element(4), {Epoch{1}, Generation{1}}, 10, later});
  ASSERT_NE(book.ledger.find(element(4)), nullptr);
  EXPECT_EQ(book.ledger.find(element(4))->state, JobState::finished);
  EXPECT_EQ(book.ledger.find(element(4))->lineage.size(), 1U);
}

TEST(LedgerArrays, RefusesWhatAnElementIsNotReadyFor) {
  Book book(3);
  EXPECT_EQ(book.refusal(log::Granted{element(4), Epoch{1}, one, noon}),
            "Granted of job 1_4: no such job");
  EXPECT_EQ(book.refusal(log::Granted{array, Epoch{1}, one, noon}), "Granted of job 1: no such job");
  EXPECT_EQ(book.refusal(log::Granted{element(1), Epoch{0}, one, noon}),
            "Granted of job 1_1: epoch 0 is not newer than 0");
  EXPECT_EQ(book.refusal(log::Started{element(1), Epoch{1}, std::nullopt, false, noon}),
            "Started of job 1_1: it is WAITING");
  EXPECT_EQ(book.refusal(log::Submitted{JobId::of_element(2, 1), sweep(1), noon}),
            "Submitted of job 2_1: an element can't be submitted");
  auto huge = sweep(1);
  huge.axes[0].count = 4'000'000'000U;
  EXPECT_EQ(book.refusal(log::Submitted{JobId{2}, huge, noon}),
            "Submitted of job 2: an array of 4000000000 elements");
  book.runs(2);
  EXPECT_EQ(book.refusal(log::ElementsCancelled{array, {{1, 3}}, "", noon}),
            "ElementsCancelled of job 1: 1..3 don't all wait");
  EXPECT_EQ(book.refusal(log::ElementsCancelled{array, {{1, 1}, {1, 1}}, "", noon}),
            "ElementsCancelled of job 1: 1..1 don't all wait");
  EXPECT_EQ(book.refusal(log::ElementsCancelled{element(1), {{1, 1}}, "", noon}),
            "ElementsCancelled of job 1_1: no such array");
  book.ends(2);
  EXPECT_EQ(book.refusal(log::Granted{element(2), Epoch{2}, one, noon}),
            "Granted of job 1_2: it is FINISHED");
  EXPECT_EQ(book.refusal(log::Ended{element(2), Epoch{1}, {}, noon}), "Ended of job 1_2: it is FINISHED");
}

TEST(LedgerArrays, WaitingElementsAreCancelledAsRuns) {
  Book book(10);
  book.runs(4);
  book.take(log::ElementsCancelled{array, {{2, 3}, {5, 9}}, "too many failed", later});
  EXPECT_EQ(book.ledger.array(array)->untouched.list(), (std::vector<Intervals::Run>{{1, 1}, {10, 10}}));
  auto const record = *book.ledger.record(element(9));
  EXPECT_EQ(record.state, JobState::cancelled);
  EXPECT_EQ(record.outcome.reason, "too many failed");
  EXPECT_EQ(record.ended, later);
  EXPECT_EQ(book.refusal(log::Granted{element(9), Epoch{1}, one, noon}),
            "Granted of job 1_9: it is CANCELLED");
  JobCounts some;
  some.cancelled = 2, some.running = 1, some.waiting = 1;
  EXPECT_EQ(book.ledger.counts(array, Intervals(1, 4)), some);
  book.ends(4);
  book.take(log::ElementsCancelled{array, {{1, 1}, {10, 10}}, "", later});
  EXPECT_EQ(book.ledger.array(array)->ended, later);
}

TEST(LedgerArrays, ANewWorldFreesThoseInFlight) {
  Book book(5);
  book.runs(1);
  book.ends(1);
  book.runs(2);
  book.take(log::Granted{element(3), Epoch{1}, two, noon});
  book.take(log::HostLost{two, true, noon});
  EXPECT_EQ(book.ledger.state(element(3)), JobState::stranded);
  book.take(log::WorldBegan{Term{2}, 4, later});
  EXPECT_EQ(book.ledger.counts(array).waiting, 4U);
  EXPECT_EQ(book.refusal(log::Granted{element(2), Epoch{1}, one, noon}),
            "Granted of job 1_2: epoch 1 is not newer than 1");
  book.take(log::Granted{element(2), Epoch{2}, one, later});
}

TEST(LedgerArrays, ElementsOfALostHostWaitAgainOrAreHeld) {
  Book book(4);
  for (auto const host : {one, two, Rank{3}}) {
    auto const epoch = Epoch{static_cast<std::uint64_t>(host.value)};
    for (std::uint32_t const i : {1U, 2U}) book.take(log::Granted{element(i), epoch, host, noon});
    book.take(log::Started{element(1), epoch, std::nullopt, false, noon});
    if (host == Rank{3}) book.take(log::Ended{element(2), epoch, {Ending::finished, "", "", 1}, later});
    book.take(log::HostLost{host, true, noon});
    book.take(log::HostFenced{host, noon});
  }
  JobCounts counts;
  counts.held = 1, counts.finished = 1, counts.waiting = 2;
  EXPECT_EQ(book.ledger.counts(array), counts);
  EXPECT_EQ(book.ledger.counts(), counts);
  EXPECT_EQ(book.ledger.in_state(array, JobState::held).list(), (std::vector<Intervals::Run>{{1, 1}}));
  EXPECT_EQ(book.ledger.in_state(array, JobState::waiting).list(), (std::vector<Intervals::Run>{{3, 4}}));
  EXPECT_EQ(book.ledger.find(element(2))->host_losses, 2U) << "kept: it didn't go without incident";
  book.take(log::Released{element(1), later});
  EXPECT_EQ(book.ledger.counts(array).waiting, 3U);
}

TEST(LedgerArrays, CommandsChangeNothing) {
  Book book(1);
  auto const before = book.ledger;
  book.take(log::Commanded{"anna", "cancel 1", "", noon});
  EXPECT_EQ(before, book.ledger);
}

TEST(LedgerArrays, ElementsThatWaitOrWentWellAreCheap) {
  constexpr std::uint32_t size = 1'000'000;
  auto const before = live_bytes();
  Ledger ledger;
  ASSERT_TRUE(ledger.apply(log::WorldBegan{Term{1}, 4, noon}).ok());
  ASSERT_TRUE(ledger.apply(log::Submitted{array, sweep(size), noon}).ok());
  EXPECT_LT(live_bytes() - before, 10'000U) << "a million that wait";
  for (std::uint32_t i = 1; i <= 200'000; ++i) {
    auto const job = element(i);
    ASSERT_TRUE(ledger.apply(log::Granted{job, Epoch{1}, one, noon}).ok());
    ASSERT_TRUE(ledger.apply(log::Started{job, Epoch{1}, std::nullopt, false, noon}).ok());
    ASSERT_TRUE(ledger.apply(log::Ended{job, Epoch{1}, {Ending::finished, "", "", 1}, later}).ok());
  }
  EXPECT_LT(live_bytes() - before, 200'000U * 40) << "200,000 that finished";
  EXPECT_TRUE(ledger.jobs().empty());
}

// Against a plain set, whatever is inserted and erased.
TEST(Intervals, AreASet) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same each time
  for (int round = 0; round < 200; ++round) {
    Intervals intervals;
    std::set<std::uint32_t> set;
    for (int i = 0; i < 60; ++i) {
      auto const first = static_cast<std::uint32_t>(random() % 50);
      auto const last = first + static_cast<std::uint32_t>(random() % 8);
      if (random() % 2 == 0) {
        intervals.insert(first, last);
        for (auto one_of = first; one_of <= last; ++one_of) set.insert(one_of);
      } else {
        intervals.erase(first, last);
        for (auto one_of = first; one_of <= last; ++one_of) set.erase(one_of);
      }
      std::vector<std::uint32_t> walked;
      intervals.walk([&](std::uint32_t at) {
        walked.push_back(at);
        return true;
      });
      ASSERT_EQ(walked, std::vector(set.begin(), set.end()));
      ASSERT_EQ(intervals.size(), set.size());
      Intervals rebuilt;
      for (auto const at : set) rebuilt.insert(at);
      ASSERT_EQ(rebuilt, intervals);
      auto const part = intervals.within(first, last);
      ASSERT_EQ(part, intervals.within(Intervals(first, last)));
      for (auto at = first; at <= last; ++at) ASSERT_EQ(part.contains(at), set.contains(at));
    }
  }
}

}  // namespace
}  // namespace godwit::ledger_arrays_test
