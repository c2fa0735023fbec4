// Transport between real ranks under mpirun: this process is one of them, and the same for all cases.
#include "contract/transport.hpp"

#include <chrono>
#include <thread>

#include "mpi/mpi_main.hpp"

namespace godwit::contract {
namespace {

struct Kept {  // a rank that is ahead may have sent what belongs to the next case already
  Inbox inbox;
  std::vector<Rank> living;
};
Kept& kept() {
  static auto* const it = [] {
    auto* const made = new Kept;
    for (int rank = 0; rank < testing::mpi_transport().ranks(); ++rank) made->living.push_back(Rank{rank});
    return made;
  }();
  return *it;
}

class RealRank final : public TransportRig {
 public:
  std::vector<Rank> living() const override { return kept().living; }
  std::vector<End> here() override {
    auto& transport = testing::mpi_transport();
    return {{transport.self(), transport, kept().inbox}};
  }
  bool let_pass() override {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    return true;
  }
  void die(Rank rank) override {
    if (rank == testing::mpi_transport().self()) testing::die();
    std::erase(kept().living, rank);
  }
};

Adapter<TransportRig> mpi() {
  return {"mpi", [] { return std::make_unique<RealRank>(); }};
}

INSTANTIATE_TEST_SUITE_P(Mpi, TransportContract, ::testing::Values(mpi()));
INSTANTIATE_TEST_SUITE_P(Mpi, TransportDeathContract, ::testing::Values(mpi()));

}  // namespace
}  // namespace godwit::contract
