// A host's loop with a real host and fake ports: effects reach the ports they are meant for, page ranges
// become spans of the arena, what can't be mapped is answered instead of crashing, and run() sleeps until
// the next timer and returns the exit code.
#include <gtest/gtest.h>

#include "custody/commit.hpp"
#include "message/codec.hpp"
#include "node/node.hpp"
#include "support/fake_rounds.hpp"
#include "support/fake_capsules.hpp"
#include "support/fake_network.hpp"
#include "support/fake_rank0.hpp"
#include "support/fake_store.hpp"
#include "support/virtual_clock.hpp"

namespace godwit::test {
namespace {

struct Neighbour final : TransportEvents {
  Neighbour(FakeNetwork& network, Rank rank) : transport(network, rank) {}
  void on(FrameReceived event) override {
    FrameParts parts(event.frame);
    while (auto message = *parts.next()) heard.push_back(std::move(*message));
  }
  void on(PagesSent event) override { sent.push_back(event); }
  void on(PagesReceived event) override { received.push_back(event); }
  void on(PeerDied) override {}
  void say(Message const& message) { transport.send(Rank{1}, encode_message(message, Term{1})); }
  template <class M>
  M hears() {
    transport.poll(*this);
    for (auto at = heard.begin(); at != heard.end(); ++at) {
      if (auto* const message = std::get_if<M>(&*at)) {
        auto taken = *message;
        heard.erase(at);
        return taken;
      }
    }
    ADD_FAILURE() << "no " << name_of(Message{M{}});
    return {};
  }
  FakeTransport transport;
  std::vector<Message> heard;
  std::vector<PagesSent> sent;
  std::vector<PagesReceived> received;
};

struct NodeHost : testing::Test {
  NodeHost() { node.begin(host::Began{}); }
  void go() {
    for (int turns = 0; turns < 20; ++turns) {
      network.deliver_all();
      node.turn();
      while (commands_only && capsules.advance(random)) {
      }
      while (store.advance(random)) {
      }
    }
    network.deliver_all();
  }
  // A job of `cells` numbers runs here; its commands are obeyed, it takes no step.
  void runs(std::uint64_t cells) {
    JobSpec spec;
    spec.type = "count";
    spec.arguments = {{"steps", "1000"}, {"cells", std::to_string(cells)}};
    zero.say(msg::StartJob{JobId{7}, Epoch{1}, spec, {}});
    capsules.still = true;
    go();
    EXPECT_EQ(zero.hears<msg::JobStarted>().epoch, Epoch{1});
  }

