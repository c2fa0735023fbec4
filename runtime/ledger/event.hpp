// LedgerEvent: everything that a later allocator must know. Appended to the journal before the sends
// it justifies; Ledger::apply replays them. The log's record format is docs/protocol.md, "Ledger".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/archive.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "job/account.hpp"
#include "job/array.hpp"
#include "job/spec.hpp"

namespace godwit::log {

struct ImageKey {
  Epoch epoch;
  Generation generation;
  auto operator<=>(ImageKey const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & epoch & generation;
  }
};

struct ImageOf {  // an image of a job that may be another one
  JobId job;
  ImageKey image;
  bool operator==(ImageOf const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & job & image;
  }
};

#define GODWIT_EVENT(...)                      \
  template <class Archive>                     \
  void serialize(Archive& archive, unsigned) { \
    archive & __VA_ARGS__;                     \
  }

// Of a former term's log only so many records count: what its allocator appended later, if it was still alive, is void.
struct Seal { Term term; std::uint64_t records{0}; bool operator==(Seal const&) const = default; GODWIT_EVENT(term & records) };

struct WorldBegan {  // new processes: nobody runs anything
  Term term; std::int32_t ranks{0}; WallTime at; std::vector<Seal> seals;
  Duration old_leases{0};  // but hosts of former worlds, whose end isn't proven: for so long
  GODWIT_EVENT(term & ranks & at & seals & old_leases)
};
struct TermBegan {  // a host has taken over from a dead allocator; hosts and jobs stay where they are
  Term term; Rank allocator; WallTime at; std::vector<Seal> seals;
  GODWIT_EVENT(term & allocator & at & seals)
};
struct WorldEnded { Term term; WallTime at; GODWIT_EVENT(term & at) };  // cleanly: every host quiesced
struct HostLost {  // it counts as dead: its jobs are stranded. Out of the electorate
  Rank host; bool proven{false}; WallTime at; GODWIT_EVENT(host & proven & at)
};
struct HostFenced { Rank host; WallTime at; GODWIT_EVENT(host & at) };  // it can't run anything any more: its jobs wait again, or are held
struct Released { JobId job; WallTime at; GODWIT_EVENT(job & at) };  // a held job, by its user: it waits again

struct Submitted { JobId job; JobArray work; WallTime at; GODWIT_EVENT(job & work & at) };  // one job, or a whole array
struct Cloned {  // a new job that goes on from a copy of another's state; no image: from its beginning
  JobId job; JobId of; std::optional<ImageOf> image; JobSpec spec; bool suspended{false}; WallTime at;
  GODWIT_EVENT(job & of & image & spec & suspended & at)
};
struct Placing {  // why a job was given to its host: the figures as they were then, see policy::Reason
  std::int64_t key{0};  // of its account, or of the group above it that made the difference: the lowest goes first
  std::string before;   // the path of who would have been next; empty: nobody else was in line
  std::int64_t before_key{0};
  std::int32_t free_cores{0};  // of the host
  std::int32_t hosts_that_fit{0};
  bool operator==(Placing const&) const = default;
  GODWIT_EVENT(key & before & before_key & free_cores & hosts_that_fit)
};
struct Granted {
  JobId job; Epoch epoch; Rank host; WallTime at;
  std::optional<Placing> why{};  // none: to keep a host busy with short jobs, whoever is next
  GODWIT_EVENT(job & epoch & host & at & why)
};
struct GrantedToGroup {  // to any host of a manager's group: who has it, nobody knows before HandedOn
  JobId job; Epoch epoch; Rank manager; WallTime at; GODWIT_EVENT(job & epoch & manager & at)
};
struct HandedOn {  // that host has it, or may have had it when it died; no_rank: nobody has it, and nobody will at this epoch
  JobId job; Epoch epoch; Rank host; WallTime at; GODWIT_EVENT(job & epoch & host & at)
};
struct Started {  // from: the image that this epoch began from; none: afresh. suspended: as that says; its user's word is another thing
  JobId job; Epoch epoch; std::optional<ImageKey> from; bool suspended{false}; WallTime at;
  GODWIT_EVENT(job & epoch & from & suspended & at)
};
struct Intent {
  JobId job; Rank source; Rank target; Epoch target_epoch; Epoch thaw_epoch; WallTime at;
  GODWIT_EVENT(job & source & target & target_epoch & thaw_epoch & at)
};
struct Moved { JobId job; Epoch epoch; Rank host; WallTime at; GODWIT_EVENT(job & epoch & host & at) };
struct Stayed { JobId job; Epoch epoch; std::string why; GODWIT_EVENT(job & epoch & why) };  // intent closed; the source runs at `epoch`
struct Checkpointed { JobId job; ImageKey image; std::uint64_t bytes{0}; WallTime at; GODWIT_EVENT(job & image & bytes & at) };
struct Suspended { JobId job; Epoch epoch; GODWIT_EVENT(job & epoch) };
struct Resumed { JobId job; Epoch epoch; GODWIT_EVENT(job & epoch) };
struct Crashed { JobId job; Epoch epoch; Outcome outcome; WallTime at; GODWIT_EVENT(job & epoch & outcome & at) };  // to be retried
struct Ended { JobId job; Epoch epoch; Outcome outcome; WallTime at; GODWIT_EVENT(job & epoch & outcome & at) };
struct ElementsCancelled {  // of an array; none of them was ever granted
  JobId array; std::vector<std::pair<std::uint32_t, std::uint32_t>> runs; std::string reason; WallTime at;
  GODWIT_EVENT(array & runs & reason & at)
};
// A job that failed or was cancelled, at its user's word: it waits again, its crashes forgotten.
struct Retried {
  JobId job; bool afresh{false};  // from its beginning: what it had saved is not of its lineage any more
  WallTime at; GODWIT_EVENT(job & afresh & at)
};
struct ElementsRetried {  // of an array; they had been cancelled before they began
  JobId array; std::vector<std::pair<std::uint32_t, std::uint32_t>> runs; WallTime at;
  GODWIT_EVENT(array & runs & at)
};
struct Pruned {  // generations of a job were thrown away: they are not of its lineage any more
  JobId job; std::vector<ImageKey> images; std::uint64_t left_bytes{0};  // of all its generations that are left
  WallTime at; GODWIT_EVENT(job & images & left_bytes & at)
};
// After the ledger was lost: a job as its checkpoint files tell of it. It waits. Of an array, one event for each element that
// has any; the others can't be known, and count as cancelled.
struct Recovered {
  JobId job; JobSpec spec; std::vector<ImageKey> lineage;  // newest first
  Epoch newest_epoch;      // no lower one may be minted
  JobId clone_of;
  std::uint32_t size{0};   // of its array, as far as is known
  JobId next_job;          // no lower number may be given to a new one
  WallTime at; GODWIT_EVENT(job & spec & lineage & newest_epoch & clone_of & size & next_job & at)
};
// Single jobs and whole arrays that have been over for long: they vanish, but for who they were (ledger/identity.hpp). So does
// what was told before that time and is about no job.
struct Forgotten { std::vector<JobId> jobs; WallTime before; WallTime at; GODWIT_EVENT(jobs & before & at) };
struct Parked { JobId job; Epoch epoch; WallTime at; GODWIT_EVENT(job & epoch & at) };  // taken off its host, to wait: for another account's, for another host, or for the next world

// A user's command that was to change something. For people and for history: nothing follows from it.
struct Commanded {
  std::string who; std::string text; std::string refusal; WallTime at;  // refusal: why nothing came of it
  GODWIT_EVENT(who & text & refusal & at)
};

struct AccountsSet { std::vector<AccountRule> rules; WallTime at; GODWIT_EVENT(rules & at) };  // all: the former ones are forgotten
struct Scores {  // what the policy made of each account and group: all of its memory
  std::map<std::string, std::int64_t> scores; WallTime at; GODWIT_EVENT(scores & at)
};
struct Decided {  // why a job is to be moved or to wait, where nobody asked for that. For people: nothing follows from it
  JobId job; std::string what; WallTime at; GODWIT_EVENT(job & what & at)
};
struct Drained { Rank host; bool drained{false}; WallTime at; GODWIT_EVENT(host & drained & at) };  // in this world it takes no jobs

}  // namespace godwit::log

namespace godwit {

using LedgerEvent = std::variant<log::WorldBegan, log::WorldEnded, log::HostLost, log::Submitted, log::Granted,
                                 log::Started, log::Intent, log::Moved, log::Stayed, log::Checkpointed,
                                 log::Suspended, log::Resumed, log::Crashed, log::Ended, log::Parked,
                                 log::ElementsCancelled, log::Commanded, log::Cloned, log::TermBegan, log::HostFenced, log::Released,
                                 log::AccountsSet, log::Scores, log::Drained, log::GrantedToGroup, log::HandedOn, log::Decided, log::Retried,
                                 log::ElementsRetried, log::Pruned, log::Recovered, log::Forgotten>;

[[nodiscard]] char const* name_of(LedgerEvent const& event);  // "Moved"; for tests
[[nodiscard]] JobId job_of(LedgerEvent const& event);  // that it is about, or the array; 0: about none, or several

}
#undef GODWIT_EVENT
