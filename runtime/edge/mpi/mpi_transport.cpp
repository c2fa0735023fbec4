#include "edge/mpi/mpi_transport.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/panic.hpp"

namespace godwit {
namespace {

// While pages move, the next chunk is nearer than any nap; but the loop has other work as well.
constexpr std::int64_t spin_ns_max = 2'000'000;
constexpr std::int64_t spin_after_move_ns = 100'000;
// What doesn't move for this long waits for a peer that is stopped, or dead and not yet known to be:
// there is no hurry then.
constexpr std::int64_t in_flight_ns_max = 100'000'000;

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

MpiTransport::MpiTransport(MpiWorld const& world) : world_(world), frames_(world.frames()) {
  world.end_start();
  for (int rank = 0; rank < world.ranks(); ++rank) {
    Rank const peer{rank};
    if (peer == self() || !world.is_here(peer)) continue;
    auto const& process = world.peers()[static_cast<std::size_t>(rank)];
    std::array<pid_t, 2> const both{process.pid, process.zygote};
    deaths_.watch(rank, std::span(both).first(process.zygote == 0 ? 1 : 2));
  }
}

void MpiTransport::send(Rank to, Bytes frame) {
  if (!world_.is_here(to)) lifelines_.watch(to.value, world_.peers()[static_cast<std::size_t>(to.value)].lifeline);
  frames_.send(to, std::move(frame));
  world_.ring(to);
}

void MpiTransport::send_pages(Rank to, StreamId stream, std::vector<std::span<std::byte const>> pages) {
  std::vector<std::span<std::byte>> memory;
  // The sender's half only reads it: one type of stream serves both halves.
  for (auto const& span : pages) memory.emplace_back(const_cast<std::byte*>(span.data()), span.size());
  open({PageStream::Side::sender, to, stream}, std::move(memory));
}

void MpiTransport::receive_pages(Rank from, StreamId stream, std::vector<std::span<std::byte>> pages) {
  open({PageStream::Side::receiver, from, stream}, std::move(pages));
}

void MpiTransport::open(PageStream::Name name, std::vector<std::span<std::byte>> pages) {
  invariant(name.peer.value >= 0 && name.peer.value < ranks(), "pages for a rank that doesn't exist");
  if (dead_.contains(name.peer)) return;
  auto const owner = next_owner_++;
  auto& stream = streams_.try_emplace(owner, name, owner, std::move(pages)).first->second;
  stream.progress(world_.pages(), digests_);
  if (name.side == PageStream::Side::sender) world_.ring(name.peer);
  moved_at_ns_ = monotonic_ns();
}

bool MpiTransport::drop(Rank peer) {
  dead_.insert(peer);
  frames_.give_up(peer);
  bool touched = false;
  for (auto each = streams_.begin(); each != streams_.end();) {
    if (each->second.name().peer != peer) {
      ++each;
      continue;
    }
    touched = each->second.give_up(digests_, abandoned_) || touched;
    each = streams_.erase(each);
  }
  return touched;
}

bool MpiTransport::poll(TransportEvents& events) {
  auto const began = monotonic_ns();
  world_.bell().silence();
  for (;;) {
    bool const moved = frames_.progress();
    bool const pages_moved = !streams_.empty() && move_pages();
    auto const now = monotonic_ns();
    if (moved || pages_moved) moved_at_ns_ = now;
    report_frames(events);
    report_streams(events);
    if (moved || streams_.empty() || now - began > spin_ns_max || now - moved_at_ns_ > spin_after_move_ns)
      break;
  }
  report_deaths(events);
  bool const in_flight = frames_.in_flight() || !streams_.empty();
  auto const still_ns = monotonic_ns() - moved_at_ns_;
  return moved_at_ns_ >= began || (in_flight && still_ns < in_flight_ns_max);
}

bool MpiTransport::move_pages() {
  bool moved = false;
  for (auto& [owner, stream] : streams_) moved = stream.progress(world_.pages(), digests_) || moved;
  for (auto const& hashed : digests_.take()) {
    auto const stream = streams_.find(hashed.owner);
    if (stream == streams_.end()) continue;
    stream->second.hashed(hashed.chunk, hashed.digest);
    moved = true;
  }
  return moved;
}

void MpiTransport::report_streams(TransportEvents& events) {
  for (auto each = streams_.begin(); each != streams_.end();) {
    auto const digest = each->second.digest();
    if (!digest) {
      ++each;
      continue;
    }
    auto const name = each->second.name();
    each = streams_.erase(each);
    if (name.side == PageStream::Side::sender) {
      events.on(PagesSent{name.peer, name.stream, *digest});
    } else {
      events.on(PagesReceived{name.peer, name.stream, *digest});
    }
  }
}

void MpiTransport::report_frames(TransportEvents& events) {
  for (auto& arrived : frames_.take_arrived())
    events.on(FrameReceived{arrived.from, std::move(arrived.frame)});
}

std::vector<int> MpiTransport::take_dead() {
  auto dead = deaths_.take_dead();
  if (auto* const own = world_.lifeline()) own->tend();
  for (int const rank : lifelines_.take_dead()) dead.push_back(rank);
  return dead;
}

void MpiTransport::report_deaths(TransportEvents& events) {
  auto const dead = take_dead();
  if (dead.empty()) return;
  // What they said before they died comes first.
  while (frames_.progress()) report_frames(events);
  report_frames(events);
  for (int const rank : dead) {
    dead_.insert(Rank{rank});
    frames_.give_up(Rank{rank});
    events.on(PeerDied{Rank{rank}});  // its streams stay until drop(): the caller must know of their memory
  }
}

Digest page_digest(std::vector<std::span<std::byte const>> const& pages) {
  Bytes all;
  for (auto const& span : pages) all.insert(all.end(), span.begin(), span.end());
  std::vector<Digest> digests;
  for (ByteView rest = all; !rest.empty();) {
    auto const size = std::min(rest.size(), PageStream::chunk_bytes);
    digests.push_back(digest_of(rest.first(size)));
    rest = rest.subspan(size);
  }
  return digest_of(std::as_bytes(std::span(digests)));
}

}  // namespace godwit
