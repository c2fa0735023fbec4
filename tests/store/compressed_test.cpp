// Generations whose arrays are compressed: smaller, and yet read by this reader, h5py, h5dump and the specification's reader as
// any other; damage in them is found; a chain of them holds only what was written.
#include <cstring>

#include "edge/hdf5/compression.hpp"
#include "edge/hdf5/seal.hpp"
#include "store/job_in_pages.hpp"
#include "store/spec_reader.hpp"

namespace godwit {
namespace {

using test::Image;

// One array of that shape, by page: value(i) for each byte.
template <class F>
Image image_of(std::vector<std::uint64_t> shape, Scalar scalar, F value) {
  auto image = test::tiny_image();
  image.label.spec.checkpoint_compress = true;
  auto bytes = std::uint64_t{width_bytes(scalar)};
  for (auto const extent : shape) bytes *= extent;
  image.pages.resize((bytes + tracked_page_bytes - 1) / tracked_page_bytes * tracked_page_bytes);
  for (std::uint64_t i = 0; i < bytes; ++i) image.pages[i] = static_cast<std::byte>(value(i));
  image.manifest.arrays.push_back({"grid", scalar, std::move(shape), 0, bytes});
  image.manifest.arena_bytes = image.pages.size();
  return image;
}

auto const ramp = [](std::uint64_t i) { return i / 512; };

class Compressed : public testing::Test {
 protected:
  void publish(Image const& image) {
    test::TestStore store(directory.path());
    auto const written = store.write(image);
    ASSERT_TRUE(written.image) << written.image.failure().context;
    path = directory.path() / written.image->path;
    bytes = written.bytes;
    EXPECT_EQ(std::filesystem::file_size(path), bytes);
  }
  void expect_loads(Image const& image) const {
    auto const file = CheckpointFile::open(path);
    ASSERT_TRUE(file) << file.failure().context;
    EXPECT_TRUE(file->verify());
    EXPECT_EQ(file->format(), 5U);
    Bytes arena(image.pages.size());
    auto const loaded = file->load(arena);
    ASSERT_TRUE(loaded) << loaded.failure().context;
    auto const kept = image.manifest.arrays.front().bytes;
    EXPECT_EQ(std::memcmp(arena.data(), image.pages.data(), kept), 0);
  }
  // What HDF5 itself makes of it.
  void expect_reads_in_h5dump(Image const& image, std::string const& name) const {
    auto const raw = directory.path() / "raw";
    auto const ran = test::run("h5dump -d /state/" + name + " -b LE -o " + raw.string() + " " + path.string());
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto const& arrays = image.manifest.arrays;
    auto const& array = *std::ranges::find(arrays, name, &ArrayPlace::name);
    auto const read = test::read_file(raw);
    ASSERT_EQ(read.size(), array.bytes);
    EXPECT_EQ(std::memcmp(read.data(), image.pages.data() + array.offset, array.bytes), 0) << name;
  }
  void expect_in_python(std::string const& script) const {
    auto const file = directory.path() / "script.py";
    test::write_file(file, view_of("import h5py, numpy\nf = h5py.File('" + path.string() + "', 'r')\n" + script));
    auto const ran = test::run("/usr/bin/python3 " + file.string());
    EXPECT_EQ(ran.status, 0) << ran.output;
  }

