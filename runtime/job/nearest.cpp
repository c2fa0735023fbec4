#include "job/nearest.hpp"

#include <algorithm>

namespace godwit {

namespace {

// Optimal string alignment: Levenshtein plus swapped neighbours, with three rolling rows.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_up(b.size() + 1), up(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) up[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto const replaced = up[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({up[j] + 1, row[j - 1] + 1, replaced});
      bool const swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_up[j - 2] + 1);
    }
    std::swap(two_up, up);
    std::swap(up, row);
  }
  return up[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view typed, std::vector<std::string> const& candidates) {
  constexpr std::size_t longest = 64;  // nobody mistypes more than that
  if (typed.empty() || typed.size() > longest) return {};
  std::string best;
  auto best_distance = std::max<std::size_t>(2, typed.size() / 3) + 1;
  for (auto const& candidate : candidates) {
    if (candidate.size() > longest) continue;
    auto const d = distance(typed, candidate);
    if (d < best_distance && d < std::max(typed.size(), candidate.size())) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace godwit
