// SimNetwork: the ranks of one world, joined by what MPI promises and nothing more: frames from one rank to
// another arrive in the order in which they were sent, after any delay; across pairs in any order. Never lost while
// both ends live; a dead peer swallows. A link can be slow, late (all that is under way waits until a moment and then
// comes), or silent for ever. Pages are copied piece by piece from where they lie to where they go, so memory that
// is changed or freed too early shows. That a process has ended is told only by tell_death().
//
// SimTransport is one rank's end. Its owner says what to do when something has come in.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "port/transport.hpp"
#include "sim/trace.hpp"

namespace godwit::sim {

class SimTransport;

class SimNetwork {
 public:
  struct Habits {
    Duration latency{50us};     // of a frame, at least; the average is twice that
    std::uint64_t bytes_per_ms{1'000'000};
  };
  SimNetwork(int ranks, Habits habits, std::uint64_t seed, Scheduler& scheduler, Trace& trace);
  ~SimNetwork();

  [[nodiscard]] SimTransport& transport(Rank rank) { return *ends_.at(static_cast<std::size_t>(rank.value)); }
  // The process ends. A crash loses the newest of what it had sent, as much as the seed says; what is left may
  // still arrive. Pages stop.
  void end(Rank rank, bool crash);
  [[nodiscard]] bool has_ended(Rank rank) const;
  void tell_death(Rank dead, Rank to);  // now; nothing if that one has ended itself

  // Both ways. Until then nothing arrives; then everything, in order. Frames under way are held up too.
  void hold_up(Rank a, Rank b, Moment until);
  void silence(Rank a, Rank b);  // for ever
  void slow_down(Rank a, Rank b, std::int64_t times);
  void heal();  // but for dead ends and silent links, all are as they were

  [[nodiscard]] bool refers_to(std::span<std::byte const> memory) const;
  [[nodiscard]] std::size_t frames_under_way() const;
  [[nodiscard]] std::uint64_t frames_sent() const { return frames_sent_; }

 private:
  friend class SimTransport;
  struct Link {
    std::deque<std::pair<Moment, Bytes>> frames;  // when each may come out, at the earliest
    Moment newest{0};                             // when the last one comes out
    Moment held_until{0};
    bool silent{false};
    std::int64_t slow{1};
    std::uint64_t serial{0};  // of the event that is to deliver next
  };
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
    int told{0};  // ends
    DigestStream sent, received;
    bool given_up{false};  // one end died, the other knows: its memory is referred to for ever
  };
  using Pair = std::pair<Rank, Rank>;

  Link& link(Rank from, Rank to) { return links_[{from, to}]; }
  Duration latency(Link const& link);
  void send(Rank from, Rank to, Bytes frame);
  void plan(Pair pair, Link& link);
  void deliver(Pair pair, std::uint64_t serial);
  void begin_if_both(Key const& key);
  void advance(Key const& key);
  using Incoming = std::variant<FrameReceived, PagesSent, PagesReceived, PeerDied>;
  void tell(Key const& key, Rank to, Incoming event);

  int ranks_;
  Habits habits_;
  Random random_;
  Scheduler& scheduler_;
  Trace& trace_;
  std::vector<std::unique_ptr<SimTransport>> ends_;
  std::map<Pair, Link> links_;
  std::map<Key, Stream> streams_;
  std::vector<bool> ended_;
  std::uint64_t frames_sent_{0};
};

class SimTransport final : public Transport {
 public:
  SimTransport(SimNetwork& network, Rank self) : network_(network), self_(self) {}

  std::function<void()> on_arrival = [] {};
  std::function<void(Rank, ByteView)> on_frame;  // its owner is about to look at it
  std::function<void(Rank, ByteView)> on_send;

  [[nodiscard]] Rank self() const override { return self_; }
  [[nodiscard]] int ranks() const override { return network_.ranks_; }
  void send(Rank to, Bytes frame) override;
  void send_pages(Rank to, StreamId stream, std::vector<std::span<std::byte const>> pages) override;
  void receive_pages(Rank from, StreamId stream, std::vector<std::span<std::byte>> pages) override;
  bool drop(Rank peer) override;
  bool poll(TransportEvents& events) override;

 private:
  friend class SimNetwork;
  using Incoming = std::variant<FrameReceived, PagesSent, PagesReceived, PeerDied>;
  void take(Incoming event) {
    inbox_.push_back(std::move(event));
    on_arrival();
  }

  SimNetwork& network_;
  Rank self_;
  std::vector<Incoming> inbox_;
};

}  // namespace godwit::sim
