// SimOutput: a job's output file as a real capsule keeps it: what isn't known to be durable is the tail, and travels in
// each image; a file is cut back to what was durable at the safe point, and the tail written again. Where a former
// holder may still be writing, the durable prefix goes to a new inode, which takes the name.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "sim/disk.hpp"
#include "state/manifest.hpp"

namespace godwit::sim {

class SimOutput {
 public:
  [[nodiscard]] static SimOutput open(SimDisk& disk, std::uint64_t process, std::string path, bool fresh);
  [[nodiscard]] static Result<SimOutput> reopen(SimDisk& disk, std::uint64_t process, StreamMark const& mark,
                                                std::string path, bool fresh);

  // Only cut back to what was durable: as whoever dies before it has written the tail leaves it.
  [[nodiscard]] static Result<SimOutput> cut(SimDisk& disk, std::uint64_t process, StreamMark const& mark, std::string path,
                                             bool fresh);

  void write(ByteView bytes) { tail_.insert(tail_.end(), bytes.begin(), bytes.end()); }
  void flush();  // to the file
  void sync();   // and to the disk, its name too
  void sync_name() { disk_->sync_name(path_); }
  [[nodiscard]] StreamMark mark() const;

 private:
  SimOutput(SimDisk& disk, std::uint64_t process, std::string path) : disk_(&disk), process_(process), path_(std::move(path)) {}

  SimDisk* disk_;
  std::uint64_t process_;
  std::string path_;
  std::shared_ptr<Inode> inode_;
  std::uint64_t durable_{0};
  Bytes tail_;
  std::size_t tail_written_{0};
};

}  // namespace godwit::sim
