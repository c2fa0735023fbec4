// JournalLog: the port Journal on STORE/ledger/<term>.log.
//
// Group commit: a thread takes all that was appended meanwhile, writes it at once and calls fdatasync
// once; so the cost per append falls as the rate rises. The file is created exclusively: a term has one
// writer, ever. While the store is full, or mounted read-only, it waits and tries again; any other error is final:
// nothing after it is reported durable.
// append() and durable(): the loop thread. The destructor writes what is queued.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/ids.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "port/journal.hpp"

namespace godwit {

class JournalLog final : public Journal {
 public:
  // reject "term_taken" if the file exists: another allocator had the same idea.
  static Result<std::unique_ptr<JournalLog>> create(std::filesystem::path const& ledger, Term term);
  ~JournalLog() override;
  JournalLog(JournalLog const&) = delete;
  JournalLog& operator=(JournalLog const&) = delete;

  [[nodiscard]] int wait_fd() const { return synced_.get(); }  // readable after durable() has changed

  JournalPosition append(Bytes record) override;
  Result<JournalPosition> durable() override;
  std::optional<Failure> hindrance() override;

 private:
  JournalLog(UniqueFd file, std::filesystem::path path);
  void run();
  Status write_and_sync(ByteView batch);
  bool wait_for_room(int error);  // false: it can't be waited for, or not any more
  [[nodiscard]] Failure failed(char const* doing, int error) const;

  std::filesystem::path path_;
  UniqueFd file_, synced_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Bytes queue_;  // records, framed
  JournalPosition appended_ = 0;
  JournalPosition durable_ = 0;
  std::optional<Failure> failure_, hindrance_;
  bool begun_ = false;  // the header is written
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace godwit
