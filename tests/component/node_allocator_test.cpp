// Rank 0's loop with a real allocator and fake ports: nothing that the allocator wants sent or answered
// leaves before what it appended is durable, heart-beat answers excepted; each host hears things in the
// order in which they were said; a frame that doesn't decode is noted and dropped.
#include <gtest/gtest.h>

#include "message/codec.hpp"
#include "node/node.hpp"
#include "support/fake_network.hpp"
#include "support/fake_rank0.hpp"
#include "support/virtual_clock.hpp"

namespace godwit::test {
namespace {

// A host as seen by rank 0: what it sends, and what reaches it.
struct Peer final : TransportEvents {
  Peer(FakeNetwork& network, Rank rank) : transport(network, rank) {}
  void on(FrameReceived event) override {
    FrameParts parts(event.frame);
    while (auto message = *parts.next()) heard.push_back(std::move(*message));
  }
  void on(PagesSent) override {}
  void on(PagesReceived) override {}
  void on(PeerDied) override {}
  void say(Message const& message) { transport.send(allocator_rank, encode_message(message, Term{1})); }
  std::vector<std::string> names() {
    transport.poll(*this);
    std::vector<std::string> all;
    for (auto const& message : std::exchange(heard, {})) all.emplace_back(name_of(message));
    return all;
  }
  FakeTransport transport;
  std::vector<Message> heard;
};

using Names = std::vector<std::string>;

struct NodeAllocator : testing::Test {
  NodeAllocator() {
    catalogue.types.push_back(counting_type());
    node.begin(allocator::Began{Term{1}, 3, Duration{0}});
  }
  void go() {  // everything that can happen without the journal
    for (int turns = 0; turns < 4; ++turns) {
      network.deliver_all();
      node.turn();
    }
    network.deliver_all();
  }
  void joined() {
    for (auto* const peer : {&one, &two}) peer->say(msg::Hello{1, "node", 1, 4, 0});
    journal.sync();
    go();
    EXPECT_EQ(one.names(), Names{"Welcome"});
    EXPECT_EQ(two.names(), Names{"Welcome"});
  }
  CommandId submit() {
    JobSpec spec;
    spec.type = "count";
    spec.directory = "/";
    spec.host = Rank{1};
    return control.give(cmd::Submit{{spec}, false});
  }

