// What runtime/port/transport.hpp promises, a case for each sentence.
#include "contract/transport.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/random.hpp"

namespace godwit::contract {

namespace {

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  Bytes bytes(size);
  for (std::size_t at = 0; at < size; at += 8) {
    auto const word = random();
    std::memcpy(bytes.data() + at, &word, std::min<std::size_t>(8, size - at));
  }
  return bytes;
}

std::uint64_t seed_of(Rank from, Rank to, std::uint64_t number) {
  return static_cast<std::uint64_t>(from.value) * 1'000'000 + static_cast<std::uint64_t>(to.value) * 1000 +
         number;
}

}  // namespace

void Inbox::on(PagesSent event) {
  EXPECT_TRUE(sent.emplace(Stream{event.to, event.stream}, event.digest).second) << "sent twice";
  if (when_sent) when_sent({event.to, event.stream});
}

void Inbox::on(PagesReceived event) {
  EXPECT_TRUE(received.emplace(Stream{event.from, event.stream}, event.digest).second) << "received twice";
}

bool TransportContract::until(std::function<bool()> const& holds) {
  for (auto const deadline = std::chrono::steady_clock::now() + patience;;) {
    for (auto const& end : rig->here()) end.transport.poll(end.inbox);
    if (holds()) return true;
    bool const more = rig->let_pass();
    if (!more || std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << (more ? "not within a minute" : "nothing more happens");
      return false;
    }
  }
}

std::vector<Rank> TransportContract::others(Rank rank) const {
  auto all = rig->living();
  std::erase(all, rank);
  return all;
}

Rank TransportContract::right_of(Rank rank) const {
  auto const all = rig->living();
  auto const at = std::ranges::find(all, rank);
  return at + 1 == all.end() ? all.front() : *(at + 1);
}

Rank TransportContract::left_of(Rank rank) const {
  auto const all = rig->living();
  auto const at = std::ranges::find(all, rank);
  return at == all.begin() ? all.back() : *(at - 1);
}

Bytes TransportContract::next_frame(End const& end, Rank from) {
  auto& frames = end.inbox.frames[from];
  if (!until([&] { return !frames.empty(); })) return {};
  auto frame = std::move(frames.front());
  frames.pop_front();
  return frame;
}

void TransportContract::in_step() {
  for (auto const& end : rig->here()) {
    for (auto const peer : others(end.rank)) end.transport.send(peer, to_bytes("in step"));
  }
  for (auto const& end : rig->here()) {
    for (auto const peer : others(end.rank)) {
      EXPECT_EQ(to_text(next_frame(end, peer)), "in step")
          << "rank " << end.rank.value << " from " << peer.value;
    }
  }
}

void TransportContract::TearDown() {
  in_step();
  for (auto const& end : rig->here()) {
    end.inbox.sent.clear();
    end.inbox.received.clear();
    end.inbox.when_sent = {};
  }
}

// ---- frames

TEST_P(TransportContract, KnowsItsPlaceAmongTheOthers) {
  for (auto const& end : rig->here()) {
    EXPECT_EQ(end.transport.self(), end.rank);
    EXPECT_GE(end.transport.ranks(), static_cast<int>(rig->living().size()));
  }
}

TEST_P(TransportContract, FramesBetweenTwoRanksComeInOrderWhateverTheirSize) {
  constexpr int count = 120;
  auto const size_of = [](int number) -> std::size_t {
    return number % 40 == 39 ? 2'000'000 : 4 + static_cast<std::size_t>(number) * 37 % 5000;
  };
  for (auto const& end : rig->here()) {
    for (int number = 0; number < count; ++number) {
      for (auto const peer : others(end.rank)) {
        Bytes frame(size_of(number));
        std::memcpy(frame.data(), &number, sizeof number);
        end.transport.send(peer, std::move(frame));
      }
    }
  }
  for (auto const& end : rig->here()) {
    for (auto const peer : others(end.rank)) {
      for (int number = 0; number < count; ++number) {
        auto const frame = next_frame(end, peer);
        ASSERT_EQ(frame.size(), size_of(number)) << number << " from rank " << peer.value;
        int got = -1;
        std::memcpy(&got, frame.data(), sizeof got);
        ASSERT_EQ(got, number) << "from rank " << peer.value;
      }
    }
  }
}

TEST_P(TransportContract, AFrameMayBeEmpty) {
  for (auto const& end : rig->here()) end.transport.send(right_of(end.rank), {});
  for (auto const& end : rig->here()) EXPECT_TRUE(next_frame(end, left_of(end.rank)).empty());
}

