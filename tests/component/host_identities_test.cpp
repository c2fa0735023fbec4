// A host hands out its counted resources by identity: the first free ones, told in the job's environment,
// taken back when it leaves in whatever way; what can't start for want of them, or of cores, waits its turn.
#include "host/identities.hpp"

#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

using host::Identities;
using Environment = std::map<std::string, std::string>;

host::Settings two_gpus() {
  host::Settings settings;
  settings.has = {4, 0, {{"gpu", {"0", "1"}}, {"cad-licence", {"b", "a"}}}, {}};
  return settings;
}

JobSpec with_gpus(std::int32_t count, std::int32_t cores = 1) {
  auto spec = spec_of();
  spec.resources["gpu"] = count;
  spec.cores = cores;
  return spec;
}

struct HostIdentities : testing::Test, Scenes {
  HostIdentities() : Scenes(two_gpus()) {}
  void granted(std::uint64_t number, JobSpec const& spec, Epoch epoch = e1) {
    from_allocator(msg::StartJob{JobId{number}, epoch, spec, {}, {}});
  }
  CapsuleOrder starts(std::uint64_t number) {
    auto order = did<host::PrepareCapsule>().order;
    EXPECT_EQ(order.job, JobId{number});
    return order;
  }
  CapsuleId starts_with_gpu(std::uint64_t number, std::string const& gpus) {
    auto const order = starts(number);
    EXPECT_EQ(order.spec.environment,
              (Environment{{"CUDA_VISIBLE_DEVICES", gpus}, {"GODWIT_RESOURCE_GPU", gpus}}));
    return order.capsule;
  }
  void ends(CapsuleId capsule_id) {
    capsule(capsule::Ended{capsule_id, {Ending::finished, {}, {}, 1}});
    told_allocator<msg::JobEnded>();
    forgotten(capsule_id);
  }
};

TEST_F(HostIdentities, EachJobIsToldItsOwnAndTheThirdWaits) {
  granted(1, with_gpus(1));
  auto const first = starts_with_gpu(1, "0");
  granted(2, with_gpus(1));
  auto const second = starts_with_gpu(2, "1");
  granted(3, with_gpus(1));
  granted(4, spec_of());  // in order: behind the one that waits
  nothing_else();
  ends(first);
  auto const third_one = starts_with_gpu(3, "0");
  auto const plain = starts(4);
  EXPECT_TRUE(plain.spec.environment.empty());
  for (auto const each : {second, third_one, plain.capsule}) ends(each);
  granted(5, with_gpus(2));
  ends(starts_with_gpu(5, "0,1"));
}

TEST_F(HostIdentities, WhatTheUserSaidOfTheVariableCountsLess) {
  auto spec = with_gpus(1);
  spec.environment = {{"CUDA_VISIBLE_DEVICES", "7"}, {"A", "b"}};
  granted(1, spec);
  auto const order = starts(1);
  EXPECT_EQ(order.spec.environment,
            (Environment{{"A", "b"}, {"CUDA_VISIBLE_DEVICES", "0"}, {"GODWIT_RESOURCE_GPU", "0"}}));
  ends(order.capsule);
}

TEST_F(HostIdentities, AnyNameMakesAVariable) {
  auto spec = spec_of();
  spec.resources = {{"cad-licence", 2}};
  granted(1, spec);
  auto const order = starts(1);
  EXPECT_EQ(order.spec.environment, (Environment{{"GODWIT_RESOURCE_CAD_LICENCE", "b,a"}}));
  ends(order.capsule);
}

TEST_F(HostIdentities, ACrashGivesThemBack) {
  granted(1, with_gpus(2));
  auto const first = starts_with_gpu(1, "0,1");
  granted(2, with_gpus(1));
  nothing_else();
  capsule(capsule::Died{first, {Ending::crashed, "killed by signal 9", {}, 0}});
  told_allocator<msg::JobEnded>();
  forgotten(first);
  ends(starts_with_gpu(2, "0"));
}

TEST_F(HostIdentities, AJobThatCanNeverHaveThemFailsAtOnce) {
  granted(1, with_gpus(3));
  auto const outcome = told_allocator<msg::JobEnded>().outcome;
  EXPECT_EQ(outcome.ending, Ending::failed);
  EXPECT_EQ(outcome.reason, "host 1 doesn't have what the job wants of it: gpu=3");
  auto spec = spec_of();
  spec.resources["fpga"] = 1;
  granted(2, spec);
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::failed);
}

TEST_F(HostIdentities, AnArrivalTakesThemAndItsRefusalGivesThemBack) {
  granted(1, with_gpus(1));
  auto const first = starts_with_gpu(1, "0");
  from_allocator(msg::PrepareArrival{job, other, e1, e2, e3, with_gpus(1), arena_bytes});
  auto const coming = starts_with_gpu(7, "1");
  from_allocator(msg::PrepareArrival{JobId{8}, other, e1, e2, e3, with_gpus(1), arena_bytes});
  auto const refused = sent<msg::Refused>(other);
  EXPECT_EQ(refused.job, JobId{8});
  EXPECT_EQ(refused.why.code, "no_resource");
  EXPECT_EQ(refused.why.reaction, Reaction::retry_later);
  told_allocator<msg::Refused>();
  capsule(capsule::Failed{coming, reject("x", "y")});
  refuses();
  forgotten(coming);
  granted(2, with_gpus(1));
  ends(starts_with_gpu(2, "1"));
  ends(first);
}

TEST_F(HostIdentities, AJobThatLeavesKeepsThemUntilItsTargetRunsIt) {
  granted(7, with_gpus(2));
  auto const leaver = starts_with_gpu(7, "0,1");
  capsule(capsule::Prepared{leaver});
  capsule(capsule::Running{leaver, 0, false});
  told_allocator<msg::JobStarted>();
  committed(leaver);
  granted(2, with_gpus(1));
  nothing_else();
  from(other, msg::Accepted{job, e2, 41, false});
  told_allocator<msg::Departed>();
  gone(leaver);
  ends(starts_with_gpu(2, "0"));
}

TEST_F(HostIdentities, CoresAreCountedTooAndOneThatWantsMoreThanThereAreIsAlone) {
  granted(1, with_gpus(0, 3));
  auto const first = starts(1);
  granted(2, with_gpus(0, 2));
  nothing_else();
  ends(first.capsule);
  auto const second = starts(2);
  granted(3, with_gpus(0, 64));
  granted(4, spec_of());
  nothing_else();
  ends(second.capsule);
  auto const large = starts(3);
  nothing_else();
  ends(large.capsule);
  ends(starts(4).capsule);
}

TEST(Identities, AreHandedOutInTheirOrder) {
  Identities all({{"gpu", {"0", "1", "10", "2"}}});
  EXPECT_TRUE(all.ever({{"gpu", 4}}));
  EXPECT_FALSE(all.ever({{"gpu", 5}}));
  EXPECT_TRUE(all.ever({}));
  auto const two = all.take({{"gpu", 2}});
  EXPECT_EQ(two.at("gpu"), (std::vector<std::string>{"0", "1"}));
  EXPECT_FALSE(all.free({{"gpu", 3}}));
  auto const rest = all.take({{"gpu", 2}});
  EXPECT_EQ(rest.at("gpu"), (std::vector<std::string>{"10", "2"}));
  all.give_back(two);
  EXPECT_EQ(all.take({{"gpu", 1}}).at("gpu"), (std::vector<std::string>{"0"}));
}

}  // namespace
}  // namespace godwit::test
