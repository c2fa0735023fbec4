#include "policy/measure.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "policy/fair_tree.hpp"
#include "policy/up_down.hpp"

namespace godwit::policy {

namespace {

std::string spell_index(std::int64_t index) {
  auto const tenths = (index + (index < 0 ? -50 : 50)) / 100;
  return fmt::format("{}{}.{}", tenths < 0 ? "-" : "", std::abs(tenths) / 10, std::abs(tenths) % 10);
}

}  // namespace

std::string_view measure_of(Policy const& policy) {
  if (policy.discipline() != Discipline::by_account) return {};
  if (dynamic_cast<UpDown const*>(&policy) != nullptr) return "index";
  if (dynamic_cast<FairTree const*>(&policy) != nullptr) return "level fairshare";
  return "key";
}

std::string spell_key(Policy const& policy, std::int64_t key) {
  if (dynamic_cast<UpDown const*>(&policy) != nullptr) return spell_index(key);
  if (dynamic_cast<FairTree const*>(&policy) == nullptr) return fmt::to_string(key);
  return key <= 0 ? "infinite"
                  : fmt::format("{:.2f}", static_cast<double>(FairTree::level) / static_cast<double>(key));
}

}  // namespace godwit::policy
