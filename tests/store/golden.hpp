// The images in tests/store/golden/format-<n>.h5. They never change: a new format gets a new file beside them.
#pragma once

#include "store/job_in_pages.hpp"

namespace godwit::test {

inline Image golden_image() {
  return sample_image({12}, 64, 64);
}

inline Image golden_image_5() {  // compressed: all others are of format 4
  auto image = golden_image();
  image.label.spec.checkpoint_compress = true;
  return image;
}

// What the older formats had no fields for isn't in them.
inline Image golden_image_2() {
  auto image = golden_image();
  image.manifest.version = 2;
  image.manifest.wait_left = Duration{0};
  return image;
}
inline Image golden_image_1() {
  auto image = golden_image_2();
  image.manifest.version = 1;
  image.manifest.architecture.clear();
  std::erase_if(image.manifest.fields, [](Field const& field) { return field.name == "flags" || field.form > FieldForm::list; });
  return image;
}

// Two generations in that store, of which the second holds a few pages; the arrays of each.
inline std::pair<Image, Image> golden_generations(std::filesystem::path const& store, bool compress = false) {
  JobInPages job(store);
  job.image.label.spec.checkpoint_compress = compress;
  auto const kept = [&] {
    auto image = job.image;
    image.pages = job.arrays();
    return image;
  };
  EXPECT_TRUE(job.checkpoint().image);
  auto first = kept();
  for (std::uint64_t const page : {0, 1, 90, 146, 199}) job.scribble(page);
  EXPECT_TRUE(job.checkpoint().image);
  return {std::move(first), kept()};
}

}  // namespace godwit::test
