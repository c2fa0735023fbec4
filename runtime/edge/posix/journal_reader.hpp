// Reads what earlier terms wrote, oldest term first, as far as it counts: the newest log that begins a term names
// the older ones and how many records of each count. What a former allocator appended beyond that is void, and so is
// a log that isn't named: of a candidate whose election came to nothing.
//
// A torn end (what a crash leaves behind) is cut off the newest log and skipped in others; a bad record among those
// that count, or one that is followed by sound ones, is data_lost, named with file and offset: then history is
// missing, and guessing would run jobs twice.
// Blocks on the store. A reader that only looks leaves everything as it is: the log may be one that a runtime
// is writing at this moment, and its torn end a record that is just being written.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "ledger/event.hpp"

namespace godwit {

struct JournalRead {
  Term newest;  // of all logs there are, claimed in vain or not; 0: there was none
  std::vector<log::Seal> seals;  // the logs that count, with this many records each: for who begins the next term
  std::uint64_t records{0};
  std::vector<std::string> cut;  // "ledger/00000003.log: 17 torn bytes at 4096 cut off"
};

enum class JournalUse { take_over, look };

// The terms of which there is a log.
[[nodiscard]] Result<std::vector<Term>> terms_in(std::filesystem::path const& ledger);

// `each` sees every record's payload in order; its failure ends the reading and is reported with the place.
[[nodiscard]] Result<JournalRead> read_journal(std::filesystem::path const& ledger,
                                               std::function<Status(Term, ByteView)> const& each,
                                               JournalUse use = JournalUse::take_over);
// Likewise, where it is known which terms to look for; ascending.
[[nodiscard]] Result<JournalRead> read_journal(std::filesystem::path const& ledger, std::vector<Term> const& terms,
                                               std::function<Status(Term, ByteView)> const& each, JournalUse use);

[[nodiscard]] std::filesystem::path journal_path(std::filesystem::path const& ledger, Term term);

}  // namespace godwit
