#include "edge/hdf5/pruning.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <set>

#include "base/fault_point.hpp"
#include "checkpoint/retention.hpp"
#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/draft.hpp"

namespace godwit {
namespace {

namespace fs = std::filesystem;
using checkpoint::ImageId;

constexpr auto draft_age_min = std::chrono::seconds(60);  // a process number may belong to another namespace

// "5-12.h5"
std::optional<ImageId> image_of(fs::path const& name) {
  if (name.extension() != ".h5") return std::nullopt;
  auto const text = name.stem().string();
  ImageId id;
  auto const* const end = text.data() + text.size();
  auto const epoch = std::from_chars(text.data(), end, id.first.value);
  if (epoch.ec != std::errc{} || epoch.ptr == end || *epoch.ptr != '-') return std::nullopt;
  auto const generation = std::from_chars(epoch.ptr + 1, end, id.second.value);
  if (generation.ec != std::errc{} || generation.ptr != end) return std::nullopt;
  return id;
}

WallTime time_of(fs::directory_entry const& entry) {
  std::error_code error;
  auto const when = entry.last_write_time(error);
  if (error) return {};
  auto const wall = std::chrono::file_clock::to_sys(when).time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count()};
}

msg::ImageName name_of(JobId job, ImageId id) { return {id.first, id.second, checkpoint_path(job, id.first, id.second)}; }

// A damaged file rests on nothing: it can't be read with its ancestors either, nor can one of which an ancestor is gone. What
// can't be read now may be in a moment.
Result<std::vector<ImageId>> ancestors_of(fs::path const& path) {
  auto const file = CheckpointFile::open(path);
  std::vector<ImageId> ancestors;
  bool const gone = !file && file.failure().context.ends_with(std::strerror(ENOENT));
  if (!file && !gone && file.failure().reaction == Reaction::retry_later) {
    return retry_later("unreadable", fmt::format("{}: {}; nothing is thrown away meanwhile", path.string(),
                                                 file.failure().context));
  }
  if (!file) return ancestors;
  for (auto const& ancestor : file->ancestors()) {
    if (auto const id = image_of(ancestor.file)) ancestors.push_back(*id);
  }
  return ancestors;
}

struct Shelf {
  std::vector<checkpoint::Stored> all;
  std::optional<Failure> unreadable;
};

Shelf look_through(fs::path const& store, msg::PruneJob const& order) {
  Shelf shelf;
  std::set<ImageId> lineage, pinned;
  for (auto const& image : order.lineage) lineage.insert({image.epoch, image.generation});
  for (auto const& image : order.pinned) pinned.insert({image.epoch, image.generation});
  auto const directory = (store / checkpoint_path(order.job, Epoch{}, Generation{})).parent_path();
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    auto const id = image_of(at->path().filename());
    if (!id) continue;
    std::error_code none;
    auto const bytes = at->file_size(none);
    if (none == std::errc::no_such_file_or_directory) continue;  // somebody else has just deleted it
    if (none) {
      shelf.unreadable = retry_later("unreadable", fmt::format("{}: {}", at->path().string(), none.message()));
      continue;
    }
    shelf.all.push_back({*id, bytes, time_of(*at), {}, lineage.contains(*id), pinned.contains(*id)});
    auto ancestors = ancestors_of(at->path());
    if (ancestors) {
      shelf.all.back().rests_on = *std::move(ancestors);
    } else {
      shelf.unreadable = ancestors.failure();
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    shelf.unreadable = retry_later("io_error", fmt::format("listing {}: {}", directory.string(), error.message()));
  }
  return shelf;
}

bool verifies(fs::path const& path) {
  auto const file = CheckpointFile::open(path);
  return file && file->verify();
}

// The newest of the lineage that is there and verifies.
std::optional<ImageId> newest_good(fs::path const& store, msg::PruneJob const& order) {
  for (auto const& image : order.lineage) {
    if (verifies(store / image.path)) return ImageId{image.epoch, image.generation};
  }
  return std::nullopt;
}

void delete_files(fs::path const& store, JobId job, std::vector<ImageId> const& gone, Shelf const& shelf, bool trial,
                  msg::Pruned& answer) {
  for (auto const& id : gone) {
    auto const name = name_of(job, id);
    auto const path = store / name.path;
    fault_point("prune", "deleting");
    if (!trial && ::unlink(path.c_str()) != 0 && errno != ENOENT) {
      answer.failure = retry_later("not_deleted", fmt::format("deleting {}: {}", path.string(), std::strerror(errno)));
      return;
    }
    auto const& stored = *std::ranges::find(shelf.all, id, &checkpoint::Stored::id);
    answer.removed.push_back(name);
    answer.removed_bytes += stored.bytes;
    answer.left_bytes -= stored.bytes;
    --answer.left;
  }
}

// ".5-12.h5.node3.4711-0.tmp"
std::optional<pid_t> writer_here(std::string const& name) {
  if (!name.starts_with('.') || !name.ends_with(".tmp")) return std::nullopt;
  auto const dot = name.rfind('.', name.size() - 5);
  auto const node = name.find(".h5.");
  if (dot == name.npos || node == name.npos || node + 4 > dot) return std::nullopt;
  if (name.substr(node + 4, dot - node - 4) != draft_node()) return std::nullopt;
  pid_t pid = 0;
  auto const read = std::from_chars(name.data() + dot + 1, name.data() + name.size(), pid);
  return read.ec == std::errc{} && *read.ptr == '-' && pid > 0 ? std::optional(pid) : std::nullopt;
}

}  // namespace

int sweep_drafts(fs::path const& directory) {
  int swept = 0;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    auto const pid = writer_here(at->path().filename().string());
    if (!pid || ::kill(*pid, 0) == 0 || errno != ESRCH) continue;
    std::error_code none;
    auto const age = fs::file_time_type::clock::now() - at->last_write_time(none);
    if (!none && age > draft_age_min && ::unlink(at->path().c_str()) == 0) ++swept;
  }
  return swept;
}

msg::Pruned prune_job(fs::path const& store, msg::PruneJob const& order) {
  msg::Pruned answer;
  answer.request = order.request;
  answer.job = order.job;
  auto const shelf = look_through(store, order);
  answer.failure = shelf.unreadable;
  for (auto const& stored : shelf.all) answer.left_bytes += stored.bytes;
  answer.left = static_cast<std::uint32_t>(shelf.all.size());
  if (answer.failure || order.lineage.empty()) return answer;
  if (!order.trial) sweep_drafts((store / order.lineage.front().path).parent_path());
  // Reading a whole image is for when it counts.
  auto const& newest = order.lineage.front();
  if (checkpoint::superfluous(shelf.all, order.retention, {newest.epoch, newest.generation}).empty()) return answer;
  auto const good = newest_good(store, order);
  if (!good) {
    answer.failure = data_lost("no_image", fmt::format("no generation of job {} verifies: none is thrown away; 'godwit "
                                                       "inspect verify {}' says what is wrong with each",
                                                       order.job, order.job));
    return answer;
  }
  delete_files(store, order.job, checkpoint::superfluous(shelf.all, order.retention, *good), shelf, order.trial, answer);
  return answer;
}

}  // namespace godwit
