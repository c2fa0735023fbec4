// Arrays from their submission to their end: granted in order, counted, waited for, limited in their
// failures, dependent on each other, granted ahead when their elements are short.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

Outcome failure() {
  return {Ending::failed, "diverged", "", 3};
}
JobId element(std::uint32_t number, std::uint32_t index) {
  return JobId::of_element(number, index);
}
JobCounts counts(Rig& rig, std::vector<cmd::JobReference> references = {}) {
  return rig.replied<cmd::Counts>(rig.says(cmd::Count{std::move(references)})).counts;
}
std::string refusal_of(Rig& rig, JobArray const& array) {
  auto const command = rig.says(cmd::Submit{{array}});
  rig.feed(TypesFound{rig.sought().request, Rig::types()});
  return rig.refused(command);
}
JobArray after(JobArray job, std::string const& other,
               Dependency::Until until = Dependency::Until::finished) {
  job.spec.after.push_back({other, {}, until});
  return job;
}
void submit(Rig& rig, std::vector<JobArray> jobs) {
  auto const size = jobs.size();
  auto const command = rig.says(cmd::Submit{std::move(jobs)});
  rig.feed(TypesFound{rig.sought().request, Rig::types()});
  for (std::size_t i = 0; i < size; ++i) rig.appended<log::Submitted>();
  rig.replied<cmd::Submitted>(command);
}

TEST(AllocatorArrays, OneSubmissionOneIdManyElementsInOrder) {
  Rig rig({.hosts = 2, .slots = 1});
  auto const command = rig.says(cmd::Submit{{Rig::sweep(3, "sweep")}});
  rig.feed(TypesFound{rig.sought().request, Rig::types()});
  auto const submitted = rig.appended<log::Submitted>();
  EXPECT_EQ(submitted.work.size(), 3U);
  EXPECT_TRUE(submitted.work.axes[0].argument);
  EXPECT_EQ(rig.replied<cmd::Submitted>(command).jobs, std::vector{JobId{1}});
  auto const first = rig.granted(1), second = rig.granted(2);
  EXPECT_EQ(first.job, element(1, 1));
  EXPECT_EQ(first.spec.arguments.at("steps"), "1");
  EXPECT_EQ(second.job, element(1, 2));
  rig.started(1, first);
  rig.sleep(1s);
  rig.ended(1, first);
  auto const third = rig.granted(1);
  EXPECT_EQ(third.spec.arguments.at("steps"), "3");

  auto const row = rig.replied<cmd::Jobs>(rig.says(cmd::ListJobs{})).rows.at(0);
  EXPECT_EQ(row.job, JobId{1});
  EXPECT_EQ(row.axes.at(0).count, 3U);
  ASSERT_TRUE(row.elements);
  EXPECT_EQ(row.elements->running, 2U);
  EXPECT_EQ(row.elements->finished, 1U);
  EXPECT_EQ(row.state, JobState::running);
  auto const elements = rig.replied<cmd::Jobs>(rig.says(cmd::ListJobs{"sweep", true})).rows;
  ASSERT_EQ(elements.size(), 3U);
  EXPECT_EQ(elements[0].state, JobState::finished);
  EXPECT_EQ(elements[0].host, Rank{1});

  rig.ended(1, third);
  rig.ended(2, second, failure());
  auto const over = rig.replied<cmd::Jobs>(rig.says(cmd::ShowJob{"1"})).rows.at(0);
  EXPECT_EQ(over.state, JobState::failed);
  EXPECT_EQ(over.outcome.reason, "of 3 elements 1 failed, 0 were cancelled");
  for (auto const& note : rig.notes()) {
    EXPECT_TRUE(note.level != Level::info || note.job.element() == 0) << note.text;
  }
}

