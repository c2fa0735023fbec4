// Following jobs to their end: says each end as it comes, and in between how far they are; on a
// terminal in one line that is rewritten, else in a line now and then. One thread.
//
// How many are in which state is asked often, and costs the same for a job and for an array of 200,000; lists
// of jobs are asked for so seldom that they take at most a twentieth of the time; of an array's elements only
// failed ones are named, and only the first of them.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/godwit/signals.hpp"
#include "base/result.hpp"
#include "edge/rpc/client.hpp"
#include "message/command.hpp"

namespace godwit::cli {

class Follower {
 public:
  // Jobs and whole arrays. `quiet`: outcomes aren't printed, progress goes to stderr as ever.
  Follower(std::set<JobId> jobs, bool quiet);

  enum class End { ended, interrupted };
  // Who answers after the allocator of that term; a failure with code "interrupted" if a signal came.
  using Successor = std::function<Result<rpc::Client>(Term former)>;
  // Until each has ended or is held, or a signal came. Goes on with the next allocator where `client`'s is gone; fails
  // when there is none.
  Result<End> follow(rpc::Client& client, SignalWatch& signals, Successor const& successor);

  [[nodiscard]] std::vector<cmd::JobRow> const& rows() const { return rows_; }  // as last seen
  // "300 jobs in 12.3 s: 298 finished, 2 failed; 24.4 jobs/s"; empty for a single job.
  [[nodiscard]] std::string summary() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Sample {
    Clock::time_point at;
    std::uint64_t ended;
  };

  Status look(rpc::Client& client);
  Status list(rpc::Client& client);
  void add_forgotten(rpc::Client& client, std::vector<cmd::JobRow> const& before);
  Status name_failed(rpc::Client& client, cmd::JobRow const& array);
  void say_outcome(cmd::JobRow const& row);
  void say_progress();
  void say_if_all_suspended();
  void wipe_line();
  [[nodiscard]] bool over() const { return counts_.live() == counts_.held; }
  [[nodiscard]] double per_second() const;  // lately
  [[nodiscard]] std::string line() const;

  std::set<JobId> jobs_;
  std::vector<cmd::JobReference> references_;
  bool quiet_;
  bool terminal_;
  bool line_shown_{false};
  bool said_suspended_{false};
  std::set<JobId> said_;  // whose outcome is out
  std::size_t named_{0};  // failed elements
  std::size_t asked_forgotten_{0};
  std::string last_line_;
  Clock::time_point began_, next_line_, next_list_;
  JobCounts counts_;
  std::uint64_t ended_before_{0};  // we began to follow
  std::deque<Sample> samples_;
  std::vector<cmd::JobRow> rows_;
};

}  // namespace godwit::cli
