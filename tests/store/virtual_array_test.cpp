// Shows that a virtual dataset whose mappings are spelled here is, byte by byte, the one that HDF5 writes when it is told of each.
#include "edge/hdf5/virtual_array.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <tuple>

#include "base/random.hpp"
#include "edge/hdf5/h5/file.hpp"
#include "edge/hdf5/h5/mapping_block.hpp"
#include "edge/hdf5/h5/memory_file.hpp"
#include "edge/hdf5/h5/property.hpp"
#include "edge/hdf5/layout.hpp"
#include "edge/hdf5/seal.hpp"
#include "edge/scratch.hpp"

namespace godwit {
namespace {

struct Case {
  ArrayPlace array;
  Places places;
  std::vector<SourceDataset> sources;
};

// Its pages drawn from so many files, beside a whole one; those of each file lie there one after the other.
Case drawn(Scalar scalar, std::vector<std::uint64_t> shape, std::uint64_t files, std::uint64_t seed) {
  Case one;
  auto const width = width_bytes(scalar);
  std::uint64_t elements = 1;
  for (auto const extent : shape) elements *= extent;
  one.array = {"cells", scalar, shape, 0, elements * width};
  Random random(seed);
  std::vector<std::uint64_t> pages(files, 0);
  for (std::uint64_t page = 0; page < pages_of(one.array.bytes); ++page) {
    auto const file = std::min(random() % (8 * files), files);
    auto const offset = (file == files ? page : pages[file]++) * tracked_page_bytes;
    if (!one.places.empty() && one.places.back().file == file &&
        one.places.back().offset + one.places.back().count * tracked_page_bytes == offset)
      ++one.places.back().count;
    else
      one.places.push_back({page, 1, file, offset});
  }
  for (std::uint64_t file = 0; file < files; ++file) {
    one.sources.push_back({file == 0 ? "." : "1-" + std::to_string(file) + ".h5", "/own/cells/data",
                           {std::max<std::uint64_t>(pages[file], 1) * tracked_page_bytes / width}});
  }
  one.sources.push_back({"1-99.h5", "/state/cells", shape});
  return one;
}

Bytes written(Case const& one, Spelling spelling) {  // twice, as two arrays of one file
  h5::MemoryFile memory(tracked_page_bytes, layout::slab_alignment);
  auto const access = h5::file_access(h5::Since::v1_10);
  auto const driver = h5::keep_in_memory(access, memory);
  auto file = h5::create_file("checkpoint", h5::file_creation(seal_bytes), access);
  std::vector<LateMappings> all;
  for (auto const* const name : {"cells", "others"}) {
    auto const& late = all.emplace_back(
        create_virtual_array(file, name, all.size(), one.array, h5::Order::little, one.places, one.sources, spelling));
    EXPECT_EQ(late.block.empty(), spelling == Spelling::hdf5);
  }
  h5::close_file(std::move(file));
  Bytes bytes(memory.bytes());
  memory.read(0, bytes);
  for (auto const& late : all) late.enter(bytes);
  return bytes;
}

// Of each mapping the names, and the corners of both selections' blocks.
using Meaning = std::vector<std::tuple<std::string, std::string, std::vector<hsize_t>, std::vector<hsize_t>>>;

std::vector<hsize_t> blocks(hid_t space) {
  h5::Id const owned{space, &H5Sclose};
  auto const count = static_cast<hsize_t>(H5Sget_select_hyper_nblocks(space));
  std::vector<hsize_t> corners(2 * count * static_cast<hsize_t>(H5Sget_simple_extent_ndims(space)));
  EXPECT_GE(H5Sget_select_hyper_blocklist(space, 0, count, corners.data()), 0);
  return corners;
}

Meaning meaning_of(Bytes const& bytes) {
  testing::Scratch const scratch;
  auto const path = scratch.path() / "file.h5";
  std::ofstream(path, std::ios::binary) << to_text(bytes);
  auto const file = h5::open_file(path);
  h5::Id const dataset{H5Dopen2(file.get(), "cells", H5P_DEFAULT), &H5Dclose};
  h5::Id const list{H5Dget_create_plist(dataset.get()), &H5Pclose};
  std::size_t count = 0;
  EXPECT_GE(H5Pget_virtual_count(list.get(), &count), 0);
  Meaning meaning;
  for (std::size_t i = 0; i < count; ++i) {
    char source[256], path_there[256];
    H5Pget_virtual_filename(list.get(), i, source, sizeof source);
    H5Pget_virtual_dsetname(list.get(), i, path_there, sizeof path_there);
    meaning.emplace_back(source, path_there, blocks(H5Pget_virtual_srcspace(list.get(), i)), blocks(H5Pget_virtual_vspace(list.get(), i)));
  }
  return meaning;
}

void expect_the_same(Scalar scalar, std::vector<std::uint64_t> const& shape, bool bytes) {
  for (std::uint64_t const files : {1, 2, 8}) {
    auto const one = drawn(scalar, shape, files, files + shape.size());
    auto const quick = written(one, Spelling::quick), slow = written(one, Spelling::hdf5);
    if (bytes) EXPECT_TRUE(quick == slow) << shape[0] << " … of " << files;
    auto const meaning = meaning_of(quick);
    EXPECT_GE(meaning.size(), files);
    EXPECT_TRUE(meaning == meaning_of(slow)) << shape[0] << " … of " << files;
  }
}

TEST(VirtualArray, IsWrittenAsHdf5Does) {
  expect_the_same(Scalar::u64, {1000, 512}, true);    // a page is a row
  expect_the_same(Scalar::u8, {2'000'003}, true);     // the last page isn't whole
  expect_the_same(Scalar::f32, {777, 1234}, true);    // pages end within rows
  expect_the_same(Scalar::u16, {5, 7, 11, 999}, true);
  expect_the_same(Scalar::i32, {3, 1, 100'000}, true);
}

TEST(VirtualArray, MeansTheSameWhereHdf5JoinsBlocks) {  // of neighbouring planes
  expect_the_same(Scalar::f64, {64, 64, 64}, false);
}

TEST(VirtualArray, EvenWhereItIsAllInOneFile) {
  auto one = drawn(Scalar::u64, {4000, 512}, 1, 1);
  one.places = {{0, 4000, 1, 0}};
  EXPECT_TRUE(written(one, Spelling::quick) == written(one, Spelling::hdf5));
}

TEST(MappingBlock, TheSumIsLookup3) {  // of the author's own examples, with an initial value of 0
  EXPECT_EQ(h5::lookup3({}), 0xdeadbeefU);
  EXPECT_EQ(h5::lookup3(view_of("Four score and seven years ago")), 0x17770551U);
}

TEST(MappingBlock, IsFoundWhereItIsOnce) {
  auto const in = to_bytes("one two three two");
  EXPECT_EQ(h5::only_place_of(view_of("three"), in), 8U);
  EXPECT_EQ(h5::only_place_of(view_of("two"), in), h5::npos);
  EXPECT_EQ(h5::only_place_of(view_of("four"), in), h5::npos);
}

TEST(MappingBlock, OneThatIsNotThereIsAnError) {
  LateMappings late{h5::stand_in_of(300, 0).block, Bytes(300)};
  Bytes file(4096);
  EXPECT_THROW(late.enter(file), std::exception);
}

}  // namespace
}  // namespace godwit