TEST(AllocatorArrays, ARowShowsOnlySomeOfManyValues) {
  Rig rig({.slots = 0});
  auto array = Rig::sweep(1);
  array.axes[0].count = 0;
  for (int i = 0; i < 1000; ++i) array.axes[0].values.push_back(std::to_string(i));
  rig.submit(array);
  auto const row = rig.replied<cmd::Jobs>(rig.says(cmd::ShowJob{"1"})).rows.at(0);
  EXPECT_EQ(row.elements->waiting, 1000U);
  ASSERT_EQ(row.axes.at(0).values.size(), 21U);
  EXPECT_EQ(row.axes[0].values.back(), "… 980 more");
}

TEST(AllocatorArrays, ArgumentsAreCheckedForEveryValue) {
  Rig rig;
  auto array = Rig::sweep(2);
  array.axes = {{.name = "steps", .values = {"1", "2", "many"}}};
  EXPECT_EQ(refusal_of(rig, array),
            "bad_arguments: counter: steps='many' is malformed (a whole number: how far)");
  array = Rig::sweep(2);
  array.spec.arguments["steps"] = "1";
  EXPECT_EQ(refusal_of(rig, array),
            "bad_array: 'steps' is both an axis of the array and an argument: which?");
  array = Rig::sweep(2);
  array.axes[0].name = "step";
  EXPECT_EQ(refusal_of(rig, array),
            "bad_array: axis 'step' is no parameter of counter, and %{step} stands nowhere "
            "(did you mean 'steps'?)");
  array = Rig::counter();
  array.axes = {{.name = "a", .values = {"1", "x"}}, {.name = "repeat", .count = 1'000'000}};
  array.spec.arguments["steps"] = "%{a}0";
  EXPECT_EQ(refusal_of(rig, array),
            "bad_arguments: counter: steps='x0' is malformed (a whole number: how far)");
  array.axes[0].values = {"1", "2"};
  array.spec.directory = "/tmp/%{repaet}";
  EXPECT_EQ(refusal_of(rig, array),
            "bad_array: %{repaet} in '/tmp/%{repaet}': no axis of that name; did you mean "
            "%{repeat}?");
  array.axes[1].count = 10'000'000;
  array.spec.directory = "/tmp";
  EXPECT_EQ(refusal_of(rig, array).substr(0, 52), "bad_array: the array has 20000000 elements, at most ");
  EXPECT_EQ(rig.ledger().next_job(), JobId{1});
}

TEST(AllocatorArrays, TooManyFailuresCancelTheRest) {
  Rig rig({.hosts = 1, .slots = 3});
  auto array = Rig::sweep(100);
  array.spec.max_failed = 1;
  rig.submit(array);
  auto const first = rig.granted(1), second = rig.granted(1), third = rig.granted(1);
  rig.ended(1, first, failure());
  auto const fourth = rig.granted(1);
  rig.hears(1, msg::JobEnded{second.job, second.epoch, failure()});
  rig.appended<log::Ended>();
  auto const cancelled = rig.appended<log::ElementsCancelled>();
  EXPECT_EQ(cancelled.runs, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{5, 100}}));
  EXPECT_EQ(cancelled.reason, "2 elements of array 1 failed, more than its max_failed of 1");
  EXPECT_EQ(counts(rig).running, 2U) << "running ones go on";
  auto const row = rig.replied<cmd::Jobs>(rig.says(cmd::ShowJob{"1_50"})).rows.at(0);
  EXPECT_EQ(row.state, JobState::cancelled);
  EXPECT_EQ(row.outcome.reason, cancelled.reason);
  rig.hears(1, msg::JobEnded{third.job, third.epoch, {Ending::crashed, "killed", "", 1}});
  rig.appended<log::Crashed>();
  EXPECT_EQ(rig.appended<log::Ended>().outcome.ending, Ending::cancelled) << "it would have to start again";
  rig.ended(1, fourth);
  EXPECT_EQ(counts(rig).finished, 1U);
}

