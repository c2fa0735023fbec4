// The ledger's folds: each event does what it says, nothing lowers an epoch, a refused event leaves the
// ledger as it was, and replaying the events gives the same ledger.
#include "ledger/ledger.hpp"

#include <gtest/gtest.h>

namespace godwit {
namespace {

constexpr WallTime noon{1'000'000};
constexpr Rank one{1}, two{2};
constexpr JobId job{1};

// Applies events and keeps them, so that each test ends with a replay.
class Book {
 public:
  Book() { take(log::WorldBegan{Term{1}, 4, noon}); }
  ~Book() {
    Ledger replayed;
    for (auto const& event : events_) EXPECT_TRUE(replayed.apply(*decode<LedgerEvent>(encode(event))).ok());
    EXPECT_EQ(replayed, ledger_) << "a replay gives another ledger";
  }
  void take(LedgerEvent const& event) {
    auto const applied = ledger_.apply(event);
    ASSERT_TRUE(applied.ok()) << applied.failure().context;
    events_.push_back(event);
  }
  void refuses(LedgerEvent const& event) {
    auto const before = ledger_;
    EXPECT_FALSE(ledger_.apply(event).ok());
    EXPECT_EQ(before, ledger_) << "a refused event changed the ledger";
  }
  JobRecord const& record() const { return *ledger_.find(job); }
  Ledger const& ledger() const { return ledger_; }

  void submitted() {
    JobSpec spec;
    spec.type = "heat";
    take(log::Submitted{job, spec, noon});
  }
  void running() {  // on host 1 at epoch 1
    submitted();
    take(log::Granted{job, Epoch{1}, one, noon});
    take(log::Started{job, Epoch{1}, std::nullopt, false, noon});
  }
  void moving() {  // 1 → 2, epochs 2 and 3
    running();
    take(log::Intent{job, one, two, Epoch{2}, Epoch{3}, noon});
  }

