// Transport between the ranks of tests/sim, under virtual time.
#include "contract/transport.hpp"

#include "sim/network.hpp"

namespace godwit::contract {
namespace {

class SimRanks final : public TransportRig {
 public:
  explicit SimRanks(std::uint64_t seed) : scheduler_(seed), network_(ranks, {}, seed, scheduler_, trace_) {
    for (int rank = 0; rank < ranks; ++rank) living_.push_back(Rank{rank});
  }
  std::vector<Rank> living() const override { return living_; }
  std::vector<End> here() override {
    std::vector<End> ends;
    for (auto const rank : living_) ends.push_back({rank, network_.transport(rank), inboxes_[rank]});
    return ends;
  }
  bool let_pass() override {
    bool more = scheduler_.run_one();
    for (auto const& end : here()) more = end.transport.poll(end.inbox) || more;
    return more;
  }
  void die(Rank rank) override {
    network_.end(rank, true);
    std::erase(living_, rank);
    for (auto const other : living_) network_.tell_death(rank, other);
  }

 private:
  static constexpr int ranks = 4;
  sim::Scheduler scheduler_;
  sim::Trace trace_{scheduler_, {}};
  sim::SimNetwork network_;
  std::map<Rank, Inbox> inboxes_;
  std::vector<Rank> living_;
};

INSTANTIATE_TEST_SUITE_P(Sim, TransportContract, ::testing::ValuesIn(seeds<TransportRig, SimRanks>()));
INSTANTIATE_TEST_SUITE_P(Sim, TransportDeathContract, ::testing::ValuesIn(seeds<TransportRig, SimRanks>()));

}  // namespace
}  // namespace godwit::contract
