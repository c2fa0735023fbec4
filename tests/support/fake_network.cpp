#include "support/fake_network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/archive.hpp"

namespace godwit::test {

namespace {

template <class Span>
std::size_t total(std::vector<Span> const& pages) {
  std::size_t bytes = 0;
  for (auto const& page : pages) bytes += page.size();
  return bytes;
}

bool overlap(std::span<std::byte const> a, std::span<std::byte const> b) {
  return !a.empty() && !b.empty() && a.data() < b.data() + b.size() && b.data() < a.data() + a.size();
}

}  // namespace

bool FakeNetwork::advance(Random& random) {
  std::vector<std::pair<Rank, Rank>> links;
  for (auto const& [link, frames] : links_) {
    if (!frames.empty()) links.push_back(link);
  }
  std::vector<Key> streams;
  for (auto const& [key, stream] : streams_) {
    if (stream.source && stream.sink && !dead_.contains(key.from) && !dead_.contains(key.to)) {
      streams.push_back(key);
    }
  }
  auto const choices = links.size() + streams.size();
  if (choices == 0) return false;
  auto const choice = random.below(choices);
  if (choice >= links.size()) {
    auto const key = streams[choice - links.size()];
    advance(key, streams_.at(key));
    return true;
  }
  auto const [from, to] = links[choice];
  auto& frames = links_[{from, to}];
  if (!dead_.contains(to)) inbox(to).emplace_back(FrameReceived{from, std::move(frames.front())});
  frames.pop_front();
  return true;
}

// Half a span of the source at a time, into as many of the sink's as it takes: both sides may cut differently.
void FakeNetwork::advance(Key const& key, Stream& stream) {
  auto& from = stream.from;
  auto& to = stream.to;
  auto const& source = *stream.source;
  while (from.span < source.size() && from.byte == source[from.span].size()) from = {from.span + 1, 0};
  if (from.span < source.size()) {
    auto const left = source[from.span].subspan(from.byte);
    auto taken = left.first(from.byte == 0 ? (left.size() + 1) / 2 : left.size());
    from.byte += taken.size();
    stream.sent.add(taken);
    while (!taken.empty()) {
      auto const room = stream.sink->at(to.span).subspan(to.byte);
      auto const put = room.first(std::min(room.size(), taken.size()));
      std::ranges::copy(taken.first(put.size()), put.begin());
      stream.received.add(put);
      taken = taken.subspan(put.size());
      to = put.size() == room.size() ? Cursor{to.span + 1, 0} : Cursor{to.span, to.byte + put.size()};
    }
    return;
  }
  inbox(key.from).emplace_back(PagesSent{key.to, key.stream, stream.sent.digest()});
  inbox(key.to).emplace_back(PagesReceived{key.from, key.stream, stream.received.digest()});
  streams_.erase(key);
}

void FakeNetwork::die(Rank rank) {
  dead_.insert(rank);
  for (int other = 0; other < ranks_; ++other) {
    if (!dead_.contains(Rank{other})) inbox(Rank{other}).emplace_back(PeerDied{rank});
  }
}

bool FakeNetwork::refers_to(std::span<std::byte const> memory) const {
  for (auto const& [key, stream] : streams_) {
    for (auto const& page : stream.source.value_or(std::vector<std::span<std::byte const>>{})) {
      if (overlap(page, memory)) return true;
    }
    for (auto const& page : stream.sink.value_or(std::vector<std::span<std::byte>>{})) {
      if (overlap(page, memory)) return true;
    }
  }
  return false;
}

void FakeTransport::send(Rank to, Bytes frame) {
  ++network_.frames_sent_;
  network_.trace_.add(encode(std::pair{self_, to}));
  network_.trace_.add(frame);
  network_.links_[{self_, to}].push_back(std::move(frame));
}

void FakeTransport::send_pages(Rank to, StreamId stream, std::vector<std::span<std::byte const>> pages) {
  if (dropped_.contains(to)) return;
  auto& both = network_.streams_[{self_, to, stream}];
  EXPECT_FALSE(both.source.has_value()) << "a stream is sent once";
  if (both.sink) {
    EXPECT_EQ(total(*both.sink), total(pages));
  }
  both.source = std::move(pages);
}

void FakeTransport::receive_pages(Rank from, StreamId stream, std::vector<std::span<std::byte>> pages) {
  if (dropped_.contains(from)) return;
  auto& both = network_.streams_[{from, self_, stream}];
  EXPECT_FALSE(both.sink.has_value()) << "a stream is received once";
  if (both.source) {
    EXPECT_EQ(total(*both.source), total(pages));
  }
  both.sink = std::move(pages);
}

bool FakeTransport::drop(Rank peer) {
  dropped_.insert(peer);
  return std::ranges::any_of(network_.streams_, [&](auto const& entry) {
    return (entry.first.from == peer && entry.first.to == self_) ||
           (entry.first.from == self_ && entry.first.to == peer);
  });
}

bool FakeTransport::poll(TransportEvents& events) {
  auto const incoming = std::exchange(network_.inbox(self_), {});
  for (auto const& event : incoming) {
    std::visit([&](auto const& held) { events.on(held); }, event);
  }
  if (!incoming.empty()) return true;
  return std::ranges::any_of(network_.links_, [&](auto const& entry) {
    return entry.first.first == self_ && !entry.second.empty() &&
           !network_.dead_.contains(entry.first.second);
  });
}

}  // namespace godwit::test
