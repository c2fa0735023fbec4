#include "app/workload/argument.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "app/workload/words.hpp"

namespace godwit {
namespace {

struct Measure {
  std::string_view unit;
  double factor;
};

constexpr std::array<Measure, 7> time_units{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}}};
constexpr double kib = 1024;
constexpr std::array<Measure, 13> size_units{{{"B", 1},
                                              {"K", kib},
                                              {"M", kib* kib},
                                              {"G", kib* kib* kib},
                                              {"T", kib* kib* kib* kib},
                                              {"KiB", kib},
                                              {"MiB", kib* kib},
                                              {"GiB", kib* kib* kib},
                                              {"TiB", kib* kib* kib* kib},
                                              {"kB", 1e3},
                                              {"MB", 1e6},
                                              {"GB", 1e9},
                                              {"TB", 1e12}}};

// One number with its unit off the front of `text`, in the smallest unit; nothing if there is none.
template <std::size_t N>
std::optional<double> take(std::string_view& text, std::array<Measure, N> const& measures) {
  double number = 0;
  auto const [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || number < 0) return std::nullopt;
  auto rest = text.substr(static_cast<std::size_t>(end - text.data()));
  auto const unit_end = std::find_if_not(rest.begin(), rest.end(), is_letter);
  auto const unit = rest.substr(0, static_cast<std::size_t>(unit_end - rest.begin()));
  auto const* found =
      std::find_if(measures.begin(), measures.end(), [&](Measure const& m) { return m.unit == unit; });
  if (found == measures.end()) return std::nullopt;
  text = rest.substr(unit.size());
  return number * found->factor;
}

constexpr double largest = 9.2e18;  // what 63 bits hold

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "never" || text == "0") return Duration{0};
  auto const wrong = reject(
      "bad_duration", fmt::format("'{}' is not a duration; expected such as 90s, 10min or 1h30min", text));
  if (text.empty()) return wrong;
  double total = 0;
  for (auto rest = text; !rest.empty();) {
    auto const part = take(rest, time_units);
    if (!part) return wrong;
    total += *part;
  }
  if (!(total < largest)) return wrong;
  return Duration{static_cast<std::int64_t>(std::llround(total))};
}

// Of which only one is said, the other is no limit.
Result<History> parse_history(std::string_view text) {
  History history{Duration{0}, 0};
  if (text == "all") return history;
  auto const wrong = reject("bad_history", fmt::format("'{}': expected a time such as 7d, a number of jobs, both with a comma between "
                                                       "them, or all",
                                                       text));
  if (text.empty() || text.back() == ',') return wrong;
  for (auto rest = text; !rest.empty();) {
    auto const comma = std::min(rest.find(','), rest.size());
    auto const word = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    bool const number = !word.empty() && word.find_first_not_of("0123456789") == word.npos;
    if (number) {
      auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), history.jobs);
      if (error != std::errc{} || history.jobs == 0) return wrong;
      continue;
    }
    auto const age = parse_duration(word);
    if (!age || *age <= Duration{0}) return wrong;
    history.age = *age;
  }
  return history;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  auto rest = text;
  auto const bytes = take(rest, size_units);
  if (!bytes || !rest.empty() || !(*bytes < largest)) {
    return reject("bad_size", fmt::format("'{}' is not a size; expected such as 512MiB or 2GiB", text));
  }
  return static_cast<std::uint64_t>(std::llround(*bytes));
}

