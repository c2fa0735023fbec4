// Shows that what a host holds is asked of that host, that its answer reaches the one who asked, and that whoever asks a
// host that doesn't answer any more is told so.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

struct Inquiries : testing::Test {
  Rig rig;
};

TEST_F(Inquiries, AreAnsweredByTheHostItself) {
  auto const command = rig.says(cmd::ListHeld{Rank{2}});
  auto const asked = rig.sent<msg::ListHeld>(2);
  rig.hears(3, msg::HeldJobs{asked.request, {}});  // not the one who was asked
  msg::HeldJobs said{asked.request, {}};
  said.jobs.push_back({JobId{9}, Epoch{4}, "heat", "plate", "running", 40, {40, 100, "steps"}, 4096, 2s});
  said.jobs.push_back({JobId{3}, Epoch{1}, "heat", "", "queued"});
  rig.hears(2, said);
  auto const answer = rig.replied<cmd::Held>(command);
  EXPECT_EQ(answer.host, Rank{2});
  ASSERT_EQ(answer.rows.size(), 2U);
  EXPECT_EQ(answer.rows[0].job, JobId{3});
  EXPECT_EQ(answer.rows[0].state, "queued");
  EXPECT_EQ(answer.rows[1].job, JobId{9});
  EXPECT_EQ(answer.rows[1].name, "plate");
  EXPECT_EQ(answer.rows[1].steps, 40U);
  EXPECT_EQ(answer.rows[1].step_age, 2s);
  rig.nothing_more();
}

TEST_F(Inquiries, OfAHostThatIsNotThereAreRefused) {
  EXPECT_NE(rig.refused(rig.says(cmd::ListHeld{Rank{9}})).find("host 9 does not exist"), std::string::npos);
  rig.loses(2);
  EXPECT_NE(rig.refused(rig.says(cmd::ListHeld{Rank{2}})).find("host 2 is not alive"), std::string::npos);
}

TEST_F(Inquiries, OfAHostThatDiesMeanwhileAreRefused) {
  auto const command = rig.says(cmd::ListHeld{Rank{2}});
  auto const asked = rig.sent<msg::ListHeld>(2);
  rig.loses(2);
  EXPECT_NE(rig.refused(command).find("host 2 died before it could answer"), std::string::npos);
  rig.hears(2, msg::HeldJobs{asked.request, {}});  // it was on its way
  rig.nothing_more();
}

}  // namespace
}  // namespace godwit::allocator
