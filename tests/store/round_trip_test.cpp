// An image that is written through the real adapter comes back bit-identical: manifest, label, every array's
// bytes. Also: answers come in order, nothing but the published files is left, nothing is ever replaced.
#include <thread>

#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/layout.hpp"
#include "store/fixture.hpp"

namespace godwit {
namespace {

using test::Image;
using test::TempDir;
using test::TestStore;

// The arena as a restore should find it: arrays where they were, zeros between them.
Bytes arrays_only(Image const& image) {
  Bytes pages(image.pages.size());
  for (auto const& array : image.manifest.arrays) {
    std::copy_n(image.pages.begin() + static_cast<std::ptrdiff_t>(array.offset), array.bytes,
                pages.begin() + static_cast<std::ptrdiff_t>(array.offset));
  }
  return pages;
}

void expect_round_trip(TestStore& store, Image const& image) {
  auto const written = store.write(image);
  ASSERT_TRUE(written.image) << written.image.failure().context;
  EXPECT_EQ(written.image->path, checkpoint_path(image.label.job, image.label.epoch, image.label.generation));

  auto const verified = store.verify({*written.image});
  ASSERT_TRUE(verified.image) << verified.set_aside.front().context;
  EXPECT_EQ(*verified.image, *written.image);
  EXPECT_TRUE(verified.set_aside.empty());
  EXPECT_EQ(verified.manifest, encode(image.manifest));
  EXPECT_EQ(verified.arena_bytes, image.pages.size());

  Bytes arena(verified.arena_bytes);
  auto const loaded = store.load(*verified.image, arena);
  ASSERT_TRUE(loaded.status) << loaded.status.failure().context;
  EXPECT_EQ(arena, arrays_only(image));
}

TEST(RoundTrip, OneOfEverything) {
  TempDir const directory;
  TestStore store(directory.path());
  expect_round_trip(store, test::sample_image());
  EXPECT_EQ(directory.names_below(), std::vector<std::string>{"jobs/7/checkpoints/5-12.h5"});
}

TEST(RoundTrip, OneNumber) {
  TempDir const directory;
  TestStore store(directory.path());
  expect_round_trip(store, test::tiny_image());
}

TEST(RoundTrip, NothingAtAll) {
  TempDir const directory;
  TestStore store(directory.path());
  Image image;
  image.label.job = {1};
  image.label.generation = {1};
  expect_round_trip(store, image);
}

TEST(RoundTrip, WithoutStagingMemory) {  // the image doesn't fit: it is written from the arena
  TempDir const directory;
  TestStore store(directory.path(), 4096);
  expect_round_trip(store, test::sample_image());
}

TEST(RoundTrip, LargeTextsListsAndTails) {  // beyond what HDF5 keeps in an object's header
  TempDir const directory;
  TestStore store(directory.path());
  auto image = test::tiny_image();
  image.manifest.fields.push_back({"text", FieldForm::text, Scalar::u8, to_bytes(std::string(200'000, 'x'))});
  image.manifest.fields.push_back({"list", FieldForm::list, Scalar::u64, Bytes(800'000, std::byte{7})});
  image.manifest.streams.push_back(
      {"out", "/o", StreamMode::replace, 300'000, 300'000, 0, Bytes(300'000, std::byte{'y'})});
  for (int i = 0; i < 200; ++i) {  // many fields: HDF5 changes how it keeps the group's links
    image.manifest.fields.push_back({"f" + std::to_string(i), FieldForm::number, Scalar::u8, Bytes(1)});
  }
  for (std::uint64_t i = 0; i < 100; ++i) {
    image.manifest.arrays.push_back(
        {"a" + std::to_string(i), Scalar::u8, {40'000}, image.pages.size(), 40'000});
    image.pages.resize(image.pages.size() + 40'960, static_cast<std::byte>(i));
  }
  image.manifest.arena_bytes = image.pages.size();
  expect_round_trip(store, image);
}

TEST(RoundTrip, LabelAndLogs) {
  TempDir const directory;
  TestStore store(directory.path());
  auto const image = test::sample_image();
  test::write_file(directory.path() / "jobs/7/stdout", view_of("first\nafter the safe point"));
  auto const written = store.write(image);
  ASSERT_TRUE(written.image);
  auto const file = CheckpointFile::open(directory.path() / written.image->path);
  ASSERT_TRUE(file) << file.failure().context;
  EXPECT_EQ(file->manifest(), image.manifest);
  EXPECT_EQ(file->file_bytes(), written.bytes);
  EXPECT_EQ(layout::time_text(file->time()), "2026-11-21T09:14:07.123456Z");
  EXPECT_EQ(file->software(), "0.0.0-test");
  EXPECT_TRUE(file->ancestors().empty());
  auto const& label = file->label();
  EXPECT_EQ(label.job, image.label.job);
  EXPECT_EQ(label.epoch, image.label.epoch);
  EXPECT_EQ(label.generation, image.label.generation);
  EXPECT_EQ(label.parent, image.label.parent);
  EXPECT_EQ(label.host, image.label.host);
  EXPECT_EQ(label.node, image.label.node);
  EXPECT_EQ(label.spec.arguments, image.label.spec.arguments);
  EXPECT_EQ(label.spec.account, "chem/anna");
  EXPECT_EQ(label.spec.name, "plate");
  ASSERT_EQ(file->logs().size(), 1U);
  EXPECT_EQ(file->logs().front().text,
            "first\nsecond line");  // durable part from the file, the rest from the image
}

TEST(Store, TheArenaMayChangeOnceStaged) {
  TempDir const directory;
  TestStore store(directory.path());
  auto image = test::sample_image();
  auto const expected = arrays_only(image);
  store.adapter().write({1}, image.label, encode(image.manifest), image.pages, {CapsuleId{1}});
  ASSERT_EQ(std::get<stored::Staged>(store.next()).request, RequestId{1});
  std::ranges::fill(image.pages, std::byte{0xee});
  auto const written = std::get<stored::Written>(store.next());
  ASSERT_TRUE(written.image);
  Bytes arena(expected.size());
  ASSERT_TRUE(store.load(*written.image, arena).status);
  EXPECT_EQ(arena, expected);
}

TEST(Store, ManyRequestsAtOnce) {  // several images staged while earlier ones are written, in bounded memory
  TempDir const directory;
  TestStore store(directory.path(), 8 << 20);
  constexpr std::uint64_t count = 20;
  std::vector<Image> images;
  for (std::uint64_t i = 1; i <= count; ++i) {
    images.push_back(i % 3 == 0 ? test::tiny_image({i}) : test::sample_image({i}));
  }
  for (auto const& image : images) {
    store.adapter().reserve({1000 + image.label.generation.value}, image.pages.size());
    store.adapter().write({image.label.generation.value}, image.label, encode(image.manifest), image.pages,
                          {CapsuleId{1}});
  }
  std::uint64_t staged = 0, written = 0, reserved = 0;
  while (written < count) {
    auto const event = store.next();
    if (auto const* at = std::get_if<stored::Staged>(&event)) {
      EXPECT_EQ(at->request.value, ++staged);
    }
    reserved += std::holds_alternative<stored::Reserved>(event) ? 1 : 0;
    if (auto const* at = std::get_if<stored::Written>(&event)) {
      EXPECT_EQ(at->request.value, ++written);
      EXPECT_LE(written, staged);
      EXPECT_TRUE(at->image) << at->image.failure().context;
    }
  }
  EXPECT_EQ(reserved, count);
  EXPECT_EQ(directory.names_below().size(), count);
  for (auto const& image : images) {
    auto const path = checkpoint_path(image.label.job, image.label.epoch, image.label.generation);
    Bytes arena(image.pages.size());
    ASSERT_TRUE(store.load({image.label.epoch, image.label.generation, path}, arena).status);
    EXPECT_EQ(arena, arrays_only(image));
  }
}

TEST(Store, TwoStoresOnOneDirectory) {  // two hosts of one node, each from its own thread
  TempDir const directory;
  auto const writes = [&](Epoch epoch) {
    TestStore store(directory.path());
    for (std::uint64_t i = 1; i <= 10; ++i) {
      auto image = test::sample_image({i});
      image.label.epoch = epoch;
      auto const written = store.write(image);
      ASSERT_TRUE(written.image) << written.image.failure().context;
      ASSERT_TRUE(store.verify({*written.image}).image);
    }
  };
  // HDF5 is one library per process: its own lock keeps these two apart.
  std::thread other([&] { writes({2}); });
  writes({1});
  other.join();
  EXPECT_EQ(directory.names_below().size(), 20U);
}

TEST(Store, NeverReplacesAFile) {
  TempDir const directory;
  TestStore store(directory.path());
  auto const first = store.write(test::tiny_image());
  ASSERT_TRUE(first.image);
  auto const before = test::read_file(directory.path() / first.image->path);
  auto other = test::tiny_image();
  other.manifest.steps = 1;
  auto const second = store.write(other);
  ASSERT_FALSE(second.image);
  EXPECT_EQ(second.image.failure().code, "exists");
  EXPECT_EQ(test::read_file(directory.path() / first.image->path), before);
  EXPECT_EQ(directory.names_below().size(), 1U);
}

TEST(Store, DestructionFinishesWhatWasAsked) {
  TempDir const directory;
  auto const image = test::sample_image();
  {
    TestStore store(directory.path());
    store.adapter().write({1}, image.label, encode(image.manifest), image.pages, {CapsuleId{1}});
  }
  EXPECT_EQ(directory.names_below(), std::vector<std::string>{"jobs/7/checkpoints/5-12.h5"});
}

TEST(Store, EqualImagesGiveEqualFiles) {
  TempDir const one, two;
  auto const image = test::sample_image();
  auto const first = TestStore(one.path()).write(image);
  auto const second = TestStore(two.path()).write(image);
  ASSERT_TRUE(first.image && second.image);
  EXPECT_EQ(test::read_file(one.path() / first.image->path),
            test::read_file(two.path() / second.image->path));
}

}  // namespace
}  // namespace godwit
