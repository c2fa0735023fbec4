// A generation of which a part lies in other files is refused, naming the file, if one of those is missing,
// torn, damaged or another one; the newest that can be read whole is used.
#include "store/job_in_pages.hpp"

namespace godwit {
namespace {

namespace fs = std::filesystem;

class ChainDamage : public testing::Test {
 protected:
  void SetUp() override {
    for (int generation = 1; generation <= 4; ++generation) {
      ASSERT_TRUE(job.checkpoint().image);
      names.push_back(*job.newest);
      states.push_back(job.arrays());
      for (int i = 0; i < 4; ++i) job.scribble(static_cast<std::uint64_t>(generation * 30 + i * 20));
    }
    ASSERT_EQ(job.open()->ancestors().size(), 3U);
  }
  fs::path path_of(std::size_t generation) const { return directory.path() / names[generation - 1].path; }
  // The reason for which the newest can't be opened, or loaded.
  std::string refusal() {
    auto const file = job.open();
    if (!file) return file.failure().context;
    Bytes arena(job.image.pages.size());
    auto const loaded = file->load(arena);
    return loaded ? "none" : loaded.failure().context;
  }
  // The newest that verifies, which must load as it was.
  std::uint64_t adopted() {
    std::vector<msg::ImageName> newest_first(names.rbegin(), names.rend());
    auto const verified = job.store.verify(newest_first);
    if (!verified.image) return 0;
    auto const generation = verified.image->generation.value;
    EXPECT_EQ(verified.set_aside.size(), 4 - generation);
    Bytes arena(verified.arena_bytes);
    EXPECT_TRUE(job.store.load(*verified.image, arena).status);
    EXPECT_TRUE(arena == states[generation - 1]);
    return generation;
  }

  test::TempDir directory;
  test::JobInPages job{directory.path()};
  std::vector<msg::ImageName> names;
  std::vector<Bytes> states;
};

TEST_F(ChainDamage, NoneAtFirst) {
  EXPECT_EQ(refusal(), "none");
  EXPECT_EQ(adopted(), 4U);
}

TEST_F(ChainDamage, AMissingOneIsNamed) {
  fs::remove(path_of(2));
  EXPECT_EQ(refusal(), "part of it lies in 5-2.h5 beside it: No such file or directory");
  EXPECT_EQ(job.open().failure().reaction, Reaction::retry_later) << "its name may be seen late";
  EXPECT_EQ(adopted(), 1U);
}

TEST_F(ChainDamage, WithoutTheFullOneNothingIsLeft) {
  fs::remove(path_of(1));
  EXPECT_EQ(adopted(), 0U);
}

TEST_F(ChainDamage, ATornOneIsNamed) {
  fs::resize_file(path_of(3), fs::file_size(path_of(3)) - 4096);
  EXPECT_TRUE(refusal().starts_with("part of it lies in 5-3.h5 beside it: truncated")) << refusal();
  EXPECT_EQ(adopted(), 2U);
}

TEST_F(ChainDamage, AnotherFileInItsPlaceIsToldApart) {
  fs::copy_file(path_of(2), path_of(3), fs::copy_options::overwrite_existing);  // whole, and wrong
  EXPECT_NE(refusal().find("5-3.h5 beside it isn't the file that part of it lies in"), std::string::npos)
      << refusal();
  EXPECT_EQ(job.open().failure().reaction, Reaction::data_lost);
  EXPECT_EQ(adopted(), 2U);
}

TEST_F(ChainDamage, AFlippedBitInWhatIsUsedIsFound) {
  auto bytes = test::read_file(path_of(2));
  bytes[bytes.size() - 5000] ^= std::byte{4};
  test::write_file(path_of(2), bytes);
  EXPECT_NE(refusal().find("don't match their digest"), std::string::npos) << refusal();
  EXPECT_EQ(adopted(), 1U);
}

}  // namespace
}  // namespace godwit
