#include "support/fake_store.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

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
  auto const bytes = job.image.manifest.size() + job.image.arena.size();
  auto const fresh = shelf_.emplace(name.path, std::move(job.image)).second;
  EXPECT_TRUE(fresh) << name.path << " was replaced";
  events_.emplace_back(stored::Written{job.request, name, bytes});
  return true;
}

bool FakeStore::advance(Random&, Verifying& job) {
  stored::Verified verified{job.request, data_lost("no_image", "no image verifies"), {}, 0, {}};
  for (auto const& image : job.images) {
    auto const at = shelf_.find(image.path);
    if (at == shelf_.end() || at->second.torn) {
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
  auto const& arena = shelf_.at(job.image.path).arena;
  std::ranges::copy(arena, job.arena.begin());
  events_.emplace_back(stored::Loaded{job.request, Done{}});
  return true;
}

bool FakeStore::advance(Random&, Reserving& job) {
  events_.emplace_back(stored::Reserved{job.request});
  return true;
}

}  // namespace godwit::test