Result<std::pair<std::string, std::string>> parse_pair(std::string_view text) {
  auto const equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return reject("bad_argument", fmt::format("'{}' is not an argument; expected key=value", text));
  }
  return std::pair{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Status check_word(std::string_view what, std::string_view word) {
  if (is_name(word)) return Done{};
  return reject(
      "bad_name",
      fmt::format("'{}' can't be {}; use letters, digits, '_', '.' and '-', and begin with a letter", word,
                  what));
}

Result<std::pair<std::string, std::int32_t>> parse_resource(std::string_view text) {
  auto const equals = text.find('=');
  auto const name = text.substr(0, equals);
  if (auto const named = check_word("a resource's name", name); !named) return named.failure();
  std::int32_t count = 1;
  if (equals != std::string_view::npos) {
    auto const number = text.substr(equals + 1);
    auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
    if (error != std::errc{} || end != number.data() + number.size() || count < 1) {
      return reject("bad_resource",
                    fmt::format("'{}' is no count of {}; expected such as {}=1", number, name, name));
    }
  }
  return std::pair{std::string(name), count};
}

Status set_checkpoint_every(std::string_view word, JobSpec& spec) {
  spec.checkpoint_auto = word == "auto";
  spec.checkpoint_every = Duration{0};
  if (spec.checkpoint_auto) return Done{};
  auto const every = parse_duration(word);
  if (!every) return every.failure();
  spec.checkpoint_every = *every;
  return Done{};
}

Status set_keep_every(std::string_view word, Retention& retention) {
  retention.every_nth = 0;
  retention.every = Duration{0};
  bool const number = !word.empty() && word.find_first_not_of("0123456789") == word.npos;
  if (number) {
    auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), retention.every_nth);
    if (error == std::errc{} && retention.every_nth > 0) return Done{};
    return reject("bad_number", fmt::format("'{}': expected a number from 1 on, or a time such as 1h", word));
  }
  auto const every = parse_duration(word);
  if (!every) return every.failure();
  retention.every = *every;
  return Done{};
}

Status check_name(std::string_view name) {
  if (name == "all" || name == "last") {
    return reject("bad_name", fmt::format("'{}' can't be a job's name: it stands for other jobs", name));
  }
  if (!is_name(name)) {
    return reject("bad_name",
                  fmt::format("'{}' can't be a job's name; use letters, digits, '_', '.' and '-', "
                              "and begin with a letter",
                              name));
  }
  return Done{};
}

Result<Dependency::Until> parse_until(std::string_view word) {
  if (word == "finished") return Dependency::Until::finished;
  if (word == "ended") return Dependency::Until::ended;
  return reject("bad_dependency",
                fmt::format("'{}' is nothing to wait for; expected finished or ended", word));
}

Result<std::vector<Dependency>> parse_dependencies(std::string_view text) {
  std::vector<Dependency> all;
  auto until = Dependency::Until::finished;
  char separator = ',';
  for (auto const& [word, meaning] : {std::pair{std::string_view("afterok:"), Dependency::Until::finished},
                                      {"afterany:", Dependency::Until::ended}}) {
    if (!text.starts_with(word)) continue;
    text.remove_prefix(word.size());
    until = meaning;
    separator = ':';
  }
  for (bool more = true; more;) {
    auto const end = std::min(text.find(separator), text.size());
    auto part = text.substr(0, end);
    Dependency one{.job = {}, .id = {}, .until = until};
    if (auto const colon = part.find(':'); colon != std::string_view::npos) {
      auto const named = parse_until(part.substr(colon + 1));
      if (!named) return named.failure();
      one.until = *named;
      part = part.substr(0, colon);
    }
    if (part.empty()) {
      return reject("bad_dependency", "a job is missing; expected such as 7, plate or plate:ended");
    }
    one.job = part;
    all.push_back(std::move(one));
    more = end < text.size();
    if (more) text.remove_prefix(end + 1);
  }
  return all;
}

Result<std::int32_t> parse_managers(std::string_view text) {
  if (text == "flat") return 0;
  if (text == "per-node") return -1;
  std::int32_t hosts = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), hosts);
  if (error == std::errc{} && end == text.data() + text.size() && hosts >= 2) return hosts;
  return reject("bad_managers", fmt::format("'{}' is not how hosts are managed; expected flat, per-node, or how many "
                                            "hosts a manager has, at least 2",
                                            text));
}

std::string directory_from(std::filesystem::path const& base, std::string_view word) {
  auto joined = std::filesystem::absolute(base) / word;
  // What an axis will put in may be "..": then this isn't the time to tidy up.
  auto directory = (word.find("%{") == word.npos ? joined.lexically_normal() : joined).string();
  if (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  return directory;
}

std::string default_account() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return fmt::format("uid{}", geteuid());
}

}  // namespace godwit
