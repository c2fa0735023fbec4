// What runtime/port/capsules.hpp promises, a case for each sentence.
#include "contract/capsules.hpp"

#include <algorithm>
#include <chrono>

namespace godwit::contract {

namespace {

template <class E>
std::ptrdiff_t count(std::vector<CapsuleEvent> const& events) {
  return std::ranges::count_if(events, [](auto const& event) { return std::holds_alternative<E>(event); });
}

}  // namespace

std::string kind_of(CapsuleEvent const& event) {
  static constexpr char const* names[] = {"Prepared", "Running",   "Frozen", "Suspended", "Resumed",
                                          "Called",   "WantsMove", "Ended",  "Died",      "Failed"};
  std::string text = names[event.index()];
  if (auto const* const died = std::get_if<capsule::Died>(&event)) text += ": " + died->outcome.reason;
  if (auto const* const ended = std::get_if<capsule::Ended>(&event)) text += ": " + ended->outcome.reason;
  if (auto const* const failed = std::get_if<capsule::Failed>(&event)) text += ": " + failed->why.context;
  return text;
}

Manifest CapsulesContract::Image::decoded() const {
  auto const decoded = decode<Manifest>(manifest);
  EXPECT_TRUE(decoded);
  return decoded ? *decoded : Manifest{};
}

bool CapsulesContract::until(std::function<bool()> const& holds) {
  for (auto const deadline = std::chrono::steady_clock::now() + patience;;) {
    look();
    if (holds()) return true;
    if (!rig->let_pass() || std::chrono::steady_clock::now() > deadline) {
      look();
      if (holds()) return true;
      ADD_FAILURE() << "it never comes to be";
      return false;
    }
  }
}

void CapsulesContract::look() {
  for (auto& event : capsules.poll()) {
    auto const capsule = std::visit([](auto const& one) { return one.capsule; }, event);
    heard_[capsule].push_back(std::move(event));
  }
}

CapsuleEvent CapsulesContract::next(CapsuleId capsule) {
  auto& events = heard(capsule);
  if (!until([&] { return !events.empty(); }))
    return capsule::Failed{capsule, reject("silent", "nothing was heard")};
  auto event = std::move(events.front());
  events.erase(events.begin());
  return event;
}

CapsuleOrder CapsulesContract::order(std::uint64_t steps) {
  auto order = rig->counting(last_job_ = last_job_.next(), steps);
  order.capsule = last_ = last_.next();
  order.host = Rank{1};
  return order;
}

CapsuleId CapsulesContract::prepared(CapsuleOrder order) {
  auto const capsule = order.capsule;
  jobs_[capsule] = order.job;
  capsules.prepare(std::move(order));
  expect<capsule::Prepared>(capsule);
  return capsule;
}

CapsuleId CapsulesContract::running(std::uint64_t steps, Epoch epoch) {
  auto const capsule = prepared(order(steps));
  capsules.start(capsule, epoch);
  auto const running = expect<capsule::Running>(capsule);
  EXPECT_EQ(running.steps, 0U);
  EXPECT_FALSE(running.suspended);
  return capsule;
}

CapsuleId CapsulesContract::restored(Image const& image, Epoch epoch, std::uint64_t steps) {
  auto moved = order(steps);
  if (auto const manifest = decode<Manifest>(image.manifest)) moved.job = manifest->job;
  moved.arena_bytes = image.arena.size();
  auto const capsule = prepared(std::move(moved));
  auto const arena = capsules.arena(capsule, image.arena.size());
  EXPECT_GE(arena.size(), image.arena.size());
  std::ranges::copy(image.arena, arena.begin());
  capsules.restore(capsule, epoch, image.manifest);
  return capsule;
}

CapsulesContract::Image CapsulesContract::frozen(CapsuleId capsule) {
  capsules.freeze(capsule);
  auto const event = expect<capsule::Frozen>(capsule);
  auto const arena = capsules.arena(capsule, event.arena_bytes);
  EXPECT_GE(arena.size(), event.arena_bytes);
  Image image{event.manifest,
              Bytes(arena.begin(), arena.begin() + static_cast<std::ptrdiff_t>(event.arena_bytes))};
  EXPECT_EQ(image.decoded().arena_bytes, event.arena_bytes);
  return image;
}

capsule::Running CapsulesContract::thawed(CapsuleId capsule, Epoch epoch) {
  capsules.thaw(capsule, epoch, Others::none);
  return expect<capsule::Running>(capsule);
}

void CapsulesContract::gone(CapsuleId capsule) {
  capsules.kill(capsule);
  capsules.forget(capsule);
}

bool CapsulesContract::steps_pass(CapsuleId capsule, std::uint64_t count) {
  return until([&] { return steps_of(capsule) > count; });
}

void CapsulesContract::a_life_passes() {
  auto const capsule = running(5);
  EXPECT_EQ(expect<capsule::Ended>(capsule).outcome.ending, Ending::finished);
  capsules.forget(capsule);
}

// ---- from order to end

TEST_P(CapsulesContract, ALifeIsPreparedRunningEndedInThatOrder) {
  auto const capsule = prepared(order(20));
  a_life_passes();
  EXPECT_TRUE(heard(capsule).empty()) << "it waits for its start";
  capsules.start(capsule, Epoch{1});
  EXPECT_EQ(expect<capsule::Running>(capsule).steps, 0U);
  auto const outcome = expect<capsule::Ended>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::finished) << outcome.reason;
  EXPECT_EQ(outcome.steps, 20U);
  a_life_passes();
  EXPECT_TRUE(heard(capsule).empty()) << "its end is reported once, and the last thing";
}

