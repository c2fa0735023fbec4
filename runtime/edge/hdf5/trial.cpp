#include "edge/hdf5/trial.hpp"

#include <fmt/format.h>

#include "edge/hdf5/h5/attribute.hpp"
#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/file.hpp"
#include "edge/hdf5/h5/property.hpp"

namespace godwit {

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

Status try_hdf5(std::filesystem::path const& file) {
  h5::Quiet const quiet;
  try {
    auto written = h5::create_file(file.string(), h5::file_creation(0), h5::file_access());
    h5::put(written, "answer", std::uint64_t{42});
    h5::close_file(std::move(written));
    auto const again = h5::open_file(file.string());
    if (h5::get<std::uint64_t>(again, "answer") == 42) return Done{};
    return data_lost("hdf5", "a number that was written isn't the one that is read");
  } catch (h5::Error const& error) {
    return reject("hdf5", error.what());
  }
}

}  // namespace godwit
