// From submission to the end: what is refused and why, in which order and where jobs are granted, what a
// crash and an end lead to, and who is told.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

Outcome finished(std::uint64_t steps) {
  return {Ending::finished, "", "", steps};
}
Outcome crash() {
  return {Ending::crashed, "killed by signal 11 (SIGSEGV)", "last words", 3};
}

std::string refusal_of(Rig& rig, JobSpec const& spec) {
  auto const command = rig.says(cmd::Submit{{spec}});
  rig.feed(TypesFound{rig.sought().request, Rig::types()});
  return rig.refused(command);
}

TEST(AllocatorJobs, SubmitGrantStartEnd) {
  Rig rig;
  auto const command = rig.says(cmd::Submit{{Rig::counter()}});
  auto const find = rig.sought();
  EXPECT_EQ(find.type, "counter");
  rig.feed(TypesFound{find.request, Rig::types()});
  auto const submitted = rig.appended<log::Submitted>();
  EXPECT_EQ(submitted.job, JobId{1});
  EXPECT_EQ(submitted.work.spec.plugin_digest, "00000000deadbeef");
  EXPECT_EQ(rig.replied<cmd::Submitted>(command).jobs, std::vector{JobId{1}});
  auto const start = rig.granted(1);
  EXPECT_EQ(start.epoch, Epoch{1});
  EXPECT_TRUE(start.images.empty());
  EXPECT_EQ(rig.record(JobId{1}).state, JobState::starting);

  rig.hears(1, msg::JobStarted{JobId{1}, Epoch{1}, std::nullopt, 0, false, {}});
  EXPECT_EQ(rig.appended<log::Started>().epoch, Epoch{1});
  auto const wait = rig.says(cmd::Wait{{"1"}});
  rig.hears(1, msg::JobEnded{JobId{1}, Epoch{1}, finished(100)});
  EXPECT_EQ(rig.appended<log::Ended>().outcome, finished(100));
  auto const rows = rig.replied<cmd::Jobs>(wait).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].state, JobState::finished);
  EXPECT_EQ(rows[0].outcome.steps, 100U);
}

TEST(AllocatorJobs, BadSubmissionsAreRefusedWhole) {
  Rig rig;
  auto spec = Rig::counter();
  spec.arguments = {{"setps", "3"}};
  EXPECT_EQ(
      refusal_of(rig, spec),
      "bad_arguments: counter: no parameter 'setps' (did you mean 'steps'?); steps=… is missing (a whole "
      "number: how far)");
  spec = Rig::counter();
  spec.name = "all";
  EXPECT_EQ(refusal_of(rig, spec).substr(0, 8), "bad_name");
  spec.name = "12";
  EXPECT_EQ(refusal_of(rig, spec).substr(0, 8), "bad_name");
  spec = Rig::counter();
  spec.host = Rank{9};
  EXPECT_EQ(refusal_of(rig, spec), "no_such_host: host 9 does not exist: hosts are 1..3");
  spec.host = Rank{0};
  EXPECT_EQ(refusal_of(rig, spec).substr(0, 12), "no_such_host");
  spec = Rig::counter();
  spec.cores = 0;
  EXPECT_EQ(refusal_of(rig, spec).substr(0, 9), "bad_cores");

  auto bad = Rig::counter();
  bad.name = "second";
  bad.arguments["steps"] = "many";
  auto const command = rig.says(cmd::Submit{{Rig::counter(), bad}});
  rig.feed(TypesFound{rig.sought().request, Rig::types()});
  EXPECT_EQ(
      rig.refused(command),
      "bad_arguments: job 2 of 2 (\"second\"): counter: steps='many' is malformed (a whole number: how far)");
  EXPECT_TRUE(rig.ledger().jobs().empty());
  EXPECT_EQ(rig.refused(rig.says(cmd::Submit{})).substr(0, 5), "empty");
}

TEST(AllocatorJobs, AnUnknownTypeIsRefusedAsTheCatalogueSays) {
  Rig rig;
  auto spec = Rig::counter(), other = Rig::counter();
  spec.type = "coutner";
  auto const why = reject("no_such_type", "no job type 'coutner'");
  auto const command = rig.says(cmd::Submit{{other, spec}});
  auto const known = rig.sought();
  rig.feed(TypesFound{rig.sought().request, why});
  EXPECT_EQ(rig.refused(command), "no_such_type: no job type 'coutner'");
  rig.feed(TypesFound{known.request, Rig::types()});  // of the same submission, too late
  EXPECT_TRUE(rig.ledger().jobs().empty());

  auto const list = rig.says(cmd::ListTypes{"coutner"});
  rig.feed(TypesFound{rig.sought().request, why});
  EXPECT_EQ(rig.refused(list), "no_such_type: no job type 'coutner'");
  auto const good = rig.says(cmd::ListTypes{});
  rig.feed(TypesFound{rig.sought().request, Rig::types()});
  EXPECT_EQ(rig.replied<cmd::Types>(good).types.size(), 2U);
}

