// The files of a ledger: what they are called, and which there are.
//
//   00000012.log         term 12, segment 0: whoever creates it is that term's writer
//   00000012-3.log       its segment 3
//   00000012-3.snapshot  what follows from everything before that segment
//   00000012-3.draft     a snapshot that is being written, or never was
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace godwit {

struct SegmentId {
  Term term;
  std::uint32_t segment{0};
  auto operator<=>(SegmentId const&) const = default;
};

struct LedgerFiles {
  std::map<Term, std::set<std::uint32_t>> logs;  // segments
  std::set<SegmentId> snapshots, drafts;
  bool operator==(LedgerFiles const&) const = default;

  [[nodiscard]] bool has(SegmentId id) const { return logs.contains(id.term) && logs.at(id.term).contains(id.segment); }
  [[nodiscard]] std::vector<Term> terms() const;  // ascending
};

[[nodiscard]] Result<LedgerFiles> ledger_files(std::filesystem::path const& ledger);
[[nodiscard]] std::vector<std::filesystem::path> paths_of(std::filesystem::path const& ledger, LedgerFiles const& files);

[[nodiscard]] std::filesystem::path journal_path(std::filesystem::path const& ledger, Term term);  // segment 0
[[nodiscard]] std::filesystem::path segment_path(std::filesystem::path const& ledger, SegmentId id);
[[nodiscard]] std::filesystem::path snapshot_path(std::filesystem::path const& ledger, SegmentId id);
[[nodiscard]] std::filesystem::path draft_path(std::filesystem::path const& ledger, SegmentId id);

}  // namespace godwit
