// CheckpointStore in memory: two hosts' stores on one shelf; whoever gets further is drawn.
#include "contract/store.hpp"

#include "support/fake_store.hpp"

namespace godwit::contract {
namespace {

class Shelves final : public StoreRig {
 public:
  explicit Shelves(std::uint64_t seed) : random_(seed) {}
  CheckpointStore& store() override { return store_; }
  CheckpointStore& elsewhere() override { return elsewhere_; }
  bool let_pass() override {
    bool const here = store_.advance(random_);
    return elsewhere_.advance(random_) || here;
  }
  void damage(msg::ImageName const& image, Damage damage) override {
    if (damage == Damage::absent) {
      shelf_.erase(image.path);
    } else {
      shelf_.at(image.path).torn = true;
    }
  }
  void obstruct(JobId, bool obstructed) override { store_.failing_per_mille = obstructed ? 1000 : 0; }

 private:
  Random random_;
  test::Shelf shelf_;
  test::FakeStore store_{shelf_}, elsewhere_{shelf_};
};

INSTANTIATE_TEST_SUITE_P(Simulated, StoreContract, ::testing::ValuesIn(seeds<StoreRig, Shelves>()));

}  // namespace
}  // namespace godwit::contract