TEST(AllocatorJobs, EachTypeIsLookedUpOnce) {
  Rig rig({.slots = 0});
  auto other = Rig::counter();
  other.type = "heat";
  auto const command = rig.says(cmd::Submit{{Rig::counter(), other, Rig::counter()}});
  auto const first = rig.sought(), second = rig.sought();
  rig.feed(TypesFound{second.request, Rig::types()});
  rig.feed(TypesFound{first.request, Rig::types()});
  for (int i = 0; i < 3; ++i) rig.appended<log::Submitted>();
  EXPECT_EQ(rig.replied<cmd::Submitted>(command).jobs.size(), 3U);
}

TEST(AllocatorJobs, AdoptsWhatIsKnownByNameAndSpec) {
  Rig rig({.slots = 0});
  auto spec = Rig::counter();
  spec.name = "plate";
  rig.submit(spec);
  auto fresh = spec;
  fresh.name = "other";
  auto const again = rig.says(cmd::Submit{{spec, fresh, fresh}, true});
  auto newer = Rig::types();
  newer[0].plugin_digest = "another build";
  rig.feed(TypesFound{rig.sought().request, newer});
  EXPECT_EQ(rig.appended<log::Submitted>().job, JobId{2});
  auto const answer = rig.replied<cmd::Submitted>(again);
  EXPECT_EQ(answer.jobs, (std::vector{JobId{1}, JobId{2}, JobId{2}}));
  EXPECT_EQ(answer.adopted, (std::vector{true, false, true}));
}

TEST(AllocatorJobs, FirstComeFirstServedOnTheLeastLoadedHost) {
  Rig rig({.hosts = 2, .slots = 2});
  for (int const host : {1, 2, 1, 2}) {
    rig.submit(Rig::counter());
    rig.started(host, rig.granted(host));
  }
  rig.submit(Rig::counter());  // 5 waits
  auto pinned = Rig::counter();
  pinned.host = Rank{2};
  rig.submit(pinned);          // 6 waits for host 2
  rig.submit(Rig::counter());  // 7
  rig.sleep(1s);               // too long to be granted ahead
  rig.hears(1, msg::JobEnded{JobId{1}, Epoch{1}, finished(1)});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.granted(1).job, JobId{5});
  rig.hears(1, msg::JobEnded{JobId{3}, Epoch{1}, finished(1)});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.granted(1).job, JobId{7}) << "a job pinned to a full host holds nobody up";
  rig.hears(2, msg::JobEnded{JobId{2}, Epoch{1}, finished(1)});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.granted(2).job, JobId{6});
}

TEST(AllocatorJobs, ThousandsWaitInOrder) {
  Rig rig({.hosts = 1, .slots = 1});
  constexpr std::size_t jobs = 5000;
  auto const command = rig.says(cmd::Submit{std::vector<JobArray>(jobs, Rig::counter())});
  rig.feed(TypesFound{rig.sought().request, Rig::types()});
  for (std::size_t i = 0; i < jobs; ++i) rig.appended<log::Submitted>();
  rig.replied<cmd::Submitted>(command);
  for (std::uint64_t i = 1; i <= jobs; ++i) {
    auto const start = rig.granted(1);
    ASSERT_EQ(start.job, JobId{i});
    rig.started(1, start);
    rig.sleep(1s);  // too long to be granted ahead
    rig.hears(1, msg::JobEnded{start.job, start.epoch, finished(1)});
    rig.appended<log::Ended>();
  }
}

TEST(AllocatorJobs, ACrashedJobIsGrantedAgainUpToItsLimit) {
  Rig rig;
  auto spec = Rig::counter();
  spec.crash_limit = 2;
  auto const job = rig.running(1, spec);
  rig.hears(1,
            msg::Checkpointed{job, Epoch{1}, {Epoch{1}, Generation{1}, "x"}, {10, 1ms, 2ms}, std::nullopt});
  EXPECT_EQ(rig.appended<log::Checkpointed>().image, (log::ImageKey{Epoch{1}, Generation{1}}));
  auto const wait = rig.says(cmd::Wait{});
  rig.hears(1, msg::JobEnded{job, Epoch{1}, crash()});
  rig.appended<log::Crashed>();
  auto const start = rig.granted(1);
  EXPECT_EQ(start.epoch, Epoch{2});
  ASSERT_EQ(start.images.size(), 1U);
  EXPECT_EQ(start.images[0].path, "jobs/1/checkpoints/1-1.h5");

  rig.hears(1, msg::JobStarted{job, Epoch{1}, std::nullopt, 0, false, {}});  // of old: dropped
  EXPECT_EQ(rig.record(job).state, JobState::starting);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, crash()});  // likewise
  rig.hears(1, msg::JobEnded{job, Epoch{2}, crash()});  // it never even started
  rig.appended<log::Crashed>();
  auto const outcome = rig.appended<log::Ended>().outcome;
  EXPECT_EQ(outcome.ending, Ending::failed);
  EXPECT_EQ(outcome.reason, "crashed 2 times, the last time: killed by signal 11 (SIGSEGV)");
  EXPECT_EQ(outcome.log_tail, "last words");
  auto const rows = rig.replied<cmd::Jobs>(wait).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].crashes, 2U);
}

