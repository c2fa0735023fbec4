#include "edge/posix/journal_reader.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "edge/posix/file.hpp"
#include "edge/posix/journal_format.hpp"
#include "edge/posix/journal_gathering.hpp"

namespace godwit {
namespace {

constexpr int looks_max = 8;  // at files that are being made fewer

Status deliver_base(SnapshotRead const& base, std::filesystem::path const& ledger, JournalTaker const& taker) {
  auto const path = snapshot_path(ledger, {base.head.term, base.head.segment});
  if (!taker.part) return data_lost("ledger", fmt::format("{}: who reads takes no snapshot", path.string()));
  for (auto const& bytes : base.parts) {
    auto const offset = static_cast<std::size_t>(bytes.data() - view_of(base.text).data());
    if (auto const taken = taker.part(bytes); !taken) return journal::damaged(path, offset, taken.failure().context);
  }
  return Done{};
}

Status deliver(journal::SegmentRead const& segment, JournalTaker const& taker) {
  auto const bytes = view_of(segment.text);
  auto at = segment.begin;
  for (std::uint64_t record = 0; record < segment.records; ++record) {
    auto const payload = *journal::record_at(bytes.subspan(at));
    if (auto taken = taker.record(segment.id.term, payload); !taken) {
      return journal::damaged(segment.path, at, taken.failure().context);
    }
    at += journal::record_head_bytes + payload.size();
  }
  return Done{};
}

Status cut_torn_end(journal::SegmentRead const& segment, bool cuts, std::vector<std::string>& notes) {
  if (segment.limited || segment.sound_bytes == segment.text.size()) return Done{};
  notes.push_back(fmt::format("{}: {} torn bytes at {}", segment.path.string(), segment.text.size() - segment.sound_bytes,
                              segment.sound_bytes));
  if (cuts && ::truncate(segment.path.c_str(), static_cast<off_t>(segment.sound_bytes)) != 0) {
    return retry_later("io_error", fmt::format("cutting {}: {}", segment.path.string(), errno_text(errno)));
  }
  return Done{};
}

using Terms = std::optional<std::vector<Term>>;  // none: all there are

Result<LedgerFiles> files_of(std::filesystem::path const& ledger, Terms const& terms) {
  auto files = ledger_files(ledger);
  if (!files || !terms) return files;
  auto const is_other = [&](Term term) { return std::ranges::find(*terms, term) == terms->end(); };
  std::erase_if(files->logs, [&](auto const& one) { return is_other(one.first); });
  std::erase_if(files->snapshots, [&](auto const& id) { return is_other(id.term); });
  for (auto const term : *terms) files->logs[term].insert(0);
  return files;
}

Result<JournalRead> read(std::filesystem::path const& ledger, Terms const& terms, std::optional<log::Seal> upto,
                         JournalTaker const& taker, JournalUse use) {
  auto files = files_of(ledger, terms);
  if (!files) return files.failure();
  auto gathered = journal::gather(ledger, *files, upto);
  for (int looks = 1; !gathered && looks < looks_max; ++looks) {
    auto const again = files_of(ledger, terms);
    if (!again) return again.failure();
    if (*again == *files) break;
    files = *again;
    gathered = journal::gather(ledger, *files, upto);
  }
  if (!gathered) return gathered.failure();
  JournalRead journal;
  auto const known = files->terms();
  if (!known.empty()) journal.newest = known.back();
  journal.seals = std::move(gathered->seals);
  journal.cut = std::move(gathered->passed_over);
  if (auto const& base = gathered->base) {
    journal.base = SegmentId{base->head.term, base->head.segment};
    journal.base_bytes = base->text.size();
    if (auto delivered = deliver_base(*base, ledger, taker); !delivered) return delivered.failure();
  }
  for (auto const& segment : gathered->segments) {
    if (auto delivered = deliver(segment, taker); !delivered) return delivered.failure();
    journal.records += segment.records;
    journal.log_bytes += segment.sound_bytes;
    bool const cuts = use == JournalUse::take_over && !known.empty() && segment.id.term == known.back();
    if (auto cut = cut_torn_end(segment, cuts, journal.cut); !cut) return cut.failure();
  }
  return journal;
}

}  // namespace

Result<std::vector<Term>> terms_in(std::filesystem::path const& ledger) {
  auto const files = ledger_files(ledger);
  if (!files) return files.failure();
  return files->terms();
}

Result<JournalRead> read_journal(std::filesystem::path const& ledger, JournalTaker const& taker, JournalUse use) {
  return read(ledger, std::nullopt, std::nullopt, taker, use);
}

Result<JournalRead> read_journal(std::filesystem::path const& ledger, std::vector<Term> const& terms, JournalTaker const& taker,
                                 JournalUse use) {
  return read(ledger, terms, std::nullopt, taker, use);
}

Result<JournalRead> read_journal_up_to(std::filesystem::path const& ledger, log::Seal upto, JournalTaker const& taker) {
  return read(ledger, std::nullopt, upto, taker, JournalUse::look);
}

}  // namespace godwit
