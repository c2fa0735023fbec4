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
#include "edge/hdf5/staging.hpp"
#include "edge/hdf5/work_queue.hpp"

namespace godwit {
namespace {

// Tasks of the stager.
struct Stage {
  RequestId request;
  CheckpointLabel label;
  Bytes manifest;
  std::span<std::byte const> arena;
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
  Staging staging;  // empty: the pages are still in the arena, and the job stands still
  ByteView pages;
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
using ScribeTask = std::variant<Write, Verify, Load>;

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
  explicit Core(Settings settings_) : settings(std::move(settings_)), pool(settings.staging_bytes_max) {
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
    Write write{asked.request,
                {std::move(asked.label), *std::move(manifest), std::move(asked.manifest)},
                {},
                asked.arena};
    write.staging = pool.take(write.record.manifest.arena_bytes);
    if (!write.staging.empty()) {
      copy_arrays(write.record.manifest, asked.arena, write.staging.memory());
      write.pages = write.staging.memory();
      answers.post(stored::Staged{asked.request});
    }
    writing.push(std::move(write));
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
    auto const written = write_image(settings.store, asked.record, asked.pages);
    if (asked.staging.empty()) answers.post(stored::Staged{asked.request});
    asked.staging = {};
    if (written) {
      answers.post(stored::Written{asked.request, written->image, written->bytes});
    } else {
      answers.post(stored::Written{asked.request, written.failure(), 0});
    }
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
                                std::span<std::byte const> arena) {
  core_->staging.push(Stage{request, std::move(label), std::move(manifest), arena});
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

std::vector<StoreEvent> Hdf5CheckpointStore::poll() {
  return core_->answers.take();
}

int Hdf5CheckpointStore::wait_fd() const {
  return core_->answers.fd();
}

}  // namespace godwit
