// Shows that a ledger's log is made shorter without anything being lost: whoever reads it finds the same, also after a death at
// any step of it, with the snapshot torn or flipped at any byte, with a full disk, and when a former allocator goes on with it.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/archive.hpp"
#include "base/fault_point.hpp"
#include "edge/posix/compaction.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/journal_format.hpp"
#include "edge/posix/journal_log.hpp"
#include "edge/posix/journal_reader.hpp"
#include "edge/posix/ledger_directory.hpp"
#include "edge/scratch.hpp"
#include "ledger/chronicle.hpp"
#include "ledger/ledger.hpp"

namespace godwit::compaction_test {
namespace {

char const* deadly_point = nullptr;

void die_at_point(char const* act, char const* what) {
  if (std::string_view(act) == "compact" && std::string_view(what) == deadly_point) ::_exit(9);
}

class CompactionTest : public ::testing::Test {
 protected:
  // One term's writer, and what the ledger is by what it appended.
  struct Writer {
    std::unique_ptr<JournalLog> log;
    Ledger ledger;
    JournalPosition last{0};

    void take(LedgerEvent const& event) {
      auto const applied = ledger.apply(event);
      ASSERT_TRUE(applied.ok()) << applied.failure().context;
      last = log->append(encode(event));
    }
    // A job that starts, and is over at once.
    void job(std::string name = {}) {
      auto const job = ledger.next_job();
      JobSpec spec;
      spec.type = "noop";
      spec.name = std::move(name);
      take(log::Submitted{job, spec, {}});
      take(log::Granted{job, Epoch{1}, Rank{1}, {}, {}});
      take(log::Started{job, Epoch{1}, {}, false, {}});
      take(log::Ended{job, Epoch{1}, {}, {}});
    }
    void forget(JobId job) { take(log::Forgotten{{job}, {}, {}}); }
    void settle() {
      ASSERT_TRUE(until([&] {
        auto const durable = log->durable();
        return !durable || *durable == last;
      }));
    }
    // A new segment, and a snapshot of what was before it.
    void compact() {
      settle();
      auto const before = log->compactions();
      log->compact_now();
      ASSERT_TRUE(until([&] { return log->compactions() > before; }));
      log->may_compact();  // hears how it ended
    }
    template <class Holds>
    static bool until(Holds const& holds) {
      for (int i = 0; i < 20'000; ++i) {
        if (holds()) return true;
        ::usleep(1000);
      }
      return false;
    }
  };

  Writer begin(Term term, Ledger ledger = {}, std::vector<log::Seal> seals = {}) {
    Writer writer;
    auto log = JournalLog::create(directory(), term);
    EXPECT_TRUE(log) << log.failure().context;
    writer.log = std::move(*log);
    writer.log->set_log_bytes_min(std::uint64_t{1} << 40);
    writer.ledger = std::move(ledger);
    if (seals.empty()) {
      writer.take(log::WorldBegan{term, 3, {}, {}, {}});
    } else {
      writer.take(log::TermBegan{term, Rank{1}, {}, std::move(seals)});
    }
    return writer;
  }

  Result<Ledger> read() {
    Ledger ledger;
    read_ = {};
    auto const read = read_journal(directory(),
                                   {[&](Term, ByteView record) -> Status { return ledger.apply(*decode<LedgerEvent>(record)); },
                                    [&](ByteView part) { return ledger.restore(part); }},
                                   JournalUse::look);
    if (!read) return read.failure();
    read_ = *read;
    return ledger;
  }
  void expect(Ledger const& ledger, std::string const& when = {}) {
    auto const found = read();
    ASSERT_TRUE(found) << when << ": " << found.failure().context;
    EXPECT_EQ(*found, ledger) << when;
  }
  [[nodiscard]] std::filesystem::path directory() const { return scratch_.path(); }
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (auto const& each : std::filesystem::directory_iterator(directory())) names.insert(each.path().filename().string());
    return names;
  }
  [[nodiscard]] std::string content(std::string const& name) const { return *read_file(directory() / name, 1 << 24); }
  void replace(std::string const& name, std::string const& bytes) const { std::ofstream(directory() / name, std::ios::binary) << bytes; }