TEST_P(CapsulesContract, AnOrderMayStartItsJobItself) {
  auto at_once = order(1);
  at_once.start_at = Epoch{3};
  auto const capsule = at_once.capsule;
  capsules.prepare(std::move(at_once));
  expect<capsule::Prepared>(capsule);
  EXPECT_EQ(expect<capsule::Running>(capsule).steps, 0U);
  EXPECT_EQ(expect<capsule::Ended>(capsule).outcome.steps, 1U);

  auto longer = order();
  longer.start_at = Epoch{3};
  auto const other = longer.capsule;
  capsules.prepare(std::move(longer));
  expect<capsule::Prepared>(other);
  expect<capsule::Running>(other);
  EXPECT_TRUE(steps_pass(other, 5));
  EXPECT_EQ(frozen(other).decoded().epoch, Epoch{3});
}

TEST_P(CapsulesContract, WhatCannotBePreparedFails) {
  auto bad = rig->impossible(JobId{1});
  bad.capsule = CapsuleId{500};
  capsules.prepare(std::move(bad));
  EXPECT_NE(expect<capsule::Failed>(CapsuleId{500}).why.context, "");
  capsules.forget(CapsuleId{500});
  a_life_passes();
  EXPECT_TRUE(heard(CapsuleId{500}).empty());
}

TEST_P(CapsulesContract, AnEndCarriesTheLastStateIfItWasAskedFor) {
  for (bool const wanted : {true, false}) {
    auto one = order(7);
    one.tell_end = wanted;
    auto const capsule = prepared(std::move(one));
    capsules.start(capsule, Epoch{1});
    expect<capsule::Running>(capsule);
    auto const ended = expect<capsule::Ended>(capsule);
    EXPECT_EQ(ended.manifest.empty(), !wanted);
    if (wanted) {
      EXPECT_EQ((Image{ended.manifest, {}}).decoded().steps, 7U);
    }
  }
}

// ---- freezing

TEST_P(CapsulesContract, AFrozenJobTakesNoStepAndItsArenaIsStable) {
  auto const capsule = running();
  ASSERT_TRUE(steps_pass(capsule, 3));
  auto const image = frozen(capsule);
  auto const steps = image.decoded().steps;
  EXPECT_GT(steps, 3U);
  a_life_passes();
  EXPECT_EQ(steps_of(capsule), steps);
  auto const arena = capsules.arena(capsule, image.arena.size());
  EXPECT_TRUE(std::ranges::equal(arena.first(image.arena.size()), image.arena));
  EXPECT_TRUE(heard(capsule).empty());
  EXPECT_EQ(thawed(capsule, Epoch{2}).steps, steps);
  EXPECT_TRUE(steps_pass(capsule, steps));
}

