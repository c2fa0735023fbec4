// What host and capsule say to each other, as encoded variants in length-prefixed frames.
//
// The socket is in order both ways. What must be cheap or seen at once (steps, progress, the lease, who
// wants a safe point) is in the ControlBlock instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/archive.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "job/spec.hpp"
#include "state/manifest.hpp"

namespace godwit::capsule_wire {

// ---- commands, host → capsule

struct Prepare {
  JobId job;
  JobSpec spec;
  std::uint64_t arena_bytes{0};  // to touch
  Rank host;
  std::string store;
  std::string pack;     // takes what array elements print
  std::string scratch;  // where the job's scratch directory goes if it asks for one
  JobId clone_of;       // 0: none
  bool fresh_files{false};         // outputs go to new inodes
  std::optional<Epoch> start_at;   // no Start follows, if it has no outputs
  std::vector<std::int32_t> cpus;  // to keep to; empty: wherever it may run
  std::uint8_t poison{0};
  bool tell_end{false};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& spec& arena_bytes& host& store& pack& scratch& clone_of& fresh_files& start_at& cpus& poison& tell_end;
  }
};
struct Start {
  Epoch epoch;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch;
  }
};
struct Restore {
  Epoch epoch;
  Bytes manifest;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& manifest;
  }
};
struct Freeze {
  std::uint64_t steps{0};  // not before so many are completed; amid the wait that the last one asked for
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& steps;
  }
};
struct Thaw {  // also withdraws a Freeze that wasn't reached; answered by Running
  Epoch epoch;
  std::optional<std::uint64_t> freeze_at;  // as if by a Freeze that can't come too late
  Others others{Others::none};             // of a frozen one
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& freeze_at& others;
  }
};
struct Suspend {
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};
struct Resume {
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};
struct Call {
  RequestId request;
  std::string method;
  std::vector<std::string> arguments;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& request& method& arguments;
  }
};
struct Describe {  // instead of Prepare: load this plugin, answer Described, exit
  std::string plugin;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& plugin;
  }
};

using Command = std::variant<Prepare, Start, Restore, Freeze, Thaw, Suspend, Resume, Call, Describe>;

// ---- reports, capsule → host

struct Prepared {
  std::vector<std::string> outputs;  // that it will open: absolute paths
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& outputs;
  }
};
struct Running {
  std::uint64_t steps{0};
  bool suspended{false};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& steps& suspended;
  }
};
struct Frozen {
  Instant at;
  Bytes manifest;
  std::uint64_t arena_bytes{0};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& at& manifest& arena_bytes;
  }
};
// Its arena's mapping is watched: with this come the two descriptors of a PageWatch, faults first.
struct Watched {
  std::uint64_t start{0};
  std::uint64_t bytes{0};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& start& bytes;
  }
};
struct Suspended {
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};
struct Resumed {
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};
struct Called {
  RequestId request;
  std::optional<Failure> failure;
  std::string answer;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& request& failure& answer;
  }
};
struct WantsMove {
  Rank target;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& target;
  }
};
struct Ended {
  Outcome outcome;
  Bytes manifest;        // of a finished job whose order has tell_end
  bool reusable{false};  // the process waits for the next job
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& outcome& manifest& reusable;
  }
};
struct Failed {
  Failure why;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& why;
  }
};
struct Described {
  JobType type;  // without digest and path
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& type;
  }
};

using Report = std::variant<Prepared, Running, Frozen, Suspended, Resumed, Called, WantsMove, Ended, Failed,
                            Described, Watched>;

}  // namespace godwit::capsule_wire
