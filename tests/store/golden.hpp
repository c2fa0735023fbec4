// The images in tests/store/golden/format-<n>.h5. They never change: a new format gets a new file beside them.
#pragma once

#include "store/fixture.hpp"

namespace godwit::test {

inline Image golden_image() {
  return sample_image({12}, 64, 64);
}

// What format 1 had no fields for isn't in it.
inline Image golden_image_1() {
  auto image = golden_image();
  image.manifest.version = 1;
  image.manifest.architecture.clear();
  std::erase_if(image.manifest.fields, [](Field const& field) { return field.name == "flags" || field.form > FieldForm::list; });
  return image;
}

}  // namespace godwit::test
