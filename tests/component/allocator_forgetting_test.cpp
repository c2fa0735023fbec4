// Jobs that have been over for long are forgotten, by age or number, but never one that matters still; who had a name is found again
// by the same submission, and its number is given to nobody.
#include "component/allocator_rig.hpp"

namespace godwit::allocator::forgetting_test {
namespace {

constexpr Duration year = std::chrono::hours(24 * 365);

JobId finished(Rig& rig, JobSpec const& spec = Rig::counter()) {
  auto const job = rig.submit(spec);
  auto const start = rig.granted(1);
  rig.started(1, start);
  rig.ended(1, start);
  return job;
}

// Whatever the allocator makes of it, it does at the ping.
Rig& look_again(Rig& rig) {
  rig.sleep(1100ms);
  rig.replied<cmd::Pong>(rig.says(cmd::Ping{}));
  return rig;
}
Rig& grow_old(Rig& rig) {
  rig.let_years_pass(2);
  return look_again(rig);
}

std::vector<JobId> rows(Rig& rig, cmd::JobReference const& which = "all") {
  std::vector<JobId> jobs;
  for (auto const& row : rig.replied<cmd::Jobs>(rig.says(cmd::ListJobs{which, false, 0})).rows) jobs.push_back(row.job);
  return jobs;
}

TEST(Forgetting, ByAge) {
  Rig rig{{.hosts = 1, .history_age = year}};
  auto const old = finished(rig);
  look_again(rig);
  EXPECT_EQ(rows(rig), std::vector{old});
  auto const runs = rig.running(1);
  grow_old(rig);
  auto const event = rig.appended<log::Forgotten>();
  EXPECT_EQ(event.jobs, std::vector{old}) << "not one that runs, however old";
  EXPECT_LT(event.before, event.at);
  EXPECT_EQ(rows(rig), std::vector{runs});
  EXPECT_NE(rig.refused(rig.says(cmd::ShowJob{"1"})).find("forgotten"), std::string::npos);
  EXPECT_EQ(rig.ledger().next_job(), JobId{3});
}

TEST(Forgetting, ByNumberTheOldestFirst) {
  Rig rig{{.hosts = 1, .history_jobs = 2}};
  finished(rig);
  finished(rig);
  look_again(rig).nothing_more();
  finished(rig);
  finished(rig);
  look_again(rig);
  EXPECT_EQ(rig.appended<log::Forgotten>().jobs, (std::vector{JobId{1}, JobId{2}}));
  EXPECT_EQ(rows(rig), (std::vector{JobId{3}, JobId{4}}));
  EXPECT_EQ(rows(rig, "last"), std::vector{JobId{4}});
}

TEST(Forgetting, AnArrayIsForgottenAsAWhole) {
  Rig rig{{.hosts = 1, .slots = 1, .history_age = year}};
  auto const array = rig.submit(Rig::sweep(2));
  auto start = rig.granted(1);
  rig.started(1, start);
  rig.hears(1, msg::JobEnded{start.job, start.epoch, {}});
  rig.appended<log::Ended>();
  start = rig.granted(1);
  rig.started(1, start);
  grow_old(rig).nothing_more();
  rig.ended(1, start);
  grow_old(rig);
  EXPECT_EQ(rig.appended<log::Forgotten>().jobs, std::vector{array});
  EXPECT_TRUE(rig.ledger().arrays().empty());
  EXPECT_EQ(rig.ledger().counts().all(), 0U);
}

TEST(Forgetting, TheSameSubmissionFindsAForgottenJobByItsName) {
  Rig rig{{.hosts = 1, .history_age = year}};
  auto const job = finished(rig, Rig::named("plate"));
  grow_old(rig);
  rig.appended<log::Forgotten>();
  auto const submit = [&](JobSpec spec) {
    auto const command = rig.says(cmd::Submit{{JobArray(std::move(spec))}, true});
    rig.feed(TypesFound{rig.sought().request, Rig::types()});
    return command;
  };
  auto const same = rig.replied<cmd::Submitted>(submit(Rig::named("plate")));
  EXPECT_EQ(same.jobs, std::vector{job});
  EXPECT_EQ(same.adopted, std::vector{true});
  auto other = Rig::named("plate");
  other.cores = 2;
  EXPECT_NE(rig.refused(submit(other)).find("name_taken"), std::string::npos);
  auto const row = rig.replied<cmd::Jobs>(rig.says(cmd::ListJobs{"plate", false, 0})).rows.at(0);
  EXPECT_EQ(row.job, job);
  EXPECT_EQ(row.state, JobState::finished);
  EXPECT_TRUE(rows(rig).empty()) << "it is in no list";
  EXPECT_EQ(rig.replied<cmd::Jobs>(rig.says(cmd::Wait{{"plate"}})).rows.size(), 1U) << "nobody waits for it";
  EXPECT_EQ(rig.replied<cmd::Counts>(rig.says(cmd::Count{{"1"}})).counts.finished, 1U);
  EXPECT_NE(rig.refused(rig.says(cmd::Retry{"plate", false})).find("job_forgotten"), std::string::npos);
  EXPECT_NE(rig.refused(rig.says(cmd::Cancel{"plate"})).find("job_forgotten"), std::string::npos);
}

TEST(Forgetting, AnotherMayStartAfterAForgottenOne) {
  Rig rig{{.hosts = 1, .history_age = year}};
  finished(rig, Rig::named("first"));
  grow_old(rig);
  rig.appended<log::Forgotten>();
  auto second = Rig::named("second");
  second.after.push_back({"first", {}, Dependency::Until::finished});
  rig.submit(second);
  rig.granted(1);
}

TEST(Forgetting, NotWhatAnotherHasYetToBeginFrom) {
  Rig rig{{.hosts = 1, .history_age = year}};
  auto const source = rig.submit(Rig::counter());
  auto const first = rig.granted(1);
  rig.started(1, first);
  rig.hears(1, msg::Checkpointed{source, Epoch{1}, image_of(source, 1, 1), {}, {}});
  rig.appended<log::Checkpointed>();
  rig.ended(1, first);
  auto const command = rig.says(cmd::Restart{"1", 0, 0, {}, false});
  auto const clone = rig.appended<log::Cloned>().job;
  auto const start = rig.granted(1);
  ASSERT_EQ(start.job, clone);
  grow_old(rig).nothing_more();
  rig.hears(1, msg::JobStarted{clone, start.epoch, start.images.back(), 5, false, {}});
  rig.appended<log::Started>();
  rig.acted(command);
  rig.hears(1, msg::Checkpointed{clone, start.epoch, image_of(clone, 1, 2), {}, {}});
  rig.appended<log::Checkpointed>();
  grow_old(rig);
  EXPECT_EQ(rig.appended<log::Forgotten>().jobs, std::vector{source}) << "the clone has one of its own by now";
}

TEST(Forgetting, WhatIsRetriedIsNotOver) {
  Rig rig{{.hosts = 1, .history_age = year}};
  auto const job = rig.submit(Rig::counter());
  auto const start = rig.granted(1);
  rig.started(1, start);
  rig.ended(1, start, {Ending::failed, "it broke", "", 0, Duration{0}});
  auto const command = rig.says(cmd::Retry{"1", false});
  rig.appended<log::Retried>();
  rig.replied<cmd::Acted>(command);
  rig.granted(1);
  grow_old(rig).nothing_more();
  EXPECT_EQ(rows(rig), std::vector{job});
}

}  // namespace
}  // namespace godwit::allocator::forgetting_test
