#include "edge/posix/journal_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "edge/posix/file.hpp"
#include "edge/posix/journal_format.hpp"
#include "edge/posix/journal_reader.hpp"

namespace godwit {
namespace {
constexpr auto between_tries = 200ms;  // of writing to a store that is full
}

Result<std::unique_ptr<JournalLog>> JournalLog::create(std::filesystem::path const& ledger, Term term) {
  auto const path = journal_path(ledger, term);
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644));
  if (!file) {
    if (errno == EEXIST) {
      return reject("term_taken", path.string() + " exists: another runtime has just begun on this store");
    }
    return retry_later("io_error", fmt::format("creating {}: {}", path.string(), errno_text(errno)));
  }
  std::unique_ptr<JournalLog> log(new JournalLog(std::move(file), path));
  if (auto written = log->write_and_sync(journal::header(term)); !written) return written.failure();
  if (auto synced = sync_directory(ledger); !synced) return synced.failure();
  log->begun_ = true;
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  ::pthread_setname_np(log->thread_.native_handle(), "godwit-journal");
  return log;
}

JournalLog::JournalLog(UniqueFd file, std::filesystem::path path)
    : path_(std::move(path)), file_(std::move(file)), synced_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  invariant(static_cast<bool>(synced_), "eventfd failed");
}

JournalLog::~JournalLog() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard const lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

JournalPosition JournalLog::append(Bytes record) {
  JournalPosition position = 0;
  {
    std::lock_guard const lock(mutex_);
    position = ++appended_;
    if (!failure_) journal::append_record(queue_, record);
  }
  changed_.notify_one();
  return position;
}

Result<JournalPosition> JournalLog::durable() {
  eventfd_t count = 0;
  (void)!::eventfd_read(synced_.get(), &count);
  std::lock_guard const lock(mutex_);
  if (failure_) return *failure_;
  return durable_;
}

void JournalLog::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto const batch = std::exchange(queue_, {});
    auto const position = appended_;
    lock.unlock();
    auto const written = write_and_sync(batch);
    lock.lock();
    if (!written) {
      failure_ = written.failure();
      queue_.clear();
    } else {
      durable_ = position;
      hindrance_.reset();
    }
    (void)!::eventfd_write(synced_.get(), 1);
    if (failure_) return;
  }
}

std::optional<Failure> JournalLog::hindrance() {
  std::lock_guard const lock(mutex_);
  return hindrance_;
}

Failure JournalLog::failed(char const* doing, int error) const {
  return retry_later("ledger_io", fmt::format("{} {}: {}", doing, path_.string(), errno_text(error)));
}

// What there was room for is in the file: the rest follows it.
Status JournalLog::write_and_sync(ByteView batch) {
  while (!batch.empty()) {
    auto const written = ::write(file_.get(), batch.data(), batch.size());
    auto const error = written < 0 ? errno : EIO;
    if (written < 0 && (error == EINTR || wait_for_room(error))) continue;
    if (written <= 0) return failed("writing", error);
    batch = batch.subspan(static_cast<std::size_t>(written));
  }
  if (::fdatasync(file_.get()) != 0) return failed("syncing", errno);
  return Done{};
}

bool JournalLog::wait_for_room(int error) {
  if ((error != ENOSPC && error != EDQUOT && error != EROFS) || !begun_) return false;
  std::unique_lock lock(mutex_);
  hindrance_ = failed("writing", error);
  (void)!::eventfd_write(synced_.get(), 1);
  return !changed_.wait_for(lock, between_tries, [this] { return stop_; });
}

}  // namespace godwit
