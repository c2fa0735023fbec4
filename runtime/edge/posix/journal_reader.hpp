// Reads what earlier terms wrote, oldest term first. A torn end (what a crash leaves behind) is cut
// off the newest log and skipped in older ones; a bad record that is followed by sound ones is data_lost,
// named with file and offset: then history is missing, and guessing would run jobs twice.
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

namespace godwit {

struct JournalRead {
  Term newest;  // 0: there was none
  std::uint64_t records{0};
  std::vector<std::string> cut;  // "ledger/00000003.log: 17 torn bytes at 4096 cut off"
};

enum class JournalUse { take_over, look };

// `each` sees every record's payload in order; its failure ends the reading and is reported with the place.
[[nodiscard]] Result<JournalRead> read_journal(std::filesystem::path const& ledger,
                                               std::function<Status(Term, ByteView)> const& each,
                                               JournalUse use = JournalUse::take_over);

[[nodiscard]] std::filesystem::path journal_path(std::filesystem::path const& ledger, Term term);

}  // namespace godwit
