#include "edge/capsules/arena_pages.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace godwit {

void ArenaPages::PageSet::add(std::uint64_t first, std::uint64_t end) {
  if (words_.size() * 64 < end) words_.resize((end + 63) / 64);
  for (auto page = first; page < end;) {
    auto const within = page % 64;
    auto const count = std::min<std::uint64_t>(64 - within, end - page);
    auto const ones = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    words_[page / 64] |= ones << within;
    page += count;
  }
}

PageRuns ArenaPages::PageSet::take() {
  PageRuns runs;
  for (std::uint64_t at = 0; at < words_.size(); ++at) {
    for (auto word = words_[at]; word != 0;) {
      auto const from = static_cast<std::uint64_t>(std::countr_zero(word));
      auto const count = static_cast<std::uint64_t>(std::countr_one(word >> from));
      auto const first = at * 64 + from;
      if (!runs.empty() && runs.back().first + runs.back().count == first)
        runs.back().count += count;
      else
        runs.push_back({first, count});
      word &= from + count == 64 ? 0 : ~std::uint64_t{0} << (from + count);
    }
  }
  words_.clear();
  return runs;
}

void ArenaPages::watch(PageWatch watch) {
  std::lock_guard const lock(mutex_);
  watch_ = std::move(watch);
  owed_ = {};
}

void ArenaPages::renew() {
  std::lock_guard const lock(mutex_);
  owed_ = {};
}

void ArenaPages::scan(std::uint64_t bytes) {
  bool const known = watch_ && scan_writes(*watch_, bytes, [this](std::uint64_t first, std::uint64_t end) {
                       for (auto& owed : owed_) {
                         if (owed.known) owed.pages.add(first / tracked_page_bytes, end / tracked_page_bytes);
                       }
                     });
  if (known && block_.forks.load(std::memory_order_acquire) == 0) return;
  owed_ = {};
  watch_.reset();
}

std::optional<PageRuns> ArenaPages::take(Reader reader, std::uint64_t bytes) {
  std::lock_guard const lock(mutex_);
  scan(bytes);
  auto& owed = owed_[static_cast<std::size_t>(reader)];
  if (owed.known) return owed.pages.take();
  owed.known = watch_.has_value();
  return std::nullopt;
}

}  // namespace godwit
