#include "job/array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string_view>

#include "job/nearest.hpp"

namespace godwit {

namespace {

constexpr std::string_view index_word = "index";
constexpr std::string_view cores_word = "cores";

// Calls text(piece) and word(name) for what lies between and inside %{…}, in order.
template <class Text, class Word>
void walk(std::string_view pattern, Text text, Word word) {
  while (!pattern.empty()) {
    auto const percent = std::min(pattern.find('%'), pattern.size());
    text(pattern.substr(0, percent));
    pattern.remove_prefix(percent);
    if (pattern.starts_with("%%")) {
      text(pattern.substr(0, 1));
      pattern.remove_prefix(2);
    } else if (auto const end = pattern.find('}'); pattern.starts_with("%{") && end != pattern.npos) {
      word(pattern.substr(2, end - 2));
      pattern.remove_prefix(end + 1);
    } else if (!pattern.empty()) {
      text(pattern.substr(0, 1));
      pattern.remove_prefix(1);
    }
  }
}

// Every text of a spec in which a %{word} may stand.
template <class Spec, class Each>
void each_text(Spec& spec, Each each) {
  for (auto& [name, value] : spec.arguments) each(value);
  for (auto& [name, value] : spec.environment) each(value);
  each(spec.directory);
  each(spec.stdout_path);
  each(spec.stderr_path);
}

}  // namespace

namespace {

// Beyond the ends of 64 bits it begins anew: check_array() lets none come that far.
std::int64_t number_at(Axis const& range, std::uint64_t index) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(range.first) + index * static_cast<std::uint64_t>(range.step));
}

bool leaves_64_bits(Axis const& range) {
  std::int64_t way = 0, last = 0;
  return range.count > 0 && (__builtin_mul_overflow(std::int64_t{range.count} - 1, range.step, &way) ||
                             __builtin_add_overflow(range.first, way, &last));
}

}  // namespace

std::string Axis::value(std::uint64_t index) const {
  return count == 0 ? values.at(index) : fmt::format("{}", number_at(*this, index));
}

std::uint64_t JobArray::size() const {
  std::uint64_t all = 1;
  for (auto const& axis : axes) {
    if (__builtin_mul_overflow(all, axis.size(), &all)) return std::numeric_limits<std::uint64_t>::max();
  }
  return all;
}

JobSpec JobArray::element(std::uint32_t index) const {
  auto one = spec;
  if (!is_array()) return one;
  std::map<std::string, std::string, std::less<>> words;
  words.emplace(index_word, fmt::format("{}", index));
  words.emplace(cores_word, fmt::format("{}", spec.cores));
  std::uint64_t rest = index - 1;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    auto value = axis->value(rest % axis->size());
    rest /= axis->size();
    if (axis->argument) one.arguments.insert_or_assign(axis->name, value);
    words.insert_or_assign(axis->name, std::move(value));
  }
  each_text(one, [&](std::string& text) {
    if (text.find('%') == std::string::npos) return;
    std::string filled;
    walk(
        text, [&](std::string_view piece) { filled += piece; },
        [&](std::string_view word) {
          auto const known = words.find(word);
          filled += known != words.end() ? known->second : fmt::format("%{{{}}}", word);
        });
    text = std::move(filled);
  });
  return one;
}

Status check_array(JobArray const& array) {
  std::string mistakes;
  auto const mistake = [&](std::string const& what) { mistakes += (mistakes.empty() ? "" : "\n") + what; };
  std::vector<std::string> known{std::string(index_word), std::string(cores_word)};
  std::set<std::string> seen;
  for (auto const& axis : array.axes) {
    if (axis.name.empty()) mistake("an axis of the array has no name");
    if (axis.size() == 0) mistake(fmt::format("axis '{}' of the array has no values", axis.name));
    if (leaves_64_bits(axis)) {
      mistake(fmt::format("axis '{}' of the array: {} steps of {} from {} on lead beyond what 64 bits hold; choose smaller numbers",
                          axis.name, axis.count, axis.step, axis.first));
    }
    if (!seen.insert(axis.name).second)
      mistake(fmt::format("axis '{}' stands twice in the array", axis.name));
    known.push_back(axis.name);
  }
  if (array.size() > elements_max) {
    mistake(fmt::format("the array has {} elements, at most {} are allowed", array.size(), elements_max));
  }
  if (array.is_array()) {
    each_text(array.spec, [&](std::string const& text) {
      walk(
          text, [](std::string_view) {},
          [&](std::string_view word) {
            if (std::ranges::find(known, word) != known.end()) return;
            auto const near = nearest_name(std::string(word), known);
            mistake(fmt::format("%{{{}}} in '{}': no axis of that name{}", word, text,
                                near.empty() ? std::string() : fmt::format("; did you mean %{{{}}}?", near)));
          });
    });
  }
  if (!mistakes.empty()) return reject("bad_array", mistakes);
  return Done{};
}

}  // namespace godwit
