// What a store that can't be written to does to a checkpoint: it fails with a reason, leaves no temporary
// file, and what was there before is untouched and still verifies.
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "store/fixture.hpp"

namespace godwit {
namespace {

using test::TempDir;
using test::TestStore;

// Every test of this file ends with this.
void expect_only(TempDir const& directory, TestStore& store, msg::ImageName const& image) {
  EXPECT_EQ(directory.names_below(), std::vector<std::string>{image.path});
  EXPECT_TRUE(store.verify({image}).image);
}

// Runs a test body in a child, whose limits and mounts end with it. 0: as expected.
template <class F>
int in_child(F body) {
  auto const child = ::fork();
  if (child == 0) {
    body();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void fails_in_the_middle_of_writing() {  // as a quota or a full disk does: after so many bytes
  TempDir const directory;
  TestStore store(directory.path());
  auto const first = store.write(test::sample_image({1}));
  ASSERT_TRUE(first.image);
  ::signal(SIGXFSZ, SIG_IGN);
  for (rlim_t const limit : {rlim_t{0}, rlim_t{1000}, rlim_t{400'000}, rlim_t{2'000'000}}) {
    rlimit sizes{};
    ::getrlimit(RLIMIT_FSIZE, &sizes);
    sizes.rlim_cur = limit;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &sizes), 0);
    auto const failed = store.write(test::sample_image({2}));
    sizes.rlim_cur = sizes.rlim_max;
    ::setrlimit(RLIMIT_FSIZE, &sizes);
    ASSERT_FALSE(failed.image);
    EXPECT_EQ(failed.image.failure().code, "file_too_large");
    EXPECT_EQ(failed.image.failure().reaction, Reaction::retry_later);
    expect_only(directory, store, *first.image);
  }
  EXPECT_TRUE(store.write(test::sample_image({2})).image);  // it goes on once there is room
}

TEST(Failing, InTheMiddleOfWriting) {
  EXPECT_EQ(in_child(&fails_in_the_middle_of_writing), 0);
}

constexpr int not_permitted = 77;

void fails_on_a_full_disk() {
  TempDir const directory;
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("godwit-test", directory.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
    ::_exit(not_permitted);
  }
  {
    TestStore store(directory.path());
    auto const first = store.write(test::tiny_image({1}));
    ASSERT_TRUE(first.image) << first.image.failure().context;
    auto const failed = store.write(test::sample_image({2}, 2000, 500));  // 8 MB
    ASSERT_FALSE(failed.image);
    EXPECT_EQ(failed.image.failure().code, "no_space");
    EXPECT_EQ(failed.image.failure().reaction, Reaction::retry_later);
    EXPECT_NE(failed.image.failure().context.find("No space left on device"), std::string::npos);
    expect_only(directory, store, *first.image);
    EXPECT_TRUE(store.write(test::sample_image({2})).image);  // 3 MB fit
  }
  ::umount2(directory.path().c_str(), MNT_DETACH);
}

TEST(Failing, OnAFullDisk) {
  auto const status = in_child(&fails_on_a_full_disk);
  if (status == not_permitted) GTEST_SKIP() << "mounting isn't permitted here";
  EXPECT_EQ(status, 0);
}

TEST(Failing, WithoutAStore) {
  TempDir const directory;
  TestStore store(directory.path() / "gone");
  auto const failed = store.write(test::tiny_image());
  ASSERT_FALSE(failed.image);
  EXPECT_EQ(failed.image.failure().code, "no_directory");
  EXPECT_TRUE(directory.names_below().empty());  // a store isn't made up where there is none
}

TEST(Failing, WhereAFileStandsInTheWay) {
  TempDir const directory;
  test::write_file(directory.path() / "jobs/7", {});
  TestStore store(directory.path());
  auto const failed = store.write(test::tiny_image());
  ASSERT_FALSE(failed.image);
  EXPECT_EQ(failed.image.failure().code, "no_directory");
}

void fails_without_permission() {
  TempDir const directory;
  std::filesystem::create_directories(directory.path() / "jobs/7/checkpoints");
  ::chmod((directory.path() / "jobs/7/checkpoints").c_str(), 0555);
  ::chmod(directory.path().c_str(), 0755);
  if (::geteuid() == 0 && ::seteuid(65534) != 0) return;
  {
    TestStore store(directory.path());
    auto const failed = store.write(test::tiny_image());
    ASSERT_FALSE(failed.image);
    EXPECT_EQ(failed.image.failure().code, "not_writable");
    EXPECT_NE(failed.image.failure().context.find("Permission denied"), std::string::npos);
  }
  if (::getuid() == 0) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

TEST(Failing, WithoutPermission) {
  EXPECT_EQ(in_child(&fails_without_permission), 0);
}

TEST(Failing, OnAManifestThatMakesNoSense) {
  TempDir const directory;
  TestStore store(directory.path());
  auto const expect_refused = [&](char const* what, auto spoil) {
    auto image = test::sample_image();
    spoil(image);
    auto const failed = store.write(image);
    ASSERT_FALSE(failed.image) << what;
    EXPECT_EQ(failed.image.failure().code, "bad_manifest") << what;
  };
  expect_refused("outside of the arena",
                 [](auto& image) { image.manifest.arrays[0].offset = image.pages.size(); });
  expect_refused("wraps around", [](auto& image) { image.manifest.arrays[0].offset = ~std::uint64_t{4095}; });
  expect_refused("wrong shape", [](auto& image) { image.manifest.arrays[0].shape[0] += 1; });
  expect_refused("overflow", [](auto& image) { image.manifest.arrays[0].shape = {1UL << 62, 16}; });
  expect_refused("two of a name", [](auto& image) { image.manifest.fields[1].name = "iteration"; });
  expect_refused("wrong width", [](auto& image) { image.manifest.fields[0].value.pop_back(); });
  expect_refused("too many dimensions", [](auto& image) {
    image.manifest.arrays[0].shape.insert(image.manifest.arrays[0].shape.end(), 40, 1);
  });
  expect_refused("arena too small", [](auto& image) { image.pages.resize(4096); });

  store.adapter().write({99}, {}, to_bytes("rubbish"), {}, {});
  EXPECT_TRUE(std::holds_alternative<stored::Staged>(store.next()));
  EXPECT_EQ(std::get<stored::Written>(store.next()).image.failure().code, "malformed");
  EXPECT_TRUE(directory.names_below().empty());
}

TEST(Failing, LoadingIntoASmallArena) {
  TempDir const directory;
  TestStore store(directory.path());
  auto const written = store.write(test::sample_image());
  ASSERT_TRUE(written.image);
  Bytes arena(4096);
  EXPECT_EQ(store.load(*written.image, arena).status.failure().code, "arena_too_small");
}

}  // namespace
}  // namespace godwit
