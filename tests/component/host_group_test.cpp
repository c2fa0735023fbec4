// What a host has to do with its manager: it says how much room it has, starts what is handed on under the present
// version, and when it speaks for itself again it says what it has, and obeys no hand-on of before.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

class HostGroup : public testing::Test {
 protected:
  HostGroup() {
    rig.event(host::Began{});
    rig.told_allocator<msg::Hello>();
    rig.from_allocator(msg::Welcome{500ms, 10s, Instant{1}, true});
    EXPECT_EQ(rig.did<host::OpenChannel>().term, Term{1});
    rig.did<host::SetLease>();
    rig.did<host::ReadLoad>();
    rig.from_allocator(msg::Managed{other, 5, {}, 0ms});
    EXPECT_EQ(rig.did<host::RouteVia>().manager, other);
    EXPECT_EQ(rig.sent<msg::Room>(other), (msg::Room{Term{1}, 5, 64, 0}));
  }
  msg::HandOn hand_on(std::uint64_t version, std::uint64_t job = 7, Term term = Term{1}) {
    msg::StartJob start;
    start.job = JobId{job};
    start.epoch = Epoch{1};
    return {term, version, start};
  }
  HostRig rig;
};

TEST_F(HostGroup, StartsWhatIsHandedOn) {
  rig.from(other, hand_on(5));
  EXPECT_EQ(rig.did<host::PrepareCapsule>().order.job, JobId{7});
  EXPECT_EQ(rig.sent<msg::Room>(other), (msg::Room{Term{1}, 5, 63, 1}));
}

TEST_F(HostGroup, ObeysNoHandOnOfAnotherVersion) {
  rig.from(other, hand_on(4));
  rig.from(other, hand_on(6));
  rig.from(other, hand_on(5, 7, Term{2}));
}

TEST_F(HostGroup, SaysWhatItHasAndObeysNoHandOnAnyMore) {
  rig.from(other, hand_on(5));
  rig.did<host::PrepareCapsule>();
  rig.sent<msg::Room>(other);
  rig.from_allocator(msg::Managed{no_rank, 6, {}, 0ms});
  EXPECT_EQ(rig.did<host::RouteVia>().manager, no_rank);
  auto const answer = rig.told_allocator<msg::Regrouped>();
  EXPECT_EQ(answer.version, 6U);
  EXPECT_EQ(answer.held, (std::vector<msg::JobEpoch>{{JobId{7}, Epoch{1}}}));
  rig.from(other, hand_on(5, 8));
  rig.from(other, hand_on(6, 8));
}

// The group's end is told at once, and may come before its beginning does, which waits for the journal.
TEST_F(HostGroup, IsInNoGroupThatHasEndedAlready) {
  rig.from_allocator(msg::Managed{no_rank, 7, {}, 0ms});
  EXPECT_EQ(rig.did<host::RouteVia>().manager, no_rank);
  EXPECT_EQ(rig.told_allocator<msg::Regrouped>().version, 7U);
  rig.from_allocator(msg::Managed{other, 6, {}, 0ms});
  rig.from(other, hand_on(6));
  rig.from_allocator(msg::Managed{other, 8, {}, 0ms});
  EXPECT_EQ(rig.did<host::RouteVia>().manager, other);
  EXPECT_EQ(rig.sent<msg::Room>(other), (msg::Room{Term{1}, 8, 64, 0}));
}

TEST_F(HostGroup, ObeysNoHandOnOfAFormerAllocators) {
  rig.from(third, msg::AskVote{Term{2}, rig.now, allocator_rank, false});
  EXPECT_FALSE(rig.sent<msg::Vote>(third).refusal);
  rig.from(other, hand_on(5));
}

}  // namespace
}  // namespace godwit::test
