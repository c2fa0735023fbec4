// An array in whole worlds: its elements wait, are granted ahead, moved, saved, crash and go on in the next
// world, and each of them is run to its end once. See support/world.hpp.
#include "support/world.hpp"

#include <fmt/format.h>

namespace godwit::test {
namespace {

constexpr std::uint32_t size = 60;

JobId element(std::uint32_t index) {
  return JobId::of_element(1, index);
}
std::uint64_t steps_of(std::uint32_t index) {
  return 100 + 10 * std::uint64_t{index - 1};
}

JobArray sweep() {
  JobArray array = counting(0, 100ms);
  array.spec.name = "sweep";
  array.spec.arguments.erase("steps");
  array.spec.crash_limit = 1000;
  array.axes = {{.name = "steps", .first = 100, .step = 10, .count = size}};
  return array;
}

// Something happens to one of those that run.
void trouble(World& world) {
  std::vector<JobRecord const*> running;
  for (auto const& [job, record] : world.ledger().jobs()) {
    if (record.state == JobState::running) running.push_back(&record);
  }
  if (running.empty()) return;
  auto const& victim = *running[world.random.below(running.size())];
  auto const reference = fmt::format("sweep_{}", victim.job.element());
  switch (world.random.below(3)) {
    case 0:
      world.give(cmd::Migrate{reference, std::nullopt});
      return;
    case 1:
      world.give(cmd::Checkpoint{reference});
      return;
    default:
      world.capsules(victim.host).crash(victim.job);
  }
}

class Arrays : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Arrays, EachElementIsRunToItsEndThroughMovesCrashesAndWorlds) {
  Remains remains;
  for (std::uint64_t life = 0; life < 3; ++life) {
    World world({.hosts = 3, .slots = 4, .seed = GetParam() * 10 + life}, remains);
    if (life == 0) {
      EXPECT_EQ(world.ask<cmd::Submitted>(cmd::Submit{{sweep()}}).jobs, std::vector{JobId{1}});
    }
    for (int round = 0; round < 30; ++round) {
      for (int soon = 0; soon < 100; ++soon) world.step();
      trouble(world);
    }
    EXPECT_TRUE(world.stop().unsaved.empty());
    // One that the stop overtook in its start may have begun, and begins again.
    for (auto const& note : world.log.notes) {
      if (note.text.find("not started") != std::string::npos) remains.census.loses(note.job);
    }
    EXPECT_EQ(world.ledger().counts(JobId{1}).failed, 0U);
  }
  World world({.hosts = 3, .slots = 4, .seed = GetParam() + 500}, remains);
  auto const rows = world.ask<cmd::Jobs>(cmd::Wait{{"sweep"}}).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].elements->finished, size);
  for (std::uint32_t index = 1; index <= size; ++index) {
    EXPECT_EQ(world.ledger().record(element(index))->outcome.steps, steps_of(index));
    EXPECT_EQ(remains.census.steps_of(element(index)), steps_of(index));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Arrays, testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace godwit::test
