#include "edge/posix/compaction.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/archive.hpp"
#include "base/fault_point.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/journal_format.hpp"
#include "edge/posix/journal_reader.hpp"
#include "edge/posix/snapshot_file.hpp"
#include "ledger/chronicle.hpp"

namespace godwit {
namespace {

// What follows from everything before a segment.
struct Folded {
  Ledger ledger;
  Chronicle chronicle;
  JournalRead read;
};

Failure stopped() {
  return retry_later("stopping", "the runtime is stopping");
}

Status fold(std::filesystem::path const& directory, log::Seal upto, std::atomic<bool> const& stop, Folded& into) {
  auto const take = [&](ByteView bytes) -> Status {
    auto const event = decode<LedgerEvent>(bytes);
    if (!event) return event.failure();
    into.chronicle.take(*event, bytes);
    return Done{};
  };
  JournalTaker const taker(
      [&](Term, ByteView record) -> Status {
        if (stop) return stopped();
        auto const event = decode<LedgerEvent>(record);
        if (!event) return event.failure();
        into.chronicle.take(*event, record);
        return into.ledger.apply(*event);
      },
      [&](ByteView bytes) -> Status {
        if (stop) return stopped();
        auto part = decode<part::Part>(bytes);
        if (!part) return part.failure();
        if (auto const* told = std::get_if<part::Told>(&*part)) return take(told->event);
        return into.ledger.restore(std::move(*part));
      });
  auto read = read_journal_up_to(directory, upto, taker);
  if (!read) return read.failure();
  into.read = std::move(*read);
  return Done{};
}

Status write_draft(std::filesystem::path const& path, journal::SnapshotHead const& head, Folded const& folded, std::atomic<bool> const& stop) {
  SnapshotWriter writer(path, head);
  auto const put = [&](part::Part const& part) {
    if (!stop) writer.put(part);
  };
  folded.ledger.save(put);
  folded.chronicle.tell(folded.ledger, [&](Bytes const& event) { put(part::Told{event}); });
  if (stop) return stopped();
  fault_point("compact", "written");
  return writer.finish();
}

// A log of which only the name and the beginning are needed any more: the name, so that nobody claims that term again; and
// the first record, which says what its term follows on.
Status keep_beginning(std::filesystem::path const& directory, Term term) {
  auto const path = journal_path(directory, term);
  auto const text = read_file(path, std::size_t{1} << 40);
  if (!text) return text.failure();
  auto const bytes = view_of(*text);
  if (bytes.size() <= journal::header_bytes) return Done{};
  auto const first = journal::record_at(bytes.subspan(journal::header_bytes));
  auto const size = journal::header_bytes + (first ? journal::record_head_bytes + first->size() : 0);
  if (size >= bytes.size()) return Done{};
  return replace_file(path, std::string_view(*text).substr(0, size), 0644);
}

// What a reader that goes back to `previous` needs no more. Of terms of this world's the names stay: somebody may be about to
// claim one; nobody of a former world is (ADR 0009).
Status remove_superfluous(std::filesystem::path const& directory, SegmentId previous, SegmentId newest, Term world) {
  fault_point("compact", "removing");
  auto const files = ledger_files(directory);
  if (!files) return files.failure();
  auto const remove = [](std::filesystem::path const& path) {
    ::unlink(path.c_str());  // what can't be removed is in nobody's way, and tried again next time
    fault_point("compact", "removed");
  };
  for (auto const& id : files->snapshots) {
    if (id < previous) remove(snapshot_path(directory, id));
  }
  for (auto const& id : files->drafts) {
    if (id < newest) remove(draft_path(directory, id));
  }
  for (auto const& [term, segments] : files->logs) {
    for (auto const segment : segments) {
      SegmentId const id{term, segment};
      if (id >= previous) continue;
      if (segment > 0 || term < std::min(world, previous.term)) {
        remove(segment_path(directory, id));
      } else if (auto const kept = keep_beginning(directory, term); !kept) {
        return kept;
      }
    }
  }
  return sync_directory(directory);
}

// As who opens the ledger would: what it says must be what was put into it.
Status prove(std::filesystem::path const& path, Ledger const& expected, std::atomic<bool> const& stop) {
  auto const read = read_snapshot(path);
  if (!read) return read.failure();
  Ledger again;
  for (auto const& bytes : (*read)->parts) {
    if (stop) return stopped();
    if (auto restored = again.restore(bytes); !restored) return restored;
  }
  if (again == expected) return Done{};
  return data_lost("snapshot_damaged", fmt::format("{} doesn't say what was put into it", path.string()));
}

}  // namespace

Result<Compacted> compact(std::filesystem::path const& ledger, SegmentId segment, std::uint64_t before, std::atomic<bool> const& stop) {
  Folded folded;
  if (auto done = fold(ledger, {segment.term, before}, stop, folded); !done) return done.failure();
  auto const draft = draft_path(ledger, segment);
  auto const path = snapshot_path(ledger, segment);
  auto const give_up = [&](Failure why) {
    ::unlink(draft.c_str());
    return why;
  };
  if (auto written = write_draft(draft, {segment.term, segment.segment, before}, folded, stop); !written) return give_up(written.failure());
  fault_point("compact", "durable");
  if (::rename(draft.c_str(), path.c_str()) != 0) {
    return give_up(retry_later("ledger_io", fmt::format("renaming to {}: {}", path.string(), errno_text(errno))));
  }
  fault_point("compact", "renamed");
  if (auto synced = sync_directory(ledger); !synced) return synced.failure();
  if (auto proven = prove(path, folded.ledger, stop); !proven) {
    if (proven.failure().reaction == Reaction::data_lost) ::unlink(path.c_str());
    return proven.failure();
  }
  fault_point("compact", "proven");
  Compacted compacted{std::filesystem::file_size(path), folded.read.cut};
  if (auto const& previous = folded.read.base) {
    if (auto removed = remove_superfluous(ledger, *previous, segment, folded.ledger.world()); !removed) return removed.failure();
  }
  fault_point("compact", "done");
  return compacted;
}

Compactor::~Compactor() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Compactor::start(SegmentId segment, std::uint64_t before) {
  if (thread_.joinable()) thread_.join();
  busy_ = true;
  thread_ = std::thread([this, segment, before] {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 19);  // of this thread
    auto ended = compact(ledger_, segment, before, stop_);
    {
      std::lock_guard const lock(mutex_);
      ended_ = std::move(ended);
    }
    busy_ = false;
    ++count_;
  });
  ::pthread_setname_np(thread_.native_handle(), "godwit-compact");
}

std::optional<Result<Compacted>> Compactor::take() {
  std::lock_guard const lock(mutex_);
  return std::exchange(ended_, std::nullopt);
}

}  // namespace godwit
