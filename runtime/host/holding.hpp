// Holding: all that a host knows of one job in one capsule. A job can be held twice for a while: a
// frozen copy whose Accepted is still on its way, and the same job come back at a higher epoch.
//
//   preparing ─Running─► live ─ended, cancelled, accepted elsewhere─► released ─nothing in use─► forgotten
//   arriving ──Running──►┘                                             ▲
//       └─────────────────── refused ─────────────────────────────────┘
//
// Invariant: a released holding keeps its arena mapped while anything refers to it: a page stream, a
// staging copy, a load, or a Round that may still come (an MPI send needs a matching receive).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "checkpoint/interval.hpp"
#include "custody/arrival.hpp"
#include "custody/departure.hpp"
#include "host/cores.hpp"
#include "host/identities.hpp"
#include "message/message.hpp"
#include "port/capsules.hpp"

namespace godwit::host {

// A partner's copy that it is to begin from: of this host's keeping, or of another's.
struct FromCopy {
  Rank keeper;
  Epoch of;  // the copy's epoch
  bool asked{false};
  bool whole{false};  // its pages are in the arena
  std::optional<RequestId> patience;  // of the keeper's answer, and then of the pages
  std::optional<StreamId> stream;
  std::optional<Digest> came;
  std::optional<msg::CopySeal> seal;
  msg::CopyLabel label;
};

// How a granted job comes to run: its capsule is prepared while its images are verified.
struct Starting {
  std::vector<msg::ImageName> images;  // still to be tried, newest first; empty at first: afresh
  bool prepared{false};
  bool claiming{false};  // its outputs have been claimed, and the allocator hasn't answered
  bool afresh{true};
  bool at_once{false};  // the capsule starts it by itself
  bool told{false};     // it has been started or restored, and may run: its Running decides
  bool fresh_files{false};
  std::optional<RequestId> asked;        // of the store: verify or load
  std::optional<msg::ImageName> chosen;  // verified
  Bytes manifest;
  std::uint64_t arena_bytes{0};
  std::vector<Failure> set_aside;
  Instant reading_since;     // for so long images have been tried
  Duration pause{0};         // the last one between two tries; 0: there was none
  std::optional<RequestId> next_try;
  std::optional<FromCopy> copy;
};

// Its own copy, in the memory of this host's partner.
struct Copying {
  std::optional<RequestId> timer;
  bool offered{false};               // the partner hasn't answered
  bool due{false};                   // it awaits the copy, which is taken at the next safe point
  std::optional<RequestId> gathering;  // the arena must stay as it is
  std::uint64_t sent{0};             // of that number, from the freeze until the partner has it, or hasn't
  std::uint64_t kept{0};             // the newest that it has; 0: the next one must be whole
  std::uint64_t last{0};             // number given out
  bool changed{true};                // since the last one
  bool told{false};                  // that it can't be kept
  [[nodiscard]] bool under_way() const { return offered || due || gathering || sent > 0; }
};

struct Leaving {
  custody::Departure departure;
  RequestId patience;
  StreamId stream{};
  Instant sent{}, taken{};  // pages: first sent, last taken
  std::uint64_t bytes{0};
};

// Whose checkpoint is wanted, and which one is under way; core.hpp keeps those being written.
struct Saving {
  std::vector<RequestId> requests;     // they share the next image
  bool due{false};                     // by interval
  bool last{false};                    // at the end of the world: no thaw after it
  std::optional<RequestId> parking;    // likewise, on request; if it can't be written the job runs on
  std::optional<RequestId> reserving;  // staging memory; the freeze waits for it
  bool reserved{false};
  std::optional<RequestId> staging;  // the arena must stay as it is
  std::optional<RequestId> writing;  // from the freeze until durable
  bool current{false};  // the newest image, written or not yet, is of the state that is frozen still
  std::optional<RequestId> patience;  // of the requests

  [[nodiscard]] bool wanted() const { return last || parking || due || !requests.empty(); }
};

using Order = std::variant<msg::SuspendJob, msg::ResumeJob, msg::CallJob>;

struct Holding {
  enum class Phase : std::uint8_t { preparing, arriving, live, released };
  enum class Halt : std::uint8_t { none, asked, held };

  JobId job;
  Epoch epoch;  // arriving: the target epoch
  CapsuleId capsule;
  JobSpec spec;
  JobId clone_of;  // 0: none
  std::vector<std::string> outputs;  // absolute, as its capsule says them
  Cores::Taken cores;
  Identities::Names identities;
  Phase phase{Phase::preparing};
  int pins{0};  // what refers to the arena

  Starting starting;
  std::optional<custody::Arrival> arrival;
  Failure refusal;             // once refused: said again to whoever asks
  bool round_may_come{false};  // ArrivalReady was sent, and the source hasn't had its last word

  msg::JobStarted started;  // as it was answered
  CapsuleReport report;     // as last read
  bool suspended{false};
  Halt halt{Halt::none};
  int thaws_unanswered{0};
  std::optional<capsule::Frozen> frozen;
  std::optional<Outcome> died;  // while a frozen image of it was leaving
  std::optional<Leaving> leaving;
  Others others{Others::none};  // a target that had been committed to, and didn't take the job, may have cut its outputs
  bool superseded{false};  // a higher epoch has come here: it only waits for its Accepted

  std::optional<msg::ImageName> newest;  // of its lineage, as far as this host knows
  Generation last_generation;            // given out: never given twice
  Saving saving;
  checkpoint::Interval interval{Duration{0}};
  std::optional<RequestId> interval_timer;
  Instant interval_began;
  Duration interval_age{0};      // of the interval in which it came here
  Duration checkpoint_cost{0};  // of the last one; 0: not measured
  std::optional<RequestId> limits_timer;
  bool changed{true};  // since the last image, as far as is known
  Copying copying;

  std::vector<Order> deferred;               // while frozen or about to be
  std::vector<RequestId> suspends, resumes;  // asked of the capsule
  std::set<RequestId> calls;

  [[nodiscard]] bool is_live() const { return phase == Phase::live; }
  // Its capsule may be running it, though it hasn't said so.
  [[nodiscard]] bool may_have_started() const {
    return phase == Phase::preparing && (starting.told || (starting.afresh && !starting.prepared));
  }
  [[nodiscard]] bool is_committed() const {
    return leaving && leaving->departure.phase() == custody::Departure::Phase::committed;
  }
  [[nodiscard]] bool waits_to_leave() const {
    return leaving && leaving->departure.phase() == custody::Departure::Phase::waiting;
  }
};

}  // namespace godwit::host
