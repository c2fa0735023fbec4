// The same submission again: what is the same is adopted by name, what has changed and has not started
// makes way for the new one, what has changed and has started is refused, what is new is submitted.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

struct Again {
  explicit Again(RigOptions options) : rig(std::move(options)) {}
  CommandId submit(std::vector<JobArray> jobs) {
    auto const command = rig.says(cmd::Submit{std::move(jobs), true});
    rig.feed(TypesFound{rig.sought().request, Rig::types()});
    return command;
  }
  void first(std::vector<JobArray> jobs) {
    auto const size = jobs.size();
    auto const command = submit(std::move(jobs));
    for (std::size_t i = 0; i < size; ++i) rig.appended<log::Submitted>();
    rig.replied<cmd::Submitted>(command);
  }
  Rig rig;
};

TEST(AllocatorAdoption, TheSameArrayIsAdopted) {
  Again again({.hosts = 1, .slots = 1});
  again.first({Rig::sweep(3, "sweep")});
  again.rig.ended(1, again.rig.granted(1));
  for (int i = 0; i < 2; ++i) again.rig.granted(1);
  auto const command = again.submit({Rig::sweep(3, "sweep")});
  auto const answer = again.rig.replied<cmd::Submitted>(command);
  EXPECT_EQ(answer.jobs, std::vector{JobId{1}});
  EXPECT_EQ(answer.adopted, std::vector{true});
}

TEST(AllocatorAdoption, AChangedOneThatHasStartedIsRefusedByName) {
  Again again({.hosts = 1, .slots = 1});
  again.first({Rig::sweep(3, "sweep"), Rig::named("single")});
  again.rig.granted(1);
  EXPECT_EQ(again.rig.refused(again.submit({Rig::named("single"), Rig::sweep(4, "sweep")})),
            "name_taken: job 2 of 2 (\"sweep\"): name 'sweep' is taken by job 1, which is another job and "
            "has started "
            "already (2 of 3 elements wait); choose another name or another store");
  auto changed = Rig::named("single");
  changed.arguments["steps"] = "101";
  auto const twice = again.submit({changed, Rig::named("single")});
  EXPECT_EQ(again.rig.refused(twice),
            "name_taken: job 2 of 2 (\"single\"): name 'single' stands twice in this "
            "submission, for different jobs");
}

TEST(AllocatorAdoption, AChangedOneThatWaitsMakesWay) {
  Again again({.slots = 0});
  again.first({Rig::sweep(3, "sweep"), Rig::named("single")});
  auto changed = Rig::named("single");
  changed.arguments["steps"] = "101";
  auto const command = again.submit({Rig::sweep(4, "sweep"), changed});
  EXPECT_EQ(again.rig.appended<log::Submitted>().job, JobId{3});
  EXPECT_EQ(again.rig.appended<log::ElementsCancelled>().array, JobId{1});
  EXPECT_EQ(again.rig.appended<log::Submitted>().job, JobId{4});
  auto const ended = again.rig.appended<log::Ended>();
  EXPECT_EQ(ended.job, JobId{2});
  EXPECT_EQ(ended.outcome.reason, "it was changed, and submitted again as job 4");
  auto const answer = again.rig.replied<cmd::Submitted>(command);
  EXPECT_EQ(answer.jobs, (std::vector{JobId{3}, JobId{4}}));
  EXPECT_EQ(answer.adopted, (std::vector{false, false}));
  EXPECT_EQ(again.rig.replied<cmd::Jobs>(again.rig.says(cmd::ShowJob{"sweep"})).rows.at(0).job, JobId{3});
  bool noted = false;
  for (auto const& note : again.rig.notes()) {
    noted |= note.text ==
             "job 1 of the same name had not started, and is cancelled: it has changed, array 3 \"sweep\" "
             "takes its "
             "place";
  }
  EXPECT_TRUE(noted);
}

// A job that waits for another is another job when it waits for another one.
TEST(AllocatorAdoption, WhatItWaitsForIsPartOfAJob) {
  Again again({.slots = 0});
  auto report = Rig::named("report");
  report.after = {{"sweep", {}, Dependency::Until::finished}};
  again.first({report, Rig::sweep(3, "sweep")});
  auto const same = again.submit({report, Rig::sweep(3, "sweep")});
  EXPECT_EQ(again.rig.replied<cmd::Submitted>(same).adopted, (std::vector{true, true}));

  auto const command = again.submit({report, Rig::sweep(4, "sweep"), Rig::named("other")});
  EXPECT_EQ(again.rig.appended<log::Submitted>().work.spec.after[0].id, JobId{4});
  again.rig.appended<log::Ended>();
  again.rig.appended<log::Submitted>();
  again.rig.appended<log::ElementsCancelled>();
  again.rig.appended<log::Submitted>();
  EXPECT_EQ(again.rig.replied<cmd::Submitted>(command).jobs, (std::vector{JobId{3}, JobId{4}, JobId{5}}));
}

}  // namespace
}  // namespace godwit::allocator
