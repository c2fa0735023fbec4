// Shows that the ledger's log gives back what was appended, in order, over terms; that a torn end is cut
// off and anything worse is reported with its place; and that a write error is final. Files are damaged
// byte by byte the way crashes and bad disks do it.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/archive.hpp"
#include "edge/posix/boot_clock.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/journal_format.hpp"
#include "edge/posix/journal_log.hpp"
#include "edge/posix/journal_reader.hpp"
#include "edge/posix/ledger_directory.hpp"
#include "edge/scratch.hpp"

namespace godwit {
namespace {

using Entries = std::vector<std::pair<Term, std::string>>;

class JournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<JournalLog> begin(Term term) {
    auto log = JournalLog::create(scratch_.path(), term);
    EXPECT_TRUE(log) << log.failure().context;
    return log ? std::move(*log) : nullptr;
  }
  void write_term(Term term, std::vector<std::string> const& texts) {
    auto const log = begin(term);
    for (auto const& text : texts) log->append(to_bytes(text));
  }
  Result<JournalRead> read() {
    entries_.clear();
    return read_journal(scratch_.path(), [this](Term term, ByteView record) -> Status {
      entries_.emplace_back(term, to_text(record));
      return Done{};
    });
  }
  std::filesystem::path file(Term term) { return journal_path(scratch_.path(), term); }
  std::string content(Term term) { return *read_file(file(term), 1 << 20); }
  void replace(Term term, std::string const& bytes) { std::ofstream(file(term), std::ios::binary) << bytes; }

  static bool wait_durable(JournalLog& log, JournalPosition position) {
    for (int i = 0; i < 300; ++i) {
      auto const durable = log.durable();
      if (!durable || *durable >= position) return durable.ok();
      pollfd waiting{log.wait_fd(), POLLIN, 0};
      ::poll(&waiting, 1, 100);
    }
    return false;
  }

  testing::Scratch scratch_;
  Entries entries_;
};

TEST_F(JournalTest, AnEmptyLedgerHasNoTerm) {
  auto const journal = read();
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal->newest, Term{0});
}

