#include "sim/store.hpp"

#include <algorithm>

#include "support/prune_shelf.hpp"

namespace godwit::sim {

void SimStore::later(Duration at_least, std::function<void()> work) {
  ++open_;
  auto const extra = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(2 * at_least.count())));
  scheduler_.after(at_least * disk_.slow + Duration{extra}, [this, work = std::move(work)] {
    --open_;
    if (!ended_) work();
  });
}

void SimStore::say(StoreEvent event) {
  events_.push_back(std::move(event));
  on_event();
}

bool SimStore::refers_to(std::span<std::byte const> memory) const {
  return std::ranges::any_of(staging_, [&](auto const& weak) {
    auto const one = weak.lock();
    return one && !one->staged && !memory.empty() && one->arena.data() == memory.data();
  });
}

void SimStore::write(RequestId request, CheckpointLabel label, Bytes manifest,
                     std::span<std::byte const> arena, ArenaSource) {
  auto const writing = std::make_shared<Writing>(Writing{request, {std::move(label), std::move(manifest), {}}, arena});
  std::erase_if(staging_, [](auto const& weak) { return weak.expired(); });
  staging_.push_back(writing);
  later(100us, [this, writing] { stage(writing); });
}

void SimStore::stage(std::shared_ptr<Writing> const& writing) {
  auto& copy = writing->image.arena;
  auto const left = writing->arena.subspan(copy.size());
  auto const more = left.first(std::min(left.size(), writing->arena.size() / 2 + 1));
  copy.insert(copy.end(), more.begin(), more.end());
  if (copy.size() < writing->arena.size()) return later(100us, [this, writing] { stage(writing); });
  writing->staged = true;
  auto const& label = writing->image.label;
  disk_.drafts[checkpoint_path(label.job, label.epoch, label.generation) + ".part"] = process_;
  later(3ms, [this, writing] { publish(*writing); });
  say(stored::Staged{writing->request});
}

// A file holds what the manifest names; the rest of the arena comes back as zeros.
Bytes SimStore::described(StoredImage const& image) {
  Bytes kept(image.arena.size());
  auto const manifest = decode<Manifest>(image.manifest);
  if (!manifest) wrong("a manifest that can't be decoded is written");
  for (auto const& array : manifest->arrays) {
    std::ranges::copy(ByteView(image.arena).subspan(array.offset, array.bytes),
                      kept.begin() + static_cast<std::ptrdiff_t>(array.offset));
  }
  return kept;
}

void SimStore::publish(Writing& writing) {
  auto const& label = writing.image.label;
  msg::ImageName const name{label.epoch, label.generation,
                            checkpoint_path(label.job, label.epoch, label.generation)};
  disk_.drafts.erase(name.path + ".part");
  if (auto fault = disk_.write_fault()) return say(stored::Written{writing.request, *fault, 0});
  auto const bytes = writing.image.manifest.size() + writing.image.arena.size();
  if (disk_.images.contains(name.path)) {
    return say(stored::Written{writing.request, reject("exists", name.path + " exists already"), 0});
  }
  writing.image.published = scheduler_.now();
  writing.image.arena = described(writing.image);
  if (!disk_.names_are_durable) writing.image.named_by = process_;
  disk_.images.emplace(name.path, std::move(writing.image));
  // Published, and its directory synced; that it is known may take a while, and never happens if the host dies meanwhile.
  later(1ms, [this, request = writing.request, name, bytes] {
    auto const at = disk_.images.find(name.path);  // a host that counts as dead writes what others prune
    if (at != disk_.images.end() && !disk_.directories_not_synced) at->second.named_by = 0;
    say(stored::Written{request, name, bytes});
  });
}

void SimStore::verify(RequestId request, std::vector<msg::ImageName> images) {
  later(1ms, [this, request, images = std::move(images)] {
    stored::Verified verified{request, data_lost("no_image", "no image verifies"), {}, 0, {}};
    for (auto const& image : images) {
      auto const at = disk_.images.find(image.path);
      if (at == disk_.images.end() || disk_.is_stale(at->second)) {
        verified.set_aside.push_back(retry_later("unreadable", fmt::format("{}: no such file", image.path)));
      } else if (disk_.reads_fail()) {
        verified.set_aside.push_back(retry_later("io", fmt::format("{}: input/output error", image.path)));
      } else if (at->second.damaged) {
        verified.set_aside.push_back(data_lost("digest", fmt::format("{} is damaged", image.path)));
      } else {
        verified.image = image;
        verified.manifest = at->second.manifest;
        verified.arena_bytes = at->second.arena.size();
        break;
      }
    }
    say(std::move(verified));
  });
}

void SimStore::load(RequestId request, msg::ImageName image, std::span<std::byte> arena) {
  later(1ms, [this, request, image = std::move(image), arena] {
    auto const at = disk_.images.find(image.path);
    if (at == disk_.images.end() || at->second.damaged) {
      return say(stored::Loaded{request, data_lost("digest", fmt::format("{} is damaged", image.path))});
    }
    auto const& bytes = at->second.arena;
    if (bytes.size() > arena.size()) wrong("{} is loaded into an arena that is too small", image.path);
    std::ranges::copy(bytes, arena.begin());
    say(stored::Loaded{request, Done{}});
  });
}

void SimStore::reserve(RequestId request, std::uint64_t) {
  later(200us, [this, request] { say(stored::Reserved{request}); });
}

void SimStore::prune(msg::PruneJob order) {
  later(1ms, [this, order = std::move(order)] {
    auto const there = [&](checkpoint::Stored& stored, msg::ImageName const& name) {
      auto const at = disk_.images.find(name.path);
      if (at == disk_.images.end() || disk_.is_stale(at->second)) return false;
      stored.bytes = at->second.manifest.size() + at->second.arena.size();
      stored.at = WallTime{at->second.published.count()};
      return true;
    };
    auto const good = [&](msg::ImageName const& name) {
      auto const at = disk_.images.find(name.path);
      return at != disk_.images.end() && !disk_.is_stale(at->second) && !at->second.damaged && !disk_.reads_fail();
    };
    std::vector<std::string> names;
    for (auto const& [path, image] : disk_.images) names.push_back(path);
    auto answer = test::prune_shelf(order, names, there, good);
    if (!order.trial) {
      for (auto const& name : answer.removed) {
        disk_.pruned[name.path] = disk_.images.at(name.path).manifest;
        disk_.images.erase(name.path);
      }
    }
    say(stored::Pruned{order.request, std::move(answer), order.trial});
  });
}

}  // namespace godwit::sim
