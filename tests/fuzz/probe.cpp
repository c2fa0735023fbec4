#include "fuzz/probe.hpp"

#include "edge/hdf5/checkpoint_file.hpp"
#include "fuzz/fuzz.hpp"

// HDF5 1.10.8 loses an object header's 424 bytes when it meets a damaged one.
extern "C" char const* __lsan_default_suppressions();
extern "C" char const* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace godwit::fuzz {
namespace {

constexpr std::uint64_t arena_bytes_max = 16 << 20;

void explained(Status const& status) {
  if (!status) require(!status.failure().code.empty() && !status.failure().context.empty(), "a refusal without a reason");
}

void read_arrays(CheckpointFile const& file, bool whole) {
  for (std::size_t i = 0; i < file.manifest().arrays.size(); ++i) {
    auto const statistics = file.statistics(i);
    require(statistics.ok() || !whole, "an array of a file that verifies can't be read");
  }
  if (file.manifest().arena_bytes > arena_bytes_max) return;
  Bytes arena(file.manifest().arena_bytes);
  auto const loaded = file.load(arena);
  explained(loaded);
  require(loaded.ok() || !whole, "a file that verifies can't be loaded");
}

void write_out(CheckpointFile const& file, bool whole) {
  auto const copy = scratch() / "5-13.h5";
  std::filesystem::remove(copy);
  if (file.format() >= 4 && whole) {
    auto const written = file.write_whole(copy);
    explained(written);
    auto const again = CheckpointFile::open(copy);
    require(!written || (again.ok() && again->verify().ok()), "a file that was written whole can't be read");
    require(!written || (again->manifest() == file.manifest() && again->ancestors().empty()), "a whole file is another");
  }
  std::filesystem::remove(copy);
  if (!file.manifest().arrays.empty()) explained(file.export_field(file.manifest().arrays.front().name, copy));
  if (!file.manifest().fields.empty()) explained(file.export_field(file.manifest().fields.front().name, copy));
}

}  // namespace

void probe(std::filesystem::path const& path) {
  auto const file = CheckpointFile::open(path);
  if (!file) return explained(file.failure());
  auto const verified = file->verify();
  explained(verified);
  (void)file->whole_bytes();
  read_arrays(*file, verified.ok());
  write_out(*file, verified.ok());
}

}  // namespace godwit::fuzz
