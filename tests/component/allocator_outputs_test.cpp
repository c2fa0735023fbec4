// Shows that two live jobs never have the same output: who claims it, who is refused and how, and when it is
// given up.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

struct Outputs : testing::Test {
  // Granted to host 1, its capsule prepared: it asks for its outputs.
  msg::OutputsClaimed claims(msg::StartJob const& start, std::vector<std::string> const& paths) {
    rig.hears(1, msg::ClaimOutputs{start.job, start.epoch, paths});
    auto const answer = rig.sent<msg::OutputsClaimed>(1);
    EXPECT_EQ(answer.job, start.job);
    EXPECT_EQ(answer.epoch, start.epoch);
    return answer;
  }
  msg::StartJob granted(std::string const& name = {}) {
    auto spec = Rig::counter();
    spec.host = Rank{1};
    spec.name = name;
    rig.submit(spec);
    return rig.granted(1);
  }
  void ends(msg::StartJob const& start) {
    rig.hears(1, msg::JobEnded{start.job, start.epoch, {Ending::finished, "", "", 9}});
    rig.appended<log::Ended>();
  }
  Rig rig;
};

TEST_F(Outputs, OfALiveJobAreRefusedToAnother) {
  auto const first = granted("plate");
  EXPECT_FALSE(claims(first, {"/w/a", "/w/out.csv"}).refusal);
  rig.started(1, first);
  auto const second = granted();
  auto const refusal = claims(second, {"/w/b", "/w/out.csv"}).refusal;
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, "output_taken");
  EXPECT_EQ(refusal->context,
            "output /w/out.csv belongs to job 1 \"plate\", which is still running: choose another path or "
            "wait for it "
            "(--after 1)");
  auto const third = granted();
  EXPECT_FALSE(claims(third, {"/w/b"}).refusal);  // the one that was refused took nothing
}

TEST_F(Outputs, OfAnElementAreRefusedToItsLike) {
  rig.submit(Rig::sweep(2));
  auto const first = rig.granted(1), second = rig.granted(2);
  EXPECT_FALSE(claims(first, {"/w/out.csv"}).refusal);
  rig.hears(2, msg::ClaimOutputs{second.job, second.epoch, {"/w/out.csv"}});
  auto const refusal = rig.sent<msg::OutputsClaimed>(2).refusal;
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->context,
            "output /w/out.csv belongs to job 1_1, of the same array: give each element a path of its own, "
            "with %{index} or %{an axis} in it");
}

TEST_F(Outputs, AreGivenUpAtTheEnd) {
  auto const first = granted();
  EXPECT_FALSE(claims(first, {"/w/out.csv"}).refusal);
  rig.started(1, first);
  ends(first);
  EXPECT_FALSE(claims(granted(), {"/w/out.csv"}).refusal);
}

TEST_F(Outputs, StayWithAJobThatMovesOrCrashes) {
  auto const first = granted();
  EXPECT_FALSE(claims(first, {"/w/out.csv"}).refusal);
  rig.started(1, first);
  rig.hears(1, msg::JobEnded{first.job, first.epoch, {Ending::crashed, "killed", "", 9}});
  rig.appended<log::Crashed>();
  auto const again = rig.granted(1);
  auto const second = granted();
  auto const refusal = claims(second, {"/w/out.csv"}).refusal;
  ASSERT_TRUE(refusal);
  EXPECT_FALSE(claims(again, {"/w/out.csv"}).refusal);  // its own
}

TEST_F(Outputs, ClaimedUnderAnEpochThatHasPassedAreNotAnswered) {
  auto const first = granted();
  rig.started(1, first);
  rig.hears(1, msg::ClaimOutputs{first.job, first.epoch, {"/w/out.csv"}});  // it runs already
  rig.hears(2, msg::ClaimOutputs{first.job, first.epoch, {"/w/out.csv"}});
  rig.nothing_more();
}

}  // namespace
}  // namespace godwit::allocator
