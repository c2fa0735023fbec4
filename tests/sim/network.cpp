#include "sim/network.hpp"

#include <algorithm>

#include "message/codec.hpp"

namespace godwit::sim {

namespace {

constexpr std::size_t inbox_max = 20'000;

bool overlap(std::span<std::byte const> a, std::span<std::byte const> b) {
  return !a.empty() && !b.empty() && a.data() < b.data() + b.size() && b.data() < a.data() + a.size();
}

std::string told(Bytes const& frame) {
  FrameParts parts(frame);
  std::string names;
  for (;;) {
    auto const message = parts.next();
    if (!message || !*message) return names;
    names += fmt::format(" {}", godwit::name_of(**message));
    std::visit(
        [&](auto const& held) {
          if constexpr (requires { held.job; }) names += fmt::format("({}", held.job);
          if constexpr (requires { held.epoch; }) names += fmt::format("@{}", held.epoch);
          if constexpr (requires { held.target_epoch; }) names += fmt::format("→{}", held.target_epoch);
          if constexpr (requires { held.job; }) names += ")";
        },
        **message);
  }
}

}  // namespace

SimNetwork::SimNetwork(int ranks, Habits habits, std::uint64_t seed, Scheduler& scheduler, Trace& trace)
    : ranks_(ranks),
      habits_(habits),
      random_(seed),
      scheduler_(scheduler),
      trace_(trace),
      ended_(static_cast<std::size_t>(ranks), false) {
  for (int rank = 0; rank < ranks; ++rank) ends_.push_back(std::make_unique<SimTransport>(*this, Rank{rank}));
}
SimNetwork::~SimNetwork() = default;

bool SimNetwork::has_ended(Rank rank) const {
  return ended_.at(static_cast<std::size_t>(rank.value));
}

Duration SimNetwork::latency(Link const& link) {
  // Mostly short, now and then long.
  auto const base = habits_.latency.count();
  auto extra = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(2 * base) + 1));
  if (random_.below(50) == 0) extra *= 40;
  return Duration{(base + extra) * link.slow};
}

void SimNetwork::send(Rank from, Rank to, Bytes frame) {
  ++frames_sent_;
  trace_.add(static_cast<std::uint64_t>(from.value) << 32 | static_cast<std::uint32_t>(to.value));
  trace_.add(frame);
  if (trace_.is_heard()) trace_.hint(fmt::format("{} ─► {}:{}", from, to, told(frame)));
  if (has_ended(to) || has_ended(from)) return;
  auto& one = link(from, to);
  one.newest = std::max(one.newest, scheduler_.now() + latency(one));
  one.frames.emplace_back(one.newest, std::move(frame));
  if (one.frames.size() > inbox_max)
    wrong("more than {} frames are under way from {} to {}", inbox_max, from, to);
  if (one.frames.size() == 1) plan({from, to}, one);
}

void SimNetwork::plan(Pair pair, Link& link) {
  auto const serial = ++link.serial;
  if (link.frames.empty() || link.silent) return;
  auto const when = std::max({link.frames.front().first, link.held_until, scheduler_.now()});
  scheduler_.at(when, [this, pair, serial] { deliver(pair, serial); });
}

void SimNetwork::deliver(Pair pair, std::uint64_t serial) {
  auto& one = links_.at(pair);
  if (one.serial != serial) return;
  auto frame = std::move(one.frames.front().second);
  one.frames.pop_front();
  plan(pair, one);
  if (!has_ended(pair.second)) transport(pair.second).take(FrameReceived{pair.first, std::move(frame)});
}

void SimNetwork::end(Rank rank, bool crash) {
  ended_.at(static_cast<std::size_t>(rank.value)) = true;
  for (auto& [pair, one] : links_) {
    if (pair.second == rank) one.frames.clear();
    if (pair.first == rank && crash && !one.frames.empty())
      one.frames.resize(random_.below(one.frames.size() + 1));
    if (pair.first == rank || pair.second == rank) plan(pair, one);
  }
}

void SimNetwork::tell_death(Rank dead, Rank to) {
  if (!has_ended(to)) transport(to).take(PeerDied{dead});
}

void SimNetwork::hold_up(Rank a, Rank b, Moment until) {
  for (auto const& pair : {Pair{a, b}, Pair{b, a}}) {
    links_[pair].held_until = std::max(links_[pair].held_until, until);
    plan(pair, links_[pair]);
  }
}
void SimNetwork::silence(Rank a, Rank b) {
  for (auto const& pair : {Pair{a, b}, Pair{b, a}}) {
    links_[pair].silent = true;
    plan(pair, links_[pair]);
  }
}
void SimNetwork::slow_down(Rank a, Rank b, std::int64_t times) {
  for (auto const& pair : {Pair{a, b}, Pair{b, a}}) links_[pair].slow = times;
}
void SimNetwork::heal() {
  for (auto& [pair, one] : links_) {
    one.held_until = scheduler_.now();
    one.slow = 1;
    plan(pair, one);
  }
}

bool SimNetwork::refers_to(std::span<std::byte const> memory) const {
  static decltype(Stream::source) const nothing_sent;  // by a process that is gone
  static decltype(Stream::sink) const nothing_taken;
  return std::ranges::any_of(streams_, [&](auto const& one) {
    auto const& source = has_ended(one.first.from) ? nothing_sent : one.second.source;
    auto const& sink = has_ended(one.first.to) ? nothing_taken : one.second.sink;
    return (source &&
            std::ranges::any_of(*source, [&](auto const& page) { return overlap(page, memory); })) ||
           (sink && std::ranges::any_of(*sink, [&](auto const& page) { return overlap(page, memory); }));
  });
}

