// References to jobs and to elements of arrays, wherever a command takes one; what is listed and counted;
// and the record of who gave which command.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

JobId element(std::uint32_t index) {
  return JobId::of_element(1, index);
}

// Array 1 "sweep" of 300: 1 finished, 2 failed, 3 runs on host 1, the others wait. Job 2 "run_3" waits.
struct Scene {
  Scene() {
    rig.submit(Rig::sweep(300, "sweep"));
    for (auto const& ending : {Ending::finished, Ending::failed}) {
      auto const start = rig.granted(1);
      rig.started(1, start);
      rig.sleep(1s);
      rig.hears(1, msg::JobEnded{start.job, start.epoch, {ending, "", "", 7}});
      rig.appended<log::Ended>();
    }
    rig.started(1, rig.granted(1));
    auto single = Rig::counter();
    single.name = "run_3";
    rig.submit(single);
  }
  std::vector<JobId> shown(std::string const& reference) {
    std::vector<JobId> jobs;
    for (auto const& row : rig.replied<cmd::Jobs>(rig.says(cmd::ShowJob{reference})).rows) jobs.push_back(row.job);
    return jobs;
  }
  std::string refused(std::string const& reference) {
    auto const shown = rig.refused(rig.says(cmd::ShowJob{reference}));
    EXPECT_EQ(rig.refused(rig.says(cmd::ListJobs{reference})), shown);
    EXPECT_EQ(rig.refused(rig.says(cmd::Count{{"1", reference}})), shown);
    EXPECT_EQ(rig.refused(rig.says(cmd::Wait{{"1", reference}})), shown);
    EXPECT_EQ(rig.refused(rig.says(cmd::Cancel{reference})), shown);
    EXPECT_EQ(rig.refused(rig.says(cmd::Migrate{reference, Rank{2}})), shown);
    EXPECT_EQ(rig.refused(rig.says(cmd::Call{reference, "f", {}})), shown);
    return shown;
  }
  Rig rig{{.hosts = 1, .slots = 1}};
};

TEST(AllocatorReferences, StandForJobsArraysAndElements) {
  Scene scene;
  EXPECT_EQ(scene.shown("1"), std::vector{JobId{1}});
  EXPECT_EQ(scene.shown("sweep"), std::vector{JobId{1}});
  EXPECT_EQ(scene.shown("1_3"), std::vector{element(3)});
  EXPECT_EQ(scene.shown("sweep_300"), std::vector{element(300)});
  EXPECT_EQ(scene.shown("1_2-4"), (std::vector{element(2), element(3), element(4)}));
  EXPECT_EQ(scene.shown("1@failed"), std::vector{element(2)});
  EXPECT_EQ(scene.shown("sweep@finished"), std::vector{element(1)});
  EXPECT_EQ(scene.shown("all@running"), std::vector{element(3)});
  EXPECT_EQ(scene.shown("sweep_3-5@waiting"), (std::vector{element(4), element(5)}));
  EXPECT_EQ(scene.shown("1@suspended"), std::vector<JobId>{});
  EXPECT_EQ(scene.shown("run_3"), std::vector{JobId{2}}) << "the whole name comes first";
  EXPECT_EQ(scene.shown("last"), std::vector{JobId{2}});
  EXPECT_EQ(scene.shown("all"), (std::vector{JobId{1}, JobId{2}}));
}

TEST(AllocatorReferences, SayWhatIsWrongWithThem) {
  Scene scene;
  EXPECT_EQ(scene.refused("3"), "no_such_job: no such job: 3");
  EXPECT_EQ(scene.refused("nobody_4"), "no_such_job: no such job: nobody_4");
  EXPECT_EQ(scene.refused("1_x"), "no_such_job: no such job: 1_x");
  EXPECT_EQ(scene.refused("2_1"), "not_an_array: job 2 is not an array");
  EXPECT_EQ(scene.refused("1_301"), "no_such_element: no such elements: 1_301; array 1 has elements 1..300");
  EXPECT_EQ(scene.refused("1_0"), "no_such_element: no such elements: 1_0; array 1 has elements 1..300");
  EXPECT_EQ(scene.refused("1_9-3"), "no_such_element: no such elements: 1_9-3; array 1 has elements 1..300");
  EXPECT_EQ(scene.refused("1@faild"),
            "bad_reference: @faild: jobs are waiting, running, suspended, finished, failed, cancelled, stranded, held "
            "(did you mean @failed?)");
}

TEST(AllocatorReferences, NamesThatLookLikeOnesAreRefused) {
  Rig rig;
  for (char const* name : {"7", "7_3", "7_1-20", "x@failed", "last", "last_3", "all"}) {
    auto spec = Rig::counter();
    spec.name = name;
    auto const command = rig.says(cmd::Submit{{spec}});
    rig.feed(TypesFound{rig.sought().request, Rig::types()});
    EXPECT_EQ(rig.refused(command).substr(0, 8), "bad_name") << name;
  }
}

