#include "edge/hdf5/hdf5_store.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/image_writer.hpp"
#include "edge/hdf5/log_tail.hpp"
#include "edge/hdf5/packing.hpp"
#include "edge/hdf5/pruning.hpp"
#include "edge/hdf5/staging.hpp"
#include "edge/hdf5/work_queue.hpp"

namespace godwit {
namespace {

// Beside the staging memory for whole images: the most for increments, and what of an arena is touched ahead
// for one.
constexpr std::uint64_t increments_part = 8, touched_part = 64;

// Tasks of the stager.
struct Stage {
  RequestId request;
  CheckpointLabel label;
  Bytes manifest;
  std::span<std::byte const> arena;
  ArenaSource source;
};
struct Reserve {
  RequestId request;
  std::uint64_t bytes{0};
};
using StagerTask = std::variant<Stage, Reserve>;

// Tasks of the scribe.
struct Write {
  RequestId request;
  CheckpointRecord record;
  CapsuleId capsule;
  Chains::Draft draft;  // with `own`: those pages are all that was copied
  Staging staging;      // empty: the pages are still in the arena, and the job stands still
  ByteView arena;       // or its copy
  std::vector<ByteView> arrays;
};
struct Verify {
  RequestId request;
  std::vector<msg::ImageName> images;
};
struct Load {
  RequestId request;
  msg::ImageName image;
  std::span<std::byte> arena;
};
using ScribeTask = std::variant<Write, Verify, Load, msg::PruneJob>;

// Answers on their way to the loop thread.
class Mailbox {
 public:
  Mailbox() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { invariant(fd_ >= 0, "no eventfd can be made"); }
  ~Mailbox() { ::close(fd_); }
  Mailbox(Mailbox const&) = delete;
  Mailbox& operator=(Mailbox const&) = delete;

  void post(StoreEvent event) {
    std::lock_guard const lock(mutex_);
    events_.push_back(std::move(event));
    ::eventfd_write(fd_, 1);
  }
  std::vector<StoreEvent> take() {
    std::lock_guard const lock(mutex_);
    eventfd_t ignored = 0;
    if (!events_.empty()) ::eventfd_read(fd_, &ignored);
    return std::exchange(events_, {});
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  std::mutex mutex_;
  std::vector<StoreEvent> events_;
  int fd_;
};

WallTime system_time() {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

Failure in_file(Failure failure, std::filesystem::path const& path) {
  failure.context = fmt::format("{}: {}", path.string(), failure.context);
  return failure;
}

}  // namespace

struct Hdf5CheckpointStore::Core {
  explicit Core(Settings settings_)
      : settings(std::move(settings_)),
        pool(settings.staging_bytes_max),
        increments(settings.staging_bytes_max / increments_part),
        chains(settings.store, settings.ancestors_max) {
    if (settings.software.empty()) settings.software = GODWIT_VERSION;
    if (!settings.wall) settings.wall = &system_time;
    stager = std::thread([this] {
      while (auto task = staging.pop()) std::visit([this](auto& asked) { run(asked); }, *task);
    });
    scribe = std::thread([this] {
      while (auto task = writing.pop()) std::visit([this](auto& asked) { run(asked); }, *task);
    });
  }
  ~Core() {
    staging.close();
    stager.join();  // which may still hand on to the scribe
    writing.close();
    scribe.join();
  }

  // ---- the stager

  void run(Reserve const& asked) {
    pool.reserve(asked.bytes);
    increments.reserve(asked.bytes / touched_part);
    answers.post(stored::Reserved{asked.request});
  }

  void run(Stage& asked) {
    auto manifest = decode<Manifest>(asked.manifest);
    auto status = manifest ? layout::check(*manifest) : Status(manifest.failure());
    if (status && manifest->arena_bytes > asked.arena.size()) {
      status = reject("bad_manifest", fmt::format("an arena of {} bytes for an image of {}",
                                                  asked.arena.size(), manifest->arena_bytes));
    }
    if (!status) {
      answers.post(stored::Staged{asked.request});
      answers.post(stored::Written{asked.request, status.failure(), 0});
      return;
    }
    // Which pages were written is asked before they are copied: what is written meanwhile belongs to the next
    // one.
    std::optional<PageRuns> written;
    if (asked.source.written != nullptr)
      written = asked.source.written->take(WrittenPages::Reader::checkpoint, manifest->arena_bytes);
    Write write{
        .request = asked.request,
        .record = {std::move(asked.label), *std::move(manifest), std::move(asked.manifest), {}, {}, {}},
        .capsule = asked.source.capsule,
        .draft = {},
        .staging = {},
        .arena = asked.arena,
        .arrays = {}};
    write.draft = chains.draft(write.capsule, write.record.label, write.record.manifest, std::move(written));
    if (copy(write)) answers.post(stored::Staged{asked.request});
    writing.push(std::move(write));
  }

  // To staging memory; false if there is none.
  bool copy(Write& write) {
    auto const& manifest = write.record.manifest;
    bool const few = write.draft.base && write.draft.own;
    if (few) write.staging = increments.take(packed_bytes(manifest, *write.draft.own));
    if (write.staging.empty())
      write.staging = pool.take(few ? packed_bytes(manifest, *write.draft.own) : manifest.arena_bytes);
    if (write.staging.empty()) {
      write.draft.base.reset();
      write.arrays = views_of(manifest, write.arena);
      return false;
    }
    if (few) {
      write.arrays = pack(manifest, *write.draft.own, write.arena, write.staging.memory());
      return true;
    }
    copy_arrays(manifest, write.arena, write.staging.memory());
    write.arrays = views_of(manifest, write.staging.memory());
    return true;
  }