  testing::Scratch scratch_;
  JournalRead read_;
};

using Names = std::set<std::string>;

TEST_F(CompactionTest, ASnapshotTakesThePlaceOfTheLogAndOneBeforeItIsKept) {
  auto writer = begin(Term{1});
  for (int i = 0; i < 20; ++i) writer.job();
  writer.compact();
  EXPECT_EQ(files(), (Names{"00000001.log", "00000001-1.log", "00000001-1.snapshot"})) << "until the next is proven";
  writer.job();
  writer.compact();
  EXPECT_EQ(files(), (Names{"00000001.log", "00000001-1.log", "00000001-1.snapshot", "00000001-2.log", "00000001-2.snapshot"}));
  EXPECT_LT(content("00000001.log").size(), 100U) << "its name stays, and its beginning";
  writer.job();
  writer.compact();
  EXPECT_EQ(files(), (Names{"00000001.log", "00000001-2.log", "00000001-2.snapshot", "00000001-3.log", "00000001-3.snapshot"}));
  writer.job();
  writer.settle();
  expect(writer.ledger);
  EXPECT_EQ(read_.base, (SegmentId{Term{1}, 3}));
  EXPECT_EQ(read_.records, 4U);
  EXPECT_EQ(read_.seals, (std::vector<log::Seal>{{Term{1}, writer.last}})) << "all its records count, read or not";
  EXPECT_FALSE(JournalLog::create(directory(), Term{1})) << "nobody gets that term again";
}

TEST_F(CompactionTest, WhatIsForgottenTakesNoRoom) {
  auto writer = begin(Term{1});
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 500; ++i) {
      writer.job();
      writer.forget(JobId{writer.ledger.next_job().value - 1});
    }
    writer.compact();
  }
  std::uintmax_t bytes = 0;
  for (auto const& name : files()) bytes += std::filesystem::file_size(directory() / name);
  EXPECT_LT(bytes, 200'000U) << "3,000 jobs took more than 200 bytes each";
  EXPECT_LT(std::filesystem::file_size(directory() / "00000001-6.snapshot"), 1000U);
  expect(writer.ledger);
}

TEST_F(CompactionTest, FormerEventsOfRememberedJobsAreTold) {
  auto writer = begin(Term{1});
  writer.job("kept");
  writer.job();
  writer.forget(JobId{2});
  writer.compact();
  std::vector<std::string> told;
  auto const read = read_journal(directory(), {[](Term, ByteView) -> Status { return Done{}; },
                                               [&](ByteView bytes) -> Status {
                                                 auto const part = *decode<part::Part>(bytes);
                                                 auto const* one = std::get_if<part::Told>(&part);
                                                 if (one != nullptr) told.emplace_back(name_of(*decode<LedgerEvent>(one->event)));
                                                 return Done{};
                                               }});
  ASSERT_TRUE(read);
  EXPECT_EQ(told, (std::vector<std::string>{"WorldBegan", "Submitted", "Granted", "Started", "Ended"}));
}

TEST_F(CompactionTest, ASnapshotDamagedAtAnyByteIsPassedOverAndNamed) {
  auto writer = begin(Term{1});
  writer.job();
  writer.compact();
  writer.job("plate");
  writer.compact();
  writer.job();
  writer.settle();
  auto const name = std::string("00000001-2.snapshot");
  auto const whole = content(name);
  auto const expect_passed_over = [&](std::string const& bytes, std::size_t at) {
    replace(name, bytes);
    expect(writer.ledger, "byte " + std::to_string(at));
    EXPECT_EQ(read_.base, (SegmentId{Term{1}, 1}));
    ASSERT_EQ(read_.cut.size(), 1U);
    EXPECT_NE(read_.cut[0].find(name), std::string::npos) << read_.cut[0];
  };
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    expect_passed_over(bytes, at);
    expect_passed_over(whole.substr(0, at), at);
  }
  expect_passed_over(whole + '\0', whole.size());
  replace(name, whole);
  expect(writer.ledger);
  EXPECT_TRUE(read_.cut.empty());
  writer.compact();  // from the sound ones
  expect(writer.ledger);
}

