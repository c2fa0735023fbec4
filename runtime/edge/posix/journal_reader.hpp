// Reads what earlier terms wrote, oldest term first, as far as it counts: the newest log that begins a term names
// the older ones and how many records of each count. What a former allocator appended beyond that is void, and so is
// a log that isn't named: of a candidate whose election came to nothing.
//
// Where there are snapshots, the newest that is sound and that the seals allow comes first, and then what comes after it: ADR 0013.
// One that is damaged is passed over and noted; the one before it is there, and the log from there on.
//
// A torn end (what a crash leaves behind) is cut off the newest log and skipped in others; a bad record among those
// that count, or one that is followed by sound ones, is data_lost, named with file and offset: then history is
// missing, and guessing would run jobs twice.
// Blocks on the store. A reader that only looks leaves everything as it is: the log may be one that a runtime
// is writing at this moment, and its torn end a record that is just being written. Files that vanish meanwhile, because the log is
// being made shorter, are looked for anew.
#pragma once

#include <concepts>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "edge/posix/ledger_files.hpp"
#include "ledger/event.hpp"

namespace godwit {

// Sees, in order, the parts of the snapshot if there is one, encoded, and then every record's payload. Its failure ends the reading and is
// reported with the place. Who takes no parts can't read a log that was made shorter.
struct JournalTaker {
  std::function<Status(Term, ByteView)> record;
  std::function<Status(ByteView)> part;

  template <class Record>
    requires std::invocable<Record, Term, ByteView>
  JournalTaker(Record each, std::function<Status(ByteView)> takes_part = {})  // NOLINT(google-explicit-constructor): records alone
      : record(std::move(each)), part(std::move(takes_part)) {}
};

struct JournalRead {
  Term newest;  // of all logs there are, claimed in vain or not; 0: there was none
  std::vector<log::Seal> seals;  // the logs that count, with this many records each: for who begins the next term
  std::uint64_t records{0};      // that were read
  std::optional<SegmentId> base;  // the snapshot that they follow
  std::uint64_t base_bytes{0}, log_bytes{0};
  std::vector<std::string> cut;  // "ledger/00000003.log: 17 torn bytes at 4096 cut off"; snapshots that were passed over
};

enum class JournalUse { take_over, look };

// The terms of which there is a log.
[[nodiscard]] Result<std::vector<Term>> terms_in(std::filesystem::path const& ledger);

[[nodiscard]] Result<JournalRead> read_journal(std::filesystem::path const& ledger, JournalTaker const& taker,
                                               JournalUse use = JournalUse::take_over);
// Likewise, where it is known which terms to look for; ascending.
[[nodiscard]] Result<JournalRead> read_journal(std::filesystem::path const& ledger, std::vector<Term> const& terms,
                                               JournalTaker const& taker, JournalUse use);
// Likewise, only so many records of that term, which has begun, and what comes before it.
[[nodiscard]] Result<JournalRead> read_journal_up_to(std::filesystem::path const& ledger, log::Seal upto, JournalTaker const& taker);

}  // namespace godwit
