// Shows that an image which went through a checkpoint file restores into a newer version of its job; that one
// made on another kind of machine restores bit by bit if all of it is described, and is refused with the
// reason if not.
#include <gtest/gtest.h>

#include <algorithm>

#include "capsule/rig.hpp"
#include "edge/hdf5/checkpoint_file.hpp"
#include "store/fixture.hpp"

namespace godwit::testing {
namespace {

class Images : public ::testing::Test {
 protected:
  Image image_of(CapsuleOrder order) {
    auto const capsule = rig.start(host, std::move(order));
    auto image = host.freeze(capsule);
    host.end(capsule);
    return image;
  }
  // Through a file of its own, by the writer and the reader that a runtime uses.
  Image through_a_file(Image const& image) {
    test::Image record;
    record.manifest = image.decoded();
    record.label.job = record.manifest.job;
    record.label.epoch = {1};
    record.label.generation = next_ = next_.next();
    record.label.spec.type = record.manifest.type;
    record.pages = image.arena;
    auto const written = test::TestStore(rig.store()).write(record);
    EXPECT_TRUE(written.image);
    if (!written.image) return {};
    auto const file = CheckpointFile::open(rig.store() / written.image->path);
    EXPECT_TRUE(file);
    if (!file) return {};
    Image back{file->encoded_manifest(), Bytes(file->manifest().arena_bytes)};
    EXPECT_TRUE(file->load(back.arena));
    return back;
  }
  // As a machine of the other byte order would have made it.
  static Image turned(Image const& image) {
    auto manifest = image.decoded();
    auto other = image;
    manifest.little_endian = !manifest.little_endian;
    manifest.architecture = "s390x";
    manifest.page_bytes = 65536;
    for (auto const& place : manifest.arrays) {
      auto const width = width_bytes(place.scalar);
      for (auto at = place.offset; at < place.offset + place.bytes; at += width) {
        std::reverse(other.arena.data() + at, other.arena.data() + at + width);
      }
    }
    other.manifest = encode(manifest);
    return other;
  }
  std::string answer(CapsuleId capsule, std::string const& method) {
    host.service().call(capsule, RequestId{1}, method, {});
    return host.expect<capsule::Called>(capsule).answer;
  }

