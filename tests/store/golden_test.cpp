// Checkpoints that were written by earlier versions stay readable: the golden files are opened, verified, and
// their values and root digests compared with what was recorded when they were made.
#include "store/golden.hpp"
#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/layout.hpp"

namespace godwit {
namespace {

std::filesystem::path golden(char const* name) {
  return std::filesystem::path(GODWIT_GOLDEN) / name;
}

TEST(Golden, Format1) {
  auto const file = CheckpointFile::open(golden("format-1.h5"));
  ASSERT_TRUE(file) << file.failure().context;
  ASSERT_TRUE(file->verify());
  EXPECT_EQ(file->format(), 1U);
  EXPECT_EQ(to_hex(file->root()), "103284a778e760da");
  EXPECT_EQ(to_hex(digest_of(file->encoded_manifest())), "9e1d7cdea36a1cf4");
  EXPECT_EQ(layout::time_text(file->time()), "2026-11-21T09:14:07.123456Z");

  auto const image = test::golden_image_1();
  EXPECT_EQ(file->manifest(), image.manifest);
  EXPECT_EQ(file->label().parent, image.label.parent);
  Bytes arena(image.pages.size());
  ASSERT_TRUE(file->load(arena));
  EXPECT_EQ(arena, image.pages);
}

TEST(Golden, Format2) {  // lists of texts, maps, the architecture
  auto const file = CheckpointFile::open(golden("format-2.h5"));
  ASSERT_TRUE(file) << file.failure().context;
  ASSERT_TRUE(file->verify());
  EXPECT_EQ(file->format(), 2U);
  EXPECT_EQ(to_hex(file->root()), "b18b770c210ddde0");
  EXPECT_EQ(to_hex(digest_of(file->encoded_manifest())), "ea67c30d72a375cb");
  auto const image = test::golden_image_2();
  EXPECT_EQ(file->manifest(), image.manifest);
  Bytes arena(image.pages.size());
  ASSERT_TRUE(file->load(arena));
  EXPECT_EQ(arena, image.pages);
}

TEST(Golden, Format3) {  // the rest of a wait
  auto const file = CheckpointFile::open(golden("format-3.h5"));
  ASSERT_TRUE(file) << file.failure().context;
  ASSERT_TRUE(file->verify());
  EXPECT_EQ(file->format(), 3U);
  EXPECT_EQ(to_hex(file->root()), "e0f3a9bc967c0c38");
  EXPECT_EQ(to_hex(digest_of(file->encoded_manifest())), "e0d1faac79231858");
  auto const image = test::golden_image();
  EXPECT_EQ(image.manifest.wait_left, Duration(std::chrono::milliseconds(1500)));
  EXPECT_EQ(file->manifest(), image.manifest);
  Bytes arena(image.pages.size());
  ASSERT_TRUE(file->load(arena));
  EXPECT_EQ(arena, image.pages);
}

TEST(Golden, Format4) {  // digests of pages
  auto const file = CheckpointFile::open(golden("format-4/5-12.h5"));
  ASSERT_TRUE(file) << file.failure().context;
  ASSERT_TRUE(file->verify());
  EXPECT_EQ(file->format(), 4U);
  EXPECT_EQ(to_hex(file->root()), "6498e968eb663f0f");
  auto const image = test::golden_image();
  EXPECT_EQ(file->manifest(), image.manifest);
  Bytes arena(image.pages.size());
  ASSERT_TRUE(file->load(arena));
  EXPECT_EQ(arena, image.pages);
}

TEST(Golden, Format4OfWhichAPartLiesInAnother) {
  auto const file = CheckpointFile::open(golden("format-4/5-2.h5"));
  ASSERT_TRUE(file) << file.failure().context;
  ASSERT_TRUE(file->verify());
  EXPECT_EQ(to_hex(file->root()), "054c13de7750c72d");
  ASSERT_EQ(file->ancestors().size(), 1U);
  EXPECT_EQ(file->ancestors()[0].file, "5-1.h5");
  test::TempDir const directory;
  auto const [first, second] = test::golden_generations(directory.path());
  EXPECT_EQ(file->manifest(), second.manifest);
  Bytes arena(second.pages.size());
  ASSERT_TRUE(file->load(arena));
  EXPECT_TRUE(arena == second.pages);
  EXPECT_FALSE(arena == first.pages);
}

TEST(Golden, Format5) {  // compressed arrays
  auto const file = CheckpointFile::open(golden("format-5/5-12.h5"));
  ASSERT_TRUE(file) << file.failure().context;
  ASSERT_TRUE(file->verify());
  EXPECT_EQ(file->format(), 5U);
  auto const image = test::golden_image_5();
  EXPECT_EQ(file->manifest(), image.manifest);
  Bytes arena(image.pages.size());
  ASSERT_TRUE(file->load(arena));
  EXPECT_EQ(arena, image.pages);

  auto const part = CheckpointFile::open(golden("format-5/5-2.h5"));
  ASSERT_TRUE(part) << part.failure().context;
  ASSERT_TRUE(part->verify());
  ASSERT_EQ(part->ancestors().size(), 1U);
  test::TempDir const directory;
  auto const second = test::golden_generations(directory.path(), true).second;
  Bytes whole(second.pages.size());
  ASSERT_TRUE(part->load(whole));
  EXPECT_TRUE(whole == second.pages);
}

// The same bytes; if not, the format's version must be raised.
TEST(Golden, TheWriterStillWritesFormat4) {
  test::TempDir const directory;
  test::TestStore store(directory.path());
  ASSERT_TRUE(store.write(test::golden_image()).image);
  static_cast<void>(test::golden_generations(directory.path()));
  for (auto const* name : {"5-12.h5", "5-1.h5", "5-2.h5"}) {
    auto const made = CheckpointFile::open(directory.path() / "jobs/7/checkpoints" / name);
    auto const kept = CheckpointFile::open(golden("format-4") / name);
    ASSERT_TRUE(made && kept) << name;
    EXPECT_EQ(to_hex(made->root()), to_hex(kept->root())) << name;
    EXPECT_EQ(made->encoded_manifest(), kept->encoded_manifest()) << name;
    EXPECT_EQ(made->ancestors(), kept->ancestors()) << name;
  }
}

// What deflating makes of it may change; which numbers it is of, and what it needs, may not.
TEST(Golden, TheWriterStillWritesFormat5) {
  test::TempDir const directory;
  test::TestStore store(directory.path());
  ASSERT_TRUE(store.write(test::golden_image_5()).image);
  for (auto const* name : {"5-12.h5"}) {
    auto const made = CheckpointFile::open(directory.path() / "jobs/7/checkpoints" / name);
    auto const kept = CheckpointFile::open(golden("format-5") / name);
    ASSERT_TRUE(made && kept) << name;
    EXPECT_EQ(to_hex(made->root()), to_hex(kept->root())) << name;
    EXPECT_EQ(made->format(), kept->format()) << name;
  }
}

}  // namespace
}  // namespace godwit
