// Damaged files are recognised, whatever was damaged: each is set aside with its reason, and the next image
// is tried. A published file is changed on disk and handed to the real adapter and reader.
#include <sys/stat.h>

#include <fstream>
#include <limits>
#include <optional>

#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/layout.hpp"
#include "edge/hdf5/seal.hpp"
#include "store/fixture.hpp"

namespace godwit {
namespace {

using test::Image;
using test::TempDir;
using test::TestStore;

class Damage : public testing::Test {
 protected:
  void publish(Image const& image) {
    auto const written = store.write(image);
    ASSERT_TRUE(written.image) << written.image.failure().context;
    name = *written.image;
    path = directory.path() / name.path;
    whole = test::read_file(path);
  }
  // What verifying the file says once it holds these bytes: the failure's code and context, or "".
  std::string verdict(ByteView bytes) {
    test::write_file(path, bytes);
    return verdict_as_it_is();
  }
  std::string verdict_with_flip(std::size_t byte, int bit) {
    flip(byte, bit);
    auto said = verdict_as_it_is();
    flip(byte, bit);
    return said;
  }
  void flip(std::size_t byte, int bit) const {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(byte));
    auto const flipped = static_cast<char>(file.get() ^ (1 << bit));
    file.seekp(static_cast<std::streamoff>(byte));
    ASSERT_TRUE(file.put(flipped));
  }
  std::string verdict_as_it_is() {
    auto const verified = store.verify({name});
    if (verified.image) {
      EXPECT_TRUE(verified.set_aside.empty());
      return "";
    }
    EXPECT_EQ(verified.image.failure().code, "no_image");
    EXPECT_EQ(verified.set_aside.size(), 1U);
    EXPECT_TRUE(verified.set_aside.front().context.starts_with(path.string() + ": "));
    // Loading refuses it too, whatever was verified before.
    auto const loaded = store.load(name, arena);
    EXPECT_FALSE(loaded.status);
    return verified.set_aside.front().code + ": " +
           verified.set_aside.front().context.substr(path.string().size() + 2);
  }
  // The head is digested again, so that only what lies deeper can notice.
  static void reseal(Bytes& bytes, std::optional<std::uint32_t> format = {}) {
    auto seal = *parse_seal(ByteView(bytes).first(seal_bytes), bytes.size());
    seal.format = format.value_or(seal.format);
    seal.head = digest_of(ByteView(bytes).subspan(seal_bytes, seal.head_bytes - seal_bytes));
    auto const sealed = to_bytes(seal, "");
    std::ranges::copy(sealed, bytes.begin());
  }

