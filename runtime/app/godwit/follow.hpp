// Following jobs to their end: says each end as it comes, and in between how far they are; on a
// terminal in one line that is rewritten, else in a line now and then. One thread.
#pragma once

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
  // `quiet`: outcomes aren't printed, progress goes to stderr as ever.
  Follower(std::set<JobId> jobs, bool quiet);

  enum class End { ended, interrupted };
  // Until each has ended or is stranded, or a signal came. Fails when the runtime can't be reached.
  Result<End> follow(rpc::Client& client, SignalWatch& signals);

  [[nodiscard]] std::vector<cmd::JobRow> const& rows() const { return rows_; }  // as last seen

 private:
  bool take(std::vector<cmd::JobRow> rows);  // have all ended?
  void say_outcomes();
  void say_progress();
  void say_if_all_suspended();
  void wipe_line();

  std::set<JobId> jobs_;
  bool quiet_;
  bool terminal_;
  bool line_shown_{false};
  bool said_suspended_{false};
  std::set<JobId> said_;  // whose outcome is out
  std::string last_line_;
  std::chrono::steady_clock::time_point next_line_;
  std::vector<cmd::JobRow> rows_;
};

}  // namespace godwit::cli
