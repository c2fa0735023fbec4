#include "sim/output.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::sim {

SimOutput SimOutput::open(SimDisk& disk, std::uint64_t process, std::string path, bool fresh) {
  SimOutput output(disk, process, path);
  if (fresh) disk.rename_over(path, disk.make(process), process);
  output.inode_ = disk.open(path, process);
  output.inode_->bytes.clear();
  output.inode_->synced = 0;
  return output;
}

Result<SimOutput> SimOutput::reopen(SimDisk& disk, std::uint64_t process, StreamMark const& mark, std::string path,
                                    bool fresh) {
  auto output = cut(disk, process, mark, std::move(path), fresh);
  if (output) output->flush();
  return output;
}

Result<SimOutput> SimOutput::cut(SimDisk& disk, std::uint64_t process, StreamMark const& mark, std::string path, bool fresh) {
  SimOutput output(disk, process, path);
  auto old = disk.find(mark.path);
  if (!old && mark.synced > 0) {
    return data_lost("output_short", fmt::format("{} is gone, {} bytes of it were durable", mark.path, mark.synced));
  }
  if (old && old->bytes.size() < mark.synced) {
    return data_lost("output_short", fmt::format("{} has {} bytes, and {} were durable", mark.path, old->bytes.size(),
                                                 mark.synced));
  }
  if (fresh || path != mark.path) {
    auto inode = disk.make(process);
    if (old) inode->bytes.assign(old->bytes.begin(), old->bytes.begin() + static_cast<std::ptrdiff_t>(mark.synced));
    inode->synced = mark.synced;  // the copy is synced before it takes the name
    disk.rename_over(path, std::move(inode), process);
  }
  output.inode_ = disk.open(path, process);
  output.inode_->bytes.resize(mark.synced);
  output.inode_->synced = std::min(output.inode_->synced, mark.synced);
  output.durable_ = mark.synced;
  output.tail_ = mark.tail;
  return output;
}

// As pwrite does: at its own offset, whatever others have made of the file.
void SimOutput::flush() {
  auto& bytes = inode_->bytes;
  if (tail_written_ == tail_.size()) return;
  auto const end = durable_ + tail_.size();
  if (bytes.size() < end) bytes.resize(end);
  std::copy(tail_.begin() + static_cast<std::ptrdiff_t>(tail_written_), tail_.end(),
            bytes.begin() + static_cast<std::ptrdiff_t>(durable_ + tail_written_));
  tail_written_ = tail_.size();
  inode_->writer = process_;
}

void SimOutput::sync() {
  flush();
  disk_->sync_name(path_);
  durable_ += tail_.size();
  tail_.clear();
  tail_written_ = 0;
  inode_->synced = std::max<std::uint64_t>(inode_->synced, inode_->bytes.size());
}

StreamMark SimOutput::mark() const {
  StreamMark mark;
  mark.name = path_;
  mark.path = path_;
  mark.mode = StreamMode::replace;
  mark.offset = durable_ + tail_.size();
  mark.size = mark.offset;
  mark.synced = durable_;
  mark.tail = tail_;
  return mark;
}

}  // namespace godwit::sim
