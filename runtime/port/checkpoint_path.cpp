#include <fmt/format.h>

#include "port/checkpoint_store.hpp"

namespace godwit {

std::string checkpoint_path(JobId job, Epoch epoch, Generation generation) {
  return fmt::format("jobs/{}/checkpoints/{}-{}.h5", job, epoch, generation);
}

}  // namespace godwit
