// Transport between ranks that are simulated: all of them here, in one thread, and whoever gets further is
// drawn.
#include "contract/transport.hpp"

#include "support/fake_network.hpp"

namespace godwit::contract {
namespace {

class SimulatedRanks final : public TransportRig {
 public:
  explicit SimulatedRanks(std::uint64_t seed) : random_(seed) {
    for (int rank = 0; rank < ranks; ++rank) {
      living_.push_back(Rank{rank});
      places_.try_emplace(Rank{rank}, network_, Rank{rank});
    }
  }
  std::vector<Rank> living() const override { return living_; }
  std::vector<End> here() override {
    std::vector<End> ends;
    for (auto const rank : living_) {
      auto& place = places_.at(rank);
      ends.push_back({rank, place.transport, place.inbox});
    }
    return ends;
  }
  bool let_pass() override {
    bool more = network_.advance(random_);
    for (auto const& end : here()) more = end.transport.poll(end.inbox) || more;
    return more;
  }
  void die(Rank rank) override {
    network_.die(rank);
    std::erase(living_, rank);
  }

 private:
  static constexpr int ranks = 4;
  struct Place {
    Place(test::FakeNetwork& network, Rank rank) : transport(network, rank) {}
    test::FakeTransport transport;
    Inbox inbox;
  };
  Random random_;
  test::FakeNetwork network_{ranks};
  std::map<Rank, Place> places_;
  std::vector<Rank> living_;
};

INSTANTIATE_TEST_SUITE_P(Simulated, TransportContract,
                         ::testing::ValuesIn(seeds<TransportRig, SimulatedRanks>()));
INSTANTIATE_TEST_SUITE_P(Simulated, TransportDeathContract,
                         ::testing::ValuesIn(seeds<TransportRig, SimulatedRanks>()));

}  // namespace
}  // namespace godwit::contract