TEST(AllocatorReferences, CountsAndListsAreBounded) {
  Scene scene;
  auto const counts = [&](std::vector<cmd::JobReference> references) {
    return scene.rig.replied<cmd::Counts>(scene.rig.says(cmd::Count{std::move(references)})).counts;
  };
  EXPECT_EQ(counts({}).waiting, 298U);
  EXPECT_EQ(counts({"1"}).waiting, 297U);
  EXPECT_EQ(counts({"1_1-10", "1_5-20"}).all(), 20U);
  EXPECT_EQ(counts({"1@failed"}).failed, 1U);
  auto const listed = scene.rig.replied<cmd::Jobs>(scene.rig.says(cmd::ListJobs{"1_1-300", false, 10}));
  EXPECT_EQ(listed.rows.size(), 10U);
  EXPECT_EQ(listed.left_out, 290U);
  EXPECT_EQ(scene.rig.replied<cmd::Jobs>(scene.rig.says(cmd::ListJobs{"", true})).rows.size(), 4U)
      << "three elements that differ, and job 2";
  Rig big({.slots = 0});
  big.submit(Rig::sweep(1'000'000));
  auto const all = big.replied<cmd::Jobs>(big.says(cmd::ListJobs{"1_1-1000000"}));
  EXPECT_EQ(all.rows.size(), cmd::rows_max);
  EXPECT_EQ(all.left_out, 999'000U);
}

TEST(AllocatorReferences, ActsOnElements) {
  Scene scene;
  auto& rig = scene.rig;
  EXPECT_EQ(rig.failed(rig.says(cmd::Suspend{"1_1"})), "already_ended: job 1_1 \"sweep\" already finished");
  EXPECT_EQ(rig.failed(rig.says(cmd::Call{"1_1", "f", {}})), "already_ended: job 1_1 \"sweep\" already finished");
  EXPECT_EQ(rig.failed(rig.says(cmd::Cancel{"1_2"})), "already_ended: job 1_2 \"sweep\" already failed");
  EXPECT_EQ(rig.failed(rig.says(cmd::Checkpoint{"1_9"})),
            "waiting_for_host: job 1_9 \"sweep\" is waiting for a host");
  EXPECT_EQ(rig.refused(rig.says(cmd::Suspend{"1@waiting"})),
            "no_live_job: none of 1@waiting can be suspended now: 297 waiting");
  EXPECT_EQ(rig.refused(rig.says(cmd::Suspend{"1@stranded"})),
            "no_live_job: none of 1@stranded can be suspended now: there is none");
  auto const cancel = rig.says(cmd::Cancel{"1_9"});
  EXPECT_EQ(rig.appended<log::ElementsCancelled>().runs.front().first, 9U);
  auto const act = rig.acted(cancel);
  EXPECT_EQ(act.job, element(9));
  EXPECT_EQ(act.what, "cancelled");
  EXPECT_EQ(rig.failed(rig.says(cmd::Cancel{"1_9"})), "already_ended: job 1_9 \"sweep\" already cancelled");
  auto const suspend = rig.says(cmd::Suspend{"sweep"});  // the one that runs
  auto const order = rig.sent<msg::SuspendJob>(1);
  EXPECT_EQ(order.job, element(3));
  rig.hears(1, msg::OrderDone{order.request, order.job, std::nullopt, {}});
  rig.appended<log::Suspended>();
  EXPECT_EQ(rig.acted(suspend).job, element(3));
}

TEST(AllocatorReferences, CommandsAreRecordedWithWhoGaveThem) {
  Scene scene;
  auto& rig = scene.rig;
  auto const before = rig.commanded().size();
  EXPECT_EQ(rig.commanded().at(0).text, "submit counter → array 1 \"sweep\", 300 elements");
  rig.refused(rig.says(cmd::Migrate{"9", Rank{2}}));
  auto unknown = Rig::counter();
  unknown.type = "coutner";
  auto const submit = rig.says(cmd::Submit{{unknown}});
  rig.feed(TypesFound{rig.sought().request, reject("no_such_type", "no job type 'coutner'")});
  rig.refused(submit);
  rig.failed(rig.says(cmd::Call{"1_1", "set_dt", {"0.1", "x"}}));
  rig.replied<cmd::Jobs>(rig.says(cmd::ListJobs{}));  // changes nothing
  ASSERT_EQ(rig.commanded().size(), before + 3);
  EXPECT_EQ(rig.commanded()[before].who, "anna@node0 (pid 99)");
  EXPECT_EQ(rig.commanded()[before].text, "migrate 9 2");
  EXPECT_EQ(rig.commanded()[before].refusal, "no such job: 9");
  EXPECT_EQ(rig.commanded()[before + 1].text, "submit coutner");
  EXPECT_EQ(rig.commanded()[before + 1].refusal, "no job type 'coutner'");
  EXPECT_EQ(rig.commanded()[before + 2].text, "call 1_1 set_dt 0.1 x");
  EXPECT_EQ(rig.commanded()[before + 2].refusal, "");
}

}  // namespace
}  // namespace godwit::allocator
