// PageStream: one half of one stream of pages. The bytes, in the order of their spans, are cut into
// chunks of `chunk_bytes`; each is one MPI message, sent straight from and received straight into the
// memory given, several in flight. A chunk that lies in more than one span goes through a buffer.
//
// The stream's digest is XXH3 over the chunks' own XXH3s (little-endian, in order): chunks can then be
// hashed apart, beside the transfer. Both halves compute it from their own memory. Short streams are
// hashed at once; no bytes at all need no message.
// Internal to this folder; the loop thread's.
#pragma once

#include <boost/mpi/communicator.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"
#include "edge/mpi/abandoned.hpp"
#include "edge/mpi/digest_thread.hpp"

namespace godwit {

class PageStream {
 public:
  enum class Side { sender, receiver };
  struct Name {
    Side side;
    Rank peer;
    StreamId stream;
    auto operator<=>(Name const&) const = default;
  };
  static constexpr std::size_t chunk_bytes = std::size_t{4} << 20;
  static constexpr std::size_t chunks_in_flight = 16;

  // `owner` names the stream to the digest thread; not 0.
  PageStream(Name name, std::uint64_t owner, std::vector<std::span<std::byte>> pages);

  [[nodiscard]] Name const& name() const { return name_; }
  // Posts, tests, hashes. True if anything moved.
  bool progress(boost::mpi::communicator const& comm, DigestThread& digests);
  void hashed(std::size_t chunk, Digest digest);
  [[nodiscard]] std::optional<Digest> digest() const;  // once every chunk is through and hashed
  // Leaves its requests behind. True if MPI may still touch the memory.
  bool give_up(DigestThread& digests, Abandoned& abandoned);

 private:
  struct Chunk {
    boost::mpi::request request;
    std::span<std::byte> memory;  // of the stream, or `staged`
    Bytes staged;
    std::size_t index;
  };
  [[nodiscard]] std::size_t size_of(std::size_t chunk) const;
  // Calls `each` with the pieces of memory that make up a chunk.
  template <class Each>
  void pieces(std::size_t chunk, Each each) const;
  [[nodiscard]] std::optional<std::span<std::byte>> contiguous(std::size_t chunk) const;
  void post(boost::mpi::communicator const& comm, DigestThread& digests);
  void finish(Chunk& chunk, DigestThread& digests);
  void hash(std::size_t chunk, std::span<std::byte const> memory, DigestThread& digests);

  Name name_;
  std::uint64_t owner_;
  std::vector<std::span<std::byte>> pages_;
  std::vector<std::uint64_t> starts_;  // of each span within the stream
  std::uint64_t bytes_ = 0;
  std::size_t chunks_ = 0;
  std::size_t posted_ = 0;
  std::deque<Chunk> in_flight_;
  std::deque<Chunk> staged_;  // through, but their copies are still being hashed
  std::vector<Digest> digests_;
  std::size_t hashed_ = 0;
};

}  // namespace godwit