TEST(AllocatorArrays, ACrashedElementIsTriedAgainFirst) {
  Rig rig({.hosts = 1, .slots = 1});
  rig.submit(Rig::sweep(3));
  auto const first = rig.granted(1);
  rig.started(1, first);
  rig.hears(1, msg::JobEnded{first.job, first.epoch, {Ending::crashed, "killed", "", 1}});
  rig.appended<log::Crashed>();
  auto const again = rig.granted(1);
  EXPECT_EQ(again.job, first.job);
  EXPECT_EQ(again.epoch, Epoch{2});
  rig.started(1, again);
  rig.sleep(1s);
  rig.ended(1, again);
  EXPECT_EQ(rig.granted(1).job, element(1, 2));
}

TEST(AllocatorArrays, FailuresAreNotedUpToALimit) {
  Rig rig({.hosts = 1, .slots = 1});
  rig.submit(Rig::sweep(200));
  for (int i = 0; i < 200; ++i) rig.ended(1, rig.granted(1), failure());
  EXPECT_LT(rig.notes().size(), 40U);
}

TEST(AllocatorAfter, StartsWhenTheOthersHaveFinished) {
  Rig rig({.hosts = 1, .slots = 4});
  auto report = after(after(Rig::named("report"), "sweep"), "other", Dependency::Until::ended);
  submit(rig, {report, Rig::sweep(2, "sweep"), Rig::named("other")});
  auto const first = rig.granted(1), second = rig.granted(1), other = rig.granted(1);
  EXPECT_EQ(first.job, element(2, 1)) << "the report, job 1, waits";
  EXPECT_EQ(rig.record(JobId{1}).spec.after[0].id, JobId{2});
  EXPECT_EQ(rig.failed(rig.says(cmd::Suspend{"report"})),
            "waiting_for_job: job 1 \"report\" is waiting for job 2 to be over");
  rig.ended(1, first);
  rig.ended(1, other, failure());
  rig.ended(1, second);
  EXPECT_EQ(rig.granted(1).job, JobId{1});
}

TEST(AllocatorAfter, WhatCanNeverStartIsCancelledWithTheReason) {
  Rig rig({.hosts = 1, .slots = 4});
  submit(rig, {Rig::sweep(2, "sweep"), after(Rig::sweep(3, "second"), "sweep"),
               after(Rig::named("third"), "second"),
               after(Rig::named("last_words"), "third", Dependency::Until::ended)});
  auto const first = rig.granted(1), second = rig.granted(1);
  rig.hears(1, msg::JobEnded{first.job, first.epoch, failure()});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.appended<log::ElementsCancelled>().reason,
            "it was to start after array 1 \"sweep\" finished, and 1 of its elements failed");
  EXPECT_EQ(rig.appended<log::Ended>().outcome.reason,
            "it was to start after array 2 \"second\" finished, and 3 of its elements were cancelled");
  EXPECT_EQ(rig.granted(1).job, JobId{4}) << "it only wanted the third to be over";
  rig.ended(1, second);
}

TEST(AllocatorAfter, CirclesAndUnknownNamesAreRefused) {
  Rig rig;
  auto const refusal = [&](std::vector<JobArray> jobs) {
    auto const command = rig.says(cmd::Submit{std::move(jobs)});
    rig.feed(TypesFound{rig.sought().request, Rig::types()});
    return rig.refused(command);
  };
  EXPECT_EQ(refusal({after(Rig::named("a"), "b"), after(Rig::named("b"), "c"), after(Rig::named("c"), "a")}),
            "bad_after: these wait for each other: 'a' after 'b' after 'c' after 'a'");
  EXPECT_EQ(refusal({after(Rig::named("a"), "a")}), "bad_after: these wait for each other: 'a' after 'a'");
  EXPECT_EQ(refusal({after(Rig::named("report"), "swep"), Rig::sweep(2, "sweep")}),
            "bad_after: 'report' is to start after 'swep': no such job (did you mean 'sweep'?); whole jobs "
            "and arrays "
            "can be named");
  EXPECT_EQ(refusal({after(Rig::named("report"), "7")}),
            "bad_after: 'report' is to start after '7': no such job; whole jobs and arrays can be named");
}