  TempDir directory;
  TestStore store{directory.path()};
  msg::ImageName name;
  std::filesystem::path path;
  Bytes whole;
  Bytes arena = Bytes(8 << 20);
};

TEST_F(Damage, EveryByteOfASmallFile) {
  publish(test::tiny_image());
  ASSERT_EQ(verdict(whole), "");
  for (std::size_t byte = 0; byte < whole.size(); ++byte) {
    ASSERT_NE(verdict_with_flip(byte, static_cast<int>(byte % 8)), "") << "at byte " << byte;
  }
}

TEST_F(Damage, BytesAllOverALargeFile) {  // superblock, attributes, manifest, digests, tails, data
  auto const image = test::sample_image();
  publish(image);
  auto const file = CheckpointFile::open(path);
  ASSERT_TRUE(file);
  auto const head = parse_seal(ByteView(whole).first(seal_bytes), whole.size())->head_bytes;
  for (std::size_t byte = 0; byte < head; byte += 61)
    ASSERT_NE(verdict_with_flip(byte, 3), "") << "at byte " << byte;

  auto const& temperature = image.manifest.arrays.front();
  for (std::size_t byte = head; byte < head + temperature.bytes; byte += 40'009) {
    auto const said = verdict_with_flip(byte, static_cast<int>(byte % 8));
    ASSERT_TRUE(said.starts_with("damaged: damaged: temperature bytes [")) << said;
  }
  EXPECT_NE(verdict_with_flip(head, 0), "");
  EXPECT_NE(verdict_with_flip(head + temperature.bytes - 1, 7), "");
  EXPECT_NE(verdict_with_flip(whole.size() - 1, 7), "");
}

TEST_F(Damage, TruncatedAtManyLengths) {
  publish(test::sample_image());
  for (std::size_t length : {1UL, 8UL, 100UL, 511UL, 512UL, 513UL, 4096UL, 10'000UL, 100'000UL, 188'416UL,
                             1'000'000UL, whole.size() / 2, whole.size() - 4096, whole.size() - 1}) {
    auto const said = verdict(ByteView(whole).first(length));
    auto const expected =
        length < 8 ? "not_hdf5: not an HDF5 file" : "truncated: truncated: " + std::to_string(length);
    EXPECT_TRUE(said.starts_with(expected)) << said;
  }
  auto longer = whole;
  longer.push_back({});
  EXPECT_TRUE(verdict(longer).starts_with("damaged")) << verdict(longer);
}

TEST_F(Damage, HolesAsATornWriteLeavesThem) {  // right length, blocks of zeros
  publish(test::sample_image());
  for (std::size_t at = 0; at + 4096 <= whole.size(); at += 4096 * 97) {
    auto torn = whole;
    std::fill_n(torn.begin() + static_cast<std::ptrdiff_t>(at), 4096, std::byte{0});
    EXPECT_NE(verdict(torn), "") << "at " << at;
  }
}

TEST_F(Damage, NotACheckpoint) {
  publish(test::tiny_image());
  EXPECT_EQ(verdict({}), "not_hdf5: not an HDF5 file");
  EXPECT_EQ(verdict(view_of("iteration,temperature\n1,2\n")), "not_hdf5: not an HDF5 file");
  EXPECT_EQ(verdict(Bytes(10'000)), "not_hdf5: not an HDF5 file");
  auto const made =
      test::run("/usr/bin/python3 -c \"import h5py; h5py.File('" + path.string() + "','w')['x'] = 1\"");
  ASSERT_EQ(made.status, 0) << made.output;
  EXPECT_EQ(verdict(test::read_file(path)), "not_a_checkpoint: an HDF5 file, but not a Godwit checkpoint");
}

TEST_F(Damage, MissingFileAndWrongKindOfFile) {
  publish(test::tiny_image());
  std::filesystem::remove(path);
  EXPECT_EQ(CheckpointFile::open(path).failure().code, "unreadable");
  EXPECT_EQ(store.verify({name}).set_aside.front().code, "unreadable");
  std::filesystem::create_directory(path);
  EXPECT_EQ(CheckpointFile::open(path).failure().code, "unreadable");
  std::filesystem::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(CheckpointFile::open(path).failure().code, "unreadable");
}

TEST_F(Damage, NewerFormat) {
  publish(test::tiny_image());
  constexpr auto expected =
      "newer_format: format version 9 is newer than this godwit reads (5): use a newer godwit";
  auto newer = whole;
  reseal(newer, 9);
  EXPECT_EQ(verdict(newer), expected);
}

TEST_F(Damage, ChangedByAnotherTool) {
  publish(test::sample_image());
  for (auto const* change : {"f['state/iteration'][()] = 5", "f['state/temperature'][0, 0] = 5",
                             "f.attrs.modify('steps', numpy.uint64(5))", "f.attrs.modify('format_version', numpy.uint32(9))", "f['state/extra'] = 1",
                             "f['files/trace/tail'][0] = 65", "del f['state/gamma']"}) {
    test::write_file(path, whole);
    auto const changed = test::run("/usr/bin/python3 -c \"import h5py, numpy; f = h5py.File('" +
                                   path.string() + "','r+'); " + change + "\"");
    ASSERT_EQ(changed.status, 0) << changed.output;
    EXPECT_TRUE(verdict(test::read_file(path)).starts_with("damaged")) << change;
  }
}

// Files whose seal is right for a head that is wrong: forged, or written by a faulty program. HDF5's own
// checksums and our checks of what it reads must hold without the seal's help; nothing may crash.
TEST_F(Damage, SealedDamageOfASmallFile) {
  auto const image = test::tiny_image();
  publish(image);
  std::size_t noticed = 0;
  for (std::size_t byte = seal_bytes; byte < whole.size(); byte += 7) {
    auto bytes = whole;
    bytes[byte] ^= static_cast<std::byte>(1 << (byte % 8));
    reseal(bytes);
    test::write_file(path, bytes);
    auto const file = CheckpointFile::open(path);
    noticed += file ? 0 : 1;
    // Some bytes carry no meaning (padding), or only for people (logs, names).
    if (file) {
      EXPECT_EQ(file->manifest(), image.manifest) << "at byte " << byte;
    }
  }
  EXPECT_GT(noticed, whole.size() / 7 / 4);
}

// HDF5 has nothing against these, but they aren't what is read: a fuzzer found that they were read beyond their ends.
TEST_F(Damage, SealedListsWhereOneTextBelongs) {
  publish(test::tiny_image());
  for (auto const* change : {"del f['job']; f['job'] = numpy.array([b'{}', b'{}'])", "del f['job']; f['job'] = 7",
                             "f['log/stdout'] = numpy.array([b'one', b'two'])"}) {
    test::write_file(path, whole);
    auto const changed = test::run("/usr/bin/python3 -c \"import h5py, numpy; f = h5py.File('" + path.string() +
                                   "','r+'); " + change + "\"");
    ASSERT_EQ(changed.status, 0) << changed.output;
    auto bytes = test::read_file(path);
    auto seal = *parse_seal(ByteView(whole).first(seal_bytes), whole.size());
    seal.file_bytes = seal.head_bytes = bytes.size();
    seal.head = digest_of(ByteView(bytes).subspan(seal_bytes));
    std::ranges::copy(to_bytes(seal, ""), bytes.begin());
    EXPECT_EQ(verdict(bytes), "damaged: damaged: not one text") << change;
  }
}

TEST(Layout, AnArenaThatCannotBeIsRefused) {  // counts of its pages and blocks would be those of a small one
  Manifest manifest;
  manifest.arena_bytes = std::numeric_limits<std::uint64_t>::max();
  manifest.arrays = {{"all", Scalar::u8, {manifest.arena_bytes}, 0, manifest.arena_bytes}};
  auto const checked = layout::check(manifest);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.failure().code, "bad_manifest");
}

TEST_F(Damage, TheNextImageIsTried) {
  std::vector<msg::ImageName> images;
  for (std::uint64_t generation = 1; generation <= 4; ++generation) {
    publish(test::sample_image({generation}));
    images.insert(images.begin(), name);
  }
  std::filesystem::resize_file(directory.path() / images[0].path, 1000);  // the newest
  test::write_file(directory.path() / images[1].path, view_of("rubbish"));
  auto const verified = store.verify(images);
  ASSERT_TRUE(verified.image);
  EXPECT_EQ(*verified.image, images[2]);
  ASSERT_EQ(verified.set_aside.size(), 2U);
  EXPECT_EQ(verified.set_aside[0].code, "truncated");
  EXPECT_EQ(verified.set_aside[1].code, "not_hdf5");
  EXPECT_EQ(directory.names_below().size(), 4U);  // reported, not touched
}

TEST_F(Damage, AFileUnderAnotherName) {  // a copy of generation 1 in the place of generation 2
  publish(test::tiny_image({1}));
  msg::ImageName const other{name.epoch, {2}, checkpoint_path({7}, name.epoch, {2})};
  std::filesystem::copy_file(path, directory.path() / other.path);
  auto const verified = store.verify({other, name});
  ASSERT_TRUE(verified.image);
  EXPECT_EQ(*verified.image, name);
  ASSERT_EQ(verified.set_aside.size(), 1U);
  EXPECT_EQ(verified.set_aside[0].code, "damaged");
}

}  // namespace
}  // namespace godwit
