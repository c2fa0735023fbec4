// Hosts that find each other: who asks whom, what is answered, and that nothing follows from an agreement but a word to the
// allocator. Silence, death and answers that come late are refusals.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

using policy::Heuristic;

// A host of one core, which has two others.
host::Settings probing(Heuristic heuristic) {
  host::Settings settings;
  settings.has.cores = 4;  // it may take more
  settings.probing = host::ProbingSettings{{.heuristic = heuristic, .threshold = 1, .probe_limit = 2, .back_off = 1s}, 3, 7};
  return settings;
}

struct HostProbing : testing::Test, Scenes {
  explicit HostProbing(Heuristic heuristic = Heuristic::symmetric) : Scenes(probing(heuristic)) {
    event(host::Began{});
    told_allocator<msg::Hello>();
    from_allocator(msg::Welcome{500ms, 10s});
    did<host::SetLease>();
    did<host::ReadLoad>();
  }

  CapsuleId runs(std::uint64_t number, JobSpec spec = spec_of()) {
    from_allocator(msg::StartJob{JobId{number}, e1, std::move(spec), {}});
    auto const order = did<host::PrepareCapsule>().order;
    capsule(capsule::Prepared{order.capsule});
    capsule(capsule::Running{order.capsule, 0, false});
    told_allocator<msg::JobStarted>();
    return order.capsule;
  }
  // A heart-beat: the host looks whom to ask.
  void beats() {
    event(host::LoadRead{{}, {}});
    auto const beat = told_allocator<msg::Heartbeat>();
    auto const probes = take_probes();
    from_allocator(msg::HeartbeatSeen{beat.sent});
    did<host::SetLease>();
    asked = probes;
  }
  void waits_and_beats(Duration time = 500ms) {
    pass_reading(time);
    beats();
  }
  // Time goes by; the host wants to know how busy it is, and isn't told yet.
  void pass_reading(Duration time) {
    pass(time);
    did<host::ReadLoad>();
  }
  std::vector<std::pair<Rank, msg::Probe>> take_probes() {
    std::vector<std::pair<Rank, msg::Probe>> found;
    for (auto const rank : {other, third}) {
      if (sends_to(rank)) found.emplace_back(rank, sent<msg::Probe>(rank));
    }
    return found;
  }
  std::pair<Rank, msg::Probe> probe() {
    EXPECT_EQ(asked.size(), 1U);
    return asked.empty() ? std::pair{no_rank, msg::Probe{}} : asked.front();
  }

  std::vector<std::pair<Rank, msg::Probe>> asked;
};

struct HostSending : HostProbing {
  HostSending() : HostProbing(Heuristic::sender) {}
};
struct HostReceiving : HostProbing {
  HostReceiving() : HostProbing(Heuristic::receiver) {}
};

TEST_F(HostSending, OffersAJobWhenThereIsTooMuch) {
  runs(1);
  beats();
  EXPECT_TRUE(asked.empty()) << "one job on one core";
  runs(2);
  waits_and_beats();
  auto const [whom, question] = probe();
  EXPECT_TRUE(question.gives);
  from(whom, msg::ProbeAnswer{question.request, true});
  auto const wanted = told_allocator<msg::MoveWanted>();
  EXPECT_EQ(wanted.job, JobId{1});
  EXPECT_EQ(wanted.epoch, e1);
  EXPECT_EQ(wanted.target, whom);
  EXPECT_TRUE(wanted.probed);
  waits_and_beats();
  EXPECT_TRUE(asked.empty()) << "it counts as gone";
}