TEST(AllocatorAfter, HoldsInTheNextWorld) {
  Ledger ledger;
  {
    Rig rig({.slots = 0});
    submit(rig, {after(Rig::sweep(2, "second"), "first"), Rig::named("first")});
    ledger = rig.ledger();
  }
  Rig rig({.hosts = 1, .slots = 4, .ledger = ledger, .term = Term{2}});
  auto const first = rig.granted(1);
  EXPECT_EQ(first.job, JobId{2});
  rig.ended(1, first);
  EXPECT_EQ(rig.granted(1).job, element(1, 1));
  EXPECT_EQ(rig.granted(1).job, element(1, 2));
}

TEST(AllocatorArrays, AWaitIsAnsweredWithTheLastElement) {
  Rig rig({.hosts = 2, .slots = 2});
  rig.submit(Rig::sweep(5));
  std::vector<msg::StartJob> starts;
  for (int const host : {1, 2, 1, 2}) starts.push_back(rig.granted(host));
  auto const all = rig.says(cmd::Wait{{"1", "1_2"}});
  auto const some = rig.says(cmd::Wait{{"1_2-3"}});
  auto const running = rig.says(cmd::Wait{{"1@running"}});
  auto const waiting = rig.says(cmd::Wait{{"1@waiting"}});
  rig.sleep(1s);
  rig.ended(2, starts[1]);
  starts.push_back(rig.granted(2));
  rig.ended(1, starts[2]);
  EXPECT_EQ(rig.replied<cmd::Jobs>(some).rows.size(), 2U);
  rig.hears(1, msg::JobEnded{starts[0].job, Epoch{1}, failure()});
  rig.appended<log::Ended>();
  rig.loses(2);  // with elements 4 and 5, which nobody has to wait for any less
  auto const fourth = rig.granted(1), fifth = rig.granted(1);
  EXPECT_EQ(fourth.epoch, Epoch{2});
  rig.hears(1, msg::JobEnded{fourth.job, fourth.epoch, {}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.replied<cmd::Jobs>(running).rows.size(), 4U);
  rig.hears(1, msg::JobEnded{fifth.job, fifth.epoch, {}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.replied<cmd::Jobs>(waiting).rows.at(0).job, element(1, 5));
  auto const rows = rig.replied<cmd::Jobs>(all).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].elements->finished, 4U);
}

TEST(AllocatorArrays, CancellingAWaitingElementCountsForAWait) {
  Rig rig({.slots = 0});
  rig.submit(Rig::sweep(5));
  auto const wait = rig.says(cmd::Wait{{"1_2-3"}});
  auto const cancel = rig.says(cmd::Cancel{"1_1-4"});
  rig.appended<log::ElementsCancelled>();
  EXPECT_EQ(rig.acted(cancel).what, "4 waiting elements cancelled");
  EXPECT_EQ(rig.replied<cmd::Jobs>(wait).rows.size(), 2U);
}

