// A job whose arena is written page by page, and its generations: for the tests of what holds only a part of
// them.
#pragma once

#include <cstring>
#include <filesystem>
#include <optional>

#include "base/random.hpp"
#include "edge/hdf5/checkpoint_file.hpp"
#include "store/fixture.hpp"

namespace godwit::test {

class JobInPages {
 public:
  explicit JobInPages(std::filesystem::path directory) : directory_(std::move(directory)), store(directory_) {
    image = tiny_image({0});
    add({"grid", Scalar::f64, {300, 250}, 0, 600'000});  // rows are no whole pages
    add({"few", Scalar::u8, {700}, 0, 700});
    add({"cube", Scalar::i16, {5, 70, 301}, 0, 210'700});
    add({"flags", Scalar::boolean, {50'000}, 0, 50'000});
    for (std::uint64_t page = 0; page < pages(); ++page) scribble(page);
    written.next.reset();
  }
  [[nodiscard]] std::uint64_t pages() const { return image.pages.size() / tracked_page_bytes; }

  // Writes to a page; it will be said, unless `said` is false.
  void scribble(std::uint64_t page, bool said = true) {
    for (std::uint64_t at = 0; at < tracked_page_bytes; at += 8) {
      auto const word = random_() & 0x0101010101010101;  // as booleans, as numbers, and no NaN
      std::memcpy(image.pages.data() + page * tracked_page_bytes + at, &word, 8);
    }
    if (said && written.next) written.next->push_back({page, 1});
  }
  // The next generation, its parent the last one that was written.
  stored::Written checkpoint(CapsuleId capsule = {1}) {
    image.label.generation = image.manifest.steps == 0 ? Generation{1} : image.label.generation.next();
    image.label.parent = newest;
    ++image.manifest.steps;
    if (written.next) {
      std::ranges::sort(*written.next, {}, &PageRun::first);
      auto const same = std::ranges::unique(*written.next);
      written.next->erase(same.begin(), same.end());
    }
    auto result = store.write(image, {capsule, &written});
    if (result.image) newest = *result.image;
    written.next = PageRuns{};
    return result;
  }
  [[nodiscard]] std::filesystem::path path() const { return directory_ / newest->path; }
  [[nodiscard]] Result<CheckpointFile> open() const { return CheckpointFile::open(path()); }

  // What a file should give: arrays alone.
  [[nodiscard]] Bytes arrays() const {
    Bytes kept(image.pages.size());
    for (auto const& array : image.manifest.arrays) {
      std::memcpy(kept.data() + array.offset, image.pages.data() + array.offset, array.bytes);
    }
    return kept;
  }
  void expect_loads() const {
    auto const file = open();
    ASSERT_TRUE(file) << file.failure().context;
    EXPECT_TRUE(file->verify());
    Bytes arena(image.pages.size());
    auto const loaded = file->load(arena);
    ASSERT_TRUE(loaded) << loaded.failure().context;
    EXPECT_TRUE(arena == arrays());
  }

 private:
  void add(ArrayPlace array) {
    array.offset = image.pages.size();
    image.pages.resize((array.offset + array.bytes + tracked_page_bytes - 1) / tracked_page_bytes *
                       tracked_page_bytes);
    image.manifest.arena_bytes = image.pages.size();
    image.manifest.arrays.push_back(std::move(array));
  }

  std::filesystem::path directory_;
  Random random_{1};

 public:
  TestStore store;
  Image image;
  ScriptedPages written;
  std::optional<msg::ImageName> newest;
};

}  // namespace godwit::test
