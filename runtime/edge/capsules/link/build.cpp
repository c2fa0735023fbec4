#include "edge/capsules/link/build.hpp"

#include "link_digest.hpp"  // written by the build, see CMakeLists.txt

namespace godwit {

std::string link_build() {
  return GODWIT_VERSION "-" GODWIT_LINK_DIGEST;
}

}  // namespace godwit
