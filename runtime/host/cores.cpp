#include "host/cores.hpp"

#include <algorithm>
#include <utility>

namespace godwit::host {

Cores::Cores(std::vector<std::int32_t> own, std::vector<std::int32_t> const& others)
    : free_(std::move(own)), all_(free_) {
  all_.insert(all_.end(), others.begin(), others.end());
  std::ranges::sort(free_);
  std::ranges::sort(all_);
}

Cores::Taken Cores::take(std::int32_t count) {
  if (count > static_cast<std::int32_t>(free_.size())) return {all_, false};
  Taken taken{{free_.begin(), free_.begin() + count}, true};
  free_.erase(free_.begin(), free_.begin() + count);
  return taken;
}

void Cores::give_back(Taken taken) {
  if (!taken.alone) return;
  free_.insert(free_.end(), taken.cpus.begin(), taken.cpus.end());
  std::ranges::sort(free_);
}

}  // namespace godwit::host