TEST_F(CompactionTest, ASnapshotOfAFormerFormatIsRead) {
  auto writer = begin(Term{1});
  writer.job();
  writer.compact();
  writer.job("plate");
  writer.compact();
  writer.settle();
  auto const name = std::string("00000001-2.snapshot");
  auto const whole = content(name);
  auto const head = journal::snapshot_head(view_of(whole));
  ASSERT_TRUE(head);
  auto const rest = whole.substr(journal::snapshot_head_bytes);
  for (auto version = journal::oldest_snapshot_read - 1; version <= journal::format_version + 1; ++version) {
    bool const is_read = version >= journal::oldest_snapshot_read && version <= journal::format_version;
    auto const bytes = journal::head_of(*head, version);
    replace(name, to_text(bytes) + rest);
    expect(writer.ledger, "format " + std::to_string(version));
    EXPECT_EQ(read_.base, (SegmentId{Term{1}, is_read ? 2U : 1U})) << "format " << version;
    EXPECT_EQ(read_.cut.empty(), is_read) << "format " << version;
  }
}

TEST_F(CompactionTest, OneThatIsMadeAfterADamagedOneGoesBackFurther) {
  auto writer = begin(Term{1});
  for (int i = 0; i < 2; ++i) {
    writer.job();
    writer.compact();
  }
  replace("00000001-2.snapshot", "no snapshot");
  writer.job();
  writer.compact();
  auto const trouble = writer.log->trouble();
  ASSERT_TRUE(trouble);
  EXPECT_NE(trouble->find("00000001-2.snapshot is damaged"), std::string::npos) << *trouble;
  EXPECT_TRUE(files().contains("00000001-1.snapshot")) << "the last one that is known to be sound, beside the newest";
  expect(writer.ledger);
  EXPECT_EQ(read_.base, (SegmentId{Term{1}, 3}));
}

TEST_F(CompactionTest, WhereEverySnapshotIsDamagedThatIsSaid) {
  auto writer = begin(Term{1});
  for (int i = 0; i < 2; ++i) {
    writer.job();
    writer.compact();
  }
  for (auto const* name : {"00000001-1.snapshot", "00000001-2.snapshot"}) replace(name, "nothing");
  auto const found = read();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.failure().reaction, Reaction::data_lost);
  EXPECT_NE(found.failure().context.find("a snapshot is damaged or gone"), std::string::npos) << found.failure().context;
}

TEST_F(CompactionTest, ATornMarkLosesNothing) {
  auto writer = begin(Term{1});
  writer.job();
  writer.compact();
  std::filesystem::remove(directory() / "00000001-1.snapshot");
  writer.job();
  writer.settle();
  auto const whole = content("00000001.log");
  for (std::size_t torn = 0; torn <= 12; ++torn) {
    replace("00000001.log", whole.substr(0, whole.size() - torn));
    expect(writer.ledger, std::to_string(torn) + " bytes torn");
  }
  replace("00000001.log", whole.substr(0, whole.size() - 13));  // and a record
  EXPECT_FALSE(read());
}

class DeathsWhileCompacting : public CompactionTest, public ::testing::WithParamInterface<char const*> {};