  Rig rig;
  Host host{rig.store()};
  Generation next_;
};

TEST_F(Images, OfAnOlderVersionThroughAFile) {
  auto const image = through_a_file(image_of(rig.fixture("versioned_1", "versioned")));
  auto const capsule = rig.restore(host, rig.fixture("versioned_3", "versioned"), image, Epoch{2});
  EXPECT_EQ(answer(capsule, "extra"), "42");
  EXPECT_EQ(answer(capsule, "names"), "Anna;Bo;one=1;two=2;");
  EXPECT_EQ(answer(capsule, "version"), "1");
}

TEST_F(Images, OfTheSameVersionKeepTheirListsAndMaps) {
  auto const image = through_a_file(image_of(rig.fixture("versioned_3", "versioned")));
  auto const capsule = rig.restore(host, rig.fixture("versioned_3", "versioned"), image, Epoch{2});
  EXPECT_EQ(answer(capsule, "extra"), "5");
  EXPECT_EQ(answer(capsule, "names"), "Cy;;three=3;");
}

// The fields and every array element are those of the image: compared by freezing the restored job again
// before it has taken a step.
TEST_F(Images, OfAnotherByteOrderAreRestoredBitByBit) {
  write_file(rig.work() / "input.txt", "one\ntwo\n");
  auto order = rig.fixture("chronicle", "chronicle", {{"steps", "1000000"}, {"delay_us", "1000"}});
  auto const image = image_of(order);
  auto const foreign = through_a_file(turned(image));
  ASSERT_NE(foreign.arena, image.arena);
  order.capsule = CapsuleId{1000};
  order.arena_bytes = foreign.arena.size();
  auto const capsule = rig.prepare(host, order);
  std::ranges::copy(foreign.arena, host.service().arena(capsule, foreign.arena.size()).begin());
  host.service().freeze(capsule);  // as soon as it is restored
  host.service().restore(capsule, Epoch{2}, foreign.manifest);
  host.expect<capsule::Running>(capsule);
  auto const frozen = host.expect<capsule::Frozen>(capsule);
  auto const arena = host.service().arena(capsule, frozen.arena_bytes);
  Image const again{frozen.manifest, Bytes(arena.begin(), arena.end())};
  auto const before = image.decoded();
  auto const after = again.decoded();
  EXPECT_EQ(after.steps, before.steps);
  EXPECT_EQ(after.fields, before.fields);
  EXPECT_EQ(after.arrays, before.arrays);
  EXPECT_EQ(again.arena, image.arena);
  EXPECT_EQ(after.architecture, own_architecture());
  EXPECT_TRUE(after.little_endian);
}

TEST_F(Images, OfAnotherByteOrderComputeTheSame) {
  auto const order = rig.order("heat", {{"steps", "200"}});
  auto const capsule = rig.prepare(host, order);
  host.service().freeze_at(capsule, 100);
  host.service().start(capsule, Epoch{1});
  auto const frozen = host.expect<capsule::Frozen>(capsule);
  auto const arena = host.service().arena(capsule, frozen.arena_bytes);
  Image const image{frozen.manifest, Bytes(arena.begin(), arena.end())};
  host.service().thaw(capsule, Epoch{2});
  EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.steps, 200U);
  auto const expected = rig.printed("stdout");
  ASSERT_FALSE(expected.empty());
  auto const again = rig.restore(host, order, turned(image), Epoch{3});
  EXPECT_EQ(host.expect<capsule::Ended>(again).outcome.steps, 200U);
  EXPECT_EQ(rig.printed("stdout"), expected);
}

class Foreign : public Images {
 protected:
  std::string refusal(CapsuleOrder const& order, Image const& image) {
    auto const capsule = rig.send_restore(host, order, image, Epoch{2});
    auto const why = host.expect<capsule::Failed>(capsule).why;
    return why.code + ": " + why.context;
  }
};

TEST_F(Foreign, WithMemoryThatNobodyDescribedIsRefused) {
  auto const order = rig.fixture("versioned_8", "versioned");
  auto const image = image_of(order);
  EXPECT_EQ(refusal(order, turned(image)),
            "other_architecture: the image was made on s390x (big-endian), this is " +
                std::string(own_architecture()) +
                " (little-endian), and bytes 8192 to 49152 of its arena belong to no array that describe() "
                "names, so "
                "that nobody knows how to translate them: describe every array");
  rig.restore(host, order, image, Epoch{3});  // here it isn't translated, and goes on
}

TEST_F(Foreign, OfTheSameByteOrderButAnotherMachineIsCheckedToo) {
  auto const order = rig.fixture("versioned_8", "versioned");
  auto image = image_of(order);
  auto manifest = image.decoded();
  manifest.architecture = "riscv";
  image.manifest = encode(manifest);
  EXPECT_TRUE(
      refusal(order, image).starts_with("other_architecture: the image was made on riscv (little-endian)"));
}

// `long` has 32 bits there and 64 here.
TEST_F(Foreign, WithATypeOfAnotherWidthIsRefused) {
  auto const order = rig.fixture("versioned_1", "versioned");
  auto image = image_of(order);
  auto manifest = image.decoded();
  manifest.architecture = "arm";
  for (auto& field : manifest.fields) {
    field.scalar = Scalar::i32;
    field.value.resize(4);
  }
  image.manifest = encode(manifest);
  EXPECT_TRUE(
      refusal(order, image).starts_with("state_type_changed: field 'count' is int32 in the image and int64"));
}

TEST_F(Foreign, WhereTwoArraysShareMemoryIsRefused) {
  auto const order = rig.order("counter", {{"bytes", "5000"}, {"limit", "1000000"}, {"delay_us", "1000"}});
  auto image = image_of(order);
  auto manifest = image.decoded();
  ASSERT_FALSE(manifest.arrays.empty());
  manifest.arrays.push_back(manifest.arrays.front());
  manifest.arrays.back().name = "twin";
  manifest.architecture = "arm";
  image.manifest = encode(manifest);
  EXPECT_TRUE(refusal(order, image).find("shares its memory with another") != std::string::npos);
}

}  // namespace
}  // namespace godwit::testing
