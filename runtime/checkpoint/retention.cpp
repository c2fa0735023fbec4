#include "checkpoint/retention.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

namespace godwit::checkpoint {

namespace {

using Shelf = std::map<ImageId, Stored const*, std::greater<>>;  // newest first

std::set<ImageId> with_ancestors(Shelf const& shelf, std::set<ImageId> kept) {
  std::vector<ImageId> open(kept.begin(), kept.end());
  while (!open.empty()) {
    auto const at = shelf.find(open.back());
    open.pop_back();
    if (at == shelf.end()) continue;
    for (auto const& ancestor : at->second->rests_on) {
      if (kept.insert(ancestor).second) open.push_back(ancestor);
    }
  }
  return kept;
}

std::uint64_t bytes_of(Shelf const& shelf, std::set<ImageId> const& kept) {
  std::uint64_t bytes = 0;
  for (auto const& [id, stored] : shelf) bytes += kept.contains(id) ? stored->bytes : 0;
  return bytes;
}

// By their number or by time: whoever is kept so once stays so.
void keep_apart(Shelf const& shelf, Retention const& wish, std::set<ImageId>& kept) {
  std::map<std::int64_t, ImageId> first;  // in each such time
  for (auto const& [id, stored] : shelf) {
    if (!stored->of_lineage) continue;
    if (wish.every_nth > 0 && id.second.value % static_cast<std::uint64_t>(wish.every_nth) == 0) kept.insert(id);
    if (wish.every > Duration{0}) first.insert_or_assign(stored->at.unix_ns / wish.every.count(), id);
  }
  for (auto const& [when, id] : first) kept.insert(id);
}

}  // namespace

std::vector<ImageId> superfluous(std::vector<Stored> const& all, Retention const& retention, ImageId good) {
  if (retention.keeps_all()) return {};
  Shelf shelf;
  for (auto const& one : all) shelf.emplace(one.id, &one);
  auto const newest = std::ranges::find_if(shelf, [](auto const& one) { return one.second->of_lineage; });
  if (newest == shelf.end()) return {};

  std::set<ImageId> must{good, newest->first}, kept;
  std::int32_t counted = 0;
  for (auto const& [id, stored] : shelf) {
    if (id > newest->first || stored->pinned) must.insert(id);
    if (!stored->of_lineage) continue;
    bool const young = retention.keep == 0 || id > good || counted++ < retention.keep;
    if (young) kept.insert(id);
  }
  keep_apart(shelf, retention, kept);
  kept.insert(must.begin(), must.end());
  auto whole = with_ancestors(shelf, kept);
  while (retention.quota_bytes > 0 && bytes_of(shelf, whole) > retention.quota_bytes) {
    auto const oldest = std::ranges::find_if(kept, [&](ImageId id) { return !must.contains(id); });
    if (oldest == kept.end()) break;
    kept.erase(oldest);
    whole = with_ancestors(shelf, kept);
  }
  std::vector<ImageId> gone;
  for (auto const& [id, stored] : shelf) {
    if (!whole.contains(id)) gone.push_back(id);
  }
  return gone;
}

std::vector<ImageId> lineage_of(std::vector<Branch> files) {
  std::ranges::sort(files, std::greater{}, &Branch::id);
  std::vector<ImageId> lineage;
  std::optional<ImageId> parent;  // of the oldest that counts by now: what is newer than that, and older than this, doesn't
  for (auto const& file : files) {
    if (parent && file.id > *parent) continue;
    bool const numbered = lineage.empty() || file.id.second < lineage.back().second;
    if (!numbered) continue;  // numbers count on from epoch to epoch
    lineage.push_back(file.id);
    if (file.parent != ImageId{}) parent = file.parent;
  }
  return lineage;
}

}  // namespace godwit::checkpoint
