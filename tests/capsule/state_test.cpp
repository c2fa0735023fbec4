// Shows what a restore accepts and refuses when job and image differ, naming the field; and what prepare()
// refuses: arguments, plugins, directories, memory.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "capsule/rig.hpp"

namespace godwit::testing {
namespace {

class StateOf : public ::testing::Test {
 protected:
  Image image_of(std::string const& plugin) {
    auto const capsule = rig.start(host, rig.fixture(plugin, "versioned"));
    auto image = host.freeze(capsule);
    host.end(capsule);
    return image;
  }
  std::string refusal(std::string const& plugin, Image const& image) {
    auto const capsule = rig.send_restore(host, rig.fixture(plugin, "versioned"), image, Epoch{2});
    auto const why = host.expect<capsule::Failed>(capsule).why;
    return why.code + ": " + why.context;
  }
  std::string answer(CapsuleId capsule, std::string const& method) {
    host.service().call(capsule, RequestId{1}, method, {});
    return host.expect<capsule::Called>(capsule).answer;
  }
  Failure failure_to_prepare(CapsuleOrder order) {
    auto const capsule = order.capsule;
    host.service().prepare(std::move(order));
    return host.expect<capsule::Failed>(capsule).why;
  }

  Rig rig;
  Host host{rig.store()};
};

TEST_F(StateOf, AFieldThatTheJobDroppedIsRefused) {
  EXPECT_EQ(refusal("versioned_2", image_of("versioned_1")),
            "state_unknown: the image has a field 'old', and the job neither describes nor retires it: add "
            "s.retired(\"old\") if it may be dropped");
}

TEST_F(StateOf, ARetiredFieldIsDroppedAndANewOneTakesItsDefault) {
  auto const image = image_of("versioned_1");
  auto const capsule = rig.restore(host, rig.fixture("versioned_3", "versioned"), image, Epoch{2});
  EXPECT_EQ(answer(capsule, "extra"), "42");
  EXPECT_EQ(answer(capsule, "names"), "Anna;Bo;one=1;two=2;");
  EXPECT_EQ(answer(capsule, "version"), "1") << "version() is the image's while restoring";
}

TEST_F(StateOf, AFieldWithoutADefaultIsMissed) {
  auto const why = refusal("versioned_4", image_of("versioned_1"));
  EXPECT_TRUE(why.starts_with("state_missing: the image has no field 'fresh'")) << why;
}

TEST_F(StateOf, AChangedTypeIsRefusedWithBoth) {
  auto const why = refusal("versioned_5", image_of("versioned_1"));
  EXPECT_TRUE(why.starts_with("state_type_changed: field 'old' is int64 in the image and float64 in the job"))
      << why;
}

TEST_F(StateOf, AListOfOtherThingsIsAnotherType) {
  auto const why = refusal("versioned_7", image_of("versioned_3"));
  EXPECT_TRUE(
      why.starts_with("state_type_changed: field 'names' is list of text in the image and list of float64 "
                      "in the job"))
      << why;
}

TEST_F(StateOf, AnOlderPluginIsRefused) {
  auto const why = refusal("versioned_2", image_of("versioned_4"));
  EXPECT_TRUE(why.starts_with("state_version: ")) << why;
}

TEST_F(StateOf, ANameDescribedTwiceIsRefused) {
  auto const capsule = rig.prepare(host, rig.fixture("versioned_6", "versioned"));
  host.service().start(capsule, Epoch{1});
  EXPECT_EQ(host.expect<capsule::Failed>(capsule).why.code, "described_twice");
}

TEST_F(StateOf, ADamagedManifestIsRefused) {
  auto image = image_of("versioned_1");
  image.manifest.resize(image.manifest.size() / 2);
  EXPECT_TRUE(refusal("versioned_1", image).starts_with("malformed: "));
}

TEST_F(StateOf, AnImageOfAnotherTypeIsRefused) {
  auto const image = image_of("versioned_1");
  auto const capsule = rig.send_restore(host, rig.order("counter"), image, Epoch{2});
  EXPECT_EQ(host.expect<capsule::Failed>(capsule).why.code, "wrong_image");
}

TEST_F(StateOf, AnExceptionInRestoredRefuses) {
  auto const first = rig.start(host, rig.fixture("odd", "odd", {{"way", "idle"}}));
  auto const image = host.freeze(first);
  auto const second =
      rig.send_restore(host, rig.fixture("odd", "odd", {{"way", "throw_in_restored"}}), image, Epoch{2});
  EXPECT_EQ(host.expect<capsule::Failed>(second).why.context, "can't rebuild");
  auto const third =
      rig.send_restore(host, rig.fixture("odd", "odd", {{"way", "throw_int_in_restored"}}), image, Epoch{2});
  EXPECT_EQ(host.expect<capsule::Failed>(third).why.context, "an exception that isn't a std::exception");
  host.service().thaw(first, Epoch{3});
  host.expect<capsule::Running>(first);
}

TEST_F(StateOf, ArgumentsAreChecked) {
  EXPECT_EQ(failure_to_prepare(rig.order("counter", {{"limit", "many"}})).context,
            "argument 'limit': 'many' is not an integer in range");
  EXPECT_EQ(failure_to_prepare(rig.order("counter", {{"limits", "3"}})).context, "unknown argument 'limits'");
  EXPECT_EQ(failure_to_prepare(rig.order("sleep")).context, "argument 'seconds' is missing (how long)");
}

TEST_F(StateOf, PluginsAreChecked) {
  auto const why = [&](CapsuleOrder order) { return failure_to_prepare(std::move(order)).context; };
  EXPECT_NE(why(rig.fixture("other_interface", "x"))
                .find("built for interface version 99, this Godwit has 2: rebuild it"),
            std::string::npos);
  EXPECT_NE(why(rig.fixture("no_descriptor", "x")).find("it names no job type"), std::string::npos);
  EXPECT_NE(why(rig.fixture("odd", "even")).find("holds job type 'odd', not 'even'"), std::string::npos);
  auto order = rig.order("counter");
  order.spec.plugin_digest = "0000000000000000";
  EXPECT_NE(why(order).find("No such file"), std::string::npos);
}

TEST_F(StateOf, APluginThatCrashesWhileItLoadsIsReported) {
  auto order = rig.fixture("bad_loader", "nothing");
  auto const capsule = order.capsule;
  host.service().prepare(std::move(order));
  EXPECT_EQ(host.expect<capsule::Died>(capsule).outcome.reason, "killed by signal 6 (SIGABRT)");
}

TEST_F(StateOf, AMissingDirectoryIsRefused) {
  auto order = rig.order("counter");
  order.spec.directory = (rig.work() / "nowhere").native();
  EXPECT_EQ(failure_to_prepare(order).code, "no_directory");
}

TEST_F(StateOf, TheMemoryLimitHolds) {
  auto order = rig.fixture("odd", "odd", {{"way", "hungry"}});
  order.spec.memory_bytes = 1 << 20;
  auto const capsule = rig.prepare(host, order);
  host.service().start(capsule, Epoch{1});
  auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
  EXPECT_EQ(outcome.ending, Ending::failed);
  EXPECT_TRUE(outcome.reason.starts_with("out of memory")) << outcome.reason;

  auto large = rig.order("counter");
  large.spec.memory_bytes = 1 << 20;
  large.arena_bytes = 1 << 21;
  EXPECT_EQ(failure_to_prepare(large).code, "memory_limit");
}

TEST_F(StateOf, MemoryIsForStart) {
  auto const capsule = rig.start(host, rig.fixture("odd", "odd", {{"way", "late_allocate"}}));
  EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.reason,
            "Context::allocate() was called outside start()");
}

TEST_F(StateOf, TheArenaIsTouchedBeforePreparedIsSaid) {
  auto order = rig.order("counter");
  order.arena_bytes = 8 << 20;
  auto const capsule = rig.prepare(host, order);
  auto const arena = host.service().arena(capsule, 8 << 20);
  ASSERT_EQ(arena.size(), std::size_t{8 << 20});
  std::vector<unsigned char> present(arena.size() / 4096);
  ASSERT_EQ(::mincore(arena.data(), arena.size(), present.data()), 0);
  for (auto const page : present) ASSERT_EQ(page & 1, 1);
}

}  // namespace
}  // namespace godwit::testing