// In a process of its own, which ends there; with everything appended before it durable.
TEST_P(DeathsWhileCompacting, LeaveTheLedgerAsItIs) {
  for (int rounds = 1; rounds <= 3; ++rounds) {
    auto const child = ::fork();
    if (child == 0) {
      auto const former = read();
      auto writer = begin(Term{static_cast<std::uint64_t>(rounds)}, former ? *former : Ledger(), read_.seals);
      for (int i = 0; i < 5; ++i) writer.job();
      for (int i = 1; i < rounds; ++i) writer.compact();
      writer.settle();
      deadly_point = GetParam();
      fault_hook = die_at_point;
      for (int i = 0; i < 3; ++i) writer.compact();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 9) << "nobody came to " << GetParam();
    auto const found = read();
    ASSERT_TRUE(found) << found.failure().context;
    EXPECT_EQ(found->counts().finished, static_cast<std::uint64_t>(5 * rounds));
    EXPECT_EQ(found->term(), Term{static_cast<std::uint64_t>(rounds)});
  }
}

INSTANTIATE_TEST_SUITE_P(Points, DeathsWhileCompacting,
                         ::testing::Values("segment", "marked", "written", "durable", "renamed", "proven", "removing", "removed", "done"));

TEST_F(CompactionTest, WithoutRoomForASnapshotTheLogGoesOn) {
  auto writer = begin(Term{1});
  writer.job(std::string(100'000, 'x'));
  writer.settle();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit const full{50'000, before.rlim_max};
  // From when the mark is in the old segment.
  static rlimit limit;
  limit = full;
  fault_hook = [](char const* act, char const* what) {
    if (std::string_view(act) == "compact" && std::string_view(what) == "marked") ::setrlimit(RLIMIT_FSIZE, &limit);
  };
  writer.compact();
  auto const trouble = writer.log->trouble();
  writer.job();
  writer.settle();
  EXPECT_TRUE(writer.log->durable().ok());
  fault_hook = nullptr;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  ASSERT_TRUE(trouble);
  EXPECT_NE(trouble->find("00000001-1.draft"), std::string::npos) << *trouble;
  EXPECT_EQ(files(), (Names{"00000001.log", "00000001-1.log"}));
  expect(writer.ledger);
  writer.compact();
  EXPECT_TRUE(files().contains("00000001-2.snapshot")) << "there is room again";
  expect(writer.ledger);
}

TEST_F(CompactionTest, WhereNoSegmentCanBeBegunTheLogGoesOn) {
  auto writer = begin(Term{1});
  writer.job();
  writer.settle();
  std::filesystem::create_directory(directory() / "00000001-1.log");
  writer.log->compact_now();
  std::optional<std::string> trouble;
  ASSERT_TRUE(Writer::until([&] {
    trouble = writer.log->trouble();
    return trouble.has_value();
  }));
  EXPECT_NE(trouble->find("00000001-1.log"), std::string::npos) << *trouble;
  writer.job();
  writer.settle();
  std::filesystem::remove(directory() / "00000001-1.log");
  expect(writer.ledger);
}

// ---- a former allocator that goes on: it was stopped in the middle

struct ZombieTest : CompactionTest {
  // Term 1 with two snapshots, and a third under way: its segment is there, and what comes before it.
  ZombieTest() : zombie(begin(Term{1})) {
    for (int i = 0; i < 2; ++i) {
      zombie.job();
      zombie.compact();
    }
    zombie.job();
    zombie.settle();
  }
  Writer succeed(Term term) {
    auto found = read();
    EXPECT_TRUE(found) << found.failure().context;
    return begin(term, *found, read_.seals);
  }
  Writer zombie;
};

TEST_F(ZombieTest, ItsLateSnapshotAndWhatItThrowsAwayHarmNobody) {
  auto next = succeed(Term{2});
  next.job();
  next.settle();
  zombie.compact();  // of all that it wrote before it was sealed
  expect(next.ledger, "a snapshot that came late");
  auto third = succeed(Term{3});
  third.job();
  third.compact();
  third.compact();
  expect(third.ledger);
}

TEST_F(ZombieTest, WhatItAppendedAfterTheSealIsInNoSnapshotThatCounts) {
  auto next = succeed(Term{2});
  next.job();
  next.settle();
  zombie.job();
  zombie.job();
  zombie.compact();
  expect(next.ledger, "of void records");
  EXPECT_EQ(read_.base, (SegmentId{Term{1}, 2}));
  next.compact();
  next.compact();
  expect(next.ledger);
  EXPECT_FALSE(files().contains("00000001-3.snapshot")) << "it is thrown away with the rest of its term";
  zombie.job();
  zombie.settle();
  expect(next.ledger, "written to files without names");
}

TEST_F(ZombieTest, ItFindsThatItsSuccessorHasThrownItsFilesAway) {
  auto next = succeed(Term{2});
  for (int i = 0; i < 3; ++i) {
    next.job();
    next.compact();
  }
  EXPECT_EQ(files(), (Names{"00000001.log", "00000002.log", "00000002-2.log", "00000002-2.snapshot", "00000002-3.log", "00000002-3.snapshot"}));
  zombie.job();
  zombie.compact();
  expect(next.ledger);
  EXPECT_TRUE(zombie.log->trouble()) << "it can't read back what it was";
  EXPECT_FALSE(JournalLog::create(directory(), Term{1})) << "its number is still taken";
}

TEST_F(ZombieTest, OfAFormerWorldNothingIsLeftInTheEnd) {
  auto found = read();
  ASSERT_TRUE(found);
  auto seals = read_.seals;
  auto next = begin(Term{2}, *found);  // a world, for it names no seals: as a fresh ledger would
  next.log.reset();
  replace("00000002.log", "");
  std::filesystem::remove(directory() / "00000002.log");
  Writer world;
  world.log = *JournalLog::create(directory(), Term{2});
  world.log->set_log_bytes_min(std::uint64_t{1} << 40);
  world.ledger = *found;
  world.take(log::WorldBegan{Term{2}, 3, {}, seals, {}});
  for (int i = 0; i < 3; ++i) {
    world.job();
    world.compact();
  }
  EXPECT_EQ(files(), (Names{"00000002.log", "00000002-2.log", "00000002-2.snapshot", "00000002-3.log", "00000002-3.snapshot"}));
  expect(world.ledger);
}

// ---- who takes over

TEST_F(CompactionTest, WhoTakesOverGetsTheSnapshotAndGoesOnMakingTheLogShorter) {
  auto writer = begin(Term{1});
  for (int i = 0; i < 2; ++i) {
    writer.job();
    writer.compact();
  }
  LedgerDirectory ledgers(directory());
  ledgers.open(RequestId{1}, Term{2});
  std::vector<LedgerOpened> opened;
  ASSERT_TRUE(Writer::until([&] {
    opened = ledgers.poll();
    return !opened.empty();
  }));
  ASSERT_TRUE(opened.front().ledger) << opened.front().ledger.failure().context;
  auto& got = *opened.front().ledger;
  Ledger ledger;
  for (auto const& part : got.base) ASSERT_TRUE(ledger.restore(part));
  for (auto const& [term, record] : got.records) ASSERT_TRUE(ledger.apply(*decode<LedgerEvent>(record)));
  EXPECT_EQ(ledger, writer.ledger);
  EXPECT_EQ(got.seals, (std::vector<std::pair<Term, std::uint64_t>>{{Term{1}, writer.last}}));
}

TEST_F(CompactionTest, ALogOfTheFormatBeforeIsReadAndOneOfAnotherIsRefusedByItsNumber) {
  {
    auto writer = begin(Term{1});
    writer.job();
    writer.settle();
  }
  auto bytes = content("00000001.log");
  for (auto version = journal::oldest_version_read; version <= journal::format_version; ++version) {
    bytes[8] = static_cast<char>(version);
    replace("00000001.log", bytes);
    EXPECT_TRUE(read()) << version;
  }
  for (auto const version : std::vector{journal::oldest_version_read - 1, journal::format_version + 1}) {
    bytes[8] = static_cast<char>(version);
    replace("00000001.log", bytes);
    auto const found = read();
    ASSERT_FALSE(found);
    EXPECT_NE(found.failure().context.find("format version " + std::to_string(version)), std::string::npos) << found.failure().context;
  }
}

}  // namespace
}  // namespace godwit::compaction_test
