// Shows that a job which is frozen, carried to another host and restored there, at random moments and many
// times, writes byte for byte what an undisturbed one does: files, stdout and stderr; and that it never
// had two runners.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <thread>

#include "base/random.hpp"
#include "capsule/rig.hpp"
#include "support/witness.hpp"

namespace godwit::testing {
namespace {

struct Story {
  std::string out, err;
  std::map<std::string, std::string> files;
  std::uint64_t steps{0};
  int moves{0};
  bool operator==(Story const& other) const {
    return out == other.out && err == other.err && files == other.files && steps == other.steps;
  }
};

class Journey {
 public:
  Journey() {
    std::filesystem::create_directories(rig.witness());
    ::setenv("GODWIT_WITNESS", rig.witness().c_str(), 1);
    hosts.reserve(2);
    for (int i = 0; i < 2; ++i) hosts.emplace_back(rig.store());
    ::unsetenv("GODWIT_WITNESS");
  }

  Story tell(capsule::Ended const& ended) {
    EXPECT_EQ(ended.outcome.ending, Ending::finished) << ended.outcome.reason;
    Story story{rig.printed("stdout"), rig.printed("stderr"), {}, ended.outcome.steps, moves};
    for (auto const& entry : std::filesystem::directory_iterator(rig.work())) {
      story.files[entry.path().filename()] = read_file(entry.path());
    }
    return story;
  }

  Story undisturbed(CapsuleOrder order) {
    auto const capsule = rig.start(hosts[0], std::move(order));
    return tell(hosts[0].expect<capsule::Ended>(capsule));
  }

  // Moved up to 40 times, after a random time each, and then left alone.
  Story moved(CapsuleOrder const& order, std::uint64_t seed, bool suspended) {
    Random random(seed);
    Epoch epoch{1};
    int here = 0;
    auto capsule = rig.start(hosts[0], order, epoch);
    while (moves < 40) {
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(1000)));
      auto& source = hosts[here].service();
      if (suspended) source.suspend(capsule);
      source.freeze(capsule);
      auto event = hosts[here].next(capsule);
      if (std::holds_alternative<capsule::Suspended>(event)) event = hosts[here].next(capsule);
      if (auto const* ended = std::get_if<capsule::Ended>(&event)) return tell(*ended);
      auto const* const frozen = std::get_if<capsule::Frozen>(&event);
      if (frozen == nullptr) {
        ADD_FAILURE() << describe(event);
        return {};
      }
      auto const arena = source.arena(capsule, frozen->arena_bytes);
      Image const image{frozen->manifest, Bytes(arena.begin(), arena.end())};
      EXPECT_EQ(image.decoded().suspended, suspended);
      hosts[here].end(capsule);
      here = 1 - here;
      epoch = epoch.next();
      capsule = rig.restore(hosts[here], order, image, epoch);
      if (suspended) {
        hosts[here].service().resume(capsule);
        hosts[here].expect<capsule::Resumed>(capsule);
      }
      ++moves;
    }
    return tell(hosts[here].expect<capsule::Ended>(capsule));
  }

  Rig rig;
  std::vector<Host> hosts;
  int moves = 0;
};

struct Case {
  std::string name;
  std::string type;  // of the build, or the fixture "chronicle"
  std::map<std::string, std::string> arguments;
  bool suspended{false};
};
void PrintTo(Case const& one, std::ostream* out) {
  *out << one.name;
}

class Moving : public ::testing::TestWithParam<Case> {};

CapsuleOrder order_for(Rig& rig, Case const& one) {
  std::string lines;
  for (int i = 0; i < 20000; ++i) lines += "line " + std::to_string(i * 7919 % 1000) + " of the input\n";
  write_file(rig.work() / "input.txt", lines);
  write_file(rig.work() / "journal.txt", "an older entry\n");
  return one.type == "chronicle" ? rig.fixture("chronicle", "chronicle", one.arguments)
                                 : rig.order(one.type, one.arguments);
}

TEST_P(Moving, EndsLikeTheUndisturbedRun) {
  auto const& one = GetParam();
  Journey calm;
  auto const expected = calm.undisturbed(order_for(calm.rig, one));
  EXPECT_EQ(faults_of_witness(calm.rig.witness(), Repeats::forbidden), std::vector<std::string>{});

  Journey rough;
  auto const found = rough.moved(order_for(rough.rig, one), 20260101, one.suspended);
  EXPECT_GE(found.moves, 5);
  EXPECT_EQ(found.out, expected.out);
  EXPECT_EQ(found.err, expected.err);
  EXPECT_EQ(found.files, expected.files);
  EXPECT_EQ(found.steps, expected.steps);
  EXPECT_EQ(faults_of_witness(rough.rig.witness(), Repeats::forbidden), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(
    Jobs, Moving,
    ::testing::Values(
        Case{"counter",
             "counter",
             {{"limit", "2000"}, {"print_every", "7"}, {"delay_us", "20"}, {"bytes", "300000"}}},
        Case{"heat", "heat", {{"output", "heat.csv"}, {"steps", "5000"}}},
        Case{"grep",
             "grep",
             {{"pattern", "line [0-9]*7 "},
              {"input", "input.txt"},
              {"output", "found.txt"},
              {"lines_per_step", "1"}}},
        Case{"chronicle", "chronicle", {{"steps", "400"}, {"delay_us", "50"}}},
        Case{"chronicle_suspended", "chronicle", {{"steps", "400"}, {"delay_us", "50"}}, true}),
    [](auto const& one) { return one.param.name; });

// Its steps depend on the time, so only its end is compared.
TEST(Moving, SleepGoesOnWhereItWas) {
  Rig rig;
  Host here(rig.store()), there(rig.store());
  auto const order = rig.order("sleep", {{"seconds", "1.0"}});
  auto const first = rig.start(here, order);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  auto const image = here.freeze(first);
  EXPECT_GE(image.decoded().running_time, 300ms);
  here.end(first);
  auto const second = rig.restore(there, order, image, Epoch{2});
  EXPECT_EQ(there.expect<capsule::Ended>(second).outcome.ending, Ending::finished);
}

TEST(Moving, HeatComputesWhatIsKnown) {
  Rig rig;
  Host host(rig.store());
  auto const capsule = rig.start(host, rig.order("heat"));
  auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::finished) << outcome.reason;
  EXPECT_EQ(outcome.steps, 500U);
  EXPECT_EQ(rig.printed("stdout"), "u(1/2,1/2) = 0.617516299240695\n");
}

}  // namespace
}  // namespace godwit::testing
