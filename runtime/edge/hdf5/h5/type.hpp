// H5T: datatypes of the numbers and texts that job state is made of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edge/hdf5/h5/id.hpp"
#include "godwit/scalar.hpp"

namespace godwit::h5 {

enum class Order : std::uint8_t { little, big };

// Boolean: an enum FALSE, TRUE, as h5py makes it.
[[nodiscard]] Id type_of(Scalar scalar, Order order = Order::little);
[[nodiscard]] Id text_type(std::size_t bytes);  // UTF-8, that long, padded with NUL
// A row of the list of files that one needs: `file`, a text that long, and `root`, u64.
[[nodiscard]] Id file_and_root_type(std::size_t name_bytes);
[[nodiscard]] Id varying_text_type();           // UTF-8, NUL-terminated: for attributes

}  // namespace godwit::h5
