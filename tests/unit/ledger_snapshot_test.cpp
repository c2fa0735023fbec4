// A ledger in parts: for random histories, a snapshot at any point and the events since give the same ledger as all events; and
// what is forgotten is forgotten, but for names, numbers, usage and failures. What is told afterwards is bounded.
#include "ledger/snapshot.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "ledger/chronicle.hpp"
#include "ledger/ledger.hpp"

namespace godwit::ledger_snapshot_test {
namespace {

// Draws events of all kinds, with small numbers, so that many of them apply.
class Drawn {
 public:
  explicit Drawn(std::uint64_t seed) : random_(seed) { take(log::WorldBegan{Term{1}, 5, now(), {}, {}}); }

  void draw() { take(any()); }
  [[nodiscard]] Ledger const& ledger() const { return ledger_; }
  [[nodiscard]] std::vector<LedgerEvent> const& events() const { return events_; }

 private:
  void take(LedgerEvent const& event) {
    if (ledger_.apply(event)) events_.push_back(event);
  }
  WallTime now() { return WallTime{now_ += static_cast<std::int64_t>(random_.below(2'000'000'000))}; }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  Rank rank() { return Rank{static_cast<std::int32_t>(1 + below(4))}; }
  JobId job() {
    auto const number = static_cast<std::uint32_t>(1 + below(ledger_.next_job().value + 1));
    auto const* array = ledger_.array(JobId{number});
    return array != nullptr ? JobId::of_element(number, static_cast<std::uint32_t>(1 + below(array->size))) : JobId{number};
  }
  // Of a job: most often the epoch that it is at.
  Epoch epoch(JobId of) {
    auto const* record = ledger_.find(of);
    return record == nullptr || one_in(6) ? Epoch{below(6)} : record->epoch;
  }
  JobArray work() {
    JobSpec spec;
    spec.type = "heat";
    if (one_in(2)) spec.name = "n" + std::to_string(below(5));
    spec.account = "a" + std::to_string(below(3));
    spec.cores = static_cast<std::int32_t>(1 + below(3));
    spec.host_loss_limit = 2;
    if (!one_in(3)) return {spec};
    return {spec, {{.name = "index", .count = static_cast<std::uint32_t>(1 + below(12))}}};
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> runs() {
    auto const first = static_cast<std::uint32_t>(1 + below(10));
    return {{first, first + static_cast<std::uint32_t>(below(3))}};
  }
  Outcome outcome() { return {static_cast<Ending>(below(3)), one_in(3) ? "it broke" : "", "", below(100), Duration{0}}; }

  LedgerEvent any() {
    auto const of = job();
    auto const* record = ledger_.find(of);
    auto const newest = record != nullptr ? record->newest_epoch : Epoch{};
    auto const kind = below(32);
    switch (kind < 5 && !one_in(10) ? 9 + below(16) : kind) {
      case 0: return log::WorldBegan{ledger_.term().next(), 5, now(), {}, Duration{static_cast<std::int64_t>(below(2))}};
      case 1: return log::TermBegan{ledger_.term().next(), rank(), now(), {}};
      case 2: return log::WorldEnded{ledger_.term(), now()};
      case 3: return log::HostLost{rank(), one_in(2), now()};
      case 4: return log::HostFenced{rank(), now()};
      case 5: return log::Released{of, now()};
      case 6:
      case 7: return log::Submitted{ledger_.next_job(), work(), now()};
      case 8: return log::Cloned{ledger_.next_job(), of, log::ImageOf{of, {Epoch{1}, Generation{1}}}, work().spec, one_in(2), now()};
      case 9:
      case 10:
      case 11: return log::Granted{of, newest.next(), rank(), now(), log::Placing{1, "b", 2, 3, 4}};
      case 12: return log::GrantedToGroup{of, newest.next(), rank(), now()};
      case 13: return log::HandedOn{of, epoch(of), one_in(3) ? no_rank : rank(), now()};
      case 14:
      case 15: {
        auto const from = record == nullptr || record->lineage.empty() ? std::nullopt : std::optional(record->lineage.front());
        return log::Started{of, epoch(of), from, one_in(5), now()};
      }
      case 16:
      case 25: {
        auto const source = record != nullptr && record->host > no_rank ? record->host : rank();
        return log::Intent{of, source, rank(), newest.next(), newest.next().next(), now()};
      }
      case 17: return log::Moved{of, record != nullptr && record->intent ? record->intent->target_epoch : Epoch{2},
                                     record != nullptr && record->intent && !one_in(4) ? record->intent->target : rank(), now()};
      case 18: return log::Stayed{of, record != nullptr && record->intent ? record->intent->thaw_epoch : Epoch{3}, "no"};
      case 19: return log::Checkpointed{of, {epoch(of), Generation{1 + below(9)}}, below(1000), now()};
      case 20: return log::Suspended{of, epoch(of)};
      case 21: return log::Resumed{of, epoch(of)};
      case 22: return log::Crashed{of, epoch(of), {Ending::crashed, "signal 11", "oh", 3, Duration{0}}, now()};
      case 23:
      case 24: return log::Ended{of, epoch(of), outcome(), now()};
      case 29: return log::ElementsCancelled{of.array(), runs(), "enough", now()};
      case 26: return one_in(2) ? LedgerEvent(log::Retried{of, one_in(2), now()}) : LedgerEvent(log::ElementsRetried{of.array(), runs(), now()});
      case 27: return log::Forgotten{{of.array()}, now(), now()};
      case 28: {
        if (one_in(2)) return log::Decided{of, "too long in line", now()};
        return log::Pruned{of, {{Epoch{1}, Generation{1 + below(9)}}}, below(500), now()};
      }
      default:
        return one_in(2) ? LedgerEvent(log::Scores{{{"a0", 7}, {"a1", -3}}, now()}) : LedgerEvent(log::Drained{rank(), one_in(2), now()});
    }
  }

  Random random_;
  std::int64_t now_{1'000'000'000};
  Ledger ledger_;
  std::vector<LedgerEvent> events_;
};

Ledger restored(Ledger const& from) {
  Ledger to;
  from.save([&](part::Part const& part) {
    auto const taken = to.restore(encode(part));
    EXPECT_TRUE(taken.ok()) << taken.failure().context;
  });
  return to;
}

TEST(LedgerSnapshot, AtAnyPointWithTheEventsSinceGivesTheSameLedger) {
  std::map<std::string, int> kinds;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Drawn drawn(seed);
    for (int i = 0; i < 4000; ++i) drawn.draw();
    auto const& events = drawn.events();
    for (auto const& event : events) ++kinds[name_of(event)];
    Random random(seed);
    for (int cut = 0; cut < 8; ++cut) {
      auto const point = static_cast<std::size_t>(random.below(events.size() + 1));
      Ledger before;
      for (std::size_t i = 0; i < point; ++i) ASSERT_TRUE(before.apply(events[i]));
      auto after = restored(before);
      ASSERT_EQ(after, before) << "seed " << seed << ", " << point << " events";
      for (std::size_t i = point; i < events.size(); ++i) {
        auto const applied = after.apply(events[i]);
        ASSERT_TRUE(applied.ok()) << name_of(events[i]) << ": " << applied.failure().context;
      }
      ASSERT_EQ(after, drawn.ledger()) << "seed " << seed << ", " << point << " events";
    }
  }
  for (auto const* kind : {"Granted", "Started", "Moved", "Stayed", "Checkpointed", "Suspended", "Resumed", "Crashed", "Ended", "Forgotten",
                           "ElementsCancelled", "ElementsRetried", "Retried", "HandedOn", "Cloned", "HostFenced", "Pruned", "Decided"}) {
    EXPECT_GT(kinds[kind], 5) << kind << ": it was hardly tried";
  }
}

JobSpec called(std::string name) {
  JobSpec spec;
  spec.type = "heat";
  spec.name = std::move(name);
  spec.account = "ada";
  return spec;
}

struct Past : ::testing::Test {
  Past() { take(log::WorldBegan{Term{1}, 3, {}, {}, {}}); }
  void take(LedgerEvent const& event) {
    auto const applied = ledger.apply(event);
    ASSERT_TRUE(applied.ok()) << applied.failure().context;
    chronicle.take(event, encode(event));
  }
  void finish(JobId job, std::int64_t at = 10) {
    take(log::Granted{job, Epoch{1}, Rank{1}, WallTime{at}, {}});
    take(log::Started{job, Epoch{1}, {}, false, WallTime{at}});
    take(log::Ended{job, Epoch{1}, {Ending::finished, "", "", 5, Duration{0}}, WallTime{at + 2'000'000'000}});
  }
  std::vector<std::string> told() {
    std::vector<std::string> names;
    chronicle.tell(ledger, [&](Bytes const& event) { names.emplace_back(name_of(*decode<LedgerEvent>(event))); });
    return names;
  }
  Ledger ledger;
  Chronicle chronicle;
};

TEST_F(Past, AForgottenJobLeavesItsNameAndWhatItUsed) {
  take(log::Submitted{JobId{1}, called("plate"), WallTime{5}});
  finish(JobId{1});
  auto const usage = ledger.usage();
  take(log::Decided{JobId{1}, "why", WallTime{20}});
  take(log::Forgotten{{JobId{1}}, {}, WallTime{30}});
  EXPECT_EQ(ledger.find(JobId{1}), nullptr);
  EXPECT_FALSE(ledger.state(JobId{1}));
  EXPECT_TRUE(ledger.decisions(JobId{1}).empty());
  EXPECT_EQ(ledger.next_job(), JobId{2}) << "no number is given twice";
  EXPECT_EQ(ledger.counts().all(), 0U);
  EXPECT_EQ(ledger.usage(), usage);
  EXPECT_GT(usage.core_us("ada"), 0U);
  auto const* identity = ledger.forgotten(JobId{1});
  ASSERT_NE(identity, nullptr);
  EXPECT_EQ(*ledger.name_of(JobId{1}), "plate");
  EXPECT_EQ(identity->finished, 1U);
  EXPECT_TRUE(identity->began);
  EXPECT_EQ(identity->work, digest_of_work(called("plate")).value);
  EXPECT_EQ(ledger.counts(JobId{1}).finished, 1U) << "who comes after it finds it finished";
  EXPECT_EQ(restored(ledger), ledger);
}

TEST_F(Past, OfANameTheNewestIsKept) {
  for (std::uint64_t i = 1; i <= 2; ++i) {
    take(log::Submitted{JobId{i}, called("plate"), {}});
    finish(JobId{i});
  }
  take(log::Forgotten{{JobId{2}}, {}, {}});
  take(log::Forgotten{{JobId{1}}, {}, {}});
  EXPECT_EQ(ledger.identities().at("plate").job, JobId{2});
  EXPECT_EQ(ledger.forgotten(JobId{1}), nullptr);
}

TEST_F(Past, OnlyWhatHasEndedIsForgotten) {
  take(log::Submitted{JobId{1}, called(""), {}});
  take(log::Submitted{JobId{2}, JobArray(called(""), {{.name = "index", .count = 3}}), {}});
  finish(JobId::of_element(2, 1));
  auto const before = ledger;
  EXPECT_FALSE(ledger.apply(log::Forgotten{{JobId{1}}, {}, {}}));
  EXPECT_FALSE(ledger.apply(log::Forgotten{{JobId{2}}, {}, {}}));
  EXPECT_FALSE(ledger.apply(log::Forgotten{{JobId::of_element(2, 1)}, {}, {}}));
  EXPECT_FALSE(ledger.apply(log::Forgotten{{JobId{9}}, {}, {}}));
  EXPECT_FALSE(ledger.apply(log::Forgotten{{JobId{}}, {}, {}}));
  EXPECT_EQ(ledger, before);
  take(log::Submitted{JobId{3}, called(""), {}});
  finish(JobId{3});
  EXPECT_FALSE(ledger.apply(log::Forgotten{{JobId{3}, JobId{3}}, {}, {}}));
  EXPECT_NE(ledger.find(JobId{3}), nullptr);
}

TEST_F(Past, WhatIsToldOfAJobIsBoundedAndEndsWithIt) {
  take(log::Submitted{JobId{1}, called("long"), {}});
  take(log::Granted{JobId{1}, Epoch{1}, Rank{1}, {}, {}});
  take(log::Started{JobId{1}, Epoch{1}, {}, false, {}});
  for (std::uint64_t i = 1; i <= 1000; ++i) take(log::Checkpointed{JobId{1}, {Epoch{1}, Generation{i}}, 10, {}});
  auto const names = told();
  EXPECT_EQ(names.size(), 1 + Chronicle::first_of_job + Chronicle::newest_of_job);
  EXPECT_EQ(names[0], "WorldBegan");
  EXPECT_EQ(names[1], "Submitted");
  take(log::Ended{JobId{1}, Epoch{1}, {}, {}});
  EXPECT_EQ(told().back(), "Ended");
  take(log::Forgotten{{JobId{1}}, {}, {}});
  EXPECT_EQ(told(), std::vector<std::string>{"WorldBegan"});
}

TEST_F(Past, CommandsAreForgottenByAge) {
  take(log::Commanded{"ada", "stop", "", WallTime{100}});
  take(log::Commanded{"ada", "submit", "", WallTime{200}});
  take(log::Forgotten{{}, WallTime{150}, WallTime{300}});
  EXPECT_EQ(told(), std::vector<std::string>{"Commanded"});
}

}  // namespace
}  // namespace godwit::ledger_snapshot_test