TEST_P(CapsulesContract, AThawTakesTheEpoch) {
  auto const capsule = running(endless, Epoch{4});
  EXPECT_EQ(frozen(capsule).decoded().epoch, Epoch{4});
  thawed(capsule, Epoch{5});
  EXPECT_EQ(frozen(capsule).decoded().epoch, Epoch{5});
  thawed(capsule, Epoch{9});
  thawed(capsule, Epoch{11});  // of a freeze never asked for
  EXPECT_EQ(frozen(capsule).decoded().epoch, Epoch{11});
}

TEST_P(CapsulesContract, EachThawIsAnsweredByOneRunning) {
  auto const capsule = running();
  std::uint64_t epoch = 1;
  std::ptrdiff_t running = 0;
  auto const thaw = [&] {
    capsules.thaw(capsule, Epoch{++epoch}, Others::none);
    ++running;
  };
  for (int round = 0; round < 20; ++round) {
    thaw();  // of what was never frozen
    capsules.freeze(capsule);
    if (round % 2 == 0) rig->let_pass();
    thaw();  // frozen, or about to be
    if (round % 3 == 0) rig->let_pass();
  }
  ASSERT_TRUE(until([&] { return count<capsule::Running>(heard(capsule)) == running; }));
  heard(capsule).clear();
  a_life_passes();
  EXPECT_TRUE(heard(capsule).empty()) << "a Frozen of a withdrawn freeze comes before its Running";
  EXPECT_EQ(frozen(capsule).decoded().epoch, Epoch{epoch});
}

TEST_P(CapsulesContract, AFreezeMayFindTheJobAtItsEnd) {
  for (std::uint64_t steps = 1; steps <= 8; ++steps) {
    auto const capsule = running(steps);
    capsules.freeze(capsule);
    auto const event = next(capsule);
    if (std::holds_alternative<capsule::Frozen>(event)) {
      thawed(capsule, Epoch{2});
      EXPECT_EQ(expect<capsule::Ended>(capsule).outcome.steps, steps);
    } else {
      EXPECT_TRUE(std::holds_alternative<capsule::Ended>(event)) << kind_of(event);
      capsules.thaw(capsule, Epoch{2}, Others::none);  // crosses its end: ignored
    }
    a_life_passes();
    EXPECT_TRUE(heard(capsule).empty());
  }
}

// ---- moving

TEST_P(CapsulesContract, ARestoredJobGoesOnFromItsImage) {
  auto const source = running();
  ASSERT_TRUE(steps_pass(source, 30));
  auto const image = frozen(source);
  gone(source);
  auto const steps = image.decoded().steps;
  auto const target = restored(image, Epoch{2}, steps + 10);
  auto const running = expect<capsule::Running>(target);
  EXPECT_EQ(running.steps, steps);
  EXPECT_FALSE(running.suspended);
  EXPECT_EQ(expect<capsule::Ended>(target).outcome.steps, steps + 10);
}

TEST_P(CapsulesContract, ASuspendedJobStaysSuspendedWhereItIsRestored) {
  auto const source = running();
  capsules.suspend(source);
  expect<capsule::Suspended>(source);
  auto const image = frozen(source);
  EXPECT_TRUE(image.decoded().suspended);
  gone(source);
  auto const target = restored(image, Epoch{2});
  EXPECT_TRUE(expect<capsule::Running>(target).suspended);
  a_life_passes();
  EXPECT_EQ(steps_of(target), image.decoded().steps);
  capsules.resume(target);
  expect<capsule::Resumed>(target);
  EXPECT_TRUE(steps_pass(target, image.decoded().steps));
}

TEST_P(CapsulesContract, AManifestThatCannotBeReadFails) {
  auto const source = running();
  auto image = frozen(source);
  image.manifest = to_bytes("no manifest");
  auto const target = restored(image, Epoch{2});
  EXPECT_NE(expect<capsule::Failed>(target).why.context, "");
}

// ---- orders

