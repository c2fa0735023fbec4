#include "app/workload/suggestion.hpp"

#include <fmt/format.h>

#include "job/nearest.hpp"

namespace godwit {

std::string suggestion(std::string_view word, std::vector<std::string> const& known) {
  auto const best = word.empty() ? std::string() : nearest_name(word, known);
  if (!best.empty()) return fmt::format("; did you mean '{}'?", best);
  if (known.empty()) return {};
  return fmt::format("; known: {}", fmt::join(known, ", "));
}

}  // namespace godwit
