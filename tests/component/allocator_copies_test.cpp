// Partner copies: who keeps whose, which jobs go on from one and where, and that no copy outlives its use.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

JobSpec partnered() {
  auto spec = Rig::counter();
  spec.checkpoint_partner = true;
  return spec;
}

void partners_are_named(Rig& rig, std::map<int, int> const& partners, std::set<int> const& dead = {}) {
  rig.pass(2s, dead);
  for (auto const& [host, partner] : partners) EXPECT_EQ(rig.sent<msg::PartnerIs>(host).partner, Rank{partner});
}

// Runs on host 1, with a copy of its first epoch in the memory of host 2.
JobId copied(Rig& rig) {
  auto const job = rig.submit(partnered());
  rig.started(1, rig.granted(1));
  partners_are_named(rig, {{1, 2}, {2, 3}, {3, 1}});
  rig.hears(2, msg::CopyHere{job, Epoch{1}});
  return job;
}

std::optional<msg::CopyAt> copy_at(int host, std::uint64_t epoch) { return msg::CopyAt{Rank{host}, Epoch{epoch}}; }
bool same(std::optional<msg::CopyAt> const& one, std::optional<msg::CopyAt> const& other) {
  return one.has_value() == other.has_value() && (!one || (one->keeper == other->keeper && one->epoch == other->epoch));
}

TEST(AllocatorCopies, HostsAreToldTheirPartnersOnceAJobWishesOne) {
  Rig rig;
  rig.submit(Rig::counter());
  auto const start = rig.granted(1);
  rig.started(1, start);
  rig.pass(30s);
  rig.nothing_more();
  rig.ended(1, start);
  copied(rig);
  rig.pass(30s);
  rig.nothing_more();
}

TEST(AllocatorCopies, AJobGoesOnWhereItsCopyIs) {
  Rig rig;
  auto const job = copied(rig);
  EXPECT_EQ(rig.replied<cmd::Jobs>(rig.says(cmd::ShowJob{"1"})).rows.at(0).copy_at, Rank{2});
  rig.loses(1);
  auto const start = rig.granted(2);
  EXPECT_TRUE(same(start.copy, copy_at(2, 1)));
  rig.hears(2, msg::JobStarted{job, Epoch{2}, {}, 40, false, {}, Rank{2}});
  rig.appended<log::Started>();
  EXPECT_EQ(rig.sent<msg::DropCopy>(2).epoch, Epoch{1});
  partners_are_named(rig, {{3, 2}}, {1});
}

TEST(AllocatorCopies, OrNearIt) {
  Rig rig({.slots = 1});
  auto const job = copied(rig);
  auto const other = rig.submit(Rig::counter());
  rig.started(2, rig.granted(2));
  rig.loses(1);
  auto const start = rig.granted(3);
  EXPECT_EQ(start.job, job);
  EXPECT_TRUE(same(start.copy, copy_at(2, 1))) << "host 2 is full, with job " << other.value;
}

TEST(AllocatorCopies, ACopyIsLostWithItsKeeper) {
  Rig rig;
  copied(rig);
  rig.loses(2);
  partners_are_named(rig, {{1, 3}}, {2});
  rig.loses(1);
  EXPECT_FALSE(rig.granted(3).copy);
}

TEST(AllocatorCopies, OneThatIsGoneIsNotAskedFor) {
  Rig rig;
  auto const job = copied(rig);
  rig.hears(2, msg::CopyHere{job, Epoch{1}, true});
  rig.loses(1);
  EXPECT_FALSE(rig.granted(2).copy);
}

TEST(AllocatorCopies, OneOfAnotherEpochIsOfNoUse) {
  Rig rig;
  auto const job = copied(rig);
  rig.hears(3, msg::CopyHere{job, Epoch{7}});
  EXPECT_EQ(rig.sent<msg::DropCopy>(3).epoch, Epoch{7});
  rig.hears(3, msg::CopyHere{JobId{99}, Epoch{1}});
  EXPECT_EQ(rig.sent<msg::DropCopy>(3).job, JobId{99});
}

TEST(AllocatorCopies, TheNewestKeeperHasTheOnlyOne) {
  Rig rig;
  auto const job = copied(rig);
  rig.hears(3, msg::CopyHere{job, Epoch{1}});
  EXPECT_EQ(rig.sent<msg::DropCopy>(2).epoch, Epoch{1});
  rig.loses(1);
  EXPECT_TRUE(same(rig.granted(3).copy, copy_at(3, 1)));
}

TEST(AllocatorCopies, AnEndedJobNeedsNone) {
  Rig rig;
  auto const job = copied(rig);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::finished, "", "", 100}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.sent<msg::DropCopy>(2).job, job);
}

TEST(AllocatorCopies, ACrashedOneGoesOnFromIt) {
  Rig rig;
  auto const job = copied(rig);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::crashed, "", "killed by signal 9", 41}});
  rig.appended<log::Crashed>();
  auto const start = rig.granted(2);
  EXPECT_EQ(start.job, job);
  EXPECT_TRUE(same(start.copy, copy_at(2, 1)));
}

TEST(AllocatorCopies, ANewAllocatorIsToldByTheirKeepers) {
  Rig before;
  auto const job = copied(before);
  Rig rig({.join = false, .ledger = before.ledger(), .term = Term{2}, .takes_over = true});
  msg::Held const held{job, Epoch{1}, msg::Held::Phase::live, {}};
  rig.holds(1, {held});
  rig.sent<msg::ResumeJob>(1);  // should it have been suspended
  rig.hears(2, msg::Holdings{{102, "node2", 8, {4, 0, {}, {}}}, {}, {{job, Epoch{1}}}});
  rig.holds(3, {});
  partners_are_named(rig, {{1, 2}, {2, 3}, {3, 1}});
  rig.loses(1);
  EXPECT_TRUE(same(rig.granted(2).copy, copy_at(2, 1)));
}

}  // namespace
}  // namespace godwit::allocator
