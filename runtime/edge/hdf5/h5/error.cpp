#include "edge/hdf5/h5/error.hpp"

namespace godwit::h5 {
namespace {

herr_t innermost(unsigned, H5E_error2_t const* error, void* into) {
  if (error->desc != nullptr) *static_cast<std::string*>(into) = error->desc;
  return 1;  // walking upward, the first is the innermost: stop there
}

}  // namespace

void raise(std::string_view what) {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, &innermost, &reason);
  H5Eclear2(H5E_DEFAULT);
  throw Error(std::string(what) + ": " + (reason.empty() ? "HDF5 gives no reason" : reason));
}

}  // namespace godwit::h5
