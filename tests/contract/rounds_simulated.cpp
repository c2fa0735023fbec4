#include "contract/rounds.hpp"
#include "support/fake_rounds.hpp"

namespace godwit::contract {
namespace {

class PlainRounds final : public RoundsRig {
 public:
  Rounds& rounds() override { return rounds_; }
  void let_pass() override {}

 private:
  test::FakeRounds rounds_{most_gathered};
};

INSTANTIATE_TEST_SUITE_P(Simulated, RoundsContract, ::testing::Values(Adapter<RoundsRig>{
                                                        "simulated", [] { return std::make_unique<PlainRounds>(); }}));

}  // namespace
}  // namespace godwit::contract
