// The image in tests/store/golden/format-1.h5. Never changes: a new format gets a new file beside it.
#pragma once

#include "store/fixture.hpp"

namespace godwit::test {

inline Image golden_image() {
  return sample_image({12}, 64, 64);
}

}  // namespace godwit::test