TEST_F(JournalTest, TermsComeBackInOrder) {
  write_term(Term{2}, {"c"});
  write_term(Term{10}, {"d", std::string(100'000, 'e')});
  write_term(Term{1}, {"a", "b"});
  auto const journal = read();
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal->newest, Term{10});
  EXPECT_EQ(journal->records, 5U);
  EXPECT_EQ(entries_, (Entries{{Term{1}, "a"},
                               {Term{1}, "b"},
                               {Term{2}, "c"},
                               {Term{10}, "d"},
                               {Term{10}, std::string(100'000, 'e')}}));
}

// Who was stopped had appended, perhaps, and the disk was slow.
TEST_F(JournalTest, WhoLeadsNoMoreWritesNothingThatWasAppended) {
  BootClock const clock;
  {
    auto const log = begin(Term{1});
    log->lead_until(clock.now() + std::chrono::hours(1));
    auto const position = log->append(to_bytes("led"));
    ASSERT_TRUE(wait_durable(*log, position));
    log->lead_until(clock.now());
    log->append(to_bytes("stopped"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // a wrong one would write meanwhile
    EXPECT_EQ(content(Term{1}).find("stopped"), std::string::npos);
    log->lead_until(clock.now() + std::chrono::hours(1));  // nobody else came
    ASSERT_TRUE(wait_durable(*log, position + 1));
    log->lead_until(clock.now());
    log->append(to_bytes("deposed"));
  }
  ASSERT_TRUE(read());
  EXPECT_EQ(entries_, (Entries{{Term{1}, "led"}, {Term{1}, "stopped"}}));
}

TEST_F(JournalTest, TheFormatIsAsDocumented) {
  write_term(Term{3}, {"x"});
  auto const bytes = content(Term{3});
  EXPECT_EQ(file(Term{3}).filename(), "00000003.log");
  EXPECT_EQ(bytes.substr(0, 20), std::string("GODWITLG\12\0\0\0\3\0\0\0\0\0\0\0", 20));
  EXPECT_EQ(bytes.substr(20, 4), std::string("\1\0\0\0", 4));
  EXPECT_EQ(bytes.substr(32), "x");
}

TEST_F(JournalTest, ATermHasOneWriter) {
  auto const log = begin(Term{1});
  auto const second = JournalLog::create(scratch_.path(), Term{1});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.failure().code, "term_taken");
}

TEST_F(JournalTest, AppendsBecomeDurableInOrder) {
  auto const log = begin(Term{1});
  EXPECT_EQ(*log->durable(), 0U);
  JournalPosition last = 0;
  for (int i = 1; i <= 1000; ++i) {
    auto const position = log->append(to_bytes(std::to_string(i)));
    EXPECT_EQ(position, static_cast<JournalPosition>(i));
    auto const durable = log->durable();
    ASSERT_TRUE(durable);
    EXPECT_GE(*durable, last);
    EXPECT_LE(*durable, position);
    last = *durable;
    if (last > 0 && i % 100 == 0) {  // what is said to be durable can be read while the log goes on
      ASSERT_TRUE(read());
      ASSERT_GE(entries_.size(), last);
      EXPECT_EQ(entries_[last - 1].second, std::to_string(last));
    }
  }
  ASSERT_TRUE(wait_durable(*log, 1000));
}

TEST_F(JournalTest, AnEndTornAtAnyByteIsCutOff) {
  write_term(Term{1}, {"first", "second"});
  auto const whole = content(Term{1});
  auto const second_at = whole.size() - journal::record_head_bytes - 6;
  for (auto size = second_at + 1; size < whole.size(); ++size) {
    replace(Term{1}, whole.substr(0, size));
    auto const journal = read();
    ASSERT_TRUE(journal) << size;
    EXPECT_EQ(entries_, (Entries{{Term{1}, "first"}}));
    EXPECT_EQ(journal->cut.size(), 1U);
    EXPECT_EQ(content(Term{1}).size(), second_at) << "the file itself is cut";
  }
}

TEST_F(JournalTest, AHeaderThatIsNotWholeIsAnEmptyTerm) {
  write_term(Term{1}, {"a"});
  write_term(Term{2}, {});
  auto const header = content(Term{2});
  for (std::size_t size = 0; size < header.size(); ++size) {
    replace(Term{2}, header.substr(0, size));
    auto const journal = read();
    ASSERT_TRUE(journal) << size;
    EXPECT_EQ(journal->newest, Term{2}) << "its number is used up";
    EXPECT_EQ(entries_.size(), 1U);
  }
}

TEST_F(JournalTest, ATornEndOfAnOlderTermIsSkipped) {
  write_term(Term{1}, {"a", "b"});
  write_term(Term{2}, {"c"});
  auto const whole = content(Term{1});
  replace(Term{1}, whole.substr(0, whole.size() - 1));
  ASSERT_TRUE(read());
  EXPECT_EQ(entries_, (Entries{{Term{1}, "a"}, {Term{2}, "c"}}));
}

TEST_F(JournalTest, AnyFlippedByteBeforeTheEndIsReportedWithItsPlace) {
  write_term(Term{1}, {"first", "second", "third"});
  auto const whole = content(Term{1});
  auto const second_at = 20 + 12 + 5;
  auto const third_at = second_at + 12 + 6;
  for (std::size_t at = 0; at < static_cast<std::size_t>(third_at); ++at) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    replace(Term{1}, bytes);
    auto const journal = read();
    ASSERT_FALSE(journal) << at;
    EXPECT_EQ(journal.failure().reaction, Reaction::data_lost);
    auto const place = at < 20 ? 0 : at < static_cast<std::size_t>(second_at) ? 20 : second_at;
    EXPECT_NE(journal.failure().context.find(fmt::format("00000001.log is damaged at byte {}:", place)),
              std::string::npos)
        << journal.failure().context;
    EXPECT_EQ(content(Term{1}), bytes) << "a damaged file is left as it is";
  }
}

TEST_F(JournalTest, ARecordThatTheLedgerRefusesIsReportedWithItsPlace) {
  write_term(Term{1}, {"good", "bad"});
  auto const journal = read_journal(scratch_.path(), [](Term, ByteView record) -> Status {
    if (to_text(record) == "bad") return data_lost("epoch", "epochs only rise");
    return Done{};
  });
  ASSERT_FALSE(journal);
  EXPECT_NE(journal.failure().context.find("at byte 36: epochs only rise"), std::string::npos);
}

// ---- several terms, each of which seals those before

log::WorldBegan world(Term term, std::vector<log::Seal> seals = {}) {
  return {term, 3, {}, std::move(seals)};
}
log::TermBegan begun(Term term, std::vector<log::Seal> seals) {
  return {term, Rank{1}, {}, std::move(seals)};
}
std::string text(LedgerEvent const& event) {
  return to_text(encode(event));
}

TEST_F(JournalTest, WhatWasAppendedBeyondASealIsVoid) {
  auto const old = begin(Term{1});
  for (auto const& each : {text(world(Term{1})), std::string("a"), std::string("b")}) old->append(to_bytes(each));
  ASSERT_TRUE(wait_durable(*old, 3));
  write_term(Term{2}, {});  // claimed in vain
  write_term(Term{3}, {text(begun(Term{3}, {{Term{1}, 3}})), "c"});
  old->append(to_bytes("late"));
  ASSERT_TRUE(wait_durable(*old, 4));
  write_term(Term{4}, {});
  auto const journal = read();
  ASSERT_TRUE(journal) << journal.failure().context;
  EXPECT_EQ(journal->newest, Term{4});
  ASSERT_EQ(entries_.size(), 5U);
  EXPECT_EQ(entries_[2], (std::pair{Term{1}, std::string("b")}));
  EXPECT_EQ(entries_[4], (std::pair{Term{3}, std::string("c")}));
  EXPECT_EQ(journal->seals, (std::vector<log::Seal>{{Term{1}, 3}, {Term{3}, 2}}));
}

TEST_F(JournalTest, ALogThatTheNewestDoesNotNameIsVoid) {
  write_term(Term{1}, {text(world(Term{1})), "a"});
  write_term(Term{2}, {text(begun(Term{2}, {{Term{1}, 2}})), "void"});
  write_term(Term{3}, {text(begun(Term{3}, {{Term{1}, 2}})), "c"});
  ASSERT_TRUE(read());
  EXPECT_EQ(entries_.size(), 4U);
  for (auto const& [term, entry] : entries_) EXPECT_NE(entry, "void");
}

TEST_F(JournalTest, SealedRecordsThatAreMissingAreReported) {
  write_term(Term{1}, {text(world(Term{1})), "a"});
  write_term(Term{2}, {text(begun(Term{2}, {{Term{1}, 3}}))});
  auto const journal = read();
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.failure().reaction, Reaction::data_lost);
}

struct LedgerDirectoryTest : JournalTest {
  LedgerOpened open(LedgerDirectory& ledgers, Term term) {
    ledgers.open(RequestId{term.value}, term);
    for (int i = 0; i < 300; ++i) {
      auto opened = ledgers.poll();
      if (!opened.empty()) return std::move(opened.front());
      pollfd waiting{ledgers.wait_fd(), POLLIN, 0};
      ::poll(&waiting, 1, 100);
    }
    ADD_FAILURE() << "nothing was opened";
    return {RequestId{}, reject("test", "nothing was opened")};
  }
};

TEST_F(LedgerDirectoryTest, OpensTheNextTermAndReadsTheOlderOnes) {
  auto const old = begin(Term{1});
  for (auto const& each : {text(world(Term{1})), std::string("a")}) old->append(to_bytes(each));
  ASSERT_TRUE(wait_durable(*old, 2));
  LedgerDirectory ledgers(scratch_.path());
  auto opened = open(ledgers, Term{2});
  ASSERT_TRUE(opened.ledger) << opened.ledger.failure().context;
  EXPECT_EQ(opened.ledger->term, Term{2});
  EXPECT_EQ(opened.ledger->records.size(), 2U);
  EXPECT_EQ(opened.ledger->seals, (std::vector<std::pair<Term, std::uint64_t>>{{Term{1}, 2}}));
  opened.ledger->journal->append(to_bytes(text(begun(Term{2}, {{Term{1}, 2}}))));
  opened.ledger->journal.reset();
  old->append(to_bytes("late"));
  ASSERT_TRUE(wait_durable(*old, 3));
  ASSERT_TRUE(read());
  EXPECT_EQ(entries_.size(), 3U);
}

TEST_F(LedgerDirectoryTest, ATermIsClaimedWithAllThatAreFreeBelowIt) {
  write_term(Term{1}, {text(world(Term{1}))});
  LedgerDirectory ledgers(scratch_.path()), others(scratch_.path());
  ASSERT_TRUE(open(ledgers, Term{4}).ledger);
  for (std::uint64_t term : {2, 3, 4}) {
    auto const late = open(others, Term{term});
    ASSERT_FALSE(late.ledger) << term;
    EXPECT_EQ(late.ledger.failure().code, "term_taken");
  }
  EXPECT_FALSE(JournalLog::create(scratch_.path(), Term{3}));
  auto const next = open(others, Term{5});
  ASSERT_TRUE(next.ledger);
  EXPECT_EQ(next.ledger->records.size(), 1U);
}

TEST_F(JournalTest, AWriteErrorIsFinal) {
  auto const log = begin(Term{1});
  ASSERT_TRUE(wait_durable(*log, log->append(to_bytes("kept"))));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const old_handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit const full{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  auto const lost = log->append(Bytes(1000));
  EXPECT_FALSE(wait_durable(*log, lost));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(wait_durable(*log, log->append(to_bytes("after"))))
      << "there is space again, but no authority";
  EXPECT_EQ(log->durable().failure().code, "ledger_io");
  ASSERT_TRUE(read());
  EXPECT_EQ(entries_, (Entries{{Term{1}, "kept"}}));
}

}  // namespace
}  // namespace godwit
