// Shows what the transport promises, between real ranks under mpirun: frames in order, pages whole and
// with equal digests on both sides, many at once, and life going on after kill -9 of a rank. Every rank
// runs each test; a barrier of frames keeps them in step. The death comes last, as nobody rises again.
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <cstring>
#include <deque>
#include <map>
#include <numeric>
#include <thread>

#include "base/random.hpp"
#include "mpi/mpi_main.hpp"

namespace godwit {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(60);

// What arrived, by kind.
class Inbox final : public TransportEvents {
 public:
  void on(FrameReceived event) override { frames[event.from].push_back(std::move(event.frame)); }
  void on(PagesSent event) override { sent[{event.to, event.stream}] = event.digest; }
  void on(PagesReceived event) override { received[{event.from, event.stream}] = event.digest; }
  void on(PeerDied event) override { died.push_back(event.peer); }

  std::map<Rank, std::deque<Bytes>> frames;
  std::map<std::pair<Rank, StreamId>, Digest> sent, received;
  std::vector<Rank> died;
};

// One for all tests: a rank that is ahead may have sent what belongs to the next test already.
Inbox& kept_inbox() {
  static auto* const inbox = new Inbox;
  return *inbox;
}

class TransportTest : public ::testing::Test {
 protected:
  MpiTransport& transport = testing::mpi_transport();
  int const ranks = transport.ranks();
  Rank const self = transport.self();
  Inbox& inbox = kept_inbox();

