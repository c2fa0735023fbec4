#include "edge/posix/snapshot_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "base/archive.hpp"
#include "edge/posix/file.hpp"

namespace godwit {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;

Failure damaged_snapshot(std::filesystem::path const& path, std::size_t offset, std::string_view what) {
  return data_lost("snapshot_damaged", fmt::format("{} is damaged at byte {}: {}", path.string(), offset, what));
}

}  // namespace

SnapshotWriter::SnapshotWriter(std::filesystem::path path, journal::SnapshotHead const& head)
    : path_(std::move(path)),
      file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)),
      buffer_(journal::head_of(head)) {
  if (!file_) fail("creating", errno);
}

void SnapshotWriter::fail(char const* doing, int error) {
  if (status_) status_ = retry_later("ledger_io", fmt::format("{} {}: {}", doing, path_.string(), errno_text(error)));
}

void SnapshotWriter::put(part::Part const& part) {
  if (!status_) return;
  journal::append_record(buffer_, encode(part));
  ++parts_;
  if (buffer_.size() >= piece_bytes) flush();
}

void SnapshotWriter::flush() {
  ByteView rest(buffer_);
  while (!rest.empty() && status_) {
    auto const written = ::write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail("writing", written < 0 ? errno : EIO);
    rest = rest.subspan(static_cast<std::size_t>(written));
    bytes_ += static_cast<std::uint64_t>(written);
  }
  buffer_.clear();
}

Status SnapshotWriter::finish() {
  put(part::End{parts_});
  flush();
  if (status_ && ::fsync(file_.get()) != 0) fail("syncing", errno);
  return status_;
}

Result<std::unique_ptr<SnapshotRead>> read_snapshot(std::filesystem::path const& path) {
  auto text = read_file(path, std::numeric_limits<std::size_t>::max() - 1);
  if (!text) return text.failure();
  auto read = std::make_unique<SnapshotRead>();
  read->text = std::move(*text);
  auto const all = view_of(read->text);
  auto const head = journal::snapshot_head(all);
  if (!head) return damaged_snapshot(path, 0, "this is no head of a snapshot of this format version");
  read->head = *head;
  auto rest = all.subspan(journal::snapshot_head_bytes);
  while (!rest.empty()) {
    auto const part = journal::record_at(rest);
    if (!part) return damaged_snapshot(path, all.size() - rest.size(), "a part doesn't have its checksum");
    read->parts.push_back(*part);
    rest = rest.subspan(journal::record_head_bytes + part->size());
  }
  auto const last = read->parts.empty() ? std::optional<part::Part>() : [&]() -> std::optional<part::Part> {
    auto decoded = decode<part::Part>(read->parts.back());
    return decoded ? std::optional(std::move(*decoded)) : std::nullopt;
  }();
  auto const* const end = last ? std::get_if<part::End>(&*last) : nullptr;
  if (end == nullptr || end->parts != read->parts.size() - 1) return damaged_snapshot(path, all.size(), "its end is missing");
  read->parts.pop_back();
  return read;
}

}  // namespace godwit
