#include <poll.h>

#include "contract/rounds.hpp"
#include "edge/capsules/round_memory.hpp"

namespace godwit::contract {
namespace {

class RealRounds final : public RoundsRig {
 public:
  Rounds& rounds() override { return memory_; }
  void let_pass() override {
    pollfd readable{memory_.wait_fd(), POLLIN, 0};
    ::poll(&readable, 1, 10);
  }

 private:
  RoundMemory memory_{most_gathered};
};

INSTANTIATE_TEST_SUITE_P(Memory, RoundsContract, ::testing::Values(Adapter<RoundsRig>{
                                                     "memory", [] { return std::make_unique<RealRounds>(); }}));

}  // namespace
}  // namespace godwit::contract
