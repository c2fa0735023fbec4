#include "support/fake_store.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/prune_shelf.hpp"

namespace godwit::test {

bool FakeStore::advance(Random& random) {
  if (jobs_.empty()) return false;
  auto const at = jobs_.begin() + static_cast<std::ptrdiff_t>(random.below(jobs_.size()));
  if (std::visit([&](auto& job) { return advance(random, job); }, *at)) jobs_.erase(at);
  return true;
}

bool FakeStore::advance(Random& random, Writing& job) {
  if (!job.staged) {
    auto& copy = job.image.arena;
    auto const left = job.arena.size() - copy.size();
    auto const more = std::min(left, job.arena.size() / 2 + 1);
    copy.insert(copy.end(), job.arena.begin() + static_cast<std::ptrdiff_t>(copy.size()),
                job.arena.begin() + static_cast<std::ptrdiff_t>(copy.size() + more));
    job.staged = copy.size() == job.arena.size();
    if (job.staged) events_.emplace_back(stored::Staged{job.request});
    return false;
  }
  if (random.below(1000) < failing_per_mille) {
    events_.emplace_back(stored::Written{job.request, retry_later("no_space", "the store is full"), 0});
    return true;
  }
  auto const& label = job.image.label;
  msg::ImageName const name{label.epoch, label.generation,
                            checkpoint_path(label.job, label.epoch, label.generation)};
  if (shelf_.contains(name.path)) {
    events_.emplace_back(stored::Written{job.request, reject("exists", name.path + " exists already"), 0});
    return true;
  }
  auto const bytes = job.image.manifest.size() + job.image.arena.size();
  job.image.arena = described(job.image);
  shelf_.emplace(name.path, std::move(job.image));
  events_.emplace_back(stored::Written{job.request, name, bytes});
  return true;
}

// A file holds what the manifest names; the rest of the arena comes back as zeros.
Bytes FakeStore::described(Shelved const& image) {
  Bytes kept(image.arena.size());
  auto const manifest = decode<Manifest>(image.manifest);
  EXPECT_TRUE(manifest) << "a manifest that can't be decoded";
  if (!manifest) return kept;
  for (auto const& array : manifest->arrays) {
    std::ranges::copy(ByteView(image.arena).subspan(array.offset, array.bytes),
                      kept.begin() + static_cast<std::ptrdiff_t>(array.offset));
  }
  return kept;
}

bool FakeStore::advance(Random&, Verifying& job) {
  stored::Verified verified{job.request, data_lost("no_image", "no image verifies"), {}, 0, {}};
  for (auto const& image : job.images) {
    auto const at = shelf_.find(image.path);
    if (at == shelf_.end()) {
      verified.set_aside.push_back(retry_later("unreadable", fmt::format("{}: there is no such file", image.path)));
      continue;
    }
    if (at->second.torn) {
      verified.set_aside.push_back(data_lost("digest", fmt::format("{} is torn", image.path)));
      continue;
    }
    verified.image = image;
    verified.manifest = at->second.manifest;
    verified.arena_bytes = at->second.arena.size();
    break;
  }
  events_.emplace_back(std::move(verified));
  return true;
}

bool FakeStore::advance(Random&, Loading& job) {
  auto const at = shelf_.find(job.image.path);
  if (at == shelf_.end() || at->second.torn) {
    events_.emplace_back(stored::Loaded{job.request, data_lost("digest", job.image.path + " is torn")});
    return true;
  }
  std::ranges::copy(at->second.arena, job.arena.begin());
  events_.emplace_back(stored::Loaded{job.request, Done{}});
  return true;
}

bool FakeStore::advance(Random&, Reserving& job) {
  events_.emplace_back(stored::Reserved{job.request});
  return true;
}

bool FakeStore::advance(Random&, msg::PruneJob& order) {
  auto const there = [&](checkpoint::Stored& stored, msg::ImageName const& name) {
    auto const at = shelf_.find(name.path);
    if (at == shelf_.end()) return false;
    stored.bytes = at->second.manifest.size() + at->second.arena.size();
    return true;
  };
  auto const good = [&](msg::ImageName const& name) {
    auto const at = shelf_.find(name.path);
    return at != shelf_.end() && !at->second.torn;
  };
  std::vector<std::string> names;
  for (auto const& [path, image] : shelf_) names.push_back(path);
  auto answer = prune_shelf(order, names, there, good);
  if (!order.trial) {
    for (auto const& name : answer.removed) shelf_.erase(name.path);
  }
  events_.emplace_back(stored::Pruned{order.request, std::move(answer), order.trial});
  return true;
}

}  // namespace godwit::test
