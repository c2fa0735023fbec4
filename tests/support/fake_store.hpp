// FakeStore: checkpoints in memory. The Shelf is the shared filesystem: it outlives hosts and worlds.
// Work goes on piece by piece when the caller of advance() lets it, so that an arena that changes while
// it is staged shows. Writes can be made to fail.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::test {

struct Shelved {
  CheckpointLabel label;
  Bytes manifest;
  Bytes arena;
  bool torn{false};
};
using Shelf = std::map<std::string, Shelved>;

class FakeStore final : public CheckpointStore {
 public:
  explicit FakeStore(Shelf& shelf) : shelf_(shelf) {}

  bool advance(Random& random);  // false: nothing to do
  std::uint64_t failing_per_mille{0};

  void write(RequestId request, CheckpointLabel label, Bytes manifest, std::span<std::byte const> arena,
             ArenaSource) override {
    jobs_.push_back(Writing{request, {std::move(label), std::move(manifest), {}}, arena});
  }
  void verify(RequestId request, std::vector<msg::ImageName> images) override {
    jobs_.push_back(Verifying{request, std::move(images)});
  }
  void load(RequestId request, msg::ImageName image, std::span<std::byte> arena) override {
    jobs_.push_back(Loading{request, std::move(image), arena});
  }
  void reserve(RequestId request, std::uint64_t) override { jobs_.push_back(Reserving{request}); }
  void forget(CapsuleId) override {}
  void prune(msg::PruneJob order) override { jobs_.push_back(std::move(order)); }
  std::vector<StoreEvent> poll() override { return std::exchange(events_, {}); }

 private:
  struct Writing {
    RequestId request;
    Shelved image;
    std::span<std::byte const> arena;
    bool staged{false};
  };
  struct Verifying {
    RequestId request;
    std::vector<msg::ImageName> images;
  };
  struct Loading {
    RequestId request;
    msg::ImageName image;
    std::span<std::byte> arena;
  };
  struct Reserving {
    RequestId request;
  };
  using Job = std::variant<Writing, Verifying, Loading, Reserving, msg::PruneJob>;

  static Bytes described(Shelved const& image);
  // True: it is done.
  bool advance(Random& random, Writing& job);
  bool advance(Random&, Verifying& job);
  bool advance(Random&, Loading& job);
  bool advance(Random&, Reserving& job);
  bool advance(Random&, msg::PruneJob& order);

  Shelf& shelf_;
  std::vector<Job> jobs_;
  std::vector<StoreEvent> events_;
};

}  // namespace godwit::test