TEST_P(TransportContract, FramesThatArriveWhileNobodyLooksAreKept) {
  for (auto const& end : rig->here()) {
    for (int number = 0; number < 50; ++number)
      end.transport.send(right_of(end.rank), to_bytes(std::to_string(number)));
  }
  for (int i = 0; i < 50; ++i) rig->let_pass();
  for (auto const& end : rig->here()) {
    for (int number = 0; number < 50; ++number) {
      ASSERT_EQ(to_text(next_frame(end, left_of(end.rank))), std::to_string(number));
    }
  }
}

// ---- pages

struct Moving {  // one stream from each rank to its right, with its memory
  std::map<Rank, Bytes> source, target;
};

TEST_P(TransportContract, PagesArriveWholeWithEqualDigestsOnBothSides) {
  std::uint64_t number = 100;
  for (std::size_t const size : {1UL, 4096UL, 65'537UL, 5'000'000UL}) {
    StreamId const stream{number++};
    Moving memory;
    for (auto const& end : rig->here()) {
      auto const left = left_of(end.rank), right = right_of(end.rank);
      memory.source[end.rank] = random_bytes(size, seed_of(end.rank, right, number));
      memory.target[end.rank].resize(size);
      end.transport.receive_pages(left, stream, {memory.target[end.rank]});
      end.transport.send_pages(right, stream, {memory.source[end.rank]});
    }
    for (auto const& end : rig->here()) {
      auto const left = left_of(end.rank), right = right_of(end.rank);
      ASSERT_TRUE(until([&] {
        return end.inbox.sent.contains({right, stream}) && end.inbox.received.contains({left, stream});
      }));
      EXPECT_TRUE(memory.target[end.rank] == random_bytes(size, seed_of(left, end.rank, number))) << size;
      // The left one tells what it computed: what is received must be what was sent.
      auto const digest = end.inbox.sent[{right, stream}].value;
      Bytes frame(sizeof digest);
      std::memcpy(frame.data(), &digest, sizeof digest);
      end.transport.send(right, std::move(frame));
    }
    for (auto const& end : rig->here()) {
      auto const left = left_of(end.rank);
      auto const frame = next_frame(end, left);
      std::uint64_t digest = 0;
      ASSERT_EQ(frame.size(), sizeof digest);
      std::memcpy(&digest, frame.data(), sizeof digest);
      EXPECT_EQ((end.inbox.received[{left, stream}].value), digest) << size;
    }
  }
}

TEST_P(TransportContract, DigestsTellDifferentBytesApart) {
  Moving memory;
  for (auto const& end : rig->here()) {
    for (std::uint64_t number = 0; number < 2; ++number) {
      auto& source = memory.source[Rank{end.rank.value * 2 + static_cast<int>(number)}];
      auto& target = memory.target[Rank{end.rank.value * 2 + static_cast<int>(number)}];
      source = random_bytes(10'000, 5);
      source[9'999] ^= static_cast<std::byte>(number);
      target.resize(source.size());
      end.transport.receive_pages(left_of(end.rank), StreamId{150 + number}, {target});
      end.transport.send_pages(right_of(end.rank), StreamId{150 + number}, {source});
    }
  }
  for (auto const& end : rig->here()) {
    ASSERT_TRUE(until([&] { return end.inbox.sent.size() == 2 && end.inbox.received.size() == 2; }));
    EXPECT_NE((end.inbox.sent[{right_of(end.rank), StreamId{150}}]),
              (end.inbox.sent[{right_of(end.rank), StreamId{151}}]));
  }
}

TEST_P(TransportContract, ZeroBytesCompleteOnBothSides) {
  StreamId const none{200}, empty{201};
  for (auto const& end : rig->here()) {
    end.transport.send_pages(right_of(end.rank), none, {});
    end.transport.receive_pages(left_of(end.rank), none, {});
    end.transport.send_pages(right_of(end.rank), empty, {ByteView{}, ByteView{}});
    end.transport.receive_pages(left_of(end.rank), empty, {std::span<std::byte>{}});
  }
  for (auto const& end : rig->here()) {
    ASSERT_TRUE(until([&] { return end.inbox.sent.size() == 2 && end.inbox.received.size() == 2; }));
    EXPECT_EQ((end.inbox.sent[{right_of(end.rank), none}]), (end.inbox.received[{left_of(end.rank), none}]));
  }
}

// The same stream and the same total is all that both sides name alike.
TEST_P(TransportContract, PagesMayBeCutDifferentlyOnBothSides) {
  constexpr std::size_t size = 3'000'000;
  StreamId const stream{300};
  std::map<Rank, Bytes> source, target;
  std::map<Rank, std::vector<std::span<std::byte>>> in;
  for (auto const& end : rig->here()) {
    auto const right = right_of(end.rank);
    source[end.rank] = random_bytes(size, seed_of(end.rank, right, 300));
    target[end.rank].resize(2 * size);
    std::vector<std::span<std::byte const>> out;
    Random random(seed_of(end.rank, right, 3));
    for (std::size_t at = 0; at < size;) {
      auto const piece = std::min(size - at, 1 + random.below(700'000));
      out.emplace_back(source[end.rank].data() + at, piece);
      at += piece;
    }
    std::size_t gap = 0;
    for (std::size_t at = 0; at < size; gap += 100) {
      auto const piece = std::min(size - at, 1 + random.below(300'000));
      in[end.rank].emplace_back(target[end.rank].data() + at + gap, piece);
      at += piece;
    }
    end.transport.send_pages(right, stream, out);
    end.transport.receive_pages(left_of(end.rank), stream, in[end.rank]);
  }
  for (auto const& end : rig->here()) {
    ASSERT_TRUE(until([&] { return !end.inbox.sent.empty() && !end.inbox.received.empty(); }));
    Bytes joined;
    for (auto const& span : in[end.rank]) joined.insert(joined.end(), span.begin(), span.end());
    EXPECT_TRUE(joined == random_bytes(size, seed_of(left_of(end.rank), end.rank, 300)));
  }
}

TEST_P(TransportContract, TheMemoryMayBeReusedFromPagesSentOn) {
  constexpr std::size_t size = 2'000'000;
  StreamId const stream{400};
  std::map<Rank, Bytes> source, target;
  for (auto const& end : rig->here()) {
    auto& own = source[end.rank] = random_bytes(size, seed_of(end.rank, right_of(end.rank), 400));
    target[end.rank].resize(size);
    end.inbox.when_sent = [&own](Inbox::Stream) { std::ranges::fill(own, std::byte{0xee}); };
    end.transport.send_pages(right_of(end.rank), stream, {own});
  }
  for (auto const& end : rig->here())
    end.transport.receive_pages(left_of(end.rank), stream, {target[end.rank]});
  for (auto const& end : rig->here()) {
    ASSERT_TRUE(until([&] { return !end.inbox.sent.empty() && !end.inbox.received.empty(); }));
    EXPECT_TRUE(target[end.rank] == random_bytes(size, seed_of(left_of(end.rank), end.rank, 400)));
  }
}

TEST_P(TransportContract, NothingIsWrittenBeyondTheMemoryThatWasGiven) {
  constexpr std::size_t size = 100'000, margin = 4096;
  StreamId const stream{450};
  std::map<Rank, Bytes> source, target;
  for (auto const& end : rig->here()) {
    source[end.rank] = random_bytes(size, 1);
    target[end.rank].assign(size + 2 * margin, std::byte{0x5a});
    end.transport.receive_pages(left_of(end.rank), stream,
                                {std::span(target[end.rank]).subspan(margin, size)});
    end.transport.send_pages(right_of(end.rank), stream, {source[end.rank]});
  }
  for (auto const& end : rig->here()) {
    ASSERT_TRUE(until([&] { return !end.inbox.sent.empty() && !end.inbox.received.empty(); }));
    auto const& all = target[end.rank];
    EXPECT_EQ(std::count(all.begin(), all.begin() + margin, std::byte{0x5a}),
              static_cast<std::ptrdiff_t>(margin));
    EXPECT_EQ(std::count(all.end() - margin, all.end(), std::byte{0x5a}),
              static_cast<std::ptrdiff_t>(margin));
  }
}

TEST_P(TransportContract, ManyStreamsBothWaysAtOnceWithFramesBetween) {
  constexpr std::uint64_t streams = 10;
  auto const size_of = [](std::uint64_t number) { return static_cast<std::size_t>(number) * 40'000 + 17; };
  std::map<std::pair<Rank, Inbox::Stream>, Bytes> source, target;
  for (auto const& end : rig->here()) {
    for (std::uint64_t number = 0; number < streams; ++number) {
      for (auto const peer : others(end.rank)) {
        auto& bytes = source[{end.rank, {peer, StreamId{1000 + number}}}];
        bytes = random_bytes(size_of(number), seed_of(end.rank, peer, number));
        end.transport.send_pages(peer, StreamId{1000 + number}, {bytes});
        if (number % 5 == 0) end.transport.send(peer, to_bytes("between"));
      }
    }
    for (auto number = streams; number-- > 0;) {  // asked for in another order than sent
      for (auto const peer : others(end.rank)) {
        auto& bytes = target[{end.rank, {peer, StreamId{1000 + number}}}];
        bytes.resize(size_of(number));
        end.transport.receive_pages(peer, StreamId{1000 + number}, {bytes});
      }
    }
  }
  for (auto const& end : rig->here()) {
    auto const all = streams * others(end.rank).size();
    ASSERT_TRUE(until([&] { return end.inbox.sent.size() == all && end.inbox.received.size() == all; }));
    for (auto const peer : others(end.rank)) {
      for (std::uint64_t number = 0; number < streams; ++number) {
        EXPECT_TRUE((target[{end.rank, {peer, StreamId{1000 + number}}}]) ==
                    random_bytes(size_of(number), seed_of(peer, end.rank, number)));
      }
      for (std::uint64_t i = 0; i < streams / 5; ++i) EXPECT_EQ(to_text(next_frame(end, peer)), "between");
    }
  }
}

TEST_P(TransportContract, AfterAQuietWhilePollSaysThatNothingIsInFlight) {
  in_step();
  for (auto const& end : rig->here()) {
    bool busy = true;
    for (int i = 0; busy && i < 1'000'000; ++i) {
      busy = end.transport.poll(end.inbox);
      rig->let_pass();
    }
    EXPECT_FALSE(busy);
  }
}

// ---- death

TEST_P(TransportDeathContract, IsToldWhatWasToTheDeadIsSwallowedAndTheLivingGoOn) {
  auto const victim = rig->living().back();
  constexpr std::size_t size = 8'000'000;
  StreamId const stream{5000};
  auto* const memory = new std::map<Rank, std::pair<Bytes, Bytes>>;  // the transport may refer to it for ever
  for (auto const& end : rig->here()) {
    if (end.rank == victim) {
      for (auto const peer : others(victim)) {
        auto& [source, target] = (*memory)[Rank{-1 - peer.value}];
        source = random_bytes(size, seed_of(victim, peer, 1));
        end.transport.send(peer, to_bytes("last words"));
        end.transport.send_pages(peer, stream, {source});
      }
      continue;
    }
    auto& [source, target] = (*memory)[end.rank];
    source = random_bytes(size, 2);
    target.resize(size);
    end.transport.send(victim, Bytes(5'000'000));
    end.transport.send_pages(victim, stream, {source});
    end.transport.receive_pages(victim, stream, {target});
  }
  for (int i = 0; i < 20; ++i) {
    for (auto const& end : rig->here()) end.transport.poll(end.inbox);
    rig->let_pass();
  }
  rig->die(victim);

  for (auto const& end : rig->here()) {
    ASSERT_TRUE(until([&] { return end.inbox.died.contains(victim); })) << "the death wasn't told";
    // What it sent before may have come, whole, or not.
    for (auto const& frame : std::exchange(end.inbox.frames[victim], {}))
      EXPECT_EQ(to_text(frame), "last words");
    auto const& [source, target] = memory->at(end.rank);
    bool const whole = end.inbox.received.contains({victim, stream});
    if (whole) {
      EXPECT_TRUE(target == random_bytes(size, seed_of(victim, end.rank, 1)));
    }
    bool const open = !whole || !end.inbox.sent.contains({victim, stream});
    EXPECT_EQ(end.transport.drop(victim), open) << "whether its memory is still referred to";
    // To the dead: swallowed, and never heard of again.
    end.inbox.sent.clear();
    end.inbox.received.clear();
    end.transport.send(victim, to_bytes("into the void"));
    end.transport.send(victim, Bytes(3'000'000));
    end.transport.send_pages(victim, StreamId{5001}, {source});
  }
  for (int round = 0; round < 30; ++round) in_step();
  for (auto const& end : rig->here()) {
    EXPECT_TRUE(end.inbox.sent.empty());
    EXPECT_TRUE(end.inbox.received.empty());
    EXPECT_TRUE(end.inbox.frames[victim].empty());
  }
}

}  // namespace godwit::contract
