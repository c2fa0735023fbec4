// HDF5's error stack as an exception that stays inside this folder: the wrappers throw h5::Error, and
// the public functions of edge/hdf5 turn it into a Failure.
//
// One thread calls HDF5 per process at a time. Errors are reported by return value only: nothing is
// printed by the library once a Quiet has been made on the calling thread.
#pragma once

#include <hdf5.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace godwit::h5 {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws "<what>: <the innermost message of HDF5's error stack>" and clears the stack.
[[noreturn]] void raise(std::string_view what);

// Every HDF5 call goes through here: ids and statuses are negative on failure.
template <class Number>
Number check(Number result, std::string_view what) {
  if (result < 0) raise(what);
  return result;
}

// The thread-safe library keeps its error printer per thread: silence it before the first call.
class Quiet {
 public:
  Quiet() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }
};

}  // namespace godwit::h5
