#include "simulate/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <optional>

namespace godwit::simulate {
namespace {

constexpr std::size_t columns{18};
constexpr std::array<char const*, columns> column_names{"job number",
                                                        "submit time",
                                                        "wait time",
                                                        "run time",
                                                        "allocated processors",
                                                        "CPU time",
                                                        "used memory",
                                                        "requested processors",
                                                        "requested time",
                                                        "requested memory",
                                                        "status",
                                                        "user",
                                                        "group",
                                                        "executable",
                                                        "queue",
                                                        "partition",
                                                        "preceding job",
                                                        "think time"};
enum Column : std::size_t { submit = 1, run = 3, processors = 4, requested_time = 8, user = 11, group = 12 };

constexpr std::int64_t seconds_max{
    4'000'000'000};  // of a time that a line gives: the year 2096, if it counts from 1970

template <class Number>
std::optional<Number> number_of(std::string_view word) {
  Number number{};
  auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && end == word.data() + word.size() ? std::optional(number) : std::nullopt;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

class SwfReader {
 public:
  SwfReader(std::string_view name, std::int32_t machine, Charged charged)
      : name_(name), machine_(machine), charged_(charged) {}

  Result<Trace> read(std::string_view text) {
    while (!text.empty()) {
      auto const end = std::min(text.find('\n'), text.size());
      ++line_;
      if (auto const read = take(text.substr(0, end)); !read) return read.failure();
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (machine_ == 0) machine_ = trace_.processors;
    finish();
    return std::move(trace_);
  }

 private:
  using Numbers = std::array<std::int64_t, columns>;

  Status take(std::string_view line) {
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (line.empty()) return Done{};
    if (line.front() == ';') return header(line);
    Numbers numbers{};
    if (auto const split = split_into(numbers, line); !split) return split.failure();
    if (numbers[run] <= 0 || numbers[processors] <= 0) {
      ++trace_.left_out;
    } else {
      add(numbers);
    }
    return Done{};
  }

  Status header(std::string_view line) {
    constexpr std::string_view word{"MaxProcs:"};
    auto const at = line.find(word);
    if (at == std::string_view::npos) return Done{};
    line.remove_prefix(at + word.size());
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    auto const number =
        number_of<std::int32_t>(line.substr(0, std::min(line.find_first_not_of("0123456789"), line.size())));
    if (!number || *number < 1) return malformed("MaxProcs: a whole number from 1 is expected");
    trace_.processors = *number;
    return Done{};
  }

  Status split_into(Numbers& numbers, std::string_view line) {
    std::size_t column = 0;
    for (std::size_t at = 0; at < line.size();) {
      if (is_space(line[at])) {
        ++at;
        continue;
      }
      auto const end = std::min(line.find_first_of(" \t\r", at), line.size());
      if (column == columns) return malformed("a 19th column: 18 are expected");
      auto const read = number(numbers[column], column, line.substr(at, end - at));
      if (!read) return read;
      ++column;
      at = end;
    }
    if (column == columns) return Done{};
    return malformed(
        fmt::format("column {} ({}) is missing: 18 numbers are expected", column + 1, column_names[column]));
  }

  // Of columns that aren't looked at any number will do: some archives have fractions there.
  Status number(std::int64_t& to, std::size_t column, std::string_view word) {
    bool const looked_at = column == submit || column == run || column == processors ||
                           column == requested_time || column == user || column == group;
    auto const whole = number_of<std::int64_t>(word);
    bool const is_time = column == submit || column == run || column == requested_time;
    auto const most = is_time ? seconds_max : std::int64_t{std::numeric_limits<std::int32_t>::max()};
    char const* expected = nullptr;
    if (looked_at && !whole) {
      expected = "a whole number";
    } else if (looked_at && (*whole > most || *whole < -most)) {
      expected = is_time ? "at most 4,000,000,000 seconds" : "at most 2,147,483,647";
    } else if (!whole && !number_of<double>(word)) {
      expected = "a number";
    }
    to = whole.value_or(0);
    if (expected == nullptr) return Done{};
    return malformed(fmt::format("column {} ({}) is '{}': {} is expected", column + 1, column_names[column],
                                 word.substr(0, 40), expected));
  }

  void add(Numbers const& numbers) {
    Job job;
    job.submit = Instant{} + std::chrono::seconds(numbers[submit]);
    job.run = std::chrono::seconds(numbers[run]);
    job.estimate = std::chrono::seconds(std::max(numbers[requested_time], numbers[run]));
    job.cores = static_cast<std::int32_t>(numbers[processors]);
    job.account = account_of(numbers);
    trace_.jobs.push_back(job);
  }

  std::uint32_t account_of(Numbers const& numbers) {
    std::pair const key{charged_ == Charged::user ? -1 : numbers[group],
                        charged_ == Charged::group ? -1 : numbers[user]};
    auto const [found, is_new] =
        accounts_.try_emplace(key, static_cast<std::uint32_t>(trace_.accounts.size()));
    if (is_new) trace_.accounts.push_back(name_of(numbers));
    return found->second;
  }

  [[nodiscard]] std::string name_of(Numbers const& numbers) const {
    auto const spell = [](char const* what, std::int64_t number) {
      return number < 0 ? fmt::format("{}?", what) : fmt::format("{}{}", what, number);
    };
    auto const user_name = spell("user", numbers[user]);
    auto const group_name = spell("group", numbers[group]);
    if (charged_ == Charged::user) return user_name;
    return charged_ == Charged::group ? group_name : group_name + "/" + user_name;
  }

  void finish() {
    auto& jobs = trace_.jobs;
    std::stable_sort(jobs.begin(), jobs.end(),
                     [](Job const& a, Job const& b) { return a.submit < b.submit; });
    auto const first = jobs.empty() ? Instant{} : jobs.front().submit;
    for (auto& job : jobs) {
      job.submit = Instant{} + (job.submit - first);
      if (machine_ > 0) job.cores = std::min(job.cores, machine_);
    }
  }

  [[nodiscard]] Failure malformed(std::string const& what) const {
    return reject("malformed_trace", fmt::format("{}, line {}: {}", name_, line_, what));
  }

  std::string_view name_;
  std::int32_t machine_;
  Charged charged_;
  std::uint64_t line_{0};
  Trace trace_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::uint32_t> accounts_;
};

}  // namespace

Result<Trace> read_swf(std::string_view text, std::string_view name, std::int32_t processors,
                       Charged charged) {
  return SwfReader(name, processors, charged).read(text);
}

}  // namespace godwit::simulate
