#include "edge/posix/journal_gathering.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/archive.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/journal_format.hpp"

namespace godwit::journal {
namespace {

// At most `limit` records; what follows is left alone.
Status look_through(SegmentRead& segment, std::uint64_t limit) {
  auto const bytes = view_of(segment.text);
  segment.begin = segment.sound_bytes = head_bytes(segment.id.segment);
  if (bytes.size() < segment.begin) {  // the crash came before the head was whole
    segment.begin = segment.sound_bytes = 0;
    return Done{};
  }
  if (auto const fault = fault_of_head(bytes, segment.id.term); !fault.empty()) return damaged(segment.path, 0, fault);
  while (segment.sound_bytes < bytes.size() && segment.records < limit) {
    auto const rest = bytes.subspan(segment.sound_bytes);
    if (is_end_mark(rest)) {
      segment.continued = true;
      segment.sound_bytes = bytes.size();
      break;
    }
    auto const payload = record_at(rest);
    if (!payload) {
      if (any_record_in(rest.subspan(1))) {
        return damaged(segment.path, segment.sound_bytes, "this record doesn't have its checksum, and sound ones follow");
      }
      break;
    }
    segment.sound_bytes += record_head_bytes + payload->size();
    ++segment.records;
  }
  return Done{};
}

// What the first record of a log says about the older ones; none: it begins no term.
std::optional<std::vector<log::Seal>> seals_in(ByteView record) {
  auto const event = decode<LedgerEvent>(record);
  if (!event) return std::nullopt;
  if (auto const* world = std::get_if<log::WorldBegan>(&*event)) return world->seals;
  if (auto const* begun = std::get_if<log::TermBegan>(&*event)) return begun->seals;
  return std::nullopt;
}

class Gatherer {
 public:
  Gatherer(std::filesystem::path const& ledger, LedgerFiles const& files, std::optional<log::Seal> upto)
      : ledger_(ledger), files_(files), upto_(upto) {}

  Result<Gathered> gather() {
    if (auto counted = what_counts(); !counted) return counted.failure();
    choose_base();
    for (auto& [term, limit] : counting_) {
      if (gathered_.base && term < gathered_.base->head.term) continue;
      if (auto walked = walk(term, limit); !walked) return walked.failure();
    }
    for (auto const& seal : counting_) {
      if (files_.has({seal.term, 0})) gathered_.seals.push_back(seal);
    }
    return std::move(gathered_);
  }

 private:
  // A file that isn't there is an empty one: a candidate may have given up before it was made.
  Result<SegmentRead> open(SegmentId id, std::uint64_t limit) const {
    SegmentRead segment;
    segment.id = id;
    segment.path = segment_path(ledger_, id);
    std::error_code error;
    if (std::filesystem::exists(segment.path, error) || error) {
      auto text = read_file(segment.path, std::numeric_limits<std::size_t>::max() - 1);
      if (!text) return text.failure();
      segment.text = std::move(*text);
    }
    if (limit > 0) {
      if (auto looked = look_through(segment, limit); !looked) return looked.failure();
    }
    return segment;
  }

  // Which logs count, and how many records of each: what the newest one that begins a term says. Where none does,
  // nothing was ever decided.
  Status what_counts() {
    auto const terms = files_.terms();
    for (auto term = terms.rbegin(); term != terms.rend(); ++term) {
      if (upto_ && *term > upto_->term) continue;
      auto const first = open({*term, 0}, 1);
      if (!first) return first.failure();
      if (first->records == 0) continue;
      auto seals = seals_in(*record_at(view_of(first->text).subspan(first->begin)));
      if (!seals) continue;
      counting_ = *std::move(seals);
      counting_.push_back({*term, upto_ ? upto_->records : all_records});
      return Done{};
    }
    for (auto const term : terms) {
      if (!upto_ || term <= upto_->term) counting_.push_back({term, upto_ && term == upto_->term ? upto_->records : all_records});
    }
    return Done{};
  }

  [[nodiscard]] std::uint64_t limit_of(Term term) const {
    auto const at = std::ranges::find(counting_, term, &log::Seal::term);
    return at == counting_.end() ? 0 : at->records;
  }