  test::TempDir directory;
  std::filesystem::path path;
  std::uint64_t bytes = 0;
};

TEST_F(Compressed, IsSmallerAndReadsEverywhere) {
  auto image = test::sample_image();
  publish(image);
  auto const plain = bytes;
  EXPECT_EQ(CheckpointFile::open(path)->format(), 4U) << "who doesn't wish it keeps files that older godwits read";
  std::filesystem::remove(path);
  image.label.spec.checkpoint_compress = true;
  publish(image);
  EXPECT_LT(bytes, plain / 2);
  auto const file = CheckpointFile::open(path);
  ASSERT_TRUE(file && file->verify());
  EXPECT_EQ(file->manifest(), image.manifest);
  EXPECT_TRUE(file->label().spec.checkpoint_compress);
  Bytes arena(image.pages.size());
  ASSERT_TRUE(file->load(arena));
  EXPECT_TRUE(arena == image.pages);
  expect_reads_in_h5dump(image, "temperature");
  expect_reads_in_h5dump(image, "wide");
  expect_in_python(R"(
t = f['state/temperature']
assert t.compression == 'gzip' and t.shuffle and t.shape == (700, 500) and f.attrs['format_version'] == 5
assert t[699, 499] == 1.0 and numpy.isnan(t[0, 3]) and f['state/cube'].compression is None
)");
  auto const ran = test::run("/usr/bin/python3 " + test::reader_in_the_specification(directory.path()).string() + " " + path.string());
  EXPECT_EQ(ran.status, 0) << ran.output;
}

TEST_F(Compressed, ShapesOfEveryKind) {  // chunks are cut from rows, rows from chunks, and the last ones are padded
  for (auto const& [shape, scalar] : std::vector<std::pair<std::vector<std::uint64_t>, Scalar>>{
           {{100'000}, Scalar::f64},         {{32'769}, Scalar::u8},           {{300'001}, Scalar::i16},
           {{300, 250}, Scalar::f64},        {{5, 70, 301}, Scalar::i16},      {{3, 100'003}, Scalar::f64},
           {{2, 3, 50'001}, Scalar::f32},    {{1, 1, 70'000}, Scalar::u32},    {{200'000, 1}, Scalar::i8},
           {{7, 1, 1, 40'000}, Scalar::u64}, {{2, 2, 200'003}, Scalar::u16}}) {
    auto const image = image_of(shape, scalar, [](std::uint64_t i) { return i * i % 7 == 0; });
    publish(image);
    expect_loads(image);
    expect_reads_in_h5dump(image, "grid");
    std::filesystem::remove(path);
  }
}

TEST_F(Compressed, WhatCannotBeMadeSmallerIsKeptAsItIs) {
  Random random(3);
  auto const image = image_of({512, 1000}, Scalar::f64, [&](std::uint64_t) { return random(); });
  publish(image);
  EXPECT_LT(bytes, image.pages.size() + image.pages.size() / 100 + 32'768);
  expect_loads(image);
  expect_reads_in_h5dump(image, "grid");
}

TEST_F(Compressed, ManyChunksFindRoomInTheHead) {
  auto const image = image_of({70, 260'000}, Scalar::u8, ramp);
  publish(image);
  expect_loads(image);
  expect_reads_in_h5dump(image, "grid");
}

TEST_F(Compressed, DamageIsFound) {
  publish(image_of({300, 1000}, Scalar::f64, [](std::uint64_t i) { return i % 251; }));
  auto const whole = test::read_file(path);
  auto const head = parse_seal(ByteView(whole).first(seal_bytes), whole.size())->head_bytes;
  ASSERT_LT(head, whole.size());
  for (auto byte = head; byte < whole.size(); byte += 19'937) {
    auto changed = whole;
    changed[byte] ^= std::byte{0x10};
    test::write_file(path, changed);
    auto const file = CheckpointFile::open(path);
    ASSERT_TRUE(file);
    auto const verified = file->verify();
    ASSERT_FALSE(verified) << "at byte " << byte;
    EXPECT_EQ(verified.failure().code, "damaged");
  }
}

class CompressedChain : public testing::Test {
 protected:
  CompressedChain() { job.image.label.spec.checkpoint_compress = true; }

  test::TempDir directory;
  test::JobInPages job{directory.path()};
};

TEST_F(CompressedChain, HoldsWhatWasWrittenAndReadsAsTheWholeState) {
  auto const full = job.checkpoint();
  ASSERT_TRUE(full.image);
  EXPECT_LT(full.bytes, job.image.pages.size() / 2);
  for (std::uint64_t round = 0; round < 12; ++round) {
    for (std::uint64_t page = round; page < job.pages(); page += 23) job.scribble(page, round % 4 != 3);
    if (round % 4 == 3) job.written.next.reset();  // found by digests then
    auto const part = job.checkpoint();
    ASSERT_TRUE(part.image) << part.image.failure().context;
    job.expect_loads();
    auto const file = job.open();
    ASSERT_TRUE(file);
    EXPECT_EQ(file->format(), 5U);
    if (!file->ancestors().empty()) {
      EXPECT_LT(part.bytes, full.bytes);
    }
    for (auto const* name : {"grid", "cube"}) {  // h5dump has no binary form of booleans
      auto const raw = directory.path() / "raw";
      auto const ran = test::run("cd " + job.path().parent_path().string() + " && h5dump -d /state/" + name + " -b LE -o " +
                                 raw.string() + " " + job.path().filename().string());
      ASSERT_EQ(ran.status, 0) << ran.output;
      auto const& arrays = job.image.manifest.arrays;
      auto const& array = *std::ranges::find(arrays, std::string(name), &ArrayPlace::name);
      auto const read = test::read_file(raw);
      ASSERT_EQ(read.size(), array.bytes);
      ASSERT_EQ(std::memcmp(read.data(), job.image.pages.data() + array.offset, array.bytes), 0) << name << ", round " << round;
    }
  }
  auto const script = test::reader_in_the_specification(directory.path());
  auto const ran = test::run("/usr/bin/python3 " + script.string() + " " + job.path().string());
  EXPECT_EQ(ran.status, 0) << ran.output;
}

TEST_F(CompressedChain, NothingWrittenIsAFileToo) {
  ASSERT_TRUE(job.checkpoint().image);
  ASSERT_TRUE(job.checkpoint().image);
  EXPECT_EQ(job.open()->ancestors().size(), 1U);
  job.expect_loads();
}

TEST_F(CompressedChain, IsExportedWholeAndStaysCompressed) {
  ASSERT_TRUE(job.checkpoint().image);
  for (std::uint64_t page = 0; page < 20; ++page) job.scribble(page * 7);
  ASSERT_TRUE(job.checkpoint().image);
  auto const file = job.open();
  ASSERT_TRUE(file && file->ancestors().size() == 1);
  auto const to = directory.path() / "whole.h5";
  auto const written = file->write_whole(to);
  ASSERT_TRUE(written) << written.failure().context;
  auto const whole = CheckpointFile::open(to);
  ASSERT_TRUE(whole) << whole.failure().context;
  EXPECT_TRUE(whole->verify());
  EXPECT_TRUE(whole->ancestors().empty());
  EXPECT_LT(whole->file_bytes(), job.image.pages.size() / 2);
  Bytes arena(job.image.pages.size());
  ASSERT_TRUE(whole->load(arena));
  EXPECT_TRUE(arena == job.arrays());
  for (auto const* name : {"grid", "iteration"}) {
    auto const field = directory.path() / (std::string(name) + ".h5");
    ASSERT_TRUE(file->export_field(name, field));
    EXPECT_EQ(test::run("h5dump " + field.string()).status, 0);
  }
}

TEST_F(CompressedChain, AnotherWishBeginsAnew) {
  ASSERT_TRUE(job.checkpoint().image);
  job.image.label.spec.checkpoint_compress = false;
  job.scribble(3);
  ASSERT_TRUE(job.checkpoint().image);
  EXPECT_TRUE(job.open()->ancestors().empty());
  EXPECT_EQ(job.open()->format(), 4U);
  job.expect_loads();
}

TEST(Chunks, CoverAnArrayOnceInItsOrder) {
  for (auto const& shape : std::vector<std::vector<std::uint64_t>>{
           {40'000}, {7, 9'000}, {3, 100'003}, {2, 3, 50'001}, {1'000, 1'000}, {100'000, 3, 5}, {1, 1, 1, 1'000'000}}) {
    ChunkPlan const plan(shape, 8);
    std::uint64_t at = 0, elements = 1;
    for (auto const extent : shape) elements *= extent;
    for (std::uint64_t i = 0; i < plan.count(); ++i) {
      auto const chunk = plan.chunk(i);
      EXPECT_EQ(chunk.first, at);
      EXPECT_LE(chunk.bytes, plan.chunk_bytes());
      at += chunk.bytes;
    }
    EXPECT_EQ(at, elements * 8);
    EXPECT_LE(plan.chunk_bytes(), chunk_bytes_max);
  }
}

}  // namespace
}  // namespace godwit
