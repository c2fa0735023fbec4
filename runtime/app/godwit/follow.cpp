#include "app/godwit/follow.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "app/godwit/format.hpp"
#include "app/godwit/outcome.hpp"
#include "app/godwit/talk.hpp"
#include "base/figures.hpp"

namespace godwit::cli {
namespace {

constexpr Duration first_look{10ms};
constexpr Duration slowest_look{250ms};
constexpr Duration between_lines{10s};  // where there is no terminal
constexpr Duration rate_over{10s};
constexpr std::size_t forgotten_asked_max = 10'000;
constexpr int list_share = 20;  // lists take at most one part in this many of the time

// A line that is to be rewritten must not wrap.
std::string fitted(std::string line) {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return line;
  if (line.size() >= size.ws_col) line.resize(size.ws_col - 1U);
  return line;
}

std::string spell_rate(double per_second) {
  return fmt::format("{} jobs/s", per_second < 100 ? fmt::format("{:.1f}", per_second)
                                                   : spell_count(static_cast<std::uint64_t>(per_second)));
}

// "plate 30.7 %, 12 s left, ticker 61 steps": the first few that run.
std::string spell_running(std::vector<cmd::JobRow> const& rows) {
  std::string text;
  int shown = 0;
  for (auto const& row : rows) {
    if (row.elements || row.state != JobState::running || shown == 3) continue;
    auto const progress =
        row.progress.done > 0 ? spell_progress(row.progress) : spell_count(row.steps) + " steps";
    text += fmt::format("{}{} {}", shown == 0 ? "   " : ", ",
                        row.spec.name.empty() ? fmt::format("{} {}", row.spec.type, row.job) : row.spec.name,
                        progress);
    ++shown;
  }
  return text;
}

// Of a job that says how much it has to do; 0: can't tell.
Duration time_left(cmd::JobRow const& row) {
  auto const [done, total] = std::pair{row.progress.done, row.progress.total};
  auto const now = std::chrono::system_clock::now().time_since_epoch();
  auto const ran = now - Duration{row.started.unix_ns};
  if (row.state != JobState::running || done == 0 || total <= done || row.started.unix_ns == 0)
    return Duration{0};
  auto const share = static_cast<double>(done) / static_cast<double>(total);
  return std::chrono::duration_cast<Duration>(ran * (1 - share) / share);
}

}  // namespace

Follower::Follower(std::set<JobId> jobs, bool quiet)
    : jobs_(std::move(jobs)),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) == 1),
      began_(Clock::now()),
      next_line_(began_),
      next_list_(began_) {
  for (auto const job : jobs_) references_.push_back(fmt::format("{}", job));
}

Result<Follower::End> Follower::follow(rpc::Client& client, SignalWatch& signals, Successor const& successor) {
  Duration pause = first_look;
  while (!jobs_.empty()) {
    if (auto const looked = look(client); !looked) {
      wipe_line();
      if (!rpc::is_unreachable(looked.failure())) return looked.failure();
      auto next = successor(client.runtime().term);
      if (next) {
        client = *std::move(next);
        continue;
      }
      if (next.failure().code == "interrupted") return End::interrupted;
      return looked.failure();
    }
    if (over()) break;
    say_progress();
    if (signals.came_within(pause)) {
      wipe_line();
      return End::interrupted;
    }
    pause = std::min<Duration>(pause * 2, slowest_look);
  }
  wipe_line();
  return End::ended;
}

Status Follower::look(rpc::Client& client) {
  auto const counts = ask_for<cmd::Counts>(client, cmd::Count{references_});
  if (!counts) return counts.failure();
  counts_ = counts->counts;
  auto const now = Clock::now();
  if (samples_.empty()) ended_before_ = counts_.ended();
  samples_.push_back({now, counts_.ended()});
  while (samples_.size() > 2 && samples_.front().at < now - rate_over) samples_.pop_front();
  return over() || now >= next_list_ ? list(client) : Done{};
}

Status Follower::list(rpc::Client& client) {
  auto const began = Clock::now();
  auto jobs = ask_for<cmd::Jobs>(client, cmd::ListJobs{.jobs = jobs_.size() == 1 ? references_.front() : ""});
  if (!jobs) return jobs.failure();
  auto const before = std::exchange(rows_, std::move(jobs->rows));
  std::erase_if(rows_, [&](auto const& row) { return !jobs_.contains(row.job); });
  if (rows_.size() < jobs_.size()) add_forgotten(client, before);
  for (auto const& row : rows_) {
    if (row.elements && row.elements->failed > 0 && !quiet_) {
      if (auto const named = name_failed(client, row); !named) return named;
    }
    if (is_over(row)) say_outcome(row);
  }
  next_list_ = Clock::now() + list_share * (Clock::now() - began);
  return Done{};
}

