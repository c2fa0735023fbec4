// Pruning: whom the allocator orders to prune what after a new generation, on command and for the store's quota; what it
// makes of the answer; and that nothing is thrown away that a clone or a restart is about to begin from.
#include "component/allocator_rig.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::allocator {
namespace {

JobSpec keeping(std::int32_t keep, std::uint64_t quota = 0) {
  auto spec = Rig::counter();
  spec.retention.keep = keep;
  spec.retention.quota_bytes = quota;
  return spec;
}

void saves(Rig& rig, int host, JobId job, std::uint64_t generation, std::uint64_t bytes = 1000) {
  rig.hears(host, msg::Checkpointed{job, Epoch{1}, image_of(job, 1, generation), {bytes, 1ms, 2ms}, {}});
  rig.appended<log::Checkpointed>();
}

TEST(Pruning, AfterANewGenerationTheHostThrowsAwayWhatNeedNotBeKept) {
  Rig rig;
  auto const job = rig.running(1, keeping(2));
  saves(rig, 1, job, 1);
  saves(rig, 1, job, 2);
  saves(rig, 1, job, 3);
  auto const order = rig.sent<msg::PruneJob>(1);
  EXPECT_EQ(order.job, job);
  EXPECT_EQ(order.lineage, (std::vector{image_of(job, 1, 3), image_of(job, 1, 2), image_of(job, 1, 1)}));
  EXPECT_TRUE(order.pinned.empty());
  EXPECT_EQ(order.retention, keeping(2).retention);
  EXPECT_FALSE(order.trial);
  rig.hears(1, msg::Pruned{order.request, job, {image_of(job, 1, 1)}, 1000, 2000, 2, {}});
  auto const pruned = rig.appended<log::Pruned>();
  EXPECT_EQ(pruned.images, (std::vector{log::ImageKey{Epoch{1}, Generation{1}}}));
  EXPECT_EQ(rig.record(job).lineage.size(), 2U);
  EXPECT_EQ(rig.ledger().stored_bytes(), 2000U);
}

TEST(Pruning, OneAtATimeAndThenOnceMore) {
  Rig rig;
  auto const job = rig.running(1, keeping(1));
  saves(rig, 1, job, 1);
  saves(rig, 1, job, 2);
  auto const first = rig.sent<msg::PruneJob>(1);
  saves(rig, 1, job, 3);  // meanwhile
  saves(rig, 1, job, 4);
  rig.hears(1, msg::Pruned{first.request, job, {image_of(job, 1, 1)}, 1000, 3000, 3, {}});
  rig.appended<log::Pruned>();
  auto const second = rig.sent<msg::PruneJob>(1);
  EXPECT_EQ(second.lineage.size(), 3U);
  rig.hears(1, msg::Pruned{first.request, job, {image_of(job, 1, 2)}, 1000, 2000, 2, {}});  // of old: dropped
  rig.hears(1, msg::Pruned{second.request, job, {image_of(job, 1, 3), image_of(job, 1, 2)}, 2000, 1000, 1, {}});
  rig.appended<log::Pruned>();
}

TEST(Pruning, WithoutAWishNothingIsOrdered) {
  Rig rig;
  auto const job = rig.running(1);
  for (std::uint64_t generation = 1; generation < 20; ++generation) saves(rig, 1, job, generation);
  rig.nothing_more();
}

TEST(Pruning, WhatACloneBeginsFromIsPinnedUntilItHasItsOwn) {
  Rig rig;
  auto const job = rig.running(1, keeping(1));
  saves(rig, 1, job, 1);
  auto const restart = rig.says(cmd::Restart{"1", 0, 1, {}, false});
  auto const clone = rig.appended<log::Cloned>().job;
  auto const start = rig.granted(1);
  saves(rig, 1, job, 2);
  auto const order = rig.sent<msg::PruneJob>(1);
  EXPECT_EQ(order.pinned, std::vector{image_of(job, 1, 1)});
  rig.hears(1, msg::Pruned{order.request, job, {}, 0, 2000, 2, {}});
  rig.hears(1, msg::JobStarted{clone, start.epoch, start.images.front(), 5, false, {}});
  rig.appended<log::Started>();
  EXPECT_EQ(rig.acted(restart).clone, clone);
  rig.hears(1, msg::Checkpointed{clone, start.epoch, image_of(clone, 1, 2), {}, {}});
  rig.appended<log::Checkpointed>();
  saves(rig, 1, job, 3);
  EXPECT_TRUE(rig.sent<msg::PruneJob>(1).pinned.empty());
}

TEST(Pruning, ARestartWaitsUntilItIsKnownWhatIsLeft) {
  Rig rig;
  auto const job = rig.running(1, keeping(1));
  saves(rig, 1, job, 1);
  saves(rig, 1, job, 2);
  auto const order = rig.sent<msg::PruneJob>(1);
  auto const command = rig.says(cmd::Restart{"1", 0, 1, {}, false});
  rig.nothing_more();
  rig.hears(1, msg::Pruned{order.request, job, {image_of(job, 1, 1)}, 1000, 1000, 1, {}});
  rig.appended<log::Pruned>();
  EXPECT_EQ(rig.refused(command), "no_such_generation: job 1 has no generation 1 in its lineage; it has 2");
}

TEST(Pruning, AHostThatDiedMeanwhileIsNotWaitedFor) {
  Rig rig;
  auto const job = rig.running(1, keeping(1));
  saves(rig, 1, job, 1);
  saves(rig, 1, job, 2);
  rig.sent<msg::PruneJob>(1);
  auto const command = rig.says(cmd::Restart{"1", 0, 2, {}, false});
  rig.dies(1);
  rig.appended<log::HostLost>();
  rig.appended<log::HostFenced>();
  EXPECT_EQ(rig.appended<log::Cloned>().image->image.generation, Generation{2});
  EXPECT_EQ(rig.acted(command).what, "goes on from 1:2, and waits for a host") << "it wants host 1 only";
}

TEST(Pruning, OnCommandItIsSaidWhatCameOfIt) {
  Rig rig;
  auto const job = rig.running(2, keeping(0));
  for (std::uint64_t generation = 1; generation <= 3; ++generation) saves(rig, 2, job, generation);
  EXPECT_EQ(rig.acted(rig.says(cmd::Prune{{"1"}, std::nullopt, false})).what,
            "keeps all of its 3 generations: it was submitted without a wish to keep fewer");
  Retention one;
  one.keep = 1;
  auto const trial = rig.says(cmd::Prune{{}, one, true});
  auto const asked = rig.sent<msg::PruneJob>(2);
  EXPECT_TRUE(asked.trial);
  rig.hears(2, msg::Pruned{asked.request, job, {image_of(job, 1, 2), image_of(job, 1, 1)}, 2000, 1000, 1, {}});
  EXPECT_EQ(rig.acted(trial).removed.size(), 2U);
  EXPECT_EQ(rig.record(job).lineage.size(), 3U) << "nothing was thrown away";

  auto const command = rig.says(cmd::Prune{{}, one, false});
  auto const order = rig.sent<msg::PruneJob>(2);
  rig.hears(2, msg::Pruned{order.request, job, {}, 0, 3000, 3, data_lost("no_image", "no generation of job 1 verifies")});
  EXPECT_EQ(rig.failed(command), "no_image: no generation of job 1 verifies");
}

TEST(Pruning, ForTheStoresQuotaWhoHasTheMostGives) {
  Rig rig{{.store_quota = 5000}};
  auto const small = rig.running(1);
  auto const large = rig.running(2);
  saves(rig, 1, small, 1, 1000);
  saves(rig, 2, large, 1, 2000);
  saves(rig, 2, large, 2, 2000);
  rig.nothing_more();
  saves(rig, 1, small, 2, 1000);
  auto const order = rig.sent<msg::PruneJob>(2);
  EXPECT_EQ(order.job, large);
  EXPECT_EQ(order.retention.quota_bytes, 3000U);
  rig.hears(2, msg::Pruned{order.request, large, {image_of(large, 1, 1)}, 2000, 2000, 1, {}});
  rig.appended<log::Pruned>();
  EXPECT_EQ(rig.ledger().stored_bytes(), 4000U);
}

}  // namespace
}  // namespace godwit::allocator