  VirtualClock clock;
  FakeNetwork network{3};
  FakeTransport transport{network, allocator_rank};
  FakeJournal journal;
  FakeControl control;
  FakeCatalogue catalogue;
  FakeLog log;
  allocator::Allocator allocator{{}, {}};
  Node node{{transport, clock, log}, AllocatorPorts{journal, control, catalogue}, allocator};
  Peer one{network, Rank{1}}, two{network, Rank{2}};
};

TEST_F(NodeAllocator, NothingLeavesBeforeItIsDurable) {
  one.say(msg::Hello{1, "node", 1, 4, 0});
  go();
  EXPECT_EQ(one.names(), Names{});  // the beginning of the world isn't durable
  journal.sync();
  go();
  EXPECT_EQ(one.names(), Names{"Welcome"});

  auto const command = submit();
  go();
  EXPECT_EQ(one.names(), Names{});
  EXPECT_FALSE(control.answers.contains(command));
  journal.sync();
  go();
  EXPECT_EQ(one.names(), Names{"StartJob"});
  EXPECT_TRUE(control.answers.contains(command));
}

// Another may lead by then: what it would append is nobody's business any more.
TEST_F(NodeAllocator, WritesNothingWhileItDoesNotLead) {
  joined();
  auto const before = journal.records.size();
  clock.pass(12s);  // more than the lease, and nobody was heard
  submit();
  go();
  EXPECT_EQ(journal.records.size(), before);
  for (auto* const peer : {&one, &two}) peer->say(msg::Heartbeat{clock.now(), {}, {}, clock.now()});
  go();
  EXPECT_GT(journal.records.size(), before);
}

TEST_F(NodeAllocator, HeartBeatAnswersPassTheQueue) {
  joined();
  submit();
  one.say(msg::Heartbeat{Instant{5}, {}, {}});
  go();
  EXPECT_EQ(one.names(), Names{"HeartbeatSeen"});
  journal.sync();
  go();
  EXPECT_EQ(one.names(), Names{"StartJob"});
}

TEST_F(NodeAllocator, EachHostHearsThingsInOrder) {
  joined();
  submit();
  go();
  journal.sync();
  go();
  EXPECT_EQ(one.names(), Names{"StartJob"});
  one.say(msg::JobStarted{JobId{1}, Epoch{1}, {}, 0, false, {}});
  submit();
  go();
  control.give(cmd::Call{"1", "peek", {}});
  control.give(cmd::Suspend{"1"});
  go();
  EXPECT_EQ(one.names(), Names{});  // each waits for what was appended before it
  journal.sync();
  go();
  EXPECT_EQ(one.names(), (Names{"StartJob", "CallJob", "SuspendJob"}));
}

TEST_F(NodeAllocator, AFrameThatDoesNotDecodeIsNotedAndDropped) {
  joined();
  one.transport.send(allocator_rank, to_bytes("no frame at all"));
  one.say(msg::Heartbeat{Instant{5}, {}, {}});
  go();
  EXPECT_TRUE(log.noted("a message from rank 1 was dropped"));
  EXPECT_EQ(one.names(), Names{"HeartbeatSeen"});
}

TEST_F(NodeAllocator, ABrokenJournalEndsItsAuthority) {
  joined();
  auto const command = submit();
  go();
  journal.broken = true;
  go();
  EXPECT_EQ(one.names(), Names{"Quiesce"});  // and no StartJob
  ASSERT_TRUE(control.answers.contains(command));
  EXPECT_TRUE(std::holds_alternative<cmd::Refusal>(control.answers.at(command)));
  one.say(msg::Quiesced{});
  two.say(msg::Quiesced{});
  go();
  EXPECT_EQ(one.names(), Names{"Leave"});
  EXPECT_EQ(node.turn().exit_code, 3);
}

TEST_F(NodeAllocator, LeavesWhenTheLastAnswerHasLeft) {
  joined();
  auto const command = control.give(cmd::Stop{});
  go();
  one.say(msg::Quiesced{});
  two.say(msg::Quiesced{});
  control.hold_answers(true);
  journal.sync();
  go();
  EXPECT_FALSE(node.turn().exit_code.has_value()) << "the end isn't durable";
  journal.sync();
  go();
  EXPECT_TRUE(control.answers.contains(command));
  EXPECT_FALSE(node.turn().exit_code.has_value()) << "an answer is still on its way";
  control.hold_answers(false);
  EXPECT_EQ(node.turn().exit_code, 0);
}

TEST_F(NodeAllocator, DoesNotWaitForEverForSomeoneWhoDoesNotListen) {
  joined();
  control.give(cmd::Stop{});
  go();
  one.say(msg::Quiesced{});
  two.say(msg::Quiesced{});
  control.hold_answers(true);
  go();
  journal.sync();
  go();
  EXPECT_FALSE(node.turn().exit_code.has_value());
  clock.pass(5s);
  EXPECT_EQ(node.turn().exit_code, 0);
}

TEST_F(NodeAllocator, ASignalStopsTheWorld) {
  joined();
  node.stop_wanted();
  go();
  EXPECT_EQ(one.names(), Names{"Quiesce"});
}

TEST_F(NodeAllocator, TimersFireWhenTheyAreDue) {
  joined();
  auto const next = node.turn().next_timer;
  EXPECT_GT(next, clock.now());
  for (int beats = 0; beats < 6; ++beats) {
    clock.pass(500ms);
    go();
  }
  EXPECT_EQ(one.names(), Names{"Poll"});  // silent for too long
  EXPECT_GT(node.turn().next_timer, clock.now());
}

}  // namespace
}  // namespace godwit::test
