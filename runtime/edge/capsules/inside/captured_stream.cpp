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

constexpr std::uint64_t page_bytes = 4096;

Status make_parent(std::filesystem::path const& path) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (!error) return Done{};
  return reject("store_not_writable",
                fmt::format("cannot create {}: {}", path.parent_path().native(), error.message()));
}

}  // namespace

Status CapturedStream::begin(std::filesystem::path const& store, JobId job) {
  place(store, job);
  marks_.file_base.store(0, std::memory_order_relaxed);
  if (::truncate(path_.c_str(), 0) == 0 || errno == ENOENT) return Done{};
  return reject("store_not_writable",
                fmt::format("cannot empty {}: {}", path_.native(), std::strerror(errno)));
}

Status CapturedStream::resume(std::filesystem::path const& store, JobId job, StreamMark const* mark) {
  auto const dropped = held();
  marks_.drained.store(dropped, std::memory_order_relaxed);
  if (mark == nullptr) {
    auto status = begin(store, job);
    marks_.file_base.store(0 - dropped, std::memory_order_relaxed);  // modulo 2^64, as the sum is
    return status;
  }
  place(store, job);
  if (auto status = make_parent(path_); !status) return status;
  if (mark->path != path_in_store_) {  // the image is of another job, which keeps its own
    if (auto status = copy_start(name_, store / mark->path, path_, mark->synced); !status) return status;
  }
  auto file = OutputFile::reopen(*mark, path_);
  if (!file) return file.failure();
  file_ = std::move(*file);
  marks_.file_base.store(mark->offset - dropped, std::memory_order_relaxed);
  return Done{};
}

Status CapturedStream::drain() {
  auto const end = held();
  auto drained = marks_.drained.load(std::memory_order_relaxed);
  if (drained == end) return Done{};
  if (!file_) {
    if (auto status = make_parent(path_); !status) return status;
    auto file = OutputFile::open(name_, path_, StreamMode::replace);
    if (!file) return file.failure();
    file_ = std::move(*file);
  }
  std::array<char, 64 << 10> buffer;
  try {
    for (auto at = drained; at < end;) {
      auto const got = ::pread(memfd_, buffer.data(), std::min<std::uint64_t>(buffer.size(), end - at),
                               static_cast<off_t>(at));
      if (got <= 0) break;
      file_->write(buffer.data(), static_cast<std::size_t>(got));
      at += static_cast<std::uint64_t>(got);
    }
  } catch (StreamError const& error) {
    return reject("output_failed", error.what());
  }
  if (auto status = file_->flush(); !status) return status;
  marks_.drained.store(end, std::memory_order_release);
  auto const hole = end / page_bytes * page_bytes;  // gives the memory back; the position counts on
  if (hole > 0) ::fallocate(memfd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(hole));
  return Done{};
}

Status CapturedStream::sync() {
  return file_ ? file_->sync() : Status(Done{});
}

std::optional<StreamMark> CapturedStream::mark() const {
  if (!file_) return std::nullopt;
  auto mark = file_->mark();
  mark.path = path_in_store_;
  return mark;
}

void CapturedStream::place(std::filesystem::path const& store, JobId job) {
  path_in_store_ = printed_path(job, name_.c_str());
  path_ = store / path_in_store_;
}

std::uint64_t CapturedStream::held() const {
  struct stat info {};
  return ::fstat(memfd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

}  // namespace godwit::inside