TEST(AllocatorJobs, AnOlderImageCutsTheLineage) {
  Rig rig;
  auto const job = rig.running(1);
  for (std::uint64_t g : {1, 2}) {
    rig.hears(1, msg::Checkpointed{job, Epoch{1}, {Epoch{1}, Generation{g}, ""}, {}, std::nullopt});
    rig.appended<log::Checkpointed>();
  }
  rig.hears(1, msg::JobEnded{job, Epoch{1}, crash()});
  rig.appended<log::Crashed>();
  auto const start = rig.granted(1);
  ASSERT_EQ(start.images.size(), 2U);
  EXPECT_EQ(start.images[0].generation, Generation{2});
  auto const lie = msg::ImageName{Epoch{9}, Generation{9}, "9-9.h5"};
  rig.hears(1, msg::JobStarted{job, Epoch{2}, lie, 0, false, {}});  // not its lineage: dropped
  rig.hears(1, msg::JobStarted{job, Epoch{2}, start.images[1], 5, false, {data_lost("digest", "torn")}});
  rig.appended<log::Started>();
  EXPECT_EQ(rig.record(job).lineage, (std::vector{log::ImageKey{Epoch{1}, Generation{1}}}));
  // An image of the crashed epoch that is reported now is an orphan branch.
  rig.hears(1, msg::Checkpointed{job, Epoch{1}, {Epoch{1}, Generation{3}, ""}, {}, std::nullopt});
}

TEST(AllocatorJobs, ReferencesAreNumbersNamesLastAndAll) {
  Rig rig({.slots = 0});
  EXPECT_EQ(rig.refused(rig.says(cmd::ShowJob{"last"})),
            "no_such_job: no such job: last (there is none yet)");
  auto spec = Rig::counter();
  spec.name = "plate";
  rig.submit(spec);
  rig.submit(Rig::counter());
  auto const one = [&](char const* reference) {
    auto const rows = rig.replied<cmd::Jobs>(rig.says(cmd::ShowJob{reference})).rows;
    return rows.size() == 1 ? rows[0].job : JobId{};
  };
  EXPECT_EQ(one("1"), JobId{1});
  EXPECT_EQ(one("plate"), JobId{1});
  EXPECT_EQ(one("last"), JobId{2});
  EXPECT_EQ(rig.replied<cmd::Jobs>(rig.says(cmd::ShowJob{"all"})).rows.size(), 2U);
  EXPECT_EQ(rig.replied<cmd::Jobs>(rig.says(cmd::ListJobs{})).rows.size(), 2U);
  for (char const* wrong : {"3", "0", "-1", "", "1x", "99999999999999999999", "nobody"}) {
    EXPECT_EQ(rig.refused(rig.says(cmd::ShowJob{wrong})), std::string("no_such_job: no such job: ") + wrong);
    EXPECT_EQ(rig.refused(rig.says(cmd::Wait{{"1", wrong}})),
              std::string("no_such_job: no such job: ") + wrong);
    EXPECT_EQ(rig.refused(rig.says(cmd::Migrate{wrong, Rank{2}})),
              std::string("no_such_job: no such job: ") + wrong);
    EXPECT_EQ(rig.refused(rig.says(cmd::Call{wrong, "f", {}})),
              std::string("no_such_job: no such job: ") + wrong);
  }
}

TEST(AllocatorJobs, WaitIsAnsweredWithTheLastEnd) {
  Rig rig;
  EXPECT_TRUE(rig.replied<cmd::Jobs>(rig.says(cmd::Wait{})).rows.empty());
  auto const first = rig.running(1), second = rig.running(2);
  auto const both = rig.says(cmd::Wait{{"1", "2", "1"}});
  auto const one = rig.says(cmd::Wait{{"2"}});
  rig.hears(2, msg::JobEnded{second, Epoch{1}, finished(1)});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.replied<cmd::Jobs>(one).rows.size(), 1U);
  rig.hears(1, msg::JobEnded{first, Epoch{1}, finished(1)});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.replied<cmd::Jobs>(both).rows.size(), 2U);
  EXPECT_EQ(rig.replied<cmd::Jobs>(rig.says(cmd::Wait{{"1"}})).rows.size(), 1U) << "it has ended already";
}

}  // namespace
}  // namespace godwit::allocator
