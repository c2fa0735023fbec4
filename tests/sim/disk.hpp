// SimDisk: the shared filesystem, which outlives processes and worlds. Three kinds of things lie on it:
//
//   files    outputs of jobs: inodes and the names that point to them. A process that has opened an inode goes on
//            writing to it, even if its name points to another by now. Bytes written and not synced are lost, from
//            some point on, when the node of the last writer goes down; a process that dies loses none.
//   images   checkpoint files, published whole and never replaced; a drawn fault may damage one
//   logs     one per term, created exclusively: records, of which the first so many are durable
//
// A name that was given, to a new file or by renaming, is there for everybody at once; but until whoever gave it has
// synced its directory or somebody else has seen it, a loss of power there may undo it (not with `names_are_durable`).
//
// Faults are states of the disk that the world's plan switches on and off: full, failing, slow, stale.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "port/checkpoint_store.hpp"
#include "port/ledgers.hpp"
#include "sim/trace.hpp"

namespace godwit::sim {

struct Inode {
  Bytes bytes;
  std::uint64_t synced{0};
  std::uint64_t writer{0};  // the process that wrote last
};

struct StoredImage {
  CheckpointLabel label;
  Bytes manifest;
  Bytes arena;
  Moment published{0};
  bool damaged{false};
  std::uint64_t named_by{0};  // the process that has yet to sync its directory; 0: none
};

struct TermLog {
  std::vector<Bytes> records;
  std::uint64_t durable{0};
  std::uint64_t read{0};  // so many by the allocator of a later term: they stay, too
  std::uint64_t writer{0};
  std::uint64_t named_by{0};  // as of an image
};

// What follows from so many records of a term, and all before them.
struct SimSnapshot {
  Term term;
  std::uint64_t before{0};
  std::vector<Bytes> parts;
};

class SimDisk {
 public:
  SimDisk(std::uint64_t seed, Scheduler const& scheduler) : random_(seed), chance_of_names_(seed + 1), scheduler_(scheduler) {}

  // ---- outputs
  [[nodiscard]] std::shared_ptr<Inode> open(std::string const& path, std::uint64_t writer);  // made if it isn't there
  [[nodiscard]] std::shared_ptr<Inode> make(std::uint64_t writer);  // without a name yet
  [[nodiscard]] std::shared_ptr<Inode> find(std::string const& path) const;  // null: no such file
  void rename_over(std::string const& path, std::shared_ptr<Inode> inode, std::uint64_t writer);
  void sync_name(std::string const& path) { unsynced_names_.erase(path); }  // its directory, rather
  [[nodiscard]] std::map<std::string, std::shared_ptr<Inode>> const& names() const { return names_; }

  // ---- checkpoint files
  std::map<std::string, StoredImage> images;
  std::map<std::string, Bytes> pruned;          // those that were thrown away since: their manifests
  std::map<std::string, std::uint64_t> drafts;  // temporary files: path → process that writes it

  // ---- ledger
  std::map<Term, TermLog> logs;
  // All records that count, in order, with their terms, of terms before this one: of sealed logs only as many as the
  // seal says.
  [[nodiscard]] std::vector<std::pair<Term, Bytes>> read_logs(Term before) const;
  std::vector<SimSnapshot> snapshots;  // oldest first
  [[nodiscard]] Term newest_term() const { return logs.empty() ? Term{0} : logs.rbegin()->first; }

  bool names_are_durable{false};     // as soon as they are given
  bool directories_not_synced{false};  // a defect of the edges: images' never are

  // ---- deaths. `node`: power is lost, and with it what was never synced.
  void process_ended(std::uint64_t process, bool node);

  // ---- faults
  Moment full_until{0}, failing_until{0}, reads_failing_until{0}, stale_until{0};
  std::int64_t slow{1};
  void heal();
  [[nodiscard]] std::optional<Failure> write_fault();
  [[nodiscard]] bool reads_fail() { return scheduler_.now() < reads_failing_until && random_.below(2) == 0; }
  [[nodiscard]] bool is_stale(StoredImage const& image) const {
    return scheduler_.now() < stale_until && scheduler_.now() - image.published < 2s;
  }

 private:
  // Given by this process, and its directory isn't synced.
  struct Naming {
    std::uint64_t process;
    std::shared_ptr<Inode> now, before;
  };
  void is_seen(std::string const& path, std::uint64_t by);
  void names_of(std::uint64_t process, bool node);

  Random random_, chance_of_names_;
  Scheduler const& scheduler_;
  std::map<std::string, std::shared_ptr<Inode>> names_;
  std::map<std::string, Naming> unsynced_names_;
  std::vector<std::weak_ptr<Inode>> all_;
};

}  // namespace godwit::sim
