// The whole runtime but for its edges: jobs are moved, checkpointed, suspended and called while messages
// overtake each other in every order that MPI allows. At each moment a job has one runner at most, and
// no step is lost or doubled, also over a stop and a restart. See support/world.hpp.
#include "support/world.hpp"

#include <algorithm>

namespace godwit::test {
namespace {

constexpr std::uint64_t for_ever = 1'000'000'000;

bool runs(World const& world, JobId job) {
  return world.record(job).state == JobState::running;
}

cmd::Act only(cmd::Acted const& acted) {
  EXPECT_EQ(acted.acts.size(), 1U);
  return acted.acts.empty() ? cmd::Act{} : acted.acts.front();
}

std::string name_of_job(JobId job) {
  return std::to_string(job.value);
}

// ---- one job, moved as fast as can be

class ManyMoves : public testing::TestWithParam<std::uint64_t> {
 protected:
  static JobSpec counter() {
    auto spec = counting(for_ever);
    spec.host = Rank{1};
    return spec;
  }
  Remains remains;
};

// 1 → 2 → 3 → 2 → 3 …, and home again now and then, as fast as the answers come: the source of the last
// move may still wait for its Accepted.
TEST_P(ManyMoves, OneAfterTheOther) {
  JobId job;
  {
    World world({.hosts = 3, .seed = GetParam()}, remains);
    job = world.submit(counter());
    ASSERT_TRUE(world.until([&] { return runs(world, job); }));
    Rank at{1};
    for (int move = 0; move < 200; ++move) {
      Rank target{move % 7 == 6 ? 1 : 2 + move % 2};
      if (target == at) target = Rank{at.value % 3 + 1};
      auto const act = only(world.ask<cmd::Acted>(cmd::Migrate{name_of_job(job), target}));
      ASSERT_FALSE(act.failure.has_value()) << act.failure->context;
      EXPECT_EQ(act.from, at);
      EXPECT_EQ(act.to, target);
      EXPECT_TRUE(act.move.has_value());
      at = target;
    }
    EXPECT_EQ(world.record(job).moves, 200U);
    EXPECT_GT(remains.census.steps_of(job), 200U);
    EXPECT_EQ(world.stop().checkpointed, 1);
  }
  World again({.hosts = 2, .seed = GetParam() + 1000}, remains);
  ASSERT_TRUE(again.until([&] { return runs(again, job); }));
  auto const restarted = remains.census.steps_of(job);
  EXPECT_TRUE(again.until([&] { return remains.census.steps_of(job) > restarted + 100; }));
}

// All given at once: the allocator serves them one after the other.
TEST_P(ManyMoves, GivenWithoutWaiting) {
  World world({.hosts = 3, .seed = GetParam()}, remains);
  auto const job = world.submit(counter());
  ASSERT_TRUE(world.until([&] { return runs(world, job); }));
  std::vector<CommandId> given;
  for (int move = 0; move < 200; ++move) {
    given.push_back(world.give(cmd::Migrate{name_of_job(job), Rank{move % 2 == 0 ? 2 : 3}}));
  }
  for (auto const id : given) {
    auto const act = only(world.answer<cmd::Acted>(id));
    ASSERT_FALSE(act.failure.has_value()) << act.failure->context;
  }
  EXPECT_EQ(world.record(job).moves, 200U);
  EXPECT_EQ(world.stop().checkpointed, 1);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ManyMoves, testing::Range<std::uint64_t>(1, 7));

// ---- many jobs, everything at once

// Gives random orders about random jobs until `orders` are answered.
class Traffic {
 public:
  Traffic(World& world, std::vector<JobId> jobs, int hosts)
      : world_(world), jobs_(std::move(jobs)), hosts_(hosts) {}

  bool run(int orders) {
    for (int given = 0; given < orders || !open_.empty();) {
      std::erase_if(open_, [&](auto const id) { return world_.answered(id); });
      if (given < orders && open_.size() < jobs_.size()) {
        open_.push_back(world_.give(any()));
        ++given;
      }
      auto const limit = open_.size();
      if (!world_.until([&] {
            return world_.random.below(50) == 0 ||
                   std::ranges::any_of(open_, [&](auto const id) { return world_.answered(id); }) ||
                   limit == 0;
          })) {
        return false;
      }
    }
    return true;
  }

