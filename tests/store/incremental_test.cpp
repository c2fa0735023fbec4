// A generation holds only the pages that were written since the one before it, and yet reads as the whole
// state: by this reader, and by h5py and h5dump. Where it isn't known what was written, or where that doesn't
// pay, it is a full one.
#include <cstring>
#include <fstream>

#include "store/job_in_pages.hpp"
#include "store/spec_reader.hpp"

namespace godwit {
namespace {

using test::JobInPages;

class Incremental : public testing::Test {
 protected:
  // Its files that the newest one needs.
  std::vector<std::string> needed() {
    auto const file = job.open();
    EXPECT_TRUE(file) << file.failure().context;
    std::vector<std::string> names;
    if (file) {
      for (auto const& one : file->ancestors()) names.push_back(one.file);
    }
    return names;
  }
  std::filesystem::path checkpoints() const { return job.path().parent_path(); }

  test::TempDir directory;
  JobInPages job{directory.path()};
};

TEST_F(Incremental, HoldsWhatWasWrittenAndNamesWhereTheRestIs) {
  auto const full = job.checkpoint();
  ASSERT_TRUE(full.image);
  EXPECT_TRUE(needed().empty());
  for (std::uint64_t const page : {3, 4, 100, 160}) job.scribble(page);
  auto const part = job.checkpoint();
  ASSERT_TRUE(part.image) << part.image.failure().context;
  EXPECT_LT(part.bytes, full.bytes / 8);
  EXPECT_EQ(needed(), std::vector<std::string>{"5-1.h5"});
  auto const first = CheckpointFile::open(directory.path() / full.image->path);
  ASSERT_TRUE(first);
  EXPECT_EQ(job.open()->ancestors().front().root, first->root());
  job.expect_loads();
}

TEST_F(Incremental, NothingWrittenIsAFileTooAndSoIsEverythingThatIsSmall) {
  ASSERT_TRUE(job.checkpoint().image);
  ASSERT_TRUE(job.checkpoint().image);
  EXPECT_EQ(needed().size(), 1U);
  job.expect_loads();
  auto const& few = job.image.manifest.arrays[1];
  job.scribble(few.offset / tracked_page_bytes);
  ASSERT_TRUE(job.checkpoint().image);
  EXPECT_EQ(needed().size(), 2U);
  job.expect_loads();
}

TEST_F(Incremental, AChainReadsAsTheWholeStateAndIsBounded) {
  Random random(7);
  std::size_t longest = 0, full = 0;
  for (int generation = 0; generation < 40; ++generation) {
    for (int i = 0; i < 3; ++i) job.scribble(random.below(job.pages()));
    ASSERT_TRUE(job.checkpoint().image);
    job.expect_loads();
    auto const ancestors = needed();
    longest = std::max(longest, ancestors.size());
    full += ancestors.empty() ? 1 : 0;
    if (!ancestors.empty())
      EXPECT_EQ(ancestors.front(), std::filesystem::path(job.image.label.parent->path).filename());
  }
  EXPECT_EQ(longest, 8U);
  EXPECT_EQ(full, 5U);
}

TEST_F(Incremental, AFullOneComesWhenTheOthersTakeHalfAsMuch) {
  ASSERT_TRUE(job.checkpoint().image);
  auto const third = job.pages() / 3;
  for (std::uint64_t page = 0; page < third; ++page) job.scribble(page);
  ASSERT_TRUE(job.checkpoint().image);
  EXPECT_EQ(needed().size(), 1U);
  for (std::uint64_t page = 0; page < third; ++page) job.scribble(page);
  ASSERT_TRUE(job.checkpoint().image);
  EXPECT_TRUE(needed().empty());
  job.expect_loads();
}

TEST_F(Incremental, WhatNobodyKnowsIsFoundByDigests) {
  ASSERT_TRUE(job.checkpoint().image);
  for (std::uint64_t const page : {0, 147, 210}) job.scribble(page, false);
  job.written.next.reset();
  auto const part = job.checkpoint();
  ASSERT_TRUE(part.image);
  EXPECT_LT(part.bytes, 100'000U);
  EXPECT_EQ(needed().size(), 1U);
  job.expect_loads();
  job.scribble(9);  // from here on it is known again
  ASSERT_TRUE(job.checkpoint().image);
  EXPECT_EQ(needed().size(), 2U);
  job.expect_loads();
}

TEST_F(Incremental, PagesOfAWriteThatFailedBelongToTheNext) {
  ASSERT_TRUE(job.checkpoint().image);
  auto const aside = checkpoints().string() + ".aside";
  auto const place = checkpoints();
  job.scribble(20);
  std::filesystem::rename(place, aside);
  std::ofstream(place) << "in the way";
  EXPECT_FALSE(job.checkpoint().image);
  std::filesystem::remove(place);
  std::filesystem::rename(aside, place);
  job.scribble(150);
  ASSERT_TRUE(job.checkpoint().image);
  job.expect_loads();
  EXPECT_EQ(needed(), std::vector<std::string>{"5-1.h5"});
}

// While a file of the chain is away, nothing is built upon it: what can be read then is whole.
TEST_F(Incremental, IsFullWhereAnAncestorIsGone) {
  ASSERT_TRUE(job.checkpoint().image);
  ASSERT_TRUE(job.checkpoint().image);
  std::filesystem::remove(checkpoints() / "5-1.h5");
  job.scribble(20);
  ASSERT_TRUE(job.checkpoint().image);
  EXPECT_TRUE(needed().empty());
  job.expect_loads();
}

TEST_F(Incremental, OnlyUponTheLastOneOfTheSameCapsule) {
  ASSERT_TRUE(job.checkpoint().image);
  job.scribble(20);
  ASSERT_TRUE(job.checkpoint(CapsuleId{2}).image);
  EXPECT_TRUE(needed().empty()) << "another capsule";
  job.newest = msg::ImageName{{5}, {1}, checkpoint_path({7}, {5}, {1})};
  ASSERT_TRUE(job.checkpoint(CapsuleId{2}).image);
  EXPECT_TRUE(needed().empty()) << "another parent";
  ASSERT_TRUE(job.checkpoint(CapsuleId{2}).image);
  EXPECT_EQ(needed().size(), 1U);
  job.store.adapter().forget(CapsuleId{2});
  ASSERT_TRUE(job.checkpoint(CapsuleId{2}).image);
  EXPECT_TRUE(needed().empty()) << "forgotten";
  job.image.manifest.arrays[0].shape = {250, 300};
  ASSERT_TRUE(job.checkpoint(CapsuleId{2}).image);
  EXPECT_TRUE(needed().empty()) << "another shape";
  job.expect_loads();
}

TEST_F(Incremental, FieldsMayChangeAsTheyLike) {
  ASSERT_TRUE(job.checkpoint().image);
  job.image.manifest.fields.push_back(
      {"text", FieldForm::text, Scalar::u8, to_bytes(std::string(90'000, 'x'))});
  ASSERT_TRUE(job.checkpoint().image);
  EXPECT_EQ(needed().size(), 1U);
  EXPECT_EQ(job.open()->manifest(), job.image.manifest);
  job.expect_loads();
}

TEST_F(Incremental, NeedsNoStagingForMoreThanWasWritten) {
  test::TempDir const other;
  JobInPages large{other.path()};
  test::TestStore small(other.path(), 64 << 10);
  auto write = [&](Generation generation, std::optional<msg::ImageName> parent) {
    large.image.label.generation = generation;
    large.image.label.parent = std::move(parent);
    return small.write(large.image, {CapsuleId{1}, &large.written});
  };
  auto const full = write({1}, {});
  ASSERT_TRUE(full.image);
  large.written.next = PageRuns{};
  large.scribble(33);
  auto const part = write({2}, *full.image);
  ASSERT_TRUE(part.image);
  EXPECT_LT(part.bytes, full.bytes / 8);
  large.newest = *part.image;
  large.expect_loads();
}

class IncrementalInOtherTools : public Incremental {
 protected:
  void SetUp() override {
    Random random(3);
    for (int generation = 0; generation < 6; ++generation) {
      for (int i = 0; i < 9; ++i) job.scribble(random.below(job.pages()));
      ASSERT_TRUE(job.checkpoint().image);
    }
    ASSERT_EQ(needed().size(), 5U);
    for (auto const& array : job.image.manifest.arrays) {
      test::write_file(directory.path() / array.name,
                       ByteView(job.image.pages).subspan(array.offset, array.bytes));
    }
  }
  test::Ran python(std::string const& script) const {
    auto const file = directory.path() / "script.py";
    test::write_file(file, view_of("import h5py, numpy\nf = h5py.File('" + job.path().string() +
                                   "', 'r')\ns = f['state']\n" + "def raw(name): return open('" +
                                   directory.path().string() + "/' + name, 'rb').read()\n" + script));
    return test::run("cd / && /usr/bin/python3 " + file.string());
  }
};

TEST_F(IncrementalInOtherTools, H5pyReadsTheWholeState) {
  auto const ran = python(R"(
for name, dtype, shape in (('grid', '<f8', (300, 250)), ('few', 'u1', (700,)), ('cube', '<i2', (5, 70, 301)), ('flags', '?', (50000,))):
    assert s[name].dtype == dtype and s[name].shape == shape, name
    assert numpy.array_equal(s[name][:], numpy.frombuffer(raw(name), dtype).reshape(shape)), name
assert s['grid'].is_virtual and not s['few'].is_virtual
assert s['cube'][3, 10:20, 7].tolist() == numpy.frombuffer(raw('cube'), '<i2').reshape(5, 70, 301)[3, 10:20, 7].tolist()
needed = f['integrity/requires'][:]
assert [row['file'] for row in needed] == [b'5-5.h5', b'5-4.h5', b'5-3.h5', b'5-2.h5', b'5-1.h5']
assert needed['root'][-1] == h5py.File(f.filename.replace('5-6', '5-1'))['integrity'].attrs['root']
assert f.attrs['format_version'] == 4 and f.attrs['parent'] == '5-5'
)");
  EXPECT_EQ(ran.status, 0) << ran.output;
}

TEST_F(IncrementalInOtherTools, H5dumpReadsTheWholeState) {
  for (auto const* name : {"grid", "cube"}) {
    auto const raw = directory.path() / "dumped";
    auto const ran = test::run("cd / && h5dump -d /state/" + std::string(name) + " -b LE -o " + raw.string() +
                               " " + job.path().string());
    ASSERT_EQ(ran.status, 0) << ran.output;
    EXPECT_TRUE(test::read_file(raw) == test::read_file(directory.path() / name)) << name;
  }
}

// Also by the reader that the specification prints, which compares every digest with what HDF5 reads.
TEST_F(IncrementalInOtherTools, TheReaderInTheSpecificationReadsTheWholeState) {
  auto const script = test::reader_in_the_specification(directory.path());
  auto const read = [&] {
    return test::run("cd / && /usr/bin/python3 -B " + script.string() + " " + job.path().string());
  };
  auto const ran = read();
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_NE(ran.output.find("grid float64 (300, 250)"), std::string::npos) << ran.output;
  auto const third = checkpoints() / "5-3.h5";
  auto const whole = test::read_file(third);
  auto flipped = whole;
  flipped[flipped.size() - 5000] ^= std::byte{1};
  test::write_file(third, flipped);
  EXPECT_NE(read().output.find("damaged"), std::string::npos);
  std::filesystem::copy_file(checkpoints() / "5-2.h5", third,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(read().output.find("5-3.h5, which is another file now"), std::string::npos);
  std::filesystem::remove(third);
  EXPECT_NE(read().output.find("5-3.h5, which is missing"), std::string::npos);
}

TEST_F(IncrementalInOtherTools, WhatIsMissingIsNeverZero) {
  for (int generation = 1; generation <= 5; ++generation) {
    std::filesystem::remove(checkpoints() / ("5-" + std::to_string(generation) + ".h5"));
  }
  auto const ran = python(R"(
missing = numpy.isnan(s['grid'][:]).sum()
assert 300 * 250 - 9 * 512 <= missing < 300 * 250, missing
assert (s['cube'][:] == -32768).sum() >= 5 * 70 * 301 - 9 * 2048
)");
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_FALSE(job.open());
}

}  // namespace
}  // namespace godwit
