#include "edge/posix/affinity.hpp"

namespace godwit {

CoreShare share_of(std::vector<std::int32_t> const& cpus, int place, int count) {
  CoreShare share;
  auto const size = static_cast<int>(cpus.size());
  for (int i = 0; i < size; ++i) {
    bool const own = count <= size ? i * count / size == place : i == place % size;
    (own ? share.own : share.others).push_back(cpus[static_cast<std::size_t>(i)]);
  }
  return share;
}

}  // namespace godwit