 private:
  Ledger ledger_;
  std::vector<LedgerEvent> events_;
};

log::ImageKey image(std::uint64_t epoch, std::uint64_t generation) {
  return {Epoch{epoch}, Generation{generation}};
}

TEST(Ledger, AJobRunsAndFinishes) {
  Book book;
  book.submitted();
  EXPECT_EQ(book.record().state, JobState::waiting);
  EXPECT_EQ(book.ledger().next_job(), JobId{2});
  book.take(log::Granted{job, Epoch{1}, one, noon});
  EXPECT_EQ(book.record().state, JobState::starting);
  EXPECT_EQ(book.record().host, one);
  book.take(log::Started{job, Epoch{1}, std::nullopt, false, noon});
  EXPECT_EQ(book.record().state, JobState::running);
  EXPECT_EQ(book.record().started, noon);
  book.take(log::Ended{job, Epoch{1}, {Ending::finished, "", "", 12}, noon});
  EXPECT_EQ(book.record().state, JobState::finished);
  EXPECT_EQ(book.record().outcome.steps, 12U);
  book.refuses(log::Ended{job, Epoch{1}, {Ending::failed, "", "", 12}, noon});
  book.refuses(log::Granted{job, Epoch{2}, one, noon});
}

TEST(Ledger, RefusesUnknownJobsAndLowEpochs) {
  Book book;
  book.refuses(log::Granted{job, Epoch{1}, one, noon});
  book.refuses(log::Ended{job, Epoch{1}, {}, noon});
  book.refuses(log::Parked{job, Epoch{1}, noon});
  book.refuses(log::Checkpointed{job, image(1, 1), 0, noon});
  book.running();
  book.refuses(log::Submitted{job, {}, noon});
  book.refuses(log::Granted{job, Epoch{2}, two, noon});
  book.refuses(log::Suspended{job, Epoch{2}});
  book.refuses(log::Ended{job, Epoch{0}, {}, noon});
  book.refuses(log::Ended{job, Epoch{1}, {Ending::crashed, "", "", 0}, noon});
  book.refuses(log::Intent{job, one, two, Epoch{1}, Epoch{2}, noon});
  book.refuses(log::Intent{job, one, two, Epoch{2}, Epoch{2}, noon});
  book.refuses(log::Intent{job, two, one, Epoch{2}, Epoch{3}, noon});
  book.refuses(log::Moved{job, Epoch{2}, two, noon});
  book.refuses(log::Stayed{job, Epoch{3}, ""});
  book.refuses(log::WorldBegan{Term{1}, 4, noon});
  book.refuses(log::WorldBegan{Term{2}, 1 << 30, noon});  // no machine has so many
  book.take(log::Crashed{job, Epoch{1}, {Ending::crashed, "signal 11", "", 3}, noon});
  book.refuses(log::Granted{job, Epoch{1}, one, noon});
  book.take(log::Granted{job, Epoch{2}, two, noon});
}

TEST(Ledger, AMoveEndsAtOneOfItsTwoEpochs) {
  {
    Book book;
    book.moving();
    EXPECT_EQ(book.record().state, JobState::migrating);
    EXPECT_EQ(book.record().epoch, Epoch{1});
    EXPECT_EQ(book.record().newest_epoch, Epoch{3});
    book.refuses(log::Intent{job, one, two, Epoch{4}, Epoch{5}, noon});
    book.refuses(log::Moved{job, Epoch{3}, two, noon});
    book.refuses(log::Moved{job, Epoch{2}, Rank{3}, noon});
    book.take(log::Moved{job, Epoch{2}, two, noon});
    EXPECT_EQ(book.record().host, two);
    EXPECT_EQ(book.record().epoch, Epoch{2});
    EXPECT_EQ(book.record().moves, 1U);
    EXPECT_EQ(book.record().state, JobState::running);
    book.refuses(log::Stayed{job, Epoch{3}, ""});
  }
  Book book;
  book.moving();
  book.refuses(log::Stayed{job, Epoch{2}, ""});
  book.take(log::Stayed{job, Epoch{3}, "no safe point"});
  EXPECT_EQ(book.record().host, one);
  EXPECT_EQ(book.record().epoch, Epoch{3});
  EXPECT_EQ(book.record().moves, 0U);
  EXPECT_FALSE(book.record().intent);
}

TEST(Ledger, ASuspendedJobStaysSuspendedThroughMovesAndWorlds) {
  Book book;
  book.running();
  book.take(log::Suspended{job, Epoch{1}});
  book.refuses(log::Suspended{job, Epoch{2}});
  EXPECT_EQ(book.record().state, JobState::suspended);
  book.take(log::Intent{job, one, two, Epoch{2}, Epoch{3}, noon});
  book.take(log::Moved{job, Epoch{2}, two, noon});
  EXPECT_EQ(book.record().state, JobState::suspended);
  book.take(log::Parked{job, Epoch{2}, noon});
  EXPECT_EQ(book.record().state, JobState::waiting);
  EXPECT_EQ(book.record().host, no_rank);
  book.take(log::Granted{job, Epoch{4}, one, noon});
  book.take(log::Started{job, Epoch{4}, std::nullopt, true, noon});
  EXPECT_EQ(book.record().state, JobState::suspended);
  book.take(log::Resumed{job, Epoch{4}});
  EXPECT_EQ(book.record().state, JobState::running);
}

TEST(Ledger, WhatItsUserSaidWinsOverWhatAnImageSays) {
  Book book;
  book.running();
  book.take(log::Suspended{job, Epoch{1}});
  book.take(log::Crashed{job, Epoch{1}, {}, noon});
  book.take(log::Granted{job, Epoch{2}, one, noon});
  book.take(log::Started{job, Epoch{2}, std::nullopt, false, noon});
  EXPECT_EQ(book.record().state, JobState::suspended);
  book.take(log::Suspended{job, Epoch{2}});  // as logs of format 8 have it here
  EXPECT_EQ(book.record().state, JobState::suspended);
  book.take(log::Resumed{job, Epoch{2}});
  book.take(log::Crashed{job, Epoch{2}, {}, noon});
  book.refuses(log::Resumed{job, Epoch{2}});  // it waits, and isn't suspended
  book.refuses(log::Suspended{job, Epoch{2}});
  book.take(log::Granted{job, Epoch{3}, one, noon});
  book.take(log::Started{job, Epoch{3}, std::nullopt, true, noon});
  EXPECT_EQ(book.record().state, JobState::running);
  book.take(log::Resumed{job, Epoch{3}});  // likewise
  EXPECT_EQ(book.record().state, JobState::running);
}

TEST(Ledger, WhatWaitsOrIsStrandedCanBeResumed) {
  Book book;
  book.running();
  book.take(log::Suspended{job, Epoch{1}});
  book.take(log::HostLost{one, false, noon});
  EXPECT_EQ(book.record().state, JobState::stranded);
  book.take(log::Resumed{job, Epoch{1}});
  EXPECT_EQ(book.record().state, JobState::stranded);
  EXPECT_FALSE(book.record().suspended);
  book.take(log::HostFenced{one, noon});
  book.take(log::Granted{job, Epoch{2}, two, noon});
  book.take(log::Started{job, Epoch{2}, std::nullopt, true, noon});
  EXPECT_EQ(book.record().state, JobState::running);
}

TEST(Ledger, OfARecoveredJobTheImageTells) {
  for (bool const suspended : {true, false}) {
    Book book;
    book.take(log::Recovered{job, {}, {image(1, 1)}, Epoch{1000}, {}, 0, job.next(), noon});
    book.take(log::Granted{job, Epoch{1001}, one, noon});
    book.take(log::Started{job, Epoch{1001}, image(1, 1), suspended, noon});
    EXPECT_EQ(book.record().state, suspended ? JobState::suspended : JobState::running);
    book.take(log::Crashed{job, Epoch{1001}, {}, noon});
    book.take(log::Granted{job, Epoch{1002}, one, noon});
    book.take(log::Started{job, Epoch{1002}, image(1, 1), !suspended, noon});
    EXPECT_EQ(book.record().state, suspended ? JobState::suspended : JobState::running) << "once";
  }
}

TEST(Ledger, TheLineageIsNewestFirstAndCutToWhereAJobBegan) {
  Book book;
  book.running();
  for (std::uint64_t g : {1, 3, 2}) book.take(log::Checkpointed{job, image(1, g), 10, noon});
  EXPECT_EQ(book.record().lineage, (std::vector{image(1, 3), image(1, 2), image(1, 1)}));
  book.refuses(log::Checkpointed{job, image(1, 2), 10, noon});
  book.take(log::Crashed{job, Epoch{1}, {Ending::crashed, "", "", 0}, noon});
  book.take(log::Checkpointed{job, image(1, 4), 10, noon});  // written behind: better late than never
  book.take(log::Granted{job, Epoch{2}, two, noon});
  book.refuses(log::Checkpointed{job, image(1, 5), 10, noon});  // an orphan: the job goes on without it
  book.refuses(log::Checkpointed{job, image(9, 5), 10, noon});
  book.refuses(log::Started{job, Epoch{2}, image(1, 5), false, noon});
  book.take(log::Started{job, Epoch{2}, image(1, 2), false, noon});  // 3 and 4 didn't verify
  EXPECT_EQ(book.record().lineage, (std::vector{image(1, 2), image(1, 1)}));
  book.take(log::Checkpointed{job, image(2, 3), 10, noon});
  EXPECT_EQ(book.record().lineage.front(), image(2, 3));
  book.take(log::Crashed{job, Epoch{2}, {Ending::crashed, "", "", 0}, noon});
  book.take(log::Granted{job, Epoch{3}, two, noon});
  book.take(log::Started{job, Epoch{3}, std::nullopt, false, noon});  // nothing verified: afresh
  EXPECT_TRUE(book.record().lineage.empty());
  EXPECT_EQ(book.record().crashes, 2U);
}

TEST(Ledger, AnImageOfTheSourceMayComeAfterTheMove) {
  Book book;
  book.moving();
  book.take(log::Moved{job, Epoch{2}, two, noon});
  book.take(log::Checkpointed{job, image(2, 2), 10, noon});
  book.take(log::Checkpointed{job, image(1, 1), 10, noon});
  EXPECT_EQ(book.record().lineage, (std::vector{image(2, 2), image(1, 1)}));
}

TEST(Ledger, ALostHostStrandsItsJobs) {
  Book book;
  book.running();
  book.take(log::HostLost{two, true, noon});
  EXPECT_EQ(book.record().state, JobState::running);
  book.refuses(log::Intent{job, one, two, Epoch{2}, Epoch{3}, noon});
  book.take(log::HostLost{one, false, noon});
  EXPECT_EQ(book.record().state, JobState::stranded);
  book.refuses(log::Granted{job, Epoch{2}, one, noon});
  book.refuses(log::Granted{job, Epoch{2}, Rank{3}, noon});  // host 1 may still run it
  book.refuses(log::Parked{job, Epoch{1}, noon});
  EXPECT_EQ(book.ledger().counts().stranded, 1U);
}

TEST(Ledger, AFencedHostsJobsWaitAgain) {
  for (bool const proven : {true, false}) {
    for (bool const started : {true, false}) {
      Book book;
      book.submitted();
      book.refuses(log::HostFenced{one, noon});
      book.take(log::Granted{job, Epoch{1}, one, noon});
      if (started) book.take(log::Started{job, Epoch{1}, std::nullopt, false, noon});
      book.take(log::HostLost{one, proven, noon});
      book.take(log::HostFenced{one, noon});
      EXPECT_EQ(book.record().state, JobState::waiting);
      EXPECT_EQ(book.record().host, no_rank);
      EXPECT_EQ(book.record().host_losses, 1U);
      EXPECT_EQ(book.record().fresh_files, !proven) << "a zombie may still be writing";
      EXPECT_TRUE(book.ledger().is_fenced(one));
      EXPECT_EQ(book.ledger().counts().waiting, 1U);
      book.refuses(log::Granted{job, Epoch{2}, one, noon});
      book.take(log::Checkpointed{job, image(1, 1), 10, noon});  // it was under way: better late than never
      book.take(log::Granted{job, Epoch{2}, two, noon});
      book.refuses(log::Checkpointed{job, image(1, 2), 10, noon});  // a zombie's
      book.refuses(log::Started{job, Epoch{2}, image(1, 2), false, noon});
      EXPECT_EQ(book.record().fresh_files, !proven);
      book.take(log::Started{job, Epoch{2}, image(1, 1), false, noon});
      EXPECT_FALSE(book.record().fresh_files) << "its files are its own now";
    }
  }
}

TEST(Ledger, ALossThatIsProvenBeforeTheFenceLeavesNoWriter) {
  Book book;
  book.running();
  book.take(log::HostLost{one, false, noon});
  book.take(log::HostLost{one, true, noon});
  book.take(log::HostFenced{one, noon});
  EXPECT_FALSE(book.record().fresh_files);
  EXPECT_EQ(book.record().host_losses, 1U);
}

// Grants the job to this host, where it starts if it is said so, and fences that host.
void lose(Book& book, Rank host, bool starts = true) {
  auto const epoch = book.record().newest_epoch.next();
  book.take(log::Granted{job, epoch, host, noon});
  if (starts) book.take(log::Started{job, epoch, std::nullopt, false, noon});
  book.take(log::HostLost{host, true, noon});
  book.take(log::HostFenced{host, noon});
}

TEST(Ledger, AJobThatThreeHostsInARowDiedWithIsHeld) {
  Book book;
  book.submitted();
  lose(book, one);
  lose(book, two, false);
  EXPECT_EQ(book.record().state, JobState::waiting);
  book.refuses(log::Released{job, noon});
  lose(book, Rank{3});
  EXPECT_EQ(book.record().state, JobState::held);
  EXPECT_EQ(book.ledger().counts().held, 1U);
  EXPECT_EQ(book.ledger().counts().live(), 1U);
  book.refuses(log::Granted{job, Epoch{9}, Rank{4}, noon});
  book.take(log::WorldBegan{Term{2}, 4, noon});
  EXPECT_EQ(book.record().state, JobState::held) << "a new world doesn't forget";
  book.take(log::Released{job, noon});
  EXPECT_EQ(book.record().state, JobState::waiting);
  EXPECT_EQ(book.record().host_losses, 0U);
  lose(book, one);
  EXPECT_EQ(book.record().host_losses, 1U);
  EXPECT_EQ(book.record().state, JobState::waiting);
}

TEST(Ledger, OnlyHostsInARowCount) {
  auto const after = [](auto leave) {
    Book book;
    book.submitted();
    lose(book, one);
    lose(book, two);
    book.take(log::Granted{job, Epoch{3}, Rank{3}, noon});
    book.take(log::Started{job, Epoch{3}, std::nullopt, false, noon});
    EXPECT_EQ(book.record().host_losses, 2U);
    leave(book);
    return book.record().host_losses;
  };
  EXPECT_EQ(after([](Book& book) { book.take(log::Parked{job, Epoch{3}, noon}); }), 0U);
  EXPECT_EQ(after([](Book& book) {
              book.take(log::Crashed{job, Epoch{3}, {Ending::crashed, "", "", 0}, noon});
            }),
            0U);
  EXPECT_EQ(after([](Book& book) {
              book.take(log::Intent{job, Rank{3}, Rank{4}, Epoch{4}, Epoch{5}, noon});
              book.take(log::Moved{job, Epoch{4}, Rank{4}, noon});
            }),
            0U);
  EXPECT_EQ(after([](Book& book) {
              book.take(log::Intent{job, Rank{3}, Rank{4}, Epoch{4}, Epoch{5}, noon});
              book.take(log::Stayed{job, Epoch{5}, ""});
            }),
            2U);
  EXPECT_EQ(after([](Book& book) { book.take(log::WorldBegan{Term{2}, 4, noon}); }), 2U);
}

TEST(Ledger, ANewWorldCountsTheHostsThatDiedInTheOldOne) {
  Book book;
  book.running();
  book.take(log::HostLost{one, false, noon});
  book.take(log::WorldBegan{Term{2}, 4, noon});
  EXPECT_EQ(book.record().state, JobState::waiting);
  EXPECT_EQ(book.record().host_losses, 1U);
  EXPECT_TRUE(book.record().fresh_files);
  EXPECT_TRUE(book.ledger().lost().empty());
}

TEST(Ledger, AMoveWithADeadHostIsDecidedByTheOther) {
  {
    Book book;
    book.moving();
    book.take(log::HostLost{one, true, noon});
    EXPECT_EQ(book.record().state, JobState::migrating);
    book.take(log::Moved{job, Epoch{2}, two, noon});
    EXPECT_EQ(book.record().state, JobState::running);
  }
  {
    Book book;
    book.moving();
    book.take(log::HostLost{one, true, noon});
    book.take(log::Stayed{job, Epoch{3}, "the target refused"});
    EXPECT_EQ(book.record().state, JobState::stranded);
  }
  {
    Book book;
    book.moving();
    book.take(log::HostLost{two, true, noon});
    book.take(log::Moved{job, Epoch{2}, two, noon});  // Departed said so
    EXPECT_EQ(book.record().state, JobState::stranded);
  }
  Book book;
  book.moving();
  book.take(log::HostLost{two, true, noon});
  book.take(log::HostLost{one, true, noon});
  EXPECT_EQ(book.record().state, JobState::stranded);
}

TEST(Ledger, AMoveWithADeadHostIsDecidedAfterItsFenceToo) {
  {  // the source is fenced long since when the target says that it hasn't got the job
    Book book;
    book.moving();
    book.take(log::HostLost{one, true, noon});
    book.take(log::HostFenced{one, noon});
    EXPECT_EQ(book.record().state, JobState::migrating);
    book.take(log::Stayed{job, Epoch{3}, "refused"});
    EXPECT_EQ(book.record().state, JobState::waiting);
    EXPECT_EQ(book.record().host_losses, 1U);
  }
  {  // only the source heard that the target took it
    Book book;
    book.moving();
    book.take(log::HostLost{two, false, noon});
    book.take(log::HostFenced{two, noon});
    book.take(log::Moved{job, Epoch{2}, two, noon});
    EXPECT_EQ(book.record().state, JobState::waiting);
    EXPECT_TRUE(book.record().fresh_files);
  }
  {  // the source thaws: what the target may have made of it is an orphan
    Book book;
    book.moving();
    book.take(log::HostLost{two, false, noon});
    book.take(log::HostFenced{two, noon});
    book.refuses(log::Checkpointed{job, image(2, 1), 10, noon});  // before it is known who has the job
    book.take(log::Stayed{job, Epoch{3}, "the target is fenced"});
    EXPECT_EQ(book.record().state, JobState::running);
    EXPECT_TRUE(book.record().fresh_files);
    book.refuses(log::Checkpointed{job, image(2, 1), 10, noon});
    book.take(log::Checkpointed{job, image(1, 1), 10, noon});
    book.take(log::Checkpointed{job, image(3, 2), 10, noon});
    EXPECT_EQ(book.record().lineage, (std::vector{image(3, 2), image(1, 1)}));
  }
}

TEST(Ledger, OfTwoDeadHostsBothMustBeFenced) {
  for (bool const source_first : {true, false}) {
    Book book;
    book.moving();
    auto const first = source_first ? one : two;
    auto const second = source_first ? two : one;
    book.take(log::HostLost{first, true, noon});
    book.take(log::HostFenced{first, noon});
    book.take(log::HostLost{second, false, noon});
    EXPECT_EQ(book.record().state, JobState::stranded) << "the other may have it";
    book.refuses(log::Granted{job, Epoch{4}, Rank{3}, noon});
    book.take(log::HostFenced{second, noon});
    EXPECT_EQ(book.record().state, JobState::waiting);
    EXPECT_EQ(book.record().host_losses, 1U);
    EXPECT_TRUE(book.record().fresh_files);
    EXPECT_FALSE(book.record().intent);
    book.refuses(log::Granted{job, Epoch{3}, Rank{3}, noon});
    book.take(log::Granted{job, Epoch{4}, Rank{3}, noon});
  }
  for (bool const source_first : {true, false}) {  // lost before either is fenced
    Book book;
    book.moving();
    book.take(log::HostLost{one, false, noon});
    book.take(log::HostLost{two, false, noon});
    book.take(log::HostFenced{source_first ? one : two, noon});
    EXPECT_EQ(book.record().state, JobState::stranded) << "the other may have it";
    book.take(log::HostFenced{source_first ? two : one, noon});
    EXPECT_EQ(book.record().state, JobState::waiting);
  }
}

TEST(Ledger, ANewWorldFreesEveryJob) {
  Book book;
  book.moving();
  book.take(log::Checkpointed{job, image(1, 1), 10, noon});
  EXPECT_FALSE(book.ledger().ended_cleanly());
  book.take(log::HostLost{Rank{3}, true, noon});
  book.take(log::WorldBegan{Term{2}, 4, noon});
  EXPECT_EQ(book.record().state, JobState::waiting);
  EXPECT_FALSE(book.record().intent);
  EXPECT_EQ(book.record().host_losses, 0U);
  EXPECT_EQ(book.record().newest_epoch, Epoch{3});
  EXPECT_EQ(book.record().lineage.size(), 1U);
  book.refuses(log::Granted{job, Epoch{3}, one, noon});
  book.take(log::Granted{job, Epoch{4}, Rank{3}, noon});
  book.refuses(log::WorldEnded{Term{1}, noon});
  book.take(log::WorldEnded{Term{2}, noon});
  EXPECT_TRUE(book.ledger().ended_cleanly());
}

// Also those that wait, and those that a user must let go: a host of the world before the last may have them.
TEST(Ledger, WhatFormerHostsMayRunGetsNewFilesUntilItHasStarted) {
  Book book;
  book.moving();
  book.take(log::WorldBegan{Term{2}, 4, noon, {}, 10s});
  EXPECT_EQ(book.ledger().old_leases(), 10s);
  EXPECT_TRUE(book.record().fresh_files);
  book.take(log::WorldEnded{Term{2}, noon});
  book.take(log::TermBegan{Term{3}, one, noon, {}});
  EXPECT_FALSE(book.ledger().ended_cleanly()) << "the world goes on";
  EXPECT_EQ(book.ledger().old_leases(), 10s);
  book.take(log::WorldBegan{Term{4}, 4, noon, {}, {}});
  EXPECT_EQ(book.ledger().old_leases(), 0s);
  EXPECT_TRUE(book.record().fresh_files);
  book.take(log::Granted{job, Epoch{4}, one, noon});
  book.take(log::Started{job, Epoch{4}, std::nullopt, false, noon});
  EXPECT_FALSE(book.record().fresh_files);
}

TEST(Ledger, ACloneIsANewJobWithAnImageOfAnother) {
  Book book;
  book.moving();
  auto const origin = log::ImageOf{job, image(1, 1)};
  book.refuses(log::Cloned{job, job, origin, {}, false, noon});              // its number is taken
  book.refuses(log::Cloned{job.next(), JobId{9}, origin, {}, false, noon});  // no such job
  auto const clone = job.next();
  book.take(log::Cloned{clone, job, origin, book.record().spec, true, noon});
  auto const& record = *book.ledger().find(clone);
  EXPECT_EQ(record.state, JobState::waiting);
  EXPECT_EQ(record.clone_of, job);
  EXPECT_EQ(record.origin, origin);
  EXPECT_TRUE(record.suspended);
  EXPECT_TRUE(record.lineage.empty());  // not its own
  EXPECT_EQ(book.ledger().counts().waiting, 1U);
  EXPECT_EQ(book.ledger().next_job(), clone.next());
  book.take(log::Granted{clone, Epoch{1}, one, noon});
  book.refuses(log::Started{clone, Epoch{1}, image(1, 1), true, noon});
  book.take(log::Started{clone, Epoch{1}, std::nullopt, true, noon});
  EXPECT_EQ(book.ledger().find(clone)->state, JobState::suspended);
}

WallTime after_noon(std::int64_t seconds) {
  return {noon.unix_ns + seconds * 1'000'000'000};
}

// A job of four cores that `account` is charged for from noon on.
struct Charged : Book {
  Charged() {
    JobSpec spec;
    spec.type = "heat";
    spec.account = "physics";
    spec.cores = 4;
    take(log::Submitted{job, spec, noon});
    take(log::Granted{job, Epoch{1}, one, noon});
    take(log::Started{job, Epoch{1}, std::nullopt, false, noon});
  }
  std::uint64_t core_seconds() const { return ledger().usage().core_us("physics") / 1'000'000; }
};

TEST(LedgerUsage, IsTheCoresOfAJobForAsLongAsItKeepsThem) {
  Charged book;
  EXPECT_EQ(book.core_seconds(), 0U);
  book.take(log::Intent{job, one, two, Epoch{2}, Epoch{3}, after_noon(2)});
  book.take(log::Moved{job, Epoch{2}, two, after_noon(3)});
  book.take(log::Suspended{job, Epoch{2}});
  book.take(log::Crashed{job, Epoch{2}, {}, after_noon(10)});
  EXPECT_EQ(book.core_seconds(), 40U);
  book.take(log::Granted{job, Epoch{4}, one, after_noon(90)});
  book.take(log::Started{job, Epoch{4}, std::nullopt, false, after_noon(100)});
  book.take(log::Ended{job, Epoch{4}, {}, after_noon(105)});
  EXPECT_EQ(book.core_seconds(), 60U);
  EXPECT_EQ(book.ledger().usage().core_us("chemistry"), 0U);
}

TEST(LedgerUsage, GoesOnUntilADeadHostIsFenced) {
  Charged book;
  book.take(log::HostLost{one, false, after_noon(5)});
  EXPECT_EQ(book.core_seconds(), 0U);
  book.take(log::HostFenced{one, after_noon(15)});
  EXPECT_EQ(book.core_seconds(), 60U);
}

TEST(LedgerUsage, EndsWithTheLastWordOfAWorld) {
  Charged book;
  book.take(log::Checkpointed{job, {Epoch{1}, Generation{1}}, 100, after_noon(20)});
  book.take(log::WorldBegan{Term{2}, 4, after_noon(10'000), {}});
  EXPECT_EQ(book.core_seconds(), 80U);
}

TEST(LedgerUsage, OfAShortJobIsWhatItCountedItself) {
  Charged book;
  Outcome outcome;
  outcome.running_time = std::chrono::seconds(3);
  book.take(log::Ended{job, Epoch{1}, outcome, noon});
  EXPECT_EQ(book.core_seconds(), 12U);
}

TEST(LedgerUsage, IsNothingWhereTheClockWentBack) {
  Charged book;
  book.take(log::Parked{job, Epoch{1}, after_noon(-5)});
  EXPECT_EQ(book.core_seconds(), 0U);
}

TEST(LedgerShares, AccountsAndScoresAreReplacedAsAWhole) {
  Book book;
  book.take(log::AccountsSet{{{"chem", 3, {one}, 0}, {"chem/anna", 2, {}, 4}}, noon});
  book.take(log::AccountsSet{{{"bio", 1, {}, 0}}, noon});
  EXPECT_EQ(book.ledger().accounts(), (std::vector<AccountRule>{{"bio", 1, {}, 0}}));
  book.take(log::Scores{{{"chem", 5}, {"bio", -7}}, noon});
  book.take(log::Scores{{{"bio", -8}}, noon});
  EXPECT_EQ(book.ledger().scores(), (std::map<std::string, std::int64_t>{{"bio", -8}}));
  book.take(log::WorldBegan{Term{2}, 4, noon, {}});
  EXPECT_EQ(book.ledger().accounts().size(), 1U);
  EXPECT_EQ(book.ledger().scores().size(), 1U);
}

TEST(LedgerDrains, LastUntilTheyAreTakenBackOrTheWorldIsOver) {
  Book book;
  book.take(log::Drained{one, true, noon});
  book.take(log::Drained{two, true, noon});
  book.take(log::Drained{two, false, noon});
  EXPECT_TRUE(book.ledger().is_drained(one));
  EXPECT_FALSE(book.ledger().is_drained(two));
  book.take(log::TermBegan{Term{2}, two, noon, {}});
  EXPECT_TRUE(book.ledger().is_drained(one));
  book.take(log::WorldBegan{Term{3}, 4, noon, {}});
  EXPECT_FALSE(book.ledger().is_drained(one));
}

TEST(LedgerDrains, AreOfHostsThatThereAre) {
  Book book;
  book.refuses(log::Drained{allocator_rank, true, noon});
  book.refuses(log::Drained{Rank{4}, true, noon});
}

// ---- reasons

TEST(LedgerReasons, OfAPlacementLastUntilTheNext) {
  Book book;
  book.submitted();
  log::Placing const why{-250, "chem/anna", 1000, 3, 12};
  book.take(log::Granted{job, Epoch{1}, one, noon, why});
  EXPECT_EQ(book.record().placing, why);
  EXPECT_EQ(book.record().placed, one);
  book.take(log::Started{job, Epoch{1}, std::nullopt, false, noon});
  book.take(log::Parked{job, Epoch{1}, noon});
  book.take(log::Granted{job, Epoch{2}, two, noon});  // for no reason of its account's
  EXPECT_FALSE(book.record().placing);
  EXPECT_EQ(book.record().placed, no_rank);
}

TEST(LedgerReasons, OfMovesAreTheLastFewAndOutliveTheJob) {
  Book book;
  book.refuses(log::Decided{job, "moved", noon});  // there is no such job yet
  book.submitted();
  book.take(log::Granted{job, Epoch{1}, one, noon, log::Placing{}});
  book.take(log::Started{job, Epoch{1}, std::nullopt, false, noon});
  for (int i = 1; i <= 9; ++i) book.take(log::Decided{job, std::to_string(i), after_noon(i)});
  book.take(log::Ended{job, Epoch{1}, {.ending = Ending::finished}, noon});
  EXPECT_FALSE(book.record().placing);
  auto const& decisions = book.ledger().decisions(job);
  ASSERT_EQ(decisions.size(), 8U);
  EXPECT_EQ(decisions.front().what, "2");
  EXPECT_EQ(decisions.back().at, after_noon(9));
}

// ---- groups

TEST(Ledger, AJobAtAGroupIsWhereAHostSaysThatItIs) {
  Book book;
  book.submitted();
  book.take(log::GrantedToGroup{job, Epoch{1}, one, noon});
  EXPECT_EQ(book.record().state, JobState::starting);
  EXPECT_TRUE(book.record().at_group);
  book.refuses(log::Granted{job, Epoch{2}, two, noon});
  book.refuses(log::Started{job, Epoch{1}, std::nullopt, false, noon});  // who has it isn't known
  book.refuses(log::HandedOn{job, Epoch{2}, two, noon});
  book.take(log::HandedOn{job, Epoch{1}, two, noon});
  EXPECT_EQ(book.record().host, two);
  book.refuses(log::HandedOn{job, Epoch{1}, one, noon});  // once
  book.take(log::Started{job, Epoch{1}, std::nullopt, false, noon});
}

TEST(Ledger, AManagersEndSaysNothingAboutWhatItsGroupHas) {
  Book book;
  book.submitted();
  book.take(log::GrantedToGroup{job, Epoch{1}, one, noon});
  book.take(log::HostLost{one, false, noon});
  book.take(log::HostFenced{one, noon});
  EXPECT_EQ(book.record().state, JobState::starting);
  book.take(log::HandedOn{job, Epoch{1}, one, noon});  // nobody else has it
  EXPECT_EQ(book.record().state, JobState::waiting);
  EXPECT_EQ(book.record().host_losses, 1U);
  EXPECT_TRUE(book.record().fresh_files);
}

TEST(Ledger, AJobThatIsGivenBackWaitsAsBefore) {
  Book book;
  book.submitted();
  book.take(log::GrantedToGroup{job, Epoch{1}, one, noon});
  book.take(log::HandedOn{job, Epoch{1}, no_rank, noon});
  EXPECT_EQ(book.record().state, JobState::waiting);
  EXPECT_EQ(book.record().host, no_rank);
  book.refuses(log::Granted{job, Epoch{1}, two, noon});
  book.take(log::Granted{job, Epoch{2}, two, noon});
}

}  // namespace
}  // namespace godwit
