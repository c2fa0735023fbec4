#include "app/workload/capability.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/workload/words.hpp"

namespace godwit {
namespace {

constexpr std::int32_t identities_max = 10'000;

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    auto const end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::optional<std::int32_t> number_in(std::string_view text) {
  std::int32_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// "3" or "1-3".
std::optional<std::pair<std::int32_t, std::int32_t>> numbers_in(std::string_view text) {
  auto const dash = text.find('-');
  auto const first = number_in(text.substr(0, dash));
  auto const last = dash == std::string_view::npos ? first : number_in(text.substr(dash + 1));
  if (!first || !last || *last < *first || *last - *first >= identities_max) return std::nullopt;
  return std::pair{*first, *last};
}

Failure not_a_capability(std::string_view what) {
  return reject("bad_capability",
                fmt::format("{}; expected such as '1-3: bigmem gpu=0,1' or 'all: licence=a,b'", what));
}

Status read_hosts(std::string_view text, DeclaredCapability& to) {
  if (text == "all") return Done{};
  to.hosts.emplace();
  for (auto const part : parts_of(text, ',')) {
    auto const range = numbers_in(part);
    if (!range || range->first < 1) return not_a_capability(fmt::format("'{}' names no hosts", text));
    to.hosts->push_back({Rank{range->first}, Rank{range->second}});
  }
  return Done{};
}

void add_new(std::vector<std::string>& to, std::string const& word) {
  if (std::ranges::find(to, word) == to.end()) to.push_back(word);
}

Status read_word(std::string_view word, DeclaredCapability& to) {
  auto const equals = word.find('=');
  auto const name = word.substr(0, equals);
  if (!is_name(name)) return not_a_capability(fmt::format("'{}' is no label and no NAME=IDENTITIES", word));
  if (equals == std::string_view::npos) {
    add_new(to.labels, std::string(name));
    return Done{};
  }
  auto& identities = to.resources[std::string(name)];
  for (auto const part : parts_of(word.substr(equals + 1), ',')) {
    if (part.empty()) return not_a_capability(fmt::format("an identity is missing in '{}'", word));
    if (auto const range = numbers_in(part)) {
      for (auto number = range->first; number <= range->second; ++number)
        add_new(identities, std::to_string(number));
    } else {
      add_new(identities, std::string(part));
    }
  }
  return Done{};
}

}  // namespace

bool DeclaredCapability::is_of(Rank host) const {
  auto const within = [&](auto const& range) { return range.first <= host && host <= range.second; };
  return !hosts || std::ranges::any_of(*hosts, within);
}

Result<DeclaredCapability> parse_capability(std::string_view text) {
  auto const colon = text.find(':');
  if (colon == std::string_view::npos)
    return not_a_capability(fmt::format("'{}' doesn't say which hosts", text));
  DeclaredCapability declared;
  if (auto const read = read_hosts(text.substr(0, colon), declared); !read) return read.failure();
  for (auto const word : parts_of(text.substr(colon + 1), ' ')) {
    if (word.empty()) continue;
    if (auto const read = read_word(word, declared); !read) return read.failure();
  }
  if (declared.labels.empty() && declared.resources.empty()) {
    return not_a_capability(fmt::format("'{}' says nothing of its hosts", text));
  }
  return declared;
}

void declare(std::vector<DeclaredCapability> const& declared, Rank host, Capabilities& has) {
  for (auto const& one : declared) {
    if (!one.is_of(host)) continue;
    for (auto const& label : one.labels) add_new(has.labels, label);
    for (auto const& [name, identities] : one.resources) {
      for (auto const& identity : identities) add_new(has.resources[name], identity);
    }
  }
  std::ranges::sort(has.labels);
}

}  // namespace godwit