  // The newest that is sound and within the seals: one of a former allocator that went on after it was sealed isn't.
  void choose_base() {
    for (auto id = files_.snapshots.rbegin(); id != files_.snapshots.rend(); ++id) {
      if (limit_of(id->term) == 0) continue;
      auto read = read_snapshot(snapshot_path(ledger_, *id));
      if (!read) {
        if (read.failure().code != "no_such_file") {
          gathered_.passed_over.push_back(read.failure().context + "; the one before it and the log are used");
        }
        continue;
      }
      auto const& head = (*read)->head;
      if (head.term != id->term || head.segment != id->segment) {
        gathered_.passed_over.push_back(fmt::format("{} is the snapshot of term {}, segment {}, under a wrong name: it isn't used",
                                                    snapshot_path(ledger_, *id).string(), head.term, head.segment));
        continue;
      }
      if (head.before > limit_of(id->term)) continue;
      gathered_.base = std::move(*read);
      return;
    }
  }

  // The segments of a term, after the base if that is of this term. Its limit becomes how many records there are.
  Status walk(Term term, std::uint64_t& limit) {
    bool const based = gathered_.base && gathered_.base->head.term == term;
    SegmentId id{term, based ? gathered_.base->head.segment : 0};
    std::uint64_t count = based ? gathered_.base->head.before : 0;
    for (bool more = true; more && count < limit;) {
      auto segment = open(id, limit - count);
      if (!segment) return segment.failure();
      if (auto const follows = check_place(*segment, count); !follows) return follows;
      segment->limited = limit != all_records;
      count += segment->records;
      gathered_.segments.push_back(std::move(*segment));
      auto const next = next_of(gathered_.segments.back(), count, limit);
      if (!next) return next.failure();
      more = next->has_value();
      if (more) id = **next;
    }
    if (limit == all_records) {
      limit = count;
    } else if (count != limit) {
      auto const& last = gathered_.segments.back();
      return damaged(last.path, last.sound_bytes,
                     fmt::format("{} records were there when the next term began, and now {}", limit, count));
    }
    return Done{};
  }

  static Status check_place(SegmentRead const& segment, std::uint64_t count) {
    if (segment.id.segment == 0 || segment.begin == 0) return Done{};
    auto const before = before_of_head(view_of(segment.text));
    if (before == count) return Done{};
    return damaged(segment.path, 0,
                   fmt::format("it follows on {} records of its term, and {} can be read of those before: a snapshot is damaged or gone, "
                               "and the log before it as well",
                               before, count));
  }

  // Whose records follow on this one's.
  [[nodiscard]] Result<std::optional<SegmentId>> next_of(SegmentRead const& segment, std::uint64_t count, std::uint64_t limit) const {
    std::optional<SegmentId> const none;
    if (count == limit) return none;
    auto const& segments = files_.logs.contains(segment.id.term) ? files_.logs.at(segment.id.term) : std::set<std::uint32_t>{};
    auto const listed = segments.upper_bound(segment.id.segment);
    if (listed != segments.end()) {
      SegmentId const next{segment.id.term, *listed};
      auto const peeked = open(next, 1);
      if (!peeked) return peeked.failure();
      if (peeked->begin > 0) return std::optional(next);
      if (!segment.continued) return none;
    }
    if (!segment.continued) return none;
    SegmentId const next{segment.id.term, segment.id.segment + 1};
    auto const peeked = open(next, 1);
    if (!peeked) return peeked.failure();
    if (peeked->begin > 0) return std::optional(next);
    return retry_later("ledger_io", fmt::format("{} goes on in {}, which can't be seen", segment.path.string(), peeked->path.string()));
  }

  std::filesystem::path const& ledger_;
  LedgerFiles const& files_;
  std::optional<log::Seal> upto_;
  std::vector<log::Seal> counting_;
  Gathered gathered_;
};

}  // namespace

Failure damaged(std::filesystem::path const& path, std::size_t offset, std::string_view what) {
  return data_lost(
      "ledger_damaged",
      fmt::format("{} is damaged at byte {}: {}. What happened after it isn't known any more, so no "
                  "runtime starts on this store; restore the file from a backup, let 'godwit repair' make the ledger again from the checkpoints, "
                  "or begin a new store",
                  path.string(), offset, what));
}

Result<Gathered> gather(std::filesystem::path const& ledger, LedgerFiles const& files, std::optional<log::Seal> upto) {
  return Gatherer(ledger, files, upto).gather();
}

}  // namespace godwit::journal
