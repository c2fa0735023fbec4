// The contract of the port CheckpointStore, as cases that run against every adapter: checkpoints in memory, and HDF5
// files on disk. A rig gives a case two hosts' stores on the same files, lets them get further, and damages what is
// kept the way crashes and disks do.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "contract/adapter.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::contract {

enum class Damage { torn, flipped, absent };

class StoreRig {
 public:
  virtual ~StoreRig() = default;
  virtual CheckpointStore& store() = 0;
  virtual CheckpointStore& elsewhere() = 0;  // another host's, on the same files
  virtual bool let_pass() = 0;               // false: nothing can get further, ever
  virtual void damage(msg::ImageName const& image, Damage damage) = 0;
  virtual void obstruct(JobId job, bool obstructed) = 0;  // nothing can be published for it
};

struct Sample {  // an image
  CheckpointLabel label;
  Manifest manifest;
  Bytes pages;
};

class StoreContract : public ::testing::TestWithParam<Adapter<StoreRig>> {
 protected:
  StoreContract() : rig(GetParam().make()) {}

  // Two arrays with a gap of no array between and behind them; contents by `seed`.
  static Sample sample(std::uint64_t generation, std::uint64_t seed = 1, Epoch epoch = {4});
  static msg::ImageName name_of(Sample const& sample);
  // Only what the manifest names is kept.
  static Bytes kept_of(Sample const& sample);

  // The next event of that kind; events about other requests than the one asked for fail the test.
  template <class E>
  E expect(CheckpointStore& store, RequestId request);
  // Written, waited for.
  stored::Written write(Sample const& sample, CheckpointStore& store);
  stored::Written write(Sample const& sample) { return write(sample, rig->store()); }
  stored::Verified verify(std::vector<msg::ImageName> const& images, CheckpointStore& store);
  stored::Verified verify(std::vector<msg::ImageName> const& images) { return verify(images, rig->store()); }
  msg::Pruned prune(std::vector<msg::ImageName> lineage, std::int32_t keep, bool trial = false);
  stored::Loaded load(msg::ImageName const& image, std::span<std::byte> arena, CheckpointStore& store);
  void says_nothing_more();

  RequestId fresh() { return last_request_ = last_request_.next(); }
  std::vector<StoreEvent>& events_of(CheckpointStore& store) { return &store == &rig->store() ? here_ : there_; }
  bool next(CheckpointStore& store, StoreEvent& event);

  std::unique_ptr<StoreRig> rig;

 private:
  RequestId last_request_;
  std::vector<StoreEvent> here_, there_;
};

[[nodiscard]] inline RequestId request_of(StoreEvent const& event) {
  return std::visit([](auto const& one) { return one.request; }, event);
}

// What a case goes on with when the answer didn't come.
template <class E>
E no_answer(RequestId request) {
  if constexpr (std::is_same_v<E, stored::Staged> || std::is_same_v<E, stored::Reserved>) {
    return {request};
  } else if constexpr (std::is_same_v<E, stored::Pruned>) {
    return {request, {}, false};
  } else {
    return {request, data_lost("no_answer", "no answer came")};
  }
}

template <class E>
E StoreContract::expect(CheckpointStore& store, RequestId request) {
  StoreEvent event = stored::Reserved{};
  if (!next(store, event)) return no_answer<E>(request);
  EXPECT_EQ(request_of(event), request);
  if (auto* const wanted = std::get_if<E>(&event)) return std::move(*wanted);
  ADD_FAILURE() << "another kind of event: " << event.index();
  return no_answer<E>(request);
}

}  // namespace godwit::contract
