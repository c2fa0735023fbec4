// LedgerDirectory: the port Ledgers on STORE/ledger.
//
// Who opens a term claims its number and all free ones below it, by creating their logs exclusively, lowest first:
// so of two candidates the one with the lower term finds its number taken, or was there before the other read, and
// that one reads its log. Then the older logs are read; nothing of them is changed, their allocators may be writing.
// All on a thread, one opening at a time. open() and poll(): the loop thread. The destructor waits for the thread.
#pragma once

#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "edge/capsules/link/unique_fd.hpp"
#include "edge/posix/journal_log.hpp"
#include "edge/posix/wake_group.hpp"
#include "port/ledgers.hpp"

namespace godwit {

class LedgerDirectory final : public Ledgers {
 public:
  explicit LedgerDirectory(std::filesystem::path ledger, std::uint64_t log_bytes_min = JournalLog::log_bytes_min);
  ~LedgerDirectory() override;
  LedgerDirectory(LedgerDirectory const&) = delete;
  LedgerDirectory& operator=(LedgerDirectory const&) = delete;

  // Readable when poll() has something, or durable() of a journal from here may have changed.
  [[nodiscard]] int wait_fd() const { return wake_.wait_fd(); }

  void open(RequestId request, Term term) override;
  std::vector<LedgerOpened> poll() override;

 private:
  std::filesystem::path ledger_;
  std::uint64_t log_bytes_min_;
  WakeGroup wake_;
  UniqueFd done_;
  std::thread thread_;

  std::mutex mutex_;
  std::vector<LedgerOpened> opened_;
};

}  // namespace godwit