std::size_t SimNetwork::frames_under_way() const {
  std::size_t all = 0;
  for (auto const& [pair, one] : links_) all += one.frames.size();
  return all;
}

// ---- pages

namespace {
template <class Span>
std::size_t total(std::vector<Span> const& pages) {
  std::size_t bytes = 0;
  for (auto const& page : pages) bytes += page.size();
  return bytes;
}
}  // namespace

void SimNetwork::begin_if_both(Key const& key) {
  auto const& both = streams_.at(key);
  if (!both.source || !both.sink) return;
  if (total(*both.source) != total(*both.sink)) {
    wrong("stream {} from {} to {}: {} bytes are sent and {} expected", key.stream, key.from, key.to,
          total(*both.source), total(*both.sink));
  }
  scheduler_.after(latency(link(key.from, key.to)), [this, key] { advance(key); });
}

// Half a span of the source at a time, into as many of the sink's as it takes: both sides may cut
// differently.
void SimNetwork::advance(Key const& key) {
  auto const at = streams_.find(key);
  if (at == streams_.end() || has_ended(key.from) || has_ended(key.to)) return;
  auto& one = link(key.from, key.to);
  if (one.silent) {
    scheduler_.after(1s, [this, key] { advance(key); });
    return;
  }
  if (one.held_until > scheduler_.now()) {
    scheduler_.at(one.held_until, [this, key] { advance(key); });
    return;
  }
  auto& stream = at->second;
  auto const& source = *stream.source;
  auto& from = stream.from;
  while (from.span < source.size() && from.byte == source[from.span].size()) from = {from.span + 1, 0};
  if (from.span < source.size()) {
    auto const left = source[from.span].subspan(from.byte);
    auto const taken = left.first(from.byte == 0 ? (left.size() + 1) / 2 : left.size());
    from.byte += taken.size();
    stream.sent.add(taken);
    for (auto rest = taken; !rest.empty();) {
      auto const room = stream.sink->at(stream.to.span).subspan(stream.to.byte);
      auto const put = room.first(std::min(room.size(), rest.size()));
      std::ranges::copy(rest.first(put.size()), put.begin());
      stream.received.add(put);
      rest = rest.subspan(put.size());
      stream.to = put.size() == room.size() ? Cursor{stream.to.span + 1, 0}
                                            : Cursor{stream.to.span, stream.to.byte + put.size()};
    }
    auto const time =
        1ms * static_cast<std::int64_t>(taken.size()) / static_cast<std::int64_t>(habits_.bytes_per_ms);
    scheduler_.after(latency(one) + time * one.slow, [this, key] { advance(key); });
    return;
  }
  scheduler_.after(latency(one), [this, key] {
    tell(key, key.from, PagesSent{key.to, key.stream, streams_.at(key).sent.digest()});
  });
  scheduler_.after(latency(one), [this, key] {
    tell(key, key.to, PagesReceived{key.from, key.stream, streams_.at(key).received.digest()});
  });
}

// To each end in its own time, which may free its memory from then on; to none that has given the stream up.
void SimNetwork::tell(Key const& key, Rank to, Incoming event) {
  auto& stream = streams_.at(key);
  bool const over = ++stream.told == 2;
  if (!stream.given_up) std::holds_alternative<PagesSent>(event) ? stream.source.reset() : stream.sink.reset();
  if (!has_ended(to) && !stream.given_up) transport(to).take(std::move(event));
  if (over && !streams_.at(key).given_up) streams_.erase(key);
}

void SimTransport::send(Rank to, Bytes frame) {
  if (on_send) on_send(to, frame);
  network_.send(self_, to, std::move(frame));
}

void SimTransport::send_pages(Rank to, StreamId stream, std::vector<std::span<std::byte const>> pages) {
  if (network_.has_ended(to)) return;  // as MPI does with a dead peer: nothing ever comes of it
  auto& both = network_.streams_[{self_, to, stream}];
  if (both.source) wrong("stream {} from {} to {} is sent twice", stream, self_, to);
  both.source = std::move(pages);
  network_.begin_if_both({self_, to, stream});
}

void SimTransport::receive_pages(Rank from, StreamId stream, std::vector<std::span<std::byte>> pages) {
  if (network_.has_ended(from)) return;
  auto& both = network_.streams_[{from, self_, stream}];
  if (both.sink) wrong("stream {} from {} to {} is received twice", stream, from, self_);
  both.sink = std::move(pages);
  network_.begin_if_both({from, self_, stream});
}

bool SimTransport::drop(Rank peer) {
  bool open = false;
  for (auto& [key, stream] : network_.streams_) {
    bool const ours = (key.from == peer && key.to == self_) || (key.from == self_ && key.to == peer);
    if (ours && !stream.given_up) open = stream.given_up = true;
  }
  return open;
}

bool SimTransport::poll(TransportEvents& events) {
  auto const incoming = std::exchange(inbox_, {});
  for (auto const& event : incoming) {
    auto const* const frame = std::get_if<FrameReceived>(&event);
    if (frame != nullptr && on_frame) on_frame(frame->from, frame->frame);
    std::visit([&](auto const& held) { events.on(held); }, event);
  }
  return !incoming.empty() || std::ranges::any_of(network_.streams_, [&](auto const& one) {
    auto const& [from, to, stream] = one.first;
    return (from == self_ && !network_.has_ended(to)) || (to == self_ && !network_.has_ended(from));
  });
}

}  // namespace godwit::sim
