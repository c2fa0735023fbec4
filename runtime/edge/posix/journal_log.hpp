// JournalLog: the port Journal on STORE/ledger/<term>.log and what follows it.
//
// Group commit: a thread takes all that was appended meanwhile, writes it at once and calls fdatasync
// once; so the cost per append falls as the rate rises. The file is created exclusively: a term has one
// writer, ever. While the store is full, fails (EIO), or is mounted read-only, it waits and tries again; any other error is final:
// nothing after it is reported durable.
//
// Where it may, and the log has grown to a multiple of what follows from it, it goes on in a new segment, and has what came before
// written down as a snapshot (edge/posix/compaction.hpp). If that can't be done it says so once, and tries again later.
// The thread looks at lead_until() before each write, for it may have been stopped since the append: what an allocator that was stopped
// has queued never comes to the disk if another leads by then. Only a write that had begun does; the other's seal leaves it out.
// append(), lead_until(), durable(), may_compact() and trouble(): the loop thread. The destructor writes what is queued.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/ids.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "edge/posix/compaction.hpp"
#include "port/journal.hpp"

namespace godwit {

class JournalLog final : public Journal {
 public:
  static constexpr std::uint64_t log_bytes_min = std::uint64_t{4} << 20;  // from which a log is worth being made shorter

  // reject "term_taken" if the file exists: another allocator had the same idea.
  static Result<std::unique_ptr<JournalLog>> create(std::filesystem::path const& ledger, Term term);
  ~JournalLog() override;
  JournalLog(JournalLog const&) = delete;
  JournalLog& operator=(JournalLog const&) = delete;

  // What an opener has to read before this term: a snapshot's bytes and those of the log since.
  void follows_on(std::uint64_t snapshot_bytes, std::uint64_t log_bytes);
  void set_log_bytes_min(std::uint64_t bytes);  // for tests

  [[nodiscard]] int wait_fd() const { return synced_.get(); }  // readable after durable() has changed

  JournalPosition append(Bytes record) override;
  void lead_until(Instant end) override;
  Result<JournalPosition> durable() override;
  std::optional<Failure> hindrance() override;
  void may_compact() override;
  std::optional<std::string> trouble() override;
  void compact_now();  // whether it pays or not: for tests and measurements
  [[nodiscard]] bool is_busy() const { return compactor_.busy(); }
  [[nodiscard]] std::uint64_t compactions() const { return compactor_.count(); }  // that have ended, however

 private:
  JournalLog(UniqueFd file, std::filesystem::path ledger, Term term);
  void run();
  void begin_segment(JournalPosition position);
  [[nodiscard]] Result<UniqueFd> create_segment(SegmentId id, JournalPosition before);
  Status write_and_sync(ByteView batch);
  struct Attempt {
    char const* doing{""};
    int error{0};  // 0: it is durable
  };
  Attempt try_to_write(ByteView batch);
  [[nodiscard]] bool may_write() const;  // with the lock
  bool wait_for_better(Attempt const& attempt);  // false: it can't be waited for, or not any more
  [[nodiscard]] Failure failed(Attempt const& attempt) const;
  void hear_of_compaction();

  std::filesystem::path ledger_, path_;
  SegmentId segment_;
  UniqueFd file_, synced_;
  std::uint64_t durable_bytes_ = 0;  // of the present segment; the journal's thread, once there is one
  Compactor compactor_;  // started by the thread

  std::mutex mutex_;
  std::condition_variable changed_;
  Bytes queue_;  // records, framed
  JournalPosition appended_ = 0;
  JournalPosition durable_ = 0;
  std::uint64_t log_bytes_ = 0;       // since the newest snapshot, or the newest try to make one
  std::uint64_t snapshot_bytes_ = 0;  // of the newest
  std::uint64_t log_bytes_min_ = log_bytes_min;
  bool segment_wanted_ = false;
  Instant lead_until_{std::numeric_limits<std::int64_t>::max()};
  std::optional<std::string> trouble_;
  std::optional<Failure> failure_, hindrance_;
  bool begun_ = false;  // the header is written
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace godwit
