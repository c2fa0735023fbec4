#include "edge/capsules/inside/captured_stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "edge/capsules/inside/copied_file.hpp"
#include "edge/capsules/link/printed.hpp"

namespace godwit::inside {

namespace {

constexpr std::uint64_t block_bytes = 4096;

constexpr std::size_t tail_bytes_max = std::size_t{1} << 20;

// Only in the store: a directory that the user named has to be there.
Status make_parent(PrintedPlace const& place) {
  if (place.in_store.empty()) return Done{};
  std::error_code error;
  auto const parent = place.path.parent_path();
  std::filesystem::create_directories(parent, error);
  if (!error) return Done{};
  return reject("store_not_writable", fmt::format("cannot create {}: {}", parent.native(), error.message()));
}

}  // namespace

Status CapturedStream::begin(Epoch epoch) {
  epoch_ = epoch;
  marks_.file_base.store(0, std::memory_order_relaxed);
  if (epoch <= Epoch{1}) return Done{};  // there was no earlier attempt
  if (place_.packed) return cut_pack(nullptr);
  if (to_be_replaced()) {
    return copy_start(name_of(stream_), place_.path, place_.path, 0);
  }
  if (::truncate(place_.path.c_str(), 0) == 0 || errno == ENOENT) return Done{};
  return reject("store_not_writable",
                fmt::format("cannot empty {}: {}", place_.path.native(), std::strerror(errno)));
}

Status CapturedStream::resume(Epoch epoch, JobId of, StreamMark const* mark) {
  auto const dropped = held();
  marks_.drained.store(dropped, std::memory_order_relaxed);
  if (mark == nullptr) {
    auto status = begin(epoch);
    marks_.file_base.store(0 - dropped, std::memory_order_relaxed);  // modulo 2^64, as the sum is
    return status;
  }
  epoch_ = epoch;
  marks_.file_base.store(mark->offset - dropped, std::memory_order_relaxed);
  if (place_.packed) {
    if (of != job_) {
      if (auto status = pack_start_of(of, *mark); !status) return status;
    }
    return cut_pack(mark);
  }
  if (auto status = make_parent(place_); !status) return status;
  if (of != job_) {
    if (auto status = copy_from(of, *mark); !status) return status;
  } else if (place_.in_store.empty() && !mark->path.empty()) {
    place_.path = mark->path;  // of a clone: its own
  }
  if (of == job_ && to_be_replaced()) {
    if (auto status = copy_start(name_of(stream_), place_.path, place_.path, mark->synced); !status)
      return status;
  }
  auto file = OutputFile::reopen(*mark, place_.path);
  if (!file) return file.failure();
  file_ = std::move(*file);
  return Done{};
}

bool CapturedStream::to_be_replaced() const {
  return fresh_file_ && is_there();
}

bool CapturedStream::is_there() const {
  std::error_code none;
  return std::filesystem::exists(place_.path, none);
}

Status CapturedStream::take_back(Others others) {
  if (place_.packed) return Done{};
  if (file_) return file_->take_back(others);
  return others == Others::perhaps_there && is_there() ? copy_start(name_of(stream_), place_.path, place_.path, 0) : Status(Done{});
}

// The image is of another job, which keeps its own: a clone goes on from a copy.
Status CapturedStream::copy_from(JobId of, StreamMark const& mark) {
  if (mark.path != pack_directory) {
    return copy_start(name_of(stream_), store_ / mark.path, place_.path, mark.synced);
  }
  auto file = OutputFile::open(name_of(stream_), place_.path, StreamMode::replace);
  if (!file) return file.failure();
  auto const text = packed_text(store_, of, stream_).substr(0, mark.synced);
  try {
    (*file)->write(text.data(), text.size());
  } catch (StreamError const& error) {
    return reject("output_failed", error.what());
  }
  return (*file)->sync();
}

Status CapturedStream::pack_start_of(JobId of, StreamMark const& mark) {
  auto const text = packed_text(store_, of, stream_).substr(0, mark.synced);
  return pack_.append({job_, epoch_, stream_, 0}, std::as_bytes(std::span(text)));
}

// An epoch begins with a record of what isn't surely in the packs, or of nothing.
Status CapturedStream::cut_pack(StreamMark const* mark) {
  if (mark != nullptr) {
    durable_ = mark->synced;
    tail_ = mark->tail;
    recent_ = std::string(reinterpret_cast<char const*>(tail_.data()), tail_.size());
  }
  return pack_.append({job_, epoch_, stream_, durable_}, tail_);
}

Status CapturedStream::drain() {
  auto const end = held();
  auto const begin = std::max(taken_, marks_.drained.load(std::memory_order_relaxed));
  if (begin == end) return Done{};
  std::array<char, 64 << 10> buffer;
  for (auto at = begin; at < end;) {
    auto const got = ::pread(memfd_, buffer.data(), std::min<std::uint64_t>(buffer.size(), end - at),
                             static_cast<off_t>(at));
    if (got <= 0) break;
    if (auto status = write(buffer.data(), static_cast<std::size_t>(got)); !status) return status;
    at += static_cast<std::uint64_t>(got);
  }
  taken_ = end;
  if (!file_) publish();
  return Done{};
}

// Gives the memory back, but for the last lines; the position counts on.
void CapturedStream::publish() {
  if (taken_ <= marks_.drained.load(std::memory_order_relaxed)) return;
  marks_.drained.store(taken_, std::memory_order_release);
  auto const hole = (taken_ - std::min<std::uint64_t>(taken_, last_bytes_max)) / block_bytes * block_bytes;
  if (hole > 0) ::fallocate(memfd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(hole));
}

Status CapturedStream::flush() {
  if (!file_) return Done{};
  if (auto status = file_->flush(); !status) return status;
  publish();
  return Done{};
}

Status CapturedStream::write(char const* from, std::size_t bytes) {
  if (place_.packed) return pack(from, bytes);
  if (!file_) {
    if (auto status = make_parent(place_); !status) return status;
    auto file = OutputFile::open(name_of(stream_), place_.path, StreamMode::replace);
    if (!file) return file.failure();
    file_ = std::move(*file);
  }
  try {
    file_->write(from, bytes);
  } catch (StreamError const& error) {
    return reject("output_failed", error.what());
  }
  return Done{};
}

Status CapturedStream::pack(char const* from, std::size_t bytes) {
  ByteView const view(reinterpret_cast<std::byte const*>(from), bytes);
  if (auto status = pack_.append({job_, epoch_, stream_, packed_offset()}, view); !status) return status;
  tail_.insert(tail_.end(), view.begin(), view.end());
  recent_.append(from, bytes);
  if (recent_.size() > 2 * last_bytes_max) recent_.erase(0, recent_.size() - last_bytes_max);
  if (tail_.size() <= tail_bytes_max) return Done{};
  if (auto status = pack_.sync(); !status) return status;
  durable_ += tail_.size();
  tail_.clear();
  return Done{};
}

// Packs are made durable by the host, for all of its jobs at once.
Status CapturedStream::sync() {
  return file_ ? file_->sync() : Status(Done{});
}

std::optional<StreamMark> CapturedStream::mark() const {
  if (place_.packed && packed_offset() > 0) {
    StreamMark mark;
    mark.name = name_of(stream_);
    mark.path = pack_directory;
    mark.mode = StreamMode::replace;
    mark.offset = mark.size = packed_offset();
    mark.synced = durable_;
    mark.tail = tail_;
    return mark;
  }
  if (!file_) return std::nullopt;
  auto mark = file_->mark();
  mark.path = place_.in_store.empty() ? place_.path.native() : place_.in_store;
  return mark;
}

std::string CapturedStream::last_lines() const {
  return place_.packed ? godwit::last_lines(recent_) : last_lines_of(place_.path);
}

std::uint64_t CapturedStream::held() const {
  struct stat info {};
  return ::fstat(memfd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

}  // namespace godwit::inside