  static void copy_arrays(Manifest const& manifest, ByteView from, std::span<std::byte> to) {
    for (auto const& array : manifest.arrays) {
      if (array.bytes > 0) std::memcpy(to.data() + array.offset, from.data() + array.offset, array.bytes);
    }
  }

  // ---- the scribe

  void run(Write& asked) {
    asked.record.time = settings.wall();
    asked.record.software = settings.software;
    asked.record.logs = log_tails(settings.store, asked.record.manifest);
    auto const written = write_out(asked);
    if (asked.staging.empty()) answers.post(stored::Staged{asked.request});
    asked.staging = {};
    if (written) {
      chains.written(asked.capsule, asked.draft.scan, written->chain);
      answers.post(stored::Written{asked.request, written->image, written->bytes});
    } else {
      answers.post(stored::Written{asked.request, written.failure(), 0});
    }
  }

  Result<WrittenImage> write_out(Write& asked) {
    auto& [scan, base, own] = asked.draft;
    ImageBytes image{std::move(asked.arrays), std::nullopt};
    if (base && !own) compare(asked, image);
    if (!base) return write_image(settings.store, asked.record, std::move(image));
    Increment const increment{base, *std::move(own)};
    return write_image(settings.store, asked.record, std::move(image), &increment);
  }

  // Nobody could tell which pages were written: those whose digests differ.
  static void compare(Write& asked, ImageBytes& image) {
    auto const& manifest = asked.record.manifest;
    image.digests = digests_of(image.arrays);
    std::vector<PageRuns> own;
    for (std::size_t i = 0; i < manifest.arrays.size(); ++i) {
      own.push_back(layout::is_slab(manifest.arrays[i])
                        ? differing((*image.digests)[i], asked.draft.base->digests[i])
                        : PageRuns{});
    }
    if (!Chains::pays(*asked.draft.base, own)) return asked.draft.base.reset();
    image.arrays = pack_in_place(manifest, own, asked.staging.memory());
    asked.draft.own = std::move(own);
  }

  void run(Verify const& asked) {
    std::vector<Failure> set_aside;
    for (auto const& image : asked.images) {
      auto const file = open(image);
      auto status = file ? file->verify() : Status(file.failure());
      if (status) {
        answers.post(stored::Verified{asked.request, image, file->encoded_manifest(),
                                      file->manifest().arena_bytes, std::move(set_aside)});
        return;
      }
      set_aside.push_back(in_file(status.failure(), settings.store / image.path));
    }
    auto failure = data_lost("no_image", fmt::format("none of {} checkpoints verifies", asked.images.size()));
    answers.post(stored::Verified{asked.request, std::move(failure), {}, 0, std::move(set_aside)});
  }

  void run(Load const& asked) {
    auto const file = open(asked.image);
    auto status = file ? file->load(asked.arena) : Status(file.failure());
    if (!status) status = in_file(status.failure(), settings.store / asked.image.path);
    answers.post(stored::Loaded{asked.request, std::move(status)});
  }

  void run(msg::PruneJob const& asked) {
    answers.post(stored::Pruned{asked.request, prune_job(settings.store, asked), asked.trial});
  }

  [[nodiscard]] Result<CheckpointFile> open(msg::ImageName const& image) const {
    auto file = CheckpointFile::open(settings.store / image.path);
    if (!file) return file;
    auto const& label = file->label();
    if (label.epoch != image.epoch || label.generation != image.generation) {
      return data_lost("damaged", fmt::format("it is generation {}-{}, not {}-{}", label.epoch,
                                              label.generation, image.epoch, image.generation));
    }
    return file;
  }

  Settings settings;
  StagingPool pool;
  StagingPool increments;  // of their own: no job stands still until the image of another is written
  Chains chains;
  Mailbox answers;
  WorkQueue<StagerTask> staging;
  WorkQueue<ScribeTask> writing;
  std::thread stager;
  std::thread scribe;
};

Hdf5CheckpointStore::Hdf5CheckpointStore(Settings settings)
    : core_(std::make_unique<Core>(std::move(settings))) {}
Hdf5CheckpointStore::~Hdf5CheckpointStore() = default;

void Hdf5CheckpointStore::write(RequestId request, CheckpointLabel label, Bytes manifest,
                                std::span<std::byte const> arena, ArenaSource source) {
  core_->staging.push(Stage{request, std::move(label), std::move(manifest), arena, source});
}

void Hdf5CheckpointStore::forget(CapsuleId capsule) {
  core_->chains.forget(capsule);
}

void Hdf5CheckpointStore::verify(RequestId request, std::vector<msg::ImageName> images) {
  core_->writing.push(Verify{request, std::move(images)});
}

void Hdf5CheckpointStore::load(RequestId request, msg::ImageName image, std::span<std::byte> arena) {
  core_->writing.push(Load{request, std::move(image), arena});
}

void Hdf5CheckpointStore::reserve(RequestId request, std::uint64_t arena_bytes) {
  core_->staging.push(Reserve{request, arena_bytes});
}

void Hdf5CheckpointStore::prune(msg::PruneJob order) {
  core_->writing.push(std::move(order));
}

std::vector<StoreEvent> Hdf5CheckpointStore::poll() {
  return core_->answers.take();
}

int Hdf5CheckpointStore::wait_fd() const {
  return core_->answers.fd();
}

}  // namespace godwit
