// What a reader of the ledger has to go through, found and checked before anything of it is used; private to this folder.
// A failure of one that reads while the log is made shorter may be gone when it looks again.
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "edge/posix/journal_reader.hpp"
#include "edge/posix/snapshot_file.hpp"

namespace godwit::journal {

inline constexpr std::uint64_t all_records = std::numeric_limits<std::uint64_t>::max();

struct SegmentRead {
  std::filesystem::path path;
  SegmentId id;
  std::string text;
  std::uint64_t records{0};  // those that count
  std::size_t begin{0}, sound_bytes{0};
  bool continued{false};     // its end says that another follows
  bool limited{false};       // a seal says how many count
};

struct Gathered {
  std::unique_ptr<SnapshotRead> base;  // none: from the very beginning
  std::vector<SegmentRead> segments;
  std::vector<log::Seal> seals;
  std::vector<std::string> passed_over;
};

[[nodiscard]] Failure damaged(std::filesystem::path const& path, std::size_t offset, std::string_view what);

[[nodiscard]] Result<Gathered> gather(std::filesystem::path const& ledger, LedgerFiles const& files, std::optional<log::Seal> upto);

}  // namespace godwit::journal
