// What a user asks of the allocator, and what it answers: each verb is acknowledged with its outcome
// or with the reason why not. The control edge translates to and from JSON-RPC.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "job/account.hpp"
#include "job/array.hpp"
#include "job/counts.hpp"
#include "job/spec.hpp"
#include "message/message.hpp"

namespace godwit::cmd {

// JOB on the command line, resolved by the allocator: "7" (a job, or a whole array), "7_3" an element,
// "7_1-20" a range of them, "7@failed" those in a state (or @waiting, @running, @finished, @cancelled …), "last",
// "all"; a name stands for its job's number: "sweep_3", "sweep@failed".
using JobReference = std::string;

struct Submit {
  std::vector<JobArray> jobs;
  bool adopt{false};  // a job with the same name and spec that is known already is answered, not doubled; one
                      // with another spec is replaced if it hasn't begun, else the submission is refused
};
struct ListJobs {
  JobReference jobs;     // empty: all
  bool elements{false};  // a row for each element that is not as it was submitted; else one row per array
  std::uint32_t limit{0};  // at most that many rows, the first; 0: all, but 1000 rows of elements at most
};
struct Count { std::vector<JobReference> jobs; };  // how many are in which state; empty: all
struct ListHeld { Rank host; };                    // what that host itself says it holds
struct ListHosts {};
struct ShowJob { JobReference job; };
struct Wait { std::vector<JobReference> jobs; };  // empty: all; answered when each has ended or is held
struct Migrate { JobReference job; std::optional<Rank> host; };  // none: the best
struct Clone { JobReference job; std::optional<Rank> host; };    // a new job that goes on from a copy of its state
struct Checkpoint { JobReference job; };
struct Suspend { JobReference job; };
struct Resume { JobReference job; };
struct Cancel { JobReference job; };
struct Call { JobReference job; std::string method; std::vector<std::string> arguments; };
struct ListTypes { std::string type; };  // empty: all
struct Stop {};                          // checkpoint everything, end the world
struct Ping {};
struct SetAccounts { std::vector<AccountRule> rules; };  // all of them: the former ones are forgotten
struct ListShares {};
struct Explain { JobReference job; };
struct Retry { JobReference job; bool afresh{false}; };  // what failed or was cancelled; afresh: from its beginning
struct Restart {  // a new job that goes on from an old generation of this one
  JobReference job;                                // one
  std::uint64_t epoch{0}, generation{0};           // 0: any, the newest
  std::map<std::string, std::string> arguments;    // those that change
  bool latest{false};                              // with the newest plugin of its type, else with its own
};
struct Prune {  // throw away generations that needn't be kept
  std::vector<JobReference> jobs;  // empty: all
  std::optional<Retention> retention;  // instead of each job's own
  bool trial{false};
};
struct Drain { Rank host; bool undrain{false}; };  // no new jobs there, and those that are there move away

using Command = std::variant<Submit, ListJobs, Count, ListHeld, ListHosts, ShowJob, Wait, Migrate, Clone, Checkpoint,
                             Suspend, Resume, Cancel, Call, ListTypes, Stop, Ping, SetAccounts, ListShares, Explain, Drain, Retry, Restart, Prune>;

// ---- answers

using godwit::JobCounts;

struct JobRow {
  JobId job;
  JobSpec spec;
  JobState state{};
  Rank host{no_rank};
  Epoch epoch;
  std::uint64_t steps{0};
  Progress progress;
  std::optional<msg::ImageName> newest_image;
  std::uint32_t moves{0};
  std::uint32_t crashes{0};
  WallTime submitted, started, ended;  // 0: not yet
  Outcome outcome;                     // once ended
  std::vector<msg::ImageName> images;  // ShowJob only, newest first
  Duration step_p50{0}, step_p99{0};
  Rank copy_at{no_rank};              // the host that has a copy of it in memory
  std::optional<JobCounts> elements;  // of an array's own row; then `spec` is its template
  std::vector<Axis> axes;             // likewise
};

struct HeldRow {  // as a host knows it
  JobId job;
  Epoch epoch;
  std::string type;
  std::string name;
  std::string state;  // "preparing", "queued", "arriving", "running", "frozen", "suspended", "leaving"
  std::uint64_t steps{0};
  Progress progress;
  std::uint64_t arena_bytes{0};
  Duration step_age{0};  // since the last safe point
};

struct HostRow {
  Rank host;
  std::int32_t pid{0};
  std::string node;
  std::string state;  // "alive", "late", "dead"
  std::int32_t cores{0};        // of its node
  Capabilities has;             // for jobs
  std::int32_t taken_cores{0};  // of has.cores; more than there are: they wait there
  NodeLoad load;
  std::int32_t jobs{0};
  bool drained{false};          // takes no jobs, at a user's word
  bool standby{false};          // takes jobs only while another is lost or drained
  Rank manager{no_rank};        // which speaks for it; none: itself
  Duration heard{0};  // since the last heart-beat
};

struct Submitted { std::vector<JobId> jobs;  // an array counts as one
  std::vector<bool> adopted; };
struct Jobs {
  std::vector<JobRow> rows;
  std::uint64_t left_out{0};  // rows of elements beyond rows_max
};
inline constexpr std::size_t rows_max = 1000;  // rows of elements in one answer, and acts
struct Counts { JobCounts counts; };
struct Held { Rank host; std::vector<HeldRow> rows; };
struct Hosts { std::vector<HostRow> rows; };
struct Types { std::vector<JobType> types; };
struct Pong { Term term; std::int32_t hosts{0}; };
struct AccountsSet { std::int32_t rules{0}; };

struct ShareRow {  // of an account or a group: then the sums over its members
  std::string path;  // "chem/anna"
  std::int64_t shares{1};
  std::int64_t entitled_millicores{0};
  std::int64_t running_millicores{0};
  std::int64_t waiting{0};
  std::int64_t index{0};
  std::int64_t trend{0};  // by how much the index grew in the last interval
  std::string standing;   // what siblings are ordered by, in the policy's measure: "-1.5"
  std::uint64_t usage_core_us{0};
  std::int32_t cores_max{0};      // 0: no cap
  std::vector<Rank> hosts;        // its own, not its members'
  std::int32_t served_next{0};    // its place in the order in which accounts are served, from 1; 0: it isn't in line
  bool at_cap{false};             // it waits, and may have no more at once: nor is it in line
  bool declared{false};           // by a rule, or above one
};
struct Shares {
  std::string policy;
  std::string measure;         // what `standing` is: "index"; empty: the policy doesn't order accounts
  std::vector<ShareRow> rows;  // as a tree: each group before its members, siblings by name
  std::string next;            // a sentence: what would be served next, and why
};

struct Explanation {
  JobId job;
  JobState state{};
  std::vector<std::string> sentences;
  std::map<std::string, std::string> facts;  // what they say, for programs
  struct Decision {
    WallTime at;
    std::string what;
  };
  std::vector<Decision> decisions;  // why it was moved or made to wait, where nobody asked for that; oldest first
};
struct Explained {
  std::vector<Explanation> rows;
  std::uint64_t left_out{0};
};

struct Drained {
  Rank host;
  bool drained{false};  // now
  std::vector<JobId> leaving;
  std::vector<std::pair<JobId, Failure>> staying;  // and why
};

// The outcome of one verb for one job. `all` gives several.
struct Act {
  JobId job;
  std::optional<Failure> failure;
  std::string what;  // "moved 1 → 3: 12.4 MiB, 3.1 ms stopped", "suspended", "generation 4: 128.0 MiB, …"
  std::optional<msg::MoveFigures> move;
  std::optional<msg::CheckpointFigures> checkpoint;
  std::optional<msg::ImageName> image;
  Rank from{no_rank}, to{no_rank};
  std::optional<JobId> clone;  // of a clone or a restart: the new job
  std::vector<msg::ImageName> removed;  // of a prune
  std::uint64_t removed_bytes{0};
  Duration total{0};   // command to outcome, as the allocator saw it
  std::string answer;  // of a call
};
// Of more than rows_max jobs the first, and a last act with no job that sums up the others. Waiting
// elements that were cancelled together are one act of their array.
struct Acted { std::vector<Act> acts; };
struct Stopped { std::int32_t checkpointed{0}; std::vector<std::pair<JobId, Failure>> unsaved; };
struct Refusal { Failure why; };  // of the whole command

using Answer = std::variant<Submitted, Jobs, Counts, Held, Hosts, Types, Pong, Acted, Stopped, Refusal, AccountsSet, Shares,
                            Explained, Drained>;

}  // namespace godwit::cmd

namespace godwit {
using cmd::Answer;
using cmd::Command;
}