TEST_F(HostSending, AsksAnotherAndThenGivesUpForAWhile) {
  runs(1), runs(2);
  beats();
  auto const [first, question] = probe();
  from(first, msg::ProbeAnswer{question.request, false});
  auto const second = first == other ? third : other;
  auto const again = sent<msg::Probe>(second);
  EXPECT_NE(again.request, question.request);
  from(first, msg::ProbeAnswer{question.request, true});  // of old
  nothing_else();
  from(second, msg::ProbeAnswer{again.request, false});
  nothing_else();
  waits_and_beats();
  EXPECT_TRUE(asked.empty()) << "it has just asked everybody";
  waits_and_beats(600ms);
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(HostSending, SilenceIsARefusal) {
  runs(1), runs(2);
  now = now + 100ms;  // no two timers at one instant
  beats();
  auto const [first, question] = probe();
  auto const second = first == other ? third : other;
  for (int beat = 0; beat < 3; ++beat) waits_and_beats();
  waits_and_beats(450ms);
  EXPECT_TRUE(asked.empty()) << "one question at a time";
  pass(100ms);
  auto const again = sent<msg::Probe>(second);
  from(first, msg::ProbeAnswer{question.request, true});  // too late
  nothing_else();
  from(second, msg::ProbeAnswer{again.request, true});
  EXPECT_EQ(told_allocator<msg::MoveWanted>().target, second);
}

TEST_F(HostSending, WhoDiesIsAskedNoMore) {
  runs(1), runs(2);
  beats();
  auto const [first, question] = probe();
  auto const second = first == other ? third : other;
  event(PeerDied{first});
  auto const again = sent<msg::Probe>(second);
  from(second, msg::ProbeAnswer{again.request, false});
  for (int beat = 0; beat < 8; ++beat) {
    waits_and_beats();
    for (auto const& [rank, probed] : asked) {
      EXPECT_EQ(rank, second);
      from(rank, msg::ProbeAnswer{probed.request, false});
    }
  }
}

TEST_F(HostSending, OffersNobodyWhoIsBound) {
  auto pinned = spec_of();
  pinned.host = here;
  auto bound = spec_of();
  bound.together = "ring";
  runs(1, pinned), runs(2, bound);
  beats();
  EXPECT_TRUE(asked.empty());
}

TEST_F(HostSending, KeepsWhatIsThereByItself) {
  auto wide = spec_of();
  wide.cores = 3;
  runs(1, wide);
  beats();
  EXPECT_TRUE(asked.empty());
  runs(2);
  waits_and_beats();
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(HostSending, OffersTheSmallest) {
  auto const large = runs(1);
  auto const small = runs(2);
  CapsuleReport of_large, of_small;
  of_large.arena_bytes = 2 << 20, of_small.arena_bytes = 1 << 20;
  event(host::LoadRead{{}, {{large, of_large}, {small, of_small}}});
  told_allocator<msg::Heartbeat>();
  auto const probes = take_probes();
  ASSERT_EQ(probes.size(), 1U);
  auto const [whom, question] = probes.front();
  from(whom, msg::ProbeAnswer{question.request, true});
  EXPECT_EQ(told_allocator<msg::MoveWanted>().job, JobId{2});
}

// The lease runs out while it waits for an answer, and then for the next heart-beat's.
TEST_F(HostSending, WithoutALeaseItNeitherAsksNorAgrees) {
  runs(1), runs(2);
  pass(9s);
  event(host::LoadRead{{}, {}});
  auto const beat = told_allocator<msg::Heartbeat>();
  auto const probes = take_probes();
  ASSERT_EQ(probes.size(), 1U);
  auto const [whom, question] = probes.front();
  pass(1500ms);
  from(whom, msg::ProbeAnswer{question.request, true});
  nothing_else();
  pass(5s);
  from_allocator(msg::Poll{});
  did<host::ReadLoad>();
  event(host::LoadRead{{}, {}});
  told_allocator<msg::Heartbeat>();
  nothing_else();
  from(other, msg::Probe{RequestId{5}, false});
  EXPECT_FALSE(sent<msg::ProbeAnswer>(other).agrees);
  from_allocator(msg::HeartbeatSeen{beat.sent});
  nothing_else();
}

TEST_F(HostSending, ARoundEndsWithTheWorld) {
  runs(1), runs(2);
  auto const before = timers();
  beats();
  auto const [whom, question] = probe();
  from_allocator(msg::Quiesce{});
  did<host::FreezeCapsule>(), did<host::FreezeCapsule>();
  EXPECT_EQ(timers(), before + 1) << "for the safe points";
  from(whom, msg::ProbeAnswer{question.request, true});
  nothing_else();
  pass_reading(500ms);
  pass(3s);
  beats();
  EXPECT_TRUE(asked.empty());
  from(other, msg::Probe{RequestId{5}, true});
  EXPECT_FALSE(sent<msg::ProbeAnswer>(other).agrees);
}

// Also the one that would have been asked next has died.
TEST_F(HostSending, TheRoundEndsWhenAllAreDead) {
  runs(1), runs(2);
  beats();
  auto const [first, question] = probe();
  event(PeerDied{first == other ? third : other});
  event(PeerDied{first});
  nothing_else();
  for (int beat = 0; beat < 8; ++beat) {
    waits_and_beats();
    EXPECT_TRUE(asked.empty());
  }
}

TEST_F(HostSending, AnswersByWhatItHas) {
  from(other, msg::Probe{RequestId{5}, true});
  auto const yes = sent<msg::ProbeAnswer>(other);
  EXPECT_EQ(yes.request, RequestId{5});
  EXPECT_TRUE(yes.agrees);
  from(third, msg::Probe{RequestId{6}, true});
  EXPECT_FALSE(sent<msg::ProbeAnswer>(third).agrees) << "it expects the other's";
  beats();
  for (int beat = 0; beat < 10; ++beat) waits_and_beats();
  from(third, msg::Probe{RequestId{7}, true});
  EXPECT_TRUE(sent<msg::ProbeAnswer>(third).agrees) << "which never came";
  runs(1);
  for (int beat = 0; beat < 11; ++beat) waits_and_beats();
  from(third, msg::Probe{RequestId{8}, true});
  EXPECT_FALSE(sent<msg::ProbeAnswer>(third).agrees) << "its core is taken";
}

TEST_F(HostReceiving, AsksForAJobWhenThereIsRoom) {
  beats();
  auto const [whom, question] = probe();
  EXPECT_FALSE(question.gives);
  from(whom, msg::ProbeAnswer{question.request, true});
  nothing_else();
  waits_and_beats();
  EXPECT_TRUE(asked.empty()) << "one is to come";
}

TEST_F(HostReceiving, WhoTakesNoJobsAsksForNone) {
  event(host::LoadRead{{}, {}});
  auto const first = told_allocator<msg::Heartbeat>();
  for (auto const& [rank, question] : take_probes()) from(rank, msg::ProbeAnswer{question.request, true});
  from_allocator(msg::HeartbeatSeen{.sent = first.sent, .closed = true});
  did<host::SetLease>();
  pass_reading(500ms);
  pass(6s);
  event(host::LoadRead{{}, {}});
  auto const second = told_allocator<msg::Heartbeat>();
  nothing_else();
  from(other, msg::Probe{RequestId{5}, true});
  EXPECT_FALSE(sent<msg::ProbeAnswer>(other).agrees);
  from_allocator(msg::HeartbeatSeen{.sent = second.sent});
  did<host::SetLease>();
  waits_and_beats();
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(HostReceiving, GivesAJobToWhoAsks) {
  runs(1);
  from(other, msg::Probe{RequestId{5}, false});
  EXPECT_FALSE(sent<msg::ProbeAnswer>(other).agrees) << "it keeps its only one";
  runs(2);
  from(other, msg::Probe{RequestId{6}, false});
  EXPECT_TRUE(sent<msg::ProbeAnswer>(other).agrees);
  auto const wanted = told_allocator<msg::MoveWanted>();
  EXPECT_EQ(wanted.target, other);
  EXPECT_TRUE(wanted.probed);
}

TEST(HostWithoutProbing, AsksNobodyAndAgreesToNothing) {
  Scenes scenes;
  scenes.from(other, msg::Probe{RequestId{5}, true});
  EXPECT_FALSE(scenes.sent<msg::ProbeAnswer>(other).agrees);
}

}  // namespace
}  // namespace godwit::test
