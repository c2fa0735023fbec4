// What the ledger knows about a job, and about an array of them.
//
// An array is one record: its template and axes, kept once, and its elements by what became of them. Those
// that nobody has touched since they were submitted, and those cancelled before they began, are intervals;
// those that ended as they should are 32 bytes each; only those in flight, and those that something
// happened to, are JobRecords of their own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job/array.hpp"
#include "job/counts.hpp"
#include "ledger/event.hpp"
#include "ledger/intervals.hpp"

namespace godwit {

struct OpenIntent {
  Rank source, target;
  Epoch target_epoch, thaw_epoch;
  bool operator==(OpenIntent const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & source & target & target_epoch & thaw_epoch;
  }
};

// Why a job was to be moved or to wait, where no user asked for that: for people.
struct Decision {
  WallTime at;
  std::string what;
  bool operator==(Decision const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & at & what;
  }
};

struct JobRecord {
  JobId job;
  JobState state{JobState::waiting};
  Rank host{no_rank};      // custody: who may run it, at `epoch`; once ended or stranded: who had it last
  bool at_group{false};    // starting: `host` manages those of whom one may have it
  Epoch epoch;
  Epoch granted;           // of the newest grant: an image of an older epoch that is reported after it is an orphan
  Epoch newest_epoch;      // ever minted, also for intents: the next one is newest_epoch.next()
  JobSpec spec;            // of an element: filled in
  std::optional<OpenIntent> intent;
  std::vector<Epoch> void_epochs;  // since the grant: of moves that failed; what a target made of one is an orphan
  std::vector<log::ImageKey> lineage;  // newest first: what a restore may adopt
  std::uint64_t stored_bytes{0};       // of its generations, as far as is known
  JobId clone_of;                      // 0: none
  std::optional<log::ImageOf> origin;  // of a clone: what it begins from while its lineage is empty
  bool suspended{false};               // its user's word, whatever its image says
  bool as_its_image{false};            // the ledger was lost: its user's word is what the image says that it begins from
  std::uint32_t moves{0};
  std::uint32_t crashes{0};
  std::uint32_t host_losses{0};  // in a row
  bool fresh_files{false};       // a former holder's end isn't proven: it may still write to the present files
  WallTime submitted, started, ended;
  std::optional<log::Placing> placing;  // why `placed`, of the newest grant; none: nobody chose, or it is over
  Rank placed{no_rank};
  std::optional<WallTime> runs_since;  // its account is charged from then on; none: it hasn't started where it is
  Outcome outcome;
  bool operator==(JobRecord const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    // One byte, as when there was one of them: snapshots of before are read.
    auto words = static_cast<std::uint8_t>((suspended ? 1 : 0) | (as_its_image ? 2 : 0));
    archive & job & state & host & at_group & epoch & granted & newest_epoch & spec & intent & void_epochs & lineage & stored_bytes &
        clone_of & origin & words & moves & crashes & host_losses & fresh_files & submitted & started & ended & placing & placed & runs_since &
        outcome;
    if constexpr (Archive::is_loading::value) {
      suspended = (words & 1) != 0;
      as_its_image = (words & 2) != 0;
    }
  }
};

// Elements that finished without incident: granted once, never moved, suspended, crashed or saved.
class FinishedElements {
 public:
  struct Entry {
    Rank host{no_rank};  // none: no such entry
    std::uint32_t epoch{0};
    std::uint64_t steps{0};
    WallTime started, ended;
    bool operator==(Entry const&) const = default;
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive & host & epoch & steps & started & ended;
    }
  };

  [[nodiscard]] static bool fits(JobRecord const& record);
  void insert(JobRecord const& record);
  void insert(std::uint32_t element, Entry const& entry);
  void erase(std::uint32_t element);
  [[nodiscard]] Entry const* find(std::uint32_t element) const;
  [[nodiscard]] Intervals within(std::uint32_t first, std::uint32_t last) const;

  bool operator==(FinishedElements const&) const = default;

 private:
  struct Page {
    std::vector<Entry> entries;
    std::uint32_t used{0};
    bool operator==(Page const&) const = default;
  };
  std::map<std::uint32_t, Page> pages_;
};

struct ArrayRecord {
  struct Cancelled {  // before they were granted
    std::uint32_t last{0};
    std::string reason;
    WallTime at;
    bool operator==(Cancelled const&) const = default;
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive & last & reason & at;
    }
  };

  JobId job;
  std::shared_ptr<JobArray const> work;
  std::uint32_t size{0};
  WallTime submitted, started, ended;  // started: the first element; ended: the last, once all have
  JobCounts counts;
  Intervals untouched;  // they wait as they were submitted
  [[nodiscard]] Intervals never_begun() const;  // cancelled before they were granted
  FinishedElements finished;
  std::map<std::uint32_t, Cancelled> cancelled;  // by the first of each run

  bool operator==(ArrayRecord const& other) const;
};

}  // namespace godwit