// They ended, and the runtime has forgotten them: as they were when they were last seen, or what it knows of their names.
void Follower::add_forgotten(rpc::Client& client, std::vector<cmd::JobRow> const& before) {
  auto missing = jobs_;
  for (auto const& row : rows_) missing.erase(row.job);
  for (auto const& row : before) {
    if (is_over(row) && missing.erase(row.job) > 0) rows_.push_back(row);
  }
  if (over()) {
    for (auto const job : missing) {
      if (rows_.size() >= jobs_.size() || asked_forgotten_++ >= forgotten_asked_max) break;
      auto const found = ask_for<cmd::Jobs>(client, cmd::ShowJob{fmt::format("{}", job)});
      if (found && !found->rows.empty()) rows_.push_back(found->rows.front());
    }
  }
  std::ranges::sort(rows_, {}, &cmd::JobRow::job);
}

Status Follower::name_failed(rpc::Client& client, cmd::JobRow const& array) {
  if (named_ >= failed_named_max) return Done{};
  auto const failed = ask_for<cmd::Jobs>(client, failed_elements(array.job));
  if (!failed) return failed.failure();
  for (auto const& row : failed->rows) {
    if (named_ >= failed_named_max || said_.contains(row.job)) continue;
    say_outcome(row);
    ++named_;
  }
  return Done{};
}

void Follower::say_outcome(cmd::JobRow const& row) {
  if (quiet_ || !said_.insert(row.job).second) return;
  wipe_line();
  fmt::print("{}\n", spell_outcome(row));
  std::fflush(stdout);
}

double Follower::per_second() const {
  if (samples_.size() < 2) return 0;
  auto const took = std::chrono::duration<double>(samples_.back().at - samples_.front().at).count();
  return took > 0 ? static_cast<double>(samples_.back().ended - samples_.front().ended) / took : 0;
}

// "300 jobs: 12 done, 4 running, 282 waiting, 2 failed   45.2 jobs/s, 6 s left"
std::string Follower::line() const {
  auto const all = counts_.all();
  auto text =
      fmt::format("{} job{}: {} done", spell_count(all), all == 1 ? "" : "s", spell_count(counts_.finished));
  for (auto const& [count, word] : {std::pair{counts_.running, "running"},
                                    {counts_.waiting, "waiting"},
                                    {counts_.suspended, "suspended"},
                                    {counts_.failed, "failed"},
                                    {counts_.cancelled, "cancelled"},
                                    {counts_.stranded, "stranded"},
                                    {counts_.held, "held"}}) {
    if (count > 0) text += fmt::format(", {} {}", spell_count(count), word);
  }
  auto const rate = per_second();
  Duration left{0};
  if (all > 1 && rate > 0) {
    text += "   " + spell_rate(rate);
    auto const to_do = counts_.waiting + counts_.running;
    left = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(static_cast<double>(to_do) / rate));
  } else {
    text += spell_running(rows_);
    if (rows_.size() == 1 && all == 1) left = time_left(rows_.front());
  }
  if (left > Duration{0}) text += fmt::format(", {} left", spell_duration(left));
  return text;
}

void Follower::say_progress() {
  say_if_all_suspended();
  auto text = terminal_ ? fitted(line()) : line();
  if (terminal_) {
    if (text == last_line_ && line_shown_) return;
    fmt::print(stderr, "\r\033[K{}", text);
    line_shown_ = true;
  } else {
    if (Clock::now() < next_line_) return;
    next_line_ = Clock::now() + between_lines;
    fmt::print(stderr, "{}\n", text);
  }
  std::fflush(stderr);
  last_line_ = std::move(text);
}

// Nothing would ever end: the user may have forgotten.
void Follower::say_if_all_suspended() {
  bool const stuck = counts_.suspended > 0 && counts_.running == 0 && counts_.waiting == 0;
  if (stuck && !said_suspended_) {
    wipe_line();
    fmt::print(stderr, "all that is left is suspended; 'godwit resume all' lets it go on\n");
  }
  said_suspended_ = stuck;
}

std::string Follower::summary() const {
  if (counts_.all() < 2) return {};
  auto const took = Clock::now() - began_;
  auto const seconds = std::chrono::duration<double>(took).count();
  auto const rate = static_cast<double>(counts_.ended() - ended_before_) / std::max(seconds, 1e-9);
  return fmt::format("{} jobs in {}: {}; {}", spell_count(counts_.all()),
                     spell_duration(std::chrono::duration_cast<Duration>(took)), spell_counts(counts_),
                     spell_rate(rate));
}

void Follower::wipe_line() {
  if (line_shown_) fmt::print(stderr, "\r\033[K");
  line_shown_ = false;
}

}  // namespace godwit::cli
