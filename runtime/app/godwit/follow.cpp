#include "app/godwit/follow.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "app/godwit/format.hpp"
#include "app/godwit/outcome.hpp"
#include "app/godwit/talk.hpp"

namespace godwit::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration first_look{10ms};
constexpr Duration slowest_look{250ms};
constexpr Duration between_lines{10s};  // where there is no terminal

bool is_over(cmd::JobRow const& row) {
  return is_ended(row.state) || row.state == JobState::stranded;
}

std::string lower(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

// A line that is to be rewritten must not wrap.
std::string fitted(std::string line) {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return line;
  if (line.size() >= size.ws_col) line.resize(size.ws_col - 1U);
  return line;
}

// "6 jobs: 3 finished, 2 running, 1 waiting   plate 30.7 %"
std::string summary(std::vector<cmd::JobRow> const& rows) {
  std::map<JobState, int> counts;
  for (auto const& row : rows) ++counts[row.state];
  auto text = fmt::format("{} job{}:", rows.size(), rows.size() == 1 ? "" : "s");
  char const* separator = " ";
  for (auto const& [state, count] : counts) {
    text += fmt::format("{}{} {}", separator, count, lower(to_string(state)));
    separator = ", ";
  }
  int shown = 0;
  for (auto const& row : rows) {
    if (row.state != JobState::running || shown == 3) continue;
    auto const progress =
        row.progress.done > 0 ? spell_progress(row.progress) : spell_count(row.steps) + " steps";
    text += fmt::format("{}{} {}", shown == 0 ? "   " : ", ",
                        row.spec.name.empty() ? fmt::format("{} {}", row.spec.type, row.job) : row.spec.name,
                        progress);
    ++shown;
  }
  return text;
}

}  // namespace

Follower::Follower(std::set<JobId> jobs, bool quiet)
    : jobs_(std::move(jobs)),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) == 1),
      next_line_(Clock::now()) {}

Result<Follower::End> Follower::follow(rpc::Client& client, SignalWatch& signals) {
  Duration look = first_look;
  while (true) {
    auto jobs = ask_for<cmd::Jobs>(client, cmd::ListJobs{});
    if (!jobs) {
      wipe_line();
      return jobs.failure();
    }
    bool const all_over = take(std::move(jobs->rows));
    say_outcomes();
    if (all_over) break;
    say_progress();
    if (signals.came_within(look)) {
      wipe_line();
      return End::interrupted;
    }
    look = std::min<Duration>(look * 2, slowest_look);
  }
  wipe_line();
  return End::ended;
}

bool Follower::take(std::vector<cmd::JobRow> rows) {
  std::erase_if(rows, [&](auto const& row) { return !jobs_.contains(row.job); });
  rows_ = std::move(rows);
  return std::all_of(rows_.begin(), rows_.end(), is_over);
}

void Follower::say_outcomes() {
  for (auto const& row : rows_) {
    if (!is_over(row) || !said_.insert(row.job).second || quiet_) continue;
    wipe_line();
    fmt::print("{}\n", spell_outcome(row));
  }
  std::fflush(stdout);
}

void Follower::say_progress() {
  say_if_all_suspended();
  auto line = terminal_ ? fitted(summary(rows_)) : summary(rows_);
  if (terminal_) {
    if (line == last_line_ && line_shown_) return;
    fmt::print(stderr, "\r\033[K{}", line);
    line_shown_ = true;
  } else {
    if (Clock::now() < next_line_) return;
    next_line_ = Clock::now() + between_lines;
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
  last_line_ = std::move(line);
}

// Nothing would ever end: the user may have forgotten.
void Follower::say_if_all_suspended() {
  bool const stuck = std::all_of(rows_.begin(), rows_.end(), [](cmd::JobRow const& row) {
    return is_over(row) || row.state == JobState::suspended;
  });
  if (stuck && !said_suspended_) {
    wipe_line();
    fmt::print(stderr, "all that is left is suspended; 'godwit resume all' lets it go on\n");
  }
  said_suspended_ = stuck;
}

void Follower::wipe_line() {
  if (line_shown_) fmt::print(stderr, "\r\033[K");
  line_shown_ = false;
}

}  // namespace godwit::cli