TEST_P(CapsulesContract, OrdersBeforeAFreezeAreAnsweredBeforeItsFrozen) {
  auto const capsule = running();
  for (std::uint64_t round = 0; round < 10; ++round) {
    capsules.suspend(capsule);
    capsules.call(capsule, RequestId{round * 2 + 1}, "get", {});
    capsules.resume(capsule);
    capsules.call(capsule, RequestId{round * 2 + 2}, "get", {});
    capsules.freeze(capsule);
    expect<capsule::Suspended>(capsule);
    EXPECT_EQ(expect<capsule::Called>(capsule).request, RequestId{round * 2 + 1});
    expect<capsule::Resumed>(capsule);
    auto const called = expect<capsule::Called>(capsule);
    EXPECT_EQ(called.request, RequestId{round * 2 + 2});
    EXPECT_FALSE(called.failure) << called.failure->context;
    EXPECT_NE(called.answer, "");
    expect<capsule::Frozen>(capsule);
    thawed(capsule, Epoch{2 + round});
  }
}

TEST_P(CapsulesContract, ASuspendedJobTakesNoStepUntilItIsResumed) {
  auto const capsule = running();
  capsules.suspend(capsule);
  expect<capsule::Suspended>(capsule);
  auto const steps = frozen(capsule).decoded().steps;
  EXPECT_TRUE(thawed(capsule, Epoch{2}).suspended);
  a_life_passes();
  EXPECT_EQ(steps_of(capsule), steps);
  capsules.resume(capsule);
  expect<capsule::Resumed>(capsule);
  EXPECT_TRUE(steps_pass(capsule, steps));
}

// ---- ends

TEST_P(CapsulesContract, NoEventFollowsAKillAndTheArenaStaysUntilItIsForgotten) {
  for (bool const is_frozen : {false, true}) {
    auto const capsule = running();
    ASSERT_TRUE(steps_pass(capsule, 2));
    auto const image = frozen(capsule);
    if (!is_frozen) capsules.thaw(capsule, Epoch{2}, Others::none);
    heard(capsule).clear();
    capsules.kill(capsule);
    look();
    heard(capsule).clear();
    a_life_passes();
    EXPECT_TRUE(heard(capsule).empty());
    auto const arena = capsules.arena(capsule, image.arena.size());
    ASSERT_GE(arena.size(), image.arena.size());
    if (is_frozen) {
      EXPECT_TRUE(std::ranges::equal(arena.first(image.arena.size()), image.arena));
    }
    EXPECT_GE(capsules.arena(capsule, image.arena.size() + 8192).size(), image.arena.size() + 8192)
        << "and can be grown";
    capsules.forget(capsule);
  }
}

