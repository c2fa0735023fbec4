#include "edge/posix/journal_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fault_point.hpp"
#include "edge/posix/boot_clock.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/journal_format.hpp"

namespace godwit {
namespace {
constexpr auto between_tries = 200ms;  // of writing to a store that is full or fails
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
  std::unique_ptr<JournalLog> log(new JournalLog(std::move(file), ledger, term));
  if (auto written = log->write_and_sync(journal::head_of(journal::SegmentHead{term, 0, 0})); !written) return written.failure();
  if (auto synced = sync_directory(ledger); !synced) return synced.failure();
  log->begun_ = true;
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  ::pthread_setname_np(log->thread_.native_handle(), "godwit-journal");
  return log;
}

JournalLog::JournalLog(UniqueFd file, std::filesystem::path ledger, Term term)
    : ledger_(std::move(ledger)),
      path_(journal_path(ledger_, term)),
      segment_{term, 0},
      file_(std::move(file)),
      synced_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      compactor_(ledger_) {
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

void JournalLog::lead_until(Instant end) {
  {
    std::lock_guard const lock(mutex_);
    lead_until_ = end;
  }
  changed_.notify_one();
}

bool JournalLog::may_write() const { return BootClock().now() < lead_until_; }

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
    changed_.wait(lock, [this] { return stop_ || ((!queue_.empty() || segment_wanted_) && may_write()); });
    if (stop_ && (queue_.empty() || !may_write())) return;
    bool const new_segment = segment_wanted_ && !stop_;
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
      log_bytes_ += batch.size();
      hindrance_.reset();
    }
    (void)!::eventfd_write(synced_.get(), 1);
    if (failure_) return;
    if (!new_segment) continue;
    lock.unlock();
    begin_segment(position);
    lock.lock();
    if (failure_) return;
  }
}

void JournalLog::follows_on(std::uint64_t snapshot_bytes, std::uint64_t log_bytes) {
  std::lock_guard const lock(mutex_);
  snapshot_bytes_ = snapshot_bytes;
  log_bytes_ += log_bytes;
}

void JournalLog::set_log_bytes_min(std::uint64_t bytes) {
  std::lock_guard const lock(mutex_);
  log_bytes_min_ = bytes;
}

void JournalLog::may_compact() {
  if (compactor_.busy()) return;
  {
    std::lock_guard const lock(mutex_);
    hear_of_compaction();
    if (failure_ || segment_wanted_ || appended_ == 0 || log_bytes_ < std::max(log_bytes_min_, snapshot_bytes_)) return;
    segment_wanted_ = true;
  }
  changed_.notify_one();
}

void JournalLog::compact_now() {
  if (compactor_.busy()) return;
  {
    std::lock_guard const lock(mutex_);
    hear_of_compaction();
    segment_wanted_ = true;
  }
  changed_.notify_one();
}

void JournalLog::hear_of_compaction() {
  auto ended = compactor_.take();
  if (!ended) return;
  if (*ended) {
    snapshot_bytes_ = (*ended)->bytes;
    for (auto& note : (*ended)->notes) trouble_ = std::move(note);
  } else if (ended->failure().code != "stopping") {
    trouble_ = fmt::format("the ledger's log can't be made shorter for now, and grows on: {}", ended->failure().context);
  }
}

std::optional<std::string> JournalLog::trouble() {
  std::lock_guard const lock(mutex_);
  return std::exchange(trouble_, std::nullopt);
}

// All up to `position` is durable. Where that can't be done the present one goes on.
void JournalLog::begin_segment(JournalPosition position) {
  SegmentId const next{segment_.term, segment_.segment + 1};
  auto created = create_segment(next, position);
  if (created) {
    fault_point("compact", "segment");
    if (auto marked = write_and_sync(journal::end_mark()); !marked) {
      std::lock_guard const lock(mutex_);
      failure_ = marked.failure();
      queue_.clear();
      (void)!::eventfd_write(synced_.get(), 1);
      return;
    }
    fault_point("compact", "marked");
    file_ = std::move(*created);
    segment_ = next;
    durable_bytes_ = journal::head_bytes(next.segment);
    path_ = segment_path(ledger_, segment_);
    compactor_.start(segment_, position);
  }
  std::lock_guard const lock(mutex_);
  log_bytes_ = 0;
  segment_wanted_ = false;
  hindrance_.reset();
  if (!created) trouble_ = fmt::format("the ledger's log can't be made shorter for now, and grows on: {}", created.failure().context);
}

Result<UniqueFd> JournalLog::create_segment(SegmentId id, JournalPosition before) {
  auto const path = segment_path(ledger_, id);
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644));
  if (!file) return retry_later("ledger_io", fmt::format("creating {}: {}", path.string(), errno_text(errno)));
  auto const head = journal::head_of(journal::SegmentHead{id.term, id.segment, before});
  auto const written = ::write(file.get(), head.data(), head.size());
  int error = written < 0 ? errno : written < static_cast<ssize_t>(head.size()) ? ENOSPC : 0;
  if (error == 0 && ::fdatasync(file.get()) != 0) error = errno;
  auto const synced = error == 0 ? sync_directory(ledger_)
                                 : Status(retry_later("ledger_io", fmt::format("writing {}: {}", path.string(), errno_text(error))));
  if (synced) return file;
  ::unlink(path.c_str());
  return synced.failure();
}

std::optional<Failure> JournalLog::hindrance() {
  std::lock_guard const lock(mutex_);
  return hindrance_;
}

Failure JournalLog::failed(Attempt const& attempt) const {
  auto const* const advice = attempt.error == EIO ? "; the disk or the file system fails: its own log says why" : "";
  return retry_later("ledger_io", fmt::format("{} {}: {}{}", attempt.doing, path_.string(), errno_text(attempt.error), advice));
}

// All of a batch, or nothing: what an attempt that failed has left is cut off and written anew, for nobody knows what of
// it the disk has, and the kernel tells of an error once only.
Status JournalLog::write_and_sync(ByteView batch) {
  auto attempt = try_to_write(batch);
  while (attempt.error != 0) {
    if (!wait_for_better(attempt)) return failed(attempt);
    attempt = ::ftruncate(file_.get(), static_cast<off_t>(durable_bytes_)) == 0 ? try_to_write(batch) : Attempt{"cutting back", errno};
  }
  durable_bytes_ += batch.size();
  return Done{};
}

JournalLog::Attempt JournalLog::try_to_write(ByteView batch) {
  while (!batch.empty()) {
    auto const written = ::write(file_.get(), batch.data(), batch.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return {"writing", written < 0 ? errno : EIO};
    batch = batch.subspan(static_cast<std::size_t>(written));
  }
  if (::fdatasync(file_.get()) != 0) return {"syncing", errno};
  return {};
}

bool JournalLog::wait_for_better(Attempt const& attempt) {
  auto const error = attempt.error;
  if ((error != ENOSPC && error != EDQUOT && error != EROFS && error != EIO) || !begun_) return false;
  std::unique_lock lock(mutex_);
  hindrance_ = failed(attempt);
  (void)!::eventfd_write(synced_.get(), 1);
  if (changed_.wait_for(lock, between_tries, [this] { return stop_; })) return false;
  changed_.wait(lock, [this] { return stop_ || may_write(); });
  return !stop_;
}

}  // namespace godwit