 private:
  Command any() {
    auto const job = name_of_job(jobs_[world_.random.below(jobs_.size())]);
    Rank const target{static_cast<std::int32_t>(1 + world_.random.below(static_cast<std::uint64_t>(hosts_)))};
    switch (world_.random.below(10)) {
      case 0:
        return cmd::Checkpoint{job};
      case 1:
        return cmd::Suspend{job};
      case 2:
        return cmd::Resume{job};
      case 3:
        return cmd::Call{job, "steps", {}};
      case 4:
        return cmd::Migrate{job, std::nullopt};
      default:
        return cmd::Migrate{job, target};
    }
  }

  World& world_;
  std::vector<JobId> jobs_;
  int hosts_;
  std::vector<CommandId> open_;
};

class ManyJobs : public testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr int jobs = 32;
  Remains remains;
  std::vector<JobId> ids;

  void submit_all(World& world, std::uint64_t steps, Duration every, std::int32_t crash_limit = 3) {
    for (int number = 0; number < jobs; ++number) {
      auto spec = counting(steps, every, 1 + world.random.below(100));
      spec.crash_limit = crash_limit;
      ids.push_back(world.submit(std::move(spec)));
    }
  }
  bool all(World const& world, JobState state) const {
    return std::ranges::all_of(ids, [&](auto const job) { return world.record(job).state == state; });
  }
  // The jobs count to the end in a new world, whatever was suspended.
  void finish(std::uint64_t steps) {
    World world({.hosts = 3, .seed = GetParam() + 500}, remains);
    ASSERT_TRUE(world.until([&] {
      return std::ranges::none_of(ids, [&](auto const job) {
        return world.record(job).state == JobState::waiting || world.record(job).state == JobState::starting;
      });
    }));
    // Each one: a job whose image is older than its suspension runs for a moment before it is suspended again.
    for (auto const job : ids) {
      if (!is_ended(world.record(job).state)) world.give(cmd::Resume{name_of_job(job)});
    }
    ASSERT_TRUE(world.until([&] { return all(world, JobState::finished); }));
    for (auto const job : ids) {
      EXPECT_EQ(world.record(job).outcome.steps, steps);
      EXPECT_EQ(remains.census.steps_of(job), steps);
    }
  }
};

TEST_P(ManyJobs, AllMovingAtOnce) {
  World world({.hosts = 8, .seed = GetParam()}, remains);
  submit_all(world, for_ever, {});
  ASSERT_TRUE(world.until([&] { return all(world, JobState::running); }));
  for (int round = 0; round < 5; ++round) {
    std::vector<CommandId> given;
    for (auto const job : ids) {
      Rank const target{world.record(job).host.value % 8 + 1};
      given.push_back(world.give(cmd::Migrate{name_of_job(job), target}));
    }
    for (auto const id : given) {
      auto const act = only(world.answer<cmd::Acted>(id));
      ASSERT_FALSE(act.failure.has_value()) << act.failure->context;
    }
  }
  EXPECT_EQ(world.stop().checkpointed, jobs);
}

TEST_P(ManyJobs, EverythingAtOnceAndAcrossWorlds) {
  constexpr std::uint64_t steps = 5000;
  for (std::uint64_t life = 0; life < 3; ++life) {
    World world({.hosts = 3, .seed = GetParam() * 10 + life}, remains);
    if (life == 0) submit_all(world, steps, 100ms);
    ASSERT_TRUE(Traffic(world, ids, 3).run(200));
    EXPECT_TRUE(world.stop().unsaved.empty());
  }
  finish(steps);
}

TEST_P(ManyJobs, ClonesAmidEverything) {
  constexpr std::uint64_t steps = 5000;
  {
    World world({.hosts = 3, .seed = GetParam()}, remains);
    submit_all(world, steps, 100ms);
    ASSERT_TRUE(Traffic(world, ids, 3).run(60));
    std::vector<CommandId> given;
    for (std::size_t number = 0; number < 12; ++number) {
      cmd::Clone clone{name_of_job(ids[number]), std::nullopt};
      if (number % 2 == 0) clone.host = Rank{static_cast<std::int32_t>(1 + world.random.below(3))};
      given.push_back(world.give(clone));
      given.push_back(world.give(cmd::Migrate{clone.job, std::nullopt}));
    }
    for (std::size_t number = 0; number < given.size(); ++number) {
      auto const act = only(world.answer<cmd::Acted>(given[number]));
      ASSERT_FALSE(act.failure.has_value()) << act.failure->context;
      if (number % 2 == 0) ids.push_back(act.clone.value_or(JobId{}));
    }
    ASSERT_TRUE(Traffic(world, ids, 3).run(60));
    EXPECT_TRUE(world.stop().unsaved.empty());
  }
  finish(steps);
}

TEST_P(ManyJobs, AStoreThatFailsStopsNothing) {
  constexpr std::uint64_t steps = 3000;
  {
    World world({.hosts = 3, .seed = GetParam()}, remains);
    world.expect_severe("checkpoint failed");
    for (int host = 1; host <= 3; ++host) world.store(Rank{host}).failing_per_mille = 500;
    submit_all(world, steps, 100ms);
    ASSERT_TRUE(Traffic(world, ids, 3).run(300));
    EXPECT_TRUE(world.log.noted("checkpoint failed"));
    for (int host = 1; host <= 3; ++host) world.store(Rank{host}).failing_per_mille = 0;
    EXPECT_TRUE(world.stop().unsaved.empty());
  }
  finish(steps);
}

TEST_P(ManyJobs, TargetsThatRefuseAndJobsThatCrash) {
  using Welcome = FakeCapsules::Welcome;
  constexpr std::uint64_t steps = 4000;
  {
    World world({.hosts = 3, .seed = GetParam()}, remains);
    submit_all(world, steps, 100ms, 1000);
    ASSERT_TRUE(world.until([&] { return all(world, JobState::running); }));
    auto const reported = world.clock.now() + 1s;  // so that the allocator knows how large they are
    ASSERT_TRUE(world.until([&] { return world.clock.now() > reported; }));
    for (int round = 0; round < 20; ++round) {
      Rank const host{static_cast<std::int32_t>(1 + world.random.below(3))};
      world.capsules(host).welcome = round % 2 == 0 ? Welcome::not_prepared : Welcome::no_memory;
      ASSERT_TRUE(Traffic(world, ids, 3).run(10));
      world.capsules(host).welcome = Welcome::ready;
      auto const crashing = ids[world.random.below(ids.size())];
      world.capsules(world.record(crashing).host).crash(crashing);
      ASSERT_TRUE(Traffic(world, ids, 3).run(5));
    }
    EXPECT_TRUE(world.log.noted("stayed on host"));
    EXPECT_TRUE(world.log.noted("crashed"));
    world.stop();
  }
  finish(steps);
}

// What happens to the dead host's jobs is that they go on in the next world; the others don't notice.
TEST_P(ManyJobs, AHostThatDiesHarmsNoOtherJob) {
  constexpr std::uint64_t steps = 3000;
  {
    World world({.hosts = 4, .seed = GetParam()}, remains);
    world.expect_severe("is dead");
    submit_all(world, steps, 100ms);
    ASSERT_TRUE(Traffic(world, ids, 4).run(60));
    for (auto const job : ids) world.give(cmd::Migrate{name_of_job(job), std::nullopt});
    for (int soon = 0; soon < 300; ++soon) world.step();
    world.kill(Rank{2});
    ASSERT_TRUE(Traffic(world, ids, 4).run(60));
    for (auto const job : ids) EXPECT_NE(world.record(job).state, JobState::failed);
    world.stop();
  }
  finish(steps);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ManyJobs, testing::Range<std::uint64_t>(1, 7));

// ---- the harness itself

TEST(World, TheSameSeedGivesTheSameWorld) {
  std::vector<Digest> traces;
  for (auto const seed : {5U, 5U, 6U}) {
    Remains remains;
    World world({.hosts = 3, .seed = seed}, remains);
    std::vector<JobId> jobs;
    for (int number = 0; number < 6; ++number) jobs.push_back(world.submit(counting(for_ever)));
    ASSERT_TRUE(Traffic(world, jobs, 3).run(40));
    traces.push_back(world.trace());
  }
  EXPECT_EQ(traces[0], traces[1]);
  EXPECT_NE(traces[0], traces[2]);
}

}  // namespace
}  // namespace godwit::test
