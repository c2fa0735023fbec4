// godwit-make-golden DIR: writes the golden checkpoints of the present format into DIR. Run by hand when the
// format's version is raised; the files of older versions stay and must stay readable.
#include <cstdio>

#include "store/golden.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: godwit-make-golden DIR\n");
    return 2;
  }
  godwit::test::TestStore store(argv[1]);
  auto const written = store.write(godwit::test::golden_image_5());
  if (!written.image) {
    std::fprintf(stderr, "%s\n", written.image.failure().context.c_str());
    return 1;
  }
  static_cast<void>(godwit::test::golden_generations(argv[1], true));
  std::printf("%s, and two that belong together beside it\n", written.image->path.c_str());
  return 0;
}
