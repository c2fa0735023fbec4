// FakeNetwork: what MPI promises, and nothing more: frames between two ranks arrive in order, across
// pairs in any order and as late as the caller of advance() likes; pages of a stream are copied piece by
// piece from where they lie, so that memory that is changed or freed too early shows.
// FakeTransport is one rank's end of it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "port/transport.hpp"

namespace godwit::test {

class FakeNetwork {
 public:
  explicit FakeNetwork(int ranks) : ranks_(ranks), inboxes_(static_cast<std::size_t>(ranks)) {}

  // One frame, or one piece of one page stream, gets further. False: nothing is under way.
  bool advance(Random& random);
  void deliver_all() {
    Random random{1};
    while (advance(random)) {
    }
  }
  // The process of this rank ends: what it sent may still arrive, what is sent to it is swallowed.
  void die(Rank rank);
  [[nodiscard]] bool refers_to(std::span<std::byte const> memory) const;
  [[nodiscard]] std::uint64_t frames_sent() const { return frames_sent_; }
  [[nodiscard]] Digest trace() const {
    return trace_.digest();
  }  // of all frames, in the order they were sent

 private:
  friend class FakeTransport;
  using Incoming = std::variant<FrameReceived, PagesSent, PagesReceived, PeerDied>;
  struct Key {
    Rank from, to;
    StreamId stream;
    auto operator<=>(Key const&) const = default;
  };
  struct Cursor {
    std::size_t span{0}, byte{0};
  };
  struct Stream {
    std::optional<std::vector<std::span<std::byte const>>> source;
    std::optional<std::vector<std::span<std::byte>>> sink;
    Cursor from, to;
    DigestStream sent, received;
  };

  std::vector<Incoming>& inbox(Rank rank) { return inboxes_[static_cast<std::size_t>(rank.value)]; }
  void advance(Key const& key, Stream& stream);

  int ranks_;
  std::vector<std::vector<Incoming>> inboxes_;
  std::map<std::pair<Rank, Rank>, std::deque<Bytes>> links_;
  std::map<Key, Stream> streams_;
  std::set<Rank> dead_;
  std::uint64_t frames_sent_{0};
  DigestStream trace_;
};

class FakeTransport final : public Transport {
 public:
  FakeTransport(FakeNetwork& network, Rank self) : network_(network), self_(self) {}

  [[nodiscard]] Rank self() const override { return self_; }
  [[nodiscard]] int ranks() const override { return network_.ranks_; }
  void send(Rank to, Bytes frame) override;
  void send_pages(Rank to, StreamId stream, std::vector<std::span<std::byte const>> pages) override;
  void receive_pages(Rank from, StreamId stream, std::vector<std::span<std::byte>> pages) override;
  bool drop(Rank peer) override;
  bool poll(TransportEvents& events) override;

 private:
  FakeNetwork& network_;
  Rank self_;
  std::set<Rank> dropped_;
};

}  // namespace godwit::test
