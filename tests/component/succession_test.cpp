// Who leads, with real nodes, hosts and allocators on a network of fakes: a deputy takes over from an allocator that
// died, or that is cut off; at no instant do two lead; whoever led before is held back, and steps down when it hears.
//
// A rank that is stopped takes no turn: to the others it is silent, and it hears everything late.
#include <gtest/gtest.h>

#include <functional>

#include "message/codec.hpp"
#include "node/node.hpp"
#include "support/fake_capsules.hpp"
#include "support/fake_ledgers.hpp"
#include "support/fake_network.hpp"
#include "support/fake_rank0.hpp"
#include "support/fake_rounds.hpp"
#include "support/fake_store.hpp"
#include "support/standing_offices.hpp"
#include "support/virtual_clock.hpp"

namespace godwit::test {
namespace {

struct World {
  struct Side {
    Side(World& world, Rank rank)
        : transport(world.network, rank),
          capsules(rank, world.clock, world.census, world.network),
          store(world.shelf),
          ledgers(world.logs),
          host(rank, {.node = "node", .has = {4, 0, {}, {}}}),
          node({transport, world.clock, log},
               HostPorts{capsules, store, rounds, gauge, SuccessionPorts{ledgers, offices, {}}}, host) {
      catalogue.types.push_back(counting_type());
    }
    FakeTransport transport;
    FakeCapsules capsules;
    FakeStore store;
    FakeRounds rounds;
    FakeGauge gauge;
    FakeLog log;
    FakeLedgers ledgers;
    FakeControl control;
    FakeCatalogue catalogue;
    StandingOffices offices{control, catalogue};
    host::Host host;
    Node node;
    std::optional<int> left;
    bool stopped{false}, dead{false};
  };

  explicit World(int hosts) : network(hosts + 1), journal(*logs.create(Term{1})) {
    catalogue.types.push_back(counting_type());
    node.begin(allocator::Began{.term = Term{1}, .ranks = hosts + 1});
    for (int rank = 1; rank <= hosts; ++rank) sides.push_back(std::make_unique<Side>(*this, Rank{rank}));
    for (auto& side : sides) side->node.begin(host::Began{});
    go(3s);
  }
  Side& side(int rank) { return *sides.at(static_cast<std::size_t>(rank - 1)); }

  // Time goes by in small steps; whatever may happen in each does.
  void go(Duration time) {
    for (auto const end = clock.now() + time; clock.now() < end; clock.pass(10ms)) {
      network.deliver_all();
      if (!zero_stopped && !zero_left) zero_left = node.turn().exit_code;
      for (auto& each : sides) {
        if (!each->stopped && !each->left) each->left = each->node.turn().exit_code;
      }
      logs.sync();
      EXPECT_LE(leading(), 1) << "at " << clock.now().boot_ns;
    }
  }
  bool until(std::function<bool()> const& holds, Duration at_most = 120s) {
    for (auto const end = clock.now() + at_most; clock.now() < end; go(10ms)) {
      if (holds()) return true;
    }
    ADD_FAILURE() << "it didn't come to that";
    return false;
  }
  void kill_zero() {
    zero_stopped = zero_dead = true;
    network.die(allocator_rank);
  }
  void kill(int rank) {
    side(rank).stopped = side(rank).dead = true;
    network.die(Rank{rank});
  }
  // This one is stopped until it counts as dead; then rank 0 dies.
  bool loses_before_zero_dies(int rank) {
    side(rank).stopped = true;
    if (!until([&] { return logs.ledger().is_lost(Rank{rank}); })) return false;
    go(1s);
    kill_zero();
    return true;
  }
  // A process that is stopped could go on at any instant.
  int leading() const {
    int all = zero_dead ? 0 : node.leads();
    for (auto const& each : sides) all += !each->dead && each->node.leads() ? 1 : 0;
    return all;
  }
  int leader() const {  // 0: none
    for (std::size_t at = 0; at < sides.size(); ++at) {
      if (!sides[at]->stopped && sides[at]->node.successor() != nullptr) return static_cast<int>(at + 1);
    }
    return 0;
  }
  static Command submit() {
    JobSpec spec;
    spec.type = "count";
    spec.arguments = {{"steps", "100000"}};
    spec.directory = "/";
    return cmd::Submit{{spec}, false};
  }
  bool taken(FakeControl& by, CommandId id) const {
    auto const at = by.answers.find(id);
    return at != by.answers.end() && std::holds_alternative<cmd::Submitted>(at->second);
  }

