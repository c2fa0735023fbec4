// MpiTransport: the port Transport on MPI. Frames and pages have a communicator each; deaths are proven by pidfd on the
// same node, else by the lifelines of those to whom something was sent. Small frames take tens of microseconds between
// ranks that are awake; pages move about as fast as MPI itself does (godwit-bench-transfer measures it side by side).
//
// PagesSent means that MPI has taken the last byte: the memory may be reused, and what was sent arrives
// unless the peer dies. Both digests are page_digest() of the bytes.
// The thread that started MPI only. poll() may spin for up to 2 ms while pages are moving. Never
// destroyed while streams are open, unless the process ends: MPI would write into freed memory.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "edge/mpi/digest_thread.hpp"
#include "edge/mpi/frame_channel.hpp"
#include "edge/mpi/mpi_world.hpp"
#include "edge/mpi/page_stream.hpp"
#include "edge/posix/death_watch.hpp"
#include "edge/posix/lifeline_watch.hpp"
#include "port/transport.hpp"

namespace godwit {

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(MpiWorld const& world);

  [[nodiscard]] int wait_fd() const { return deaths_.wait_fd(); }  // readable when a peer has died
  [[nodiscard]] int bell_fd() const {
    return world_.bell().wait_fd();
  }  // readable when a peer nearby has sent
  [[nodiscard]] bool is_dead(Rank peer) const { return dead_.contains(peer); }

  [[nodiscard]] Rank self() const override { return world_.self(); }
  [[nodiscard]] int ranks() const override { return world_.ranks(); }
  void send(Rank to, Bytes frame) override;
  void send_pages(Rank to, StreamId stream, std::vector<std::span<std::byte const>> pages) override;
  void receive_pages(Rank from, StreamId stream, std::vector<std::span<std::byte>> pages) override;
  bool drop(Rank peer) override;
  bool poll(TransportEvents& events) override;

 private:
  using Streams = std::map<std::uint64_t, PageStream>;  // by owner, oldest first

  void open(PageStream::Name name, std::vector<std::span<std::byte>> pages);
  bool move_pages();
  void report_streams(TransportEvents& events);
  void report_frames(TransportEvents& events);
  void report_deaths(TransportEvents& events);
  std::vector<int> take_dead();

  MpiWorld const& world_;
  FrameChannel frames_;
  DigestThread digests_;
  Streams streams_;
  std::uint64_t next_owner_ = 1;
  DeathWatch deaths_;
  LifelineWatch lifelines_;
  std::set<Rank> dead_;
  Abandoned abandoned_;
  std::int64_t moved_at_ns_ = 0;  // when anything moved last
};

// What PagesSent and PagesReceived say of these bytes.
[[nodiscard]] Digest page_digest(std::vector<std::span<std::byte const>> const& pages);

}  // namespace godwit
