// How two runs of numbers of one kind differ: counted, and by how much. Pure; called with one bounded piece
// after another, so that arrays larger than memory can be compared.
//
// Two numbers are equal if they compare equal, if both are NaN, or if |a - b| ≤ max(absolute, relative ×
// max(|a|, |b|)): symmetric, as Python's math.isclose. A NaN against a number is never equal.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "godwit/scalar.hpp"

namespace godwit::inspect {

struct Tolerance {
  double relative{0};
  double absolute{0};
};

struct Difference {
  std::uint64_t elements{0};
  std::uint64_t differ{0};    // beyond the tolerance
  std::uint64_t nan_both{0};  // equal
  std::uint64_t nan_one{0};   // in one of the two alone: among those that differ
  // Of all elements that are no NaN, within the tolerance or not. Differences are exact before they are
  // rounded to double.
  double max_abs{0};
  double max_rel{0};                        // |a - b| / max(|a|, |b|)
  std::optional<std::uint64_t> max_abs_at;  // the first such; none if nothing but NaN differs
};

// Adds two runs of equal length in bytes. Element indices go on from those added before.
void add(Difference& difference, Scalar scalar, ByteView a, ByteView b, Tolerance const& tolerance);

// Where two runs of bytes first differ; the shorter one's length if it is the beginning of the other.
[[nodiscard]] std::uint64_t common_bytes(ByteView a, ByteView b);

}  // namespace godwit::inspect
