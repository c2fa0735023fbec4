#include "explorer/scenario.hpp"

#include <array>
#include <utility>

namespace godwit::explorer {

namespace {

constexpr std::array<std::pair<Defect, char const*>, 10> names{{
    {Defect::none, "none"},
    {Defect::thaws_by_itself, "thaws_by_itself"},
    {Defect::thaws_overtaken, "thaws_overtaken"},
    {Defect::ignores_epochs, "ignores_epochs"},
    {Defect::obeys_old_terms, "obeys_old_terms"},
    {Defect::fences_at_once, "fences_at_once"},
    {Defect::renews_with_stale, "renews_with_stale"},
    {Defect::sends_before_durable, "sends_before_durable"},
    {Defect::forgets_reports, "forgets_reports"},
    {Defect::trusts_silence, "trusts_silence"},
}};

}  // namespace

std::optional<Defect> defect_named(std::string_view name) {
  for (auto const& [defect, text] : names) {
    if (name == text) return defect;
  }
  return std::nullopt;
}

char const* name_of(Defect defect) {
  for (auto const& [one, text] : names) {
    if (one == defect) return text;
  }
  return "?";
}

}  // namespace godwit::explorer