TEST(AllocatorArrays, CancellingAnArrayIsOneEventAndABoundedAnswer) {
  Rig rig({.hosts = 1, .slots = 2});
  rig.submit(Rig::sweep(200'000));
  auto const first = rig.granted(1), second = rig.granted(1);
  rig.started(1, first);
  rig.started(1, second);
  rig.hears(1, msg::Checkpointed{first.job, Epoch{1}, {Epoch{1}, Generation{1}, ""}, {}, std::nullopt});
  rig.appended<log::Checkpointed>();
  auto const cancel = rig.says(cmd::Cancel{"1"});
  EXPECT_EQ(rig.appended<log::ElementsCancelled>().runs.size(), 1U);
  for (int i = 0; i < 2; ++i) rig.sent<msg::CancelJob>(1);
  for (auto const& start : {first, second}) {
    rig.hears(1, msg::JobEnded{start.job, start.epoch, {Ending::cancelled, "", "", 0}});
    rig.appended<log::Ended>();
  }
  auto const acts = rig.replied<cmd::Acted>(cancel).acts;
  ASSERT_EQ(acts.size(), 3U);
  EXPECT_EQ(acts[0].job, JobId{1});
  EXPECT_EQ(acts[0].what, "199998 waiting elements cancelled");
  EXPECT_EQ(rig.refused(rig.says(cmd::Cancel{"1"})),
            "no_live_job: none of 1 can be cancelled now: 200000 cancelled");
}

TEST(AllocatorArrays, ANewWorldGoesOnWithAllThatIsLeft) {
  Ledger ledger;
  {
    Rig rig({.hosts = 1, .slots = 2});
    rig.submit(Rig::sweep(4));
    auto const first = rig.granted(1), second = rig.granted(1);
    rig.started(1, first);
    rig.started(1, second);
    rig.sleep(1s);
    rig.ended(1, first);
    rig.granted(1);
    ledger = rig.ledger();
  }
  Rig rig({.hosts = 1, .slots = 2, .ledger = ledger, .term = Term{2}});
  auto const second = rig.granted(1), third = rig.granted(1);
  EXPECT_EQ(second.job, element(1, 2));
  EXPECT_EQ(second.epoch, Epoch{2});
  EXPECT_EQ(third.job, element(1, 3));
  rig.started(1, second);
  rig.started(1, third);
  rig.sleep(1s);
  rig.ended(1, second);
  EXPECT_EQ(rig.granted(1).job, element(1, 4));
}

TEST(AllocatorAhead, ShortJobsAreGrantedAheadUpTo100Milliseconds) {
  Rig rig({.hosts = 1, .slots = 2});
  rig.submit(Rig::sweep(500));
  auto const first = rig.granted(1), second = rig.granted(1);
  rig.started(1, first);
  rig.sleep(2ms);
  rig.ended(1, first);
  for (std::uint32_t i = 3; i <= 2 + 100 + 1;
       ++i) {  // 2 slots, 100 ms of 2 ms each on both; and the one that ended
    EXPECT_EQ(rig.granted(1).job, element(1, i));
  }
  rig.nothing_more();
  rig.sleep(60s);  // one that takes long: no more beyond the slots
  rig.ended(1, second);
}

TEST(AllocatorAhead, AtMost256AndNeverWhileAnotherHostHasRoom) {
  Rig rig({.hosts = 2, .slots = 1});
  rig.submit(Rig::sweep(1000));
  auto const first = rig.granted(1), second = rig.granted(2);
  rig.ended(1, first);
  for (int i = 0; i < 257; ++i) rig.granted(1);
  rig.nothing_more();
  rig.ended(2, second);
  for (int i = 0; i < 257; ++i) rig.granted(2);
}

TEST(AllocatorAhead, OneThatIsQueuedCanBeCancelledAndGrantedAgain) {
  Rig rig({.hosts = 2, .slots = 1});
  rig.submit(Rig::sweep(4));
  auto const first = rig.granted(1), second = rig.granted(2);
  rig.sleep(5ms);
  rig.ended(1, first);
  auto const third = rig.granted(1), fourth = rig.granted(1);
  auto const cancel = rig.says(cmd::Cancel{"1_4"});
  auto const order = rig.sent<msg::CancelJob>(1);
  EXPECT_EQ(order.job, fourth.job);
  rig.ended(1, fourth, {Ending::cancelled, "", "", 0});
  EXPECT_EQ(rig.acted(cancel).what, "cancelled");
  rig.loses(1);
  EXPECT_EQ(rig.record(third.job).state, JobState::waiting);
  rig.hears(2, msg::JobEnded{second.job, second.epoch, {}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.granted(2).job, third.job);
}

}  // namespace
}  // namespace godwit::allocator
