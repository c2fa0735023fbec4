// CheckpointStore in HDF5 files, in a directory of the case's own; once with staging memory for whole images, and once
// with so little that an arena is written from where it is.
#include "contract/store.hpp"

#include <poll.h>

#include <filesystem>
#include <fstream>

#include "edge/hdf5/hdf5_store.hpp"
#include "store/fixture.hpp"

namespace godwit::contract {
namespace {

namespace fs = std::filesystem;

class Files final : public StoreRig {
 public:
  explicit Files(std::uint64_t staging_bytes_max)
      : store_({directory_.path(), staging_bytes_max}), elsewhere_({directory_.path(), staging_bytes_max}) {}
  CheckpointStore& store() override { return store_; }
  CheckpointStore& elsewhere() override { return elsewhere_; }
  bool let_pass() override {
    pollfd waiting[] = {{store_.wait_fd(), POLLIN, 0}, {elsewhere_.wait_fd(), POLLIN, 0}};
    ::poll(waiting, 2, 100);
    return true;
  }
  void damage(msg::ImageName const& image, Damage damage) override {
    auto const path = directory_.path() / image.path;
    if (damage == Damage::absent) {
      fs::remove(path);
    } else if (damage == Damage::torn) {
      fs::resize_file(path, fs::file_size(path) / 2);
    } else {
      std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
      file.seekg(-100, std::ios::end);
      auto const byte = file.get();
      file.seekp(-100, std::ios::end);
      file.put(static_cast<char>(byte ^ 0x10));
    }
  }
  void obstruct(JobId job, bool obstructed) override {  // a file where the directory should be
    auto const checkpoints = (directory_.path() / checkpoint_path(job, {1}, {1})).parent_path();
    auto const aside = checkpoints.native() + ".aside";
    if (obstructed) {
      fs::rename(checkpoints, aside);
      std::ofstream(checkpoints) << "in the way";
    } else {
      fs::remove(checkpoints);
      fs::rename(aside, checkpoints);
    }
  }

 private:
  test::TempDir directory_;
  Hdf5CheckpointStore store_, elsewhere_;
};

Adapter<StoreRig> files(std::string name, std::uint64_t staging_bytes_max) {
  return {std::move(name), [=] { return std::make_unique<Files>(staging_bytes_max); }};
}

INSTANTIATE_TEST_SUITE_P(Hdf5, StoreContract,
                         ::testing::Values(files("staged", std::uint64_t{64} << 20), files("not staged", 4096)));

}  // namespace
}  // namespace godwit::contract