  template <class Condition>
  bool poll_until(Condition condition) {
    for (auto const deadline = Steady::now() + patience; Steady::now() < deadline;) {
      if (condition()) return true;
      if (!transport.poll(inbox)) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return condition();
  }
  std::vector<Rank> others() const {
    std::vector<Rank> all;
    for (int rank = 0; rank < ranks; ++rank) {
      if (Rank{rank} != self) all.push_back(Rank{rank});
    }
    return all;
  }
  Rank right() const { return Rank{(self.value + 1) % ranks}; }
  Rank left() const { return Rank{(self.value + ranks - 1) % ranks}; }
  Bytes next_frame(Rank from) {
    if (!poll_until([&] { return !inbox.frames[from].empty(); })) {
      ADD_FAILURE() << "no frame from rank " << from.value;
      return {};
    }
    auto frame = std::move(inbox.frames[from].front());
    inbox.frames[from].pop_front();
    return frame;
  }
  // By frames: collectives are for the start only. Frames that a test left over would be met here.
  void barrier() {
    for (auto const peer : others()) transport.send(peer, to_bytes("barrier"));
    for (auto const peer : others()) ASSERT_TRUE(next_frame(peer) == to_bytes("barrier"));
  }
  void TearDown() override { barrier(); }

  static Bytes random_bytes(std::size_t size, std::uint64_t seed) {
    Random random(seed);
    Bytes bytes(size);
    for (std::size_t i = 0; i + 8 <= size; i += 8) {
      auto const word = random();
      std::memcpy(bytes.data() + i, &word, 8);
    }
    return bytes;
  }
};

TEST_F(TransportTest, KnowsWhoIsThere) {
  auto const& world = testing::mpi_world();
  EXPECT_EQ(world.ranks_here(), ranks);
  ASSERT_EQ(world.peers().size(), static_cast<std::size_t>(ranks));
  EXPECT_EQ(world.peers()[static_cast<std::size_t>(self.value)].pid, ::getpid());
}

TEST_F(TransportTest, FramesComeInOrderWhateverTheirSize) {
  Random sizes(7);
  constexpr int count = 300;
  for (int i = 0; i < count; ++i) {
    Bytes frame(8 + sizes.below(i % 50 == 0 ? 3'000'000 : 5000));
    std::memcpy(frame.data(), &i, sizeof i);
    for (auto const peer : others()) transport.send(peer, frame);
  }
  Random expected(7);
  for (int i = 0; i < count; ++i) {
    auto const size = 8 + expected.below(i % 50 == 0 ? 3'000'000 : 5000);
    for (auto const peer : others()) {
      auto const frame = next_frame(peer);
      ASSERT_EQ(frame.size(), size);
      int number = -1;
      std::memcpy(&number, frame.data(), sizeof number);
      ASSERT_EQ(number, i) << "from rank " << peer.value;
    }
  }
}

// Whoever sleeps on its doorbell alone, without napping, hears of every frame of a rank nearby.
TEST_F(TransportTest, AFrameRingsTheDoorbell) {
  constexpr int turns = 200;
  for (int turn = 0; turn < turns; ++turn) {
    bool const mine = turn % ranks == self.value;
    if (mine) transport.send(right(), to_bytes("wake"));
    if ((turn + 1) % ranks != self.value) continue;
    while (inbox.frames[left()].empty()) {
      transport.poll(inbox);
      if (!inbox.frames[left()].empty()) break;
      pollfd readable{transport.bell_fd(), POLLIN, 0};
      ASSERT_EQ(::poll(&readable, 1, 60'000), 1) << "nobody rang";
    }
    ASSERT_TRUE(next_frame(left()) == to_bytes("wake"));
  }
}

TEST_F(TransportTest, AFrameMayBeEmpty) {
  transport.send(right(), {});
  EXPECT_TRUE(next_frame(left()).empty());
}

TEST_F(TransportTest, PagesArriveWholeWithEqualDigests) {
  std::size_t const sizes[] = {
      1, 4096, 65536, 65537, PageStream::chunk_bytes, PageStream::chunk_bytes + 1, 30'000'000};
  std::uint64_t stream = 100;
  for (auto const size : sizes) {
    StreamId const id{stream++};
    auto const source = random_bytes(size, size + static_cast<std::uint64_t>(self.value));
    Bytes target(size);
    transport.receive_pages(left(), id, {target});
    transport.send_pages(right(), id, {source});
    ASSERT_TRUE(poll_until([&] {
      return inbox.sent.contains({right(), id}) && inbox.received.contains({left(), id});
    }));
    EXPECT_TRUE(target == random_bytes(size, size + static_cast<std::uint64_t>(left().value))) << size;
    EXPECT_EQ((inbox.sent[{right(), id}]), page_digest({source}));
    EXPECT_EQ((inbox.received[{left(), id}]), page_digest({target}));
  }
}

TEST_F(TransportTest, ZeroBytesCompleteOnBothSides) {
  StreamId const id{200};
  transport.send_pages(right(), id, {});
  transport.receive_pages(left(), id, {});
  ASSERT_TRUE(poll_until([&] {
    return inbox.sent.contains({right(), id}) && inbox.received.contains({left(), id});
  }));
  EXPECT_EQ((inbox.sent[{right(), id}]), (inbox.received[{left(), id}]));
  StreamId const empty_spans{201};
  transport.send_pages(right(), empty_spans, {ByteView{}, ByteView{}});
  transport.receive_pages(left(), empty_spans, {std::span<std::byte>{}});
  ASSERT_TRUE(poll_until([&] {
    return inbox.sent.contains({right(), empty_spans}) && inbox.received.contains({left(), empty_spans});
  }));
}

TEST_F(TransportTest, ScatteredPagesMayBeCutDifferentlyOnBothSides) {
  std::size_t const size = 3 * PageStream::chunk_bytes + 12345;
  auto const source = random_bytes(size, 9);
  Bytes gaps(2 * size);
  std::vector<std::span<std::byte const>> out;
  std::vector<std::span<std::byte>> in;
  Random random(3 + static_cast<std::uint64_t>(self.value));
  for (std::size_t at = 0; at < size;) {  // pieces of the source, in order
    auto const piece = std::min(size - at, 1 + random.below(700'000));
    out.emplace_back(source.data() + at, piece);
    at += piece;
  }
  std::size_t gap = 0;
  for (std::size_t at = 0; at < size;) {  // pieces of the target, apart from each other
    auto const piece = std::min(size - at, 1 + random.below(300'000));
    in.emplace_back(gaps.data() + at + gap, piece);
    at += piece;
    gap += 100;
  }
  StreamId const id{300};
  transport.send_pages(right(), id, out);
  transport.receive_pages(left(), id, in);
  ASSERT_TRUE(poll_until([&] {
    return inbox.sent.contains({right(), id}) && inbox.received.contains({left(), id});
  }));
  Bytes joined;
  for (auto const& span : in) joined.insert(joined.end(), span.begin(), span.end());
  EXPECT_TRUE(joined == source);
  EXPECT_EQ((inbox.received[{left(), id}]), page_digest({source}));
}

TEST_F(TransportTest, ManyStreamsBothWaysAtOnceWithFramesBetween) {
  constexpr int streams = 24;
  std::map<std::pair<Rank, StreamId>, Bytes> sources, targets;
  auto size_of = [this](int stream) {
    return static_cast<std::size_t>(stream) * 600'000 / static_cast<std::size_t>(ranks) + 17;
  };
  auto seed_of = [](Rank from, Rank to, int stream) {
    return static_cast<std::uint64_t>(from.value * 1'000'000 + to.value * 1000 + stream);
  };
  for (int stream = 0; stream < streams; ++stream) {
    StreamId const id{1000 + static_cast<std::uint64_t>(stream)};
    for (auto const peer : others()) {
      auto& source = sources[{peer, id}] = random_bytes(size_of(stream), seed_of(self, peer, stream));
      transport.send_pages(peer, id, {source});
      if (stream % 5 == 0) transport.send(peer, to_bytes("between"));
    }
  }
  for (int stream = streams - 1; stream >= 0; --stream) {  // asked for in another order than sent
    StreamId const id{1000 + static_cast<std::uint64_t>(stream)};
    for (auto const peer : others()) {
      auto& target = targets[{peer, id}] = Bytes(size_of(stream));
      transport.receive_pages(peer, id, {target});
    }
  }
  auto all_through = [&] {
    for (auto const& [key, source] : sources) {
      if (!inbox.sent.contains(key) || !inbox.received.contains(key)) return false;
    }
    return true;
  };
  ASSERT_TRUE(poll_until(all_through));
  for (auto const& [key, target] : targets) {
    auto const stream = static_cast<int>(key.second.value - 1000);
    EXPECT_TRUE(target == random_bytes(size_of(stream), seed_of(key.first, self, stream)));
    EXPECT_EQ(inbox.received[key], page_digest({target}));
  }
  for (auto const peer : others()) {
    for (int i = 0; i < (streams + 4) / 5; ++i) EXPECT_EQ(to_text(next_frame(peer)), "between");
  }
}

TEST_F(TransportTest, AfterAQuietWhileNothingIsInFlight) {
  barrier();
  EXPECT_TRUE(poll_until([&] { return !transport.poll(inbox); }));
}

// The last one. The highest rank dies in the middle of everything; the others learn it and go on.
class TransportZDeath : public TransportTest {
 protected:
  void TearDown() override {}  // a barrier among the living is in the test
};

TEST_F(TransportZDeath, TheLivingGoOn) {
  Rank const victim{ranks - 1};
  auto const source = random_bytes(40'000'000, 1);
  auto* const target = new Bytes(source.size());  // MPI may write there for ever
  StreamId const id{5000};
  if (self == victim) {
    // Half way through everything.
    for (auto const peer : others()) {
      transport.send(peer, to_bytes("last words"));
      transport.send_pages(peer, id, {source});
    }
    int frames = 0;
    poll_until([&] { return ++frames > 20; });
    testing::die();
  }
  transport.send(victim, Bytes(5'000'000));
  auto* const kept_source = new Bytes(source);
  transport.send_pages(victim, id, {*kept_source});
  transport.receive_pages(victim, id, {*target});

  ASSERT_TRUE(poll_until([&] { return !inbox.died.empty(); })) << "the death wasn't noticed";
  EXPECT_EQ(inbox.died, std::vector<Rank>{victim});
  EXPECT_EQ(to_text(next_frame(victim)), "last words");
  bool const open = !inbox.sent.contains({victim, id}) || !inbox.received.contains({victim, id});
  EXPECT_EQ(transport.drop(victim), open) << "MPI may still touch the memory";
  EXPECT_FALSE(transport.drop(victim)) << "said once";
  transport.send(victim, to_bytes("into the void"));
  transport.send_pages(victim, StreamId{5001}, {source});

  std::vector<Rank> living;
  for (auto const peer : others()) {
    if (peer != victim) living.push_back(peer);
  }
  for (int round = 0; round < 50; ++round) {
    for (auto const peer : living) transport.send(peer, to_bytes(std::to_string(round)));
    for (auto const peer : living) ASSERT_EQ(to_text(next_frame(peer)), std::to_string(round));
  }
  for (auto const peer : living) {
    StreamId const after{6000};
    Bytes got(10'000'000);
    auto const sent = random_bytes(got.size(), static_cast<std::uint64_t>(self.value));
    transport.receive_pages(peer, after, {got});
    transport.send_pages(peer, after, {sent});
    ASSERT_TRUE(poll_until([&] {
      return inbox.sent.contains({peer, after}) && inbox.received.contains({peer, after});
    }));
    EXPECT_TRUE(got == random_bytes(got.size(), static_cast<std::uint64_t>(peer.value)));
  }
  EXPECT_EQ(inbox.died.size(), 1U);
  // Those who leave first must not look dead to those who still exchange.
  for (auto const peer : living) transport.send(peer, to_bytes("bye"));
  for (auto const peer : living) EXPECT_EQ(to_text(next_frame(peer)), "bye");
  poll_until([&] { return !transport.poll(inbox); });
}

}  // namespace
}  // namespace godwit
