#include "edge/mpi/page_stream.hpp"

#include <algorithm>
#include <boost/mpi/exception.hpp>
#include <cstring>
#include <limits>

#include "base/panic.hpp"

namespace godwit {
namespace {

constexpr std::size_t hash_at_once_max = 64 << 10;  // below, waking a thread costs more than hashing

int tag_of(StreamId stream) {
  // Tags up to 2^31 - 1 in Open MPI and MPICH's ch4; two streams of a pair don't live 2^30 apart.
  return static_cast<int>(stream.value % (1U << 30)) + 1;
}

}  // namespace

PageStream::PageStream(Name name, std::uint64_t owner, std::vector<std::span<std::byte>> pages)
    : name_(name), owner_(owner), pages_(std::move(pages)) {
  std::erase_if(pages_, [](auto const& span) { return span.empty(); });
  for (auto const& span : pages_) {
    starts_.push_back(bytes_);
    bytes_ += span.size();
  }
  chunks_ = static_cast<std::size_t>((bytes_ + chunk_bytes - 1) / chunk_bytes);
  digests_.resize(chunks_);
}

std::size_t PageStream::size_of(std::size_t chunk) const {
  auto const start = std::uint64_t{chunk} * chunk_bytes;
  return static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, bytes_ - start));
}

template <class Each>
void PageStream::pieces(std::size_t chunk, Each each) const {
  auto at = std::uint64_t{chunk} * chunk_bytes;
  auto left = size_of(chunk);
  auto span =
      static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), at) - starts_.begin()) - 1;
  for (; left > 0; ++span) {
    auto const skip = static_cast<std::size_t>(at - starts_[span]);
    auto const piece = pages_[span].subspan(skip, std::min(left, pages_[span].size() - skip));
    each(piece);
    at += piece.size();
    left -= piece.size();
  }
}

std::optional<std::span<std::byte>> PageStream::contiguous(std::size_t chunk) const {
  std::span<std::byte> whole;
  bool together = true;
  pieces(chunk, [&](std::span<std::byte> piece) {
    if (whole.empty()) {
      whole = piece;
    } else if (whole.data() + whole.size() == piece.data()) {
      whole = {whole.data(), whole.size() + piece.size()};
    } else {
      together = false;
    }
  });
  if (!together) return std::nullopt;
  return whole;
}

bool PageStream::progress(boost::mpi::communicator const& comm, DigestThread& digests) {
  auto const posted_before = posted_;
  post(comm, digests);
  bool moved = posted_ != posted_before;
  // MPI matches in order but may complete out of order: testing the first is enough, the rest wait.
  while (!in_flight_.empty()) {
    try {
      if (!in_flight_.front().request.test()) break;
    } catch (boost::mpi::exception const&) {
      break;  // its peer is dead: give_up() will follow
    }
    finish(in_flight_.front(), digests);
    in_flight_.pop_front();
    moved = true;
    post(comm, digests);
  }
  return moved;
}

void PageStream::post(boost::mpi::communicator const& comm, DigestThread& digests) {
  int const tag = tag_of(name_.stream);
  for (; posted_ < chunks_ && in_flight_.size() < chunks_in_flight; ++posted_) {
    auto& chunk = in_flight_.emplace_back();
    chunk.index = posted_;
    if (auto const memory = contiguous(posted_)) {
      chunk.memory = *memory;
    } else {
      chunk.staged.resize(size_of(posted_));
      chunk.memory = chunk.staged;
    }
    auto* const first = reinterpret_cast<char*>(chunk.memory.data());
    auto const size = static_cast<int>(chunk.memory.size());
    try {
      if (name_.side == Side::receiver) {
        chunk.request = comm.irecv(name_.peer.value, tag, first, size);
        continue;
      }
      if (!chunk.staged.empty()) {
        auto* to = chunk.staged.data();
        pieces(posted_,
               [&to](std::span<std::byte> piece) { to = std::copy(piece.begin(), piece.end(), to); });
      }
      chunk.request = comm.isend(name_.peer.value, tag, static_cast<char const*>(first), size);
    } catch (boost::mpi::exception const&) {
      continue;  // stays in flight until the peer is given up
    }
    hash(chunk.index, chunk.memory, digests);
  }
}

void PageStream::finish(Chunk& chunk, DigestThread& digests) {
  if (name_.side == Side::receiver) {
    if (!chunk.staged.empty()) {
      auto const* from = chunk.staged.data();
      pieces(chunk.index, [&from](std::span<std::byte> piece) {
        std::memcpy(piece.data(), from, piece.size());
        from += piece.size();
      });
    }
    hash(chunk.index, chunk.memory, digests);
  }
  if (!chunk.staged.empty()) staged_.push_back(std::move(chunk));
}

void PageStream::hash(std::size_t chunk, std::span<std::byte const> memory, DigestThread& digests) {
  if (bytes_ <= hash_at_once_max) {
    hashed(chunk, digest_of(memory));
  } else {
    digests.hash(owner_, chunk, memory);
  }
}

void PageStream::hashed(std::size_t chunk, Digest digest) {
  digests_.at(chunk) = digest;
  ++hashed_;
  std::erase_if(staged_, [chunk](Chunk const& each) { return each.index == chunk; });
}

std::optional<Digest> PageStream::digest() const {
  if (posted_ < chunks_ || !in_flight_.empty() || hashed_ < chunks_) return std::nullopt;
  static_assert(sizeof(Digest) == sizeof(std::uint64_t));
  return digest_of(std::as_bytes(std::span(digests_)));
}

bool PageStream::give_up(DigestThread& digests, Abandoned& abandoned) {
  digests.forget(owner_);
  bool touched = false;
  for (auto& chunk : in_flight_) {
    touched = touched || chunk.staged.empty();
    abandoned.keep(std::move(chunk.request), std::move(chunk.staged));
  }
  in_flight_.clear();
  return touched;
}

}  // namespace godwit