TEST_P(CapsulesContract, TheArenaOfAnEndedJobStaysUntilItIsForgotten) {
  auto const capsule = running(50);
  expect<capsule::Ended>(capsule);
  EXPECT_GE(capsules.arena(capsule, 20'000).size(), 20'000U);
  a_life_passes();
  EXPECT_GE(capsules.arena(capsule, 20'000).size(), 20'000U);
  capsules.forget(capsule);
}

TEST_P(CapsulesContract, ACrashIsReportedOnceAndTheArenaStays) {
  auto const capsule = running(), other = running();
  ASSERT_TRUE(steps_pass(capsule, 10));
  crash(capsule);
  auto const outcome = expect<capsule::Died>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::crashed);
  EXPECT_NE(outcome.reason, "");
  EXPECT_GT(outcome.steps, 10U);
  EXPECT_GE(capsules.arena(capsule, 4096).size(), 4096U);
  EXPECT_TRUE(steps_pass(other, steps_of(other))) << "no other is harmed";
  a_life_passes();
  EXPECT_TRUE(heard(capsule).empty());
}

TEST_P(CapsulesContract, ACrashWhileFrozenLeavesTheImage) {
  auto const capsule = running();
  ASSERT_TRUE(steps_pass(capsule, 10));
  auto const image = frozen(capsule);
  crash(capsule);
  expect<capsule::Died>(capsule);
  auto const arena = capsules.arena(capsule, image.arena.size());
  EXPECT_TRUE(std::ranges::equal(arena.first(image.arena.size()), image.arena));
  auto const target = restored(image, Epoch{2}, image.decoded().steps + 5);
  expect<capsule::Running>(target);
  expect<capsule::Ended>(target);
}

TEST_P(CapsulesContract, CallsAboutUnknownOrDeadCapsulesAreIgnored) {
  auto const ended = running(3), killed = running();
  expect<capsule::Ended>(ended);
  capsules.kill(killed);
  look();
  heard(killed).clear();
  for (auto const capsule : {ended, killed, CapsuleId{900}}) {
    capsules.start(capsule, Epoch{2});
    capsules.restore(capsule, Epoch{2}, {});
    capsules.freeze(capsule);
    capsules.thaw(capsule, Epoch{3}, Others::none);
    capsules.suspend(capsule);
    capsules.resume(capsule);
    capsules.call(capsule, RequestId{1}, "get", {});
    capsules.kill(capsule);
  }
  a_life_passes();
  for (auto const capsule : {ended, killed, CapsuleId{900}}) EXPECT_TRUE(heard(capsule).empty());
}

// ---- leases

TEST_P(CapsulesContract, WithoutALeaseNoStepBeginsUntilItIsSetLater) {
  auto const capsule = running();
  ASSERT_TRUE(steps_pass(capsule, 3));
  auto const steps = frozen(capsule).decoded().steps;
  capsules.set_lease(rig->now());
  EXPECT_EQ(thawed(capsule, Epoch{2}).steps, steps);
  EXPECT_EQ(frozen(capsule).decoded().steps, steps) << "it may be frozen, and has taken no step";
  thawed(capsule, Epoch{3});
  capsules.set_lease(rig->now() + std::chrono::hours(1));
  EXPECT_TRUE(steps_pass(capsule, steps));
}

// A job that may run elsewhere already must not cut back its outputs.
TEST_P(CapsulesContract, WithoutALeaseNothingStartsUntilItIsSetLater) {
  auto const witness = running();
  auto const late = prepared(order());
  capsules.set_lease(rig->now());
  capsules.start(late, Epoch{1});
  frozen(witness);  // time for the other to start in, if it would
  look();
  EXPECT_TRUE(heard(late).empty()) << kind_of(heard(late).front());
  capsules.set_lease(rig->now() + std::chrono::hours(1));
  expect<capsule::Running>(late);
}

// Nor must it take the place of outputs that another goes on in; and what is told after it comes after it.
TEST_P(CapsulesContract, WithoutALeaseNoFreshFilesTakeTheOldOnesPlace) {
  auto const witness = running();
  auto const late = running();
  auto const steps = frozen(late).decoded().steps;
  capsules.set_lease(rig->now());
  capsules.thaw(late, Epoch{2}, Others::perhaps_there);
  capsules.freeze(late);
  frozen(witness);  // time for the other to thaw in, if it would
  look();
  EXPECT_TRUE(heard(late).empty()) << kind_of(heard(late).front());
  capsules.set_lease(rig->now() + std::chrono::hours(1));
  EXPECT_EQ(expect<capsule::Running>(late).steps, steps);
  EXPECT_EQ(decode<Manifest>(expect<capsule::Frozen>(late).manifest)->epoch, Epoch{2});
  capsules.thaw(late, Epoch{3}, Others::perhaps_there);
  expect<capsule::Running>(late);
  EXPECT_TRUE(steps_pass(late, steps));
}

// ---- reports

TEST_P(CapsulesContract, TheReportFollowsTheJob) {
  auto const capsule = running();
  for (std::uint64_t steps = 0; steps < 100; ++steps) {
    ASSERT_TRUE(steps_pass(capsule, steps));
    auto const last_safe_point = capsules.report(capsule).last_safe_point;
    ASSERT_LE(last_safe_point, rig->now());
  }
  auto const image = frozen(capsule);
  auto const report = capsules.report(capsule);
  EXPECT_EQ(report.steps, image.decoded().steps);
  EXPECT_EQ(report.arena_bytes, image.arena.size());
  EXPECT_LE(report.last_safe_point, rig->now());
  EXPECT_GT(report.last_safe_point, Instant{});
}

}  // namespace godwit::contract
