#include "edge/hdf5/slab_writer.hpp"

#include <algorithm>

namespace godwit {

SlabWriter::SlabWriter(Draft& draft, Skeleton& skeleton, Slab const& slab)
    : draft_(draft), skeleton_(skeleton), slab_(slab) {
  if (slab.plan) compressor_.emplace(slab.width);
}

Status SlabWriter::add(ByteView bytes) {
  if (compressor_) return add_in_chunks(bytes);
  auto const at = slab_.offset + written_;
  written_ += bytes.size();
  return draft_.write_bulk(at, bytes);
}

Status SlabWriter::add_in_chunks(ByteView bytes) {
  while (!bytes.empty()) {
    auto const chunk = slab_.plan->chunk(next_);
    auto const part = bytes.first(std::min<std::uint64_t>(bytes.size(), chunk.bytes - pending_.size()));
    bytes = bytes.subspan(part.size());
    if (part.size() == chunk.bytes) {
      if (auto status = put(chunk, part); !status) return status;
      continue;
    }
    pending_.insert(pending_.end(), part.begin(), part.end());
    if (pending_.size() < chunk.bytes) continue;
    if (auto status = put(chunk, pending_); !status) return status;
    pending_.clear();
  }
  return Done{};
}

Status SlabWriter::put(ChunkPlan::Chunk const& chunk, ByteView bytes) {
  auto const stored = compressor_->compress(bytes, slab_.plan->chunk_bytes());
  ++next_;
  return draft_.write(skeleton_.put_chunk(slab_, chunk, stored), stored);
}

}  // namespace godwit