  VirtualClock clock;
  FakeNetwork network;
  TermLogs logs;
  Census census;
  Shelf shelf;
  FakeJournal& journal;
  FakeTransport transport{network, allocator_rank};
  LogOfTerm log_of_zero{journal};
  FakeControl control;
  FakeCatalogue catalogue;
  FakeLog log;
  allocator::Allocator allocator{{}, {}};
  Node node{{transport, clock, log}, AllocatorPorts{log_of_zero, control, catalogue}, allocator};
  std::vector<std::unique_ptr<Side>> sides;
  std::optional<int> zero_left;
  bool zero_stopped{false}, zero_dead{false};
};

TEST(Succession, TheDeputyTakesOverFromADeadAllocator) {
  for (int const hosts : {1, 2, 3, 5}) {
    SCOPED_TRACE(hosts);
    World world(hosts);
    auto const before = world.control.give(World::submit());
    ASSERT_TRUE(world.until([&] { return world.taken(world.control, before); }));
    world.kill_zero();
    ASSERT_TRUE(world.until([&] { return world.leader() != 0; }, 1s)) << "a proven death needs no patience";
    EXPECT_EQ(world.leader(), 1);
    auto& deputy = world.side(1);
    EXPECT_EQ(deputy.node.successor()->ledger().jobs().size(), 1U);
    auto const after = deputy.control.give(World::submit());
    ASSERT_TRUE(world.until([&] { return world.taken(deputy.control, after); }));
    for (auto& side : world.sides) EXPECT_EQ(side->host.term(), Term{2});
    world.go(60s);
    EXPECT_EQ(world.leader(), 1);
    EXPECT_EQ(deputy.node.successor()->term(), Term{2}) << "it stays";
    auto const ledger = world.logs.ledger();
    EXPECT_EQ(ledger.term(), Term{2});
    EXPECT_EQ(ledger.world(), Term{1});
    EXPECT_EQ(ledger.jobs().size(), 2U);
    EXPECT_FALSE(ledger.electorate().contains(allocator_rank));
  }
}

TEST(Succession, AfterTheDeputyTheNext) {
  World world(3);
  world.kill_zero();
  ASSERT_TRUE(world.until([&] { return world.leader() == 1; }));
  world.go(3s);
  world.kill(1);
  ASSERT_TRUE(world.until([&] { return world.leader() == 2; }));
  auto& second = world.side(2);
  auto const command = second.control.give(World::submit());
  ASSERT_TRUE(world.until([&] { return world.taken(second.control, command); }));
  EXPECT_TRUE(world.logs.ledger().is_lost(Rank{1}));
}

TEST(Succession, ASilentAllocatorIsReplacedByAMajority) {
  World world(3);
  world.zero_stopped = true;  // of four, three hosts are a majority
  auto const since = world.clock.now();
  ASSERT_TRUE(world.until([&] { return world.leader() == 1; }));
  EXPECT_GE(world.clock.now() - since, Duration(29s)) << "silence is no proof: patience";
  world.go(1s);

  // It comes back, with a command that it took before, and much that came in since.
  auto const late = world.control.give(World::submit());
  auto const records = world.journal.synced();
  world.zero_stopped = false;
  ASSERT_TRUE(world.until([&] { return world.zero_left.has_value(); }, 1s));
  EXPECT_EQ(world.zero_left, 5);
  EXPECT_FALSE(world.taken(world.control, late));
  EXPECT_TRUE(world.log.noted("no allocator any more"));
  // What it appended in between is void.
  EXPECT_GE(world.journal.synced(), records);
  EXPECT_EQ(world.logs.ledger().jobs().size(), 0U);
  EXPECT_EQ(world.logs.ledger().term(), Term{2});
}

TEST(Succession, WithHalfOfThemItGoesOnAndTheOthersElectNobody) {
  World world(3);
  world.side(2).stopped = world.side(3).stopped = true;
  world.go(20s);
  auto const command = world.control.give(World::submit());
  ASSERT_TRUE(world.until([&] { return world.taken(world.control, command); }, 1s));

  World single(1);
  single.zero_stopped = true;
  single.go(60s);
  EXPECT_EQ(single.leader(), 0) << "one of two is no majority";
}

TEST(Succession, AnAllocatorThatIsLeasedByAMinorityHoldsEverythingBack) {
  World world(4);
  for (int const rank : {2, 3, 4}) world.side(rank).stopped = true;
  world.go(11s);
  auto const command = world.control.give(World::submit());
  world.go(2s);
  EXPECT_FALSE(world.control.answers.contains(command));
  EXPECT_GT(world.journal.synced(), 0U);
  for (int const rank : {2, 3, 4}) world.side(rank).stopped = false;
  ASSERT_TRUE(world.until([&] { return world.taken(world.control, command); }, 2s)) << "nobody took over meanwhile";

  for (int const rank : {2, 3, 4}) world.side(rank).stopped = true;
  ASSERT_TRUE(world.until([&] { return world.zero_left.has_value(); }));
  EXPECT_EQ(world.zero_left, 5) << "it gives up, so that a new world can begin";
  EXPECT_FALSE(world.logs.ledger().is_lost(Rank{2})) << "their silence may have been its own";
}

TEST(Succession, OfTwoCandidatesOneWins) {
  World world(5);
  for (auto& side : world.sides) side->ledgers.slow = true;
  world.kill_zero();
  world.go(25s);  // the first can't open the ledger; the next one asks, and so on
  EXPECT_EQ(world.leader(), 0);
  for (auto& side : world.sides) side->ledgers.slow = false;
  ASSERT_TRUE(world.until([&] { return world.leader() != 0; }));
  world.go(60s);
  int leaders = 0;
  for (auto& side : world.sides) leaders += side->node.successor() != nullptr ? 1 : 0;
  EXPECT_EQ(leaders, 1);
  auto& winner = world.side(world.leader());
  for (auto& side : world.sides) EXPECT_EQ(side->host.term(), winner.node.successor()->term());
}

TEST(Succession, AHostThatIsCutOffDisturbsNobody) {
  World world(3);
  world.side(3).stopped = true;
  world.go(25s);  // not yet given up
  world.side(3).stopped = false;
  world.go(5s);
  EXPECT_EQ(world.side(1).host.term(), Term{1});
  EXPECT_EQ(world.side(3).host.term(), Term{1});
  EXPECT_FALSE(world.zero_left.has_value());
  EXPECT_EQ(world.leader(), 0);
}

TEST(Succession, WhoCountsAsDeadDoesNotTakeOver) {
  World world(3);
  ASSERT_TRUE(world.loses_before_zero_dies(1));
  ASSERT_TRUE(world.until([&] { return world.leader() == 2; }, 3s)) << "two of two";
  world.side(1).stopped = false;  // it has heard nothing of all that
  world.go(60s);
  EXPECT_EQ(world.leader(), 2);
}

// Nobody is left who could tell it to leave.
TEST(Succession, WhoFindsInTheLedgerThatItCountsAsDeadLeaves) {
  World world(3);
  ASSERT_TRUE(world.loses_before_zero_dies(1));
  world.kill(2);
  world.kill(3);
  world.side(1).stopped = false;
  ASSERT_TRUE(world.until([&] { return world.side(1).left == host::exit_counted_out; }));
  EXPECT_TRUE(world.side(1).log.noted("counts as dead in the ledger"));
  EXPECT_EQ(world.leader(), 0);
}

// It was stopped for so long that its host leaves at once. The allocator beside it goes on until it finds itself alone.
TEST(Succession, AnAllocatorWhoseHostHasLeftStillSleeps) {
  World world(1);
  world.kill_zero();
  ASSERT_TRUE(world.until([&] { return world.leader() == 1; }));
  auto& side = world.side(1);
  side.stopped = true;
  world.go(100s);
  for (auto const end = world.clock.now() + 20s; world.clock.now() < end; world.clock.pass(10ms)) {
    auto const turned = side.node.turn();
    ASSERT_FALSE(turned.exit_code);
    ASSERT_TRUE(turned.happened || turned.next_timer > world.clock.now());
  }
  EXPECT_TRUE(side.log.noted("no lease from an allocator"));
  side.stopped = false;
  ASSERT_TRUE(world.until([&] { return side.left.has_value(); }));
  EXPECT_NE(side.left, 0);
}

// An order of a former allocator that comes late: the host knows a newer term, and says so.
TEST(Succession, ALateOrderOfAnOldTermIsNotObeyed) {
  World world(2);
  world.kill_zero();
  ASSERT_TRUE(world.until([&] { return world.leader() == 1 && world.side(2).host.term() == Term{2}; }));
  FakeTransport late(world.network, allocator_rank);
  JobSpec spec;
  spec.type = "count";
  late.send(Rank{2}, encode_message(msg::StartJob{JobId{7}, Epoch{1}, spec, {}}, Term{1}));
  world.go(1s);
  EXPECT_EQ(world.side(2).capsules.alive(), 0U);
}

}  // namespace
}  // namespace godwit::test
