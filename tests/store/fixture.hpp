// What the tests of the store share: a directory that vanishes, an image that has one of everything, and a
// store whose answers can be waited for.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "edge/hdf5/hdf5_store.hpp"

namespace godwit::test {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(TempDir const&) = delete;
  TempDir& operator=(TempDir const&) = delete;

  [[nodiscard]] std::filesystem::path const& path() const { return path_; }
  [[nodiscard]] std::vector<std::string> names_below() const;  // of files, relative, sorted

 private:
  std::filesystem::path path_;
};

struct Image {
  CheckpointLabel label;
  Manifest manifest;
  Bytes pages;
};

// Every kind of number, text and list, arrays small and of several blocks, streams of each mode.
// Equal calls give equal images.
[[nodiscard]] Image sample_image(Generation generation = {12}, std::uint64_t rows = 700,
                                 std::uint64_t columns = 500);
// One number, no arrays.
[[nodiscard]] Image tiny_image(Generation generation = {1});

// What a capsule would say of its pages, as a test has it.
class ScriptedPages final : public WrittenPages {
 public:
  std::optional<PageRuns> next;
  [[nodiscard]] std::optional<PageRuns> take(Reader, std::uint64_t) override {
    return std::exchange(next, std::nullopt);
  }
};

class TestStore {
 public:
  explicit TestStore(std::filesystem::path directory, std::uint64_t staging_bytes_max = 64 << 20);

  [[nodiscard]] Hdf5CheckpointStore& adapter() { return adapter_; }
  // Writes and waits; expects exactly Staged, then Written.
  stored::Written write(Image const& image, ArenaSource source = {CapsuleId{1}});
  stored::Verified verify(std::vector<msg::ImageName> const& images);
  stored::Loaded load(msg::ImageName const& image, std::span<std::byte> arena);
  // The next event, waited for on wait_fd() for as long as a test may take.
  StoreEvent next();

 private:
  RequestId fresh() { return request_ = request_.next(); }

  Hdf5CheckpointStore adapter_;
  std::vector<StoreEvent> events_;
  RequestId request_;
};

// Runs a program, and returns its exit status and what it wrote to stdout and stderr together.
struct Ran {
  int status{-1};
  std::string output;
};
[[nodiscard]] Ran run(std::string const& command);

[[nodiscard]] Bytes read_file(std::filesystem::path const& path);
void write_file(std::filesystem::path const& path, ByteView bytes);

}  // namespace godwit::test
