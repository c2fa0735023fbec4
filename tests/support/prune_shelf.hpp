// What pruning a job comes to on a shelf in memory, the same promise as edge/hdf5/pruning.hpp: for stores that are fakes.
#pragma once

#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/retention.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::test {

// `names`: of all that is on the shelf. `there` fills in bytes and time, or says that it can't be seen; `good`: it verifies.
inline msg::Pruned prune_shelf(msg::PruneJob const& order, std::vector<std::string> const& names,
                               std::function<bool(checkpoint::Stored&, msg::ImageName const&)> const& there,
                               std::function<bool(msg::ImageName const&)> const& good) {
  auto const has = [](std::vector<msg::ImageName> const& images, std::string const& path) {
    for (auto const& image : images) {
      if (image.path == path) return true;
    }
    return false;
  };
  auto const folder = checkpoint_path(order.job, Epoch{}, Generation{});
  auto const prefix = folder.substr(0, folder.rfind('/') + 1);
  msg::Pruned answer;
  answer.request = order.request;
  answer.job = order.job;
  std::vector<checkpoint::Stored> all;
  for (auto const& path : names) {
    if (!path.starts_with(prefix)) continue;
    checkpoint::Stored stored;
    auto const* const begin = path.data() + prefix.size();
    auto const epoch = std::from_chars(begin, path.data() + path.size(), stored.id.first.value);
    std::from_chars(epoch.ptr + 1, path.data() + path.size(), stored.id.second.value);
    stored.of_lineage = has(order.lineage, path);
    stored.pinned = has(order.pinned, path);
    if (!there(stored, {stored.id.first, stored.id.second, path})) continue;
    answer.left_bytes += stored.bytes;
    ++answer.left;
    all.push_back(stored);
  }
  std::optional<checkpoint::ImageId> newest;
  for (auto const& image : order.lineage) {
    if (!newest && good(image)) newest = {image.epoch, image.generation};
  }
  if (!newest) {
    if (!order.lineage.empty()) answer.failure = data_lost("no_image", "no generation verifies: none is thrown away");
    return answer;
  }
  for (auto const& id : checkpoint::superfluous(all, order.retention, *newest)) {
    for (auto const& stored : all) {
      if (stored.id != id) continue;
      answer.removed.push_back({id.first, id.second, checkpoint_path(order.job, id.first, id.second)});
      answer.removed_bytes += stored.bytes;
      answer.left_bytes -= stored.bytes;
      --answer.left;
    }
  }
  return answer;
}

}  // namespace godwit::test
