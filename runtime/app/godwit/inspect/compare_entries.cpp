// The lines of `diff` about lists of texts and maps: entry by entry, by place or by key.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/godwit/format.hpp"
#include "app/godwit/inspect/comparison.hpp"
#include "state/plain_values.hpp"

namespace godwit::inspect {
namespace {

struct Entry {
  std::string name;  // of its place, "[2]", or its key
  PlainView value;
};

std::vector<Entry> entries_of(Field const& field) {
  std::vector<Entry> entries;
  PlainValues values(field);
  while (auto const value = values.next()) {
    if (field.form != FieldForm::map) {
      entries.push_back({fmt::format("[{}]", entries.size()), *value});
      continue;
    }
    auto const to = values.next();
    if (!to) break;
    auto const& key = *value;
    entries.push_back(
        {key.kind.form == FieldForm::text ? godwit::quoted(to_text(key.bytes)) : plain_text(key), *to});
  }
  return entries;
}

bool are_equal(PlainView const& a, PlainView const& b, Tolerance const& tolerance) {
  if (a.kind.form == FieldForm::text)
    return common_bytes(a.bytes, b.bytes) == std::max(a.bytes.size(), b.bytes.size());
  Difference difference;
  add(difference, a.kind.scalar, a.bytes, b.bytes, tolerance);
  return difference.differ == 0;
}

}  // namespace

Line compare_entries(Field const& a, Field const& b, Tolerance const& tolerance) {
  auto const in_a = entries_of(a);
  std::map<std::string, PlainView> in_b;
  for (auto const& entry : entries_of(b)) in_b.emplace(entry.name, entry.value);

  auto const entries_b = in_b.size();
  std::uint64_t both = 0;
  std::string first;  // of what changed
  auto changed = Json::array();
  auto gone = Json::array();
  for (auto const& entry : in_a) {
    auto const other = in_b.find(entry.name);
    if (other == in_b.end()) {
      gone.push_back(entry.name);
      continue;
    }
    ++both;
    if (!are_equal(entry.value, other->second, tolerance)) {
      auto const before = entry_text(entry.value), after = entry_text(other->second);
      if (changed.empty()) first = fmt::format("   {}: {} → {}", entry.name, before, after);
      changed.push_back({{"entry", entry.name}, {"old", before}, {"new", after}});
    }
    in_b.erase(other);
  }
  auto added = Json::array();
  for (auto const& [name, value] : in_b) added.push_back(name);
  Line line{a.name};
  line.json = {{"old_entries", in_a.size()},
               {"new_entries", entries_b},
               {"changed", changed},
               {"only_in_first", gone},
               {"only_in_second", added}};
  if (changed.empty() && gone.empty() && added.empty()) return line;
  line.verdict = Verdict::differs;
  line.mark = '~';
  line.text = fmt::format("{} of {} differ", cli::spell_count(changed.size()), cli::spell_count(both));
  if (!gone.empty()) line.text += fmt::format(", {} only in the first", cli::spell_count(gone.size()));
  if (!added.empty()) line.text += fmt::format(", {} only in the second", cli::spell_count(added.size()));
  line.text += first;
  return line;
}

}  // namespace godwit::inspect