  Random random{1};
  bool commands_only{true};
  VirtualClock clock;
  FakeNetwork network{3};
  FakeTransport transport{network, Rank{1}};
  Census census;
  FakeCapsules capsules{Rank{1}, clock, census, network};
  Shelf shelf;
  FakeStore store{shelf};
  FakeRounds rounds;
  FakeGauge gauge;
  FakeLog log;
  host::Host host{Rank{1}, {}};
  Node node{{transport, clock, log}, HostPorts{capsules, store, rounds, gauge}, host};
  Neighbour zero{network, allocator_rank}, two{network, Rank{2}};
};

TEST_F(NodeHost, BeatsWithTheLoadAndWhatItsCapsulesReport) {
  runs(16);
  zero.hears<msg::Hello>();
  gauge.load = {1750};
  zero.say(msg::Welcome{500ms, 10s});
  go();
  auto const beat = zero.hears<msg::Heartbeat>();
  EXPECT_EQ(beat.load.load_milli, 1750);
  ASSERT_EQ(beat.jobs.size(), 1U);
  EXPECT_EQ(beat.jobs[0].arena_bytes, 128U);
}

TEST_F(NodeHost, SendsPagesStraightFromTheArena) {
  runs(4);
  two.say(msg::ArrivalReady{JobId{7}, Epoch{1}, Epoch{2}, Epoch{3}});
  go();
  auto const round = two.hears<msg::Round>();
  ASSERT_EQ(round.ranges.size(), 1U);
  EXPECT_EQ(round.ranges[0].bytes, 32U);
  Bytes taken(32, std::byte{0xff});
  two.transport.receive_pages(Rank{1}, round.stream, {std::span(taken)});
  go();
  auto const commit = two.hears<msg::Commit>();
  two.transport.poll(two);
  ASSERT_EQ(two.received.size(), 1U);
  EXPECT_EQ(commit.digest, commit_digest(commit.manifest, Epoch{2}, two.received[0].digest));
  EXPECT_EQ(taken, Bytes(32));  // no step was taken
}

TEST_F(NodeHost, ReceivesPagesIntoTheArena) {
  JobSpec spec;
  spec.type = "count";
  spec.arguments = {{"steps", "1000"}, {"cells", "4"}};
  zero.say(msg::PrepareArrival{JobId{7}, Rank{2}, Epoch{1}, Epoch{2}, Epoch{3}, spec, 32});
  capsules.still = true;
  go();
  two.hears<msg::ArrivalReady>();
  std::vector<std::uint64_t> const cells{1, 2, 2, 1};  // six steps
  auto const pages = std::as_bytes(std::span(cells));
  two.say(msg::Round{JobId{7}, Epoch{2}, StreamId{9}, 32, {{0, 16}, {16, 16}}});
  two.transport.send_pages(Rank{1}, StreamId{9}, {pages.first(16), pages.subspan(16)});
  go();
  two.transport.poll(two);
  ASSERT_EQ(two.sent.size(), 1U);
  Manifest manifest;
  manifest.job = JobId{7};
  manifest.steps = 6;
  manifest.arena_bytes = 32;
  census.begins(JobId{7}, Epoch{1}, Rank{2}, CapsuleId{99}, 0);
  for (std::uint64_t step = 1; step <= 6; ++step) census.steps(JobId{7}, Rank{2}, CapsuleId{99}, step);
  census.stops(JobId{7}, Rank{2}, CapsuleId{99});
  two.say(msg::Commit{JobId{7},
                      Epoch{2},
                      encode(manifest),
                      commit_digest(encode(manifest), Epoch{2}, two.sent[0].digest),
                      {},
                      0});
  go();
  EXPECT_EQ(two.hears<msg::Accepted>().steps, 6U);
  zero.hears<msg::Accepted>();
}

TEST_F(NodeHost, RangesOutsideTheArenaAreRefused) {
  constexpr auto huge = ~std::uint64_t{0} - 7;
  std::uint64_t epoch = 2;
  for (auto const& [arena, range] :
       {std::pair<std::uint64_t, msg::PageRange>{32, {huge, 16}}, {32, {16, 32}}, {huge, {0, huge}}}) {
    JobSpec spec;
    spec.type = "count";
    zero.say(
        msg::PrepareArrival{JobId{7}, Rank{2}, Epoch{epoch - 1}, Epoch{epoch}, Epoch{epoch + 1}, spec, 32});
    go();
    two.hears<msg::ArrivalReady>();
    two.say(msg::Round{JobId{7}, Epoch{epoch}, StreamId{epoch}, arena, {range}});
    go();
    EXPECT_EQ(two.hears<msg::Refused>().why.code, "no_memory");
    EXPECT_EQ(capsules.alive(), 0U);
    epoch += 2;
  }
}

TEST_F(NodeHost, AnImageTooLargeForThisHostIsSaidSo) {
  msg::ImageName const image{Epoch{1}, Generation{1}, checkpoint_path(JobId{7}, Epoch{1}, Generation{1})};
  shelf[image.path].arena.resize(1 << 20);
  JobSpec spec;
  spec.type = "count";
  zero.say(msg::StartJob{JobId{7}, Epoch{2}, spec, {image}});
  for (auto const end = clock.now() + host::Settings{}.read_patience * 2; clock.now() < end; clock.pass(1s)) go();
  auto const ended = zero.hears<msg::JobEnded>();
  EXPECT_EQ(ended.outcome.ending, Ending::crashed);  // another host may have the memory
  EXPECT_NE(ended.outcome.reason.find("can't be mapped"), std::string::npos) << ended.outcome.reason;
}

TEST_F(NodeHost, AFrameThatDoesNotDecodeIsNotedAndDropped) {
  zero.transport.send(Rank{1}, to_bytes("no frame at all"));
  go();
  EXPECT_TRUE(log.noted("a message from rank 0 was dropped"));
}

// Lets virtual time pass, and notes how long it was told to sleep.
struct Naps final : Sleeper {
  explicit Naps(VirtualClock& its_clock) : clock(its_clock) {}
  void sleep(Duration at_most, bool is_busy) override {
    longest = std::max(longest, at_most);
    busy += is_busy ? 1 : 0;
    ++naps;
    clock.pass(at_most);
  }
  VirtualClock& clock;
  Duration longest{0};
  int naps{0}, busy{0};
};

TEST_F(NodeHost, RunSleepsUntilTheNextTimerAndReturnsTheExitCode) {
  network.deliver_all();
  Naps naps(clock);
  int turns = 0;
  auto const began = clock.now();
  // Nobody welcomes it: it leaves when its patience ends, and not later.
  EXPECT_EQ(node.run(naps, [&] { ++turns; }), 4);
  EXPECT_LE(naps.longest, Duration(1s));
  EXPECT_LT(naps.naps, 70);
  EXPECT_GE(turns, naps.naps);
  EXPECT_GE(clock.now() - began, Duration(60s));
  EXPECT_LT(clock.now() - began, Duration(62s));
}

}  // namespace
}  // namespace godwit::test
