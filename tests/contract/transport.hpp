// The contract of the port Transport, as cases that run against every adapter: between simulated ranks, all of them
// in one process, and between real ones under mpirun, one in each. So a case is written for "the ranks that are here":
// each of them does its part, and then waits for what the others' parts bring.
//
// A rig gives a case its ranks. Where they outlive a case (MPI can be joined once) the living ones are kept in step by
// frames at its end; nothing that a case sent is left over then.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "contract/adapter.hpp"
#include "port/transport.hpp"

namespace godwit::contract {

// What arrived at one rank, by kind. Two ends of one stream fail the test, and so does a death told twice.
class Inbox final : public TransportEvents {
 public:
  using Stream = std::pair<Rank, StreamId>;  // the peer's

  void on(FrameReceived event) override { frames[event.from].push_back(std::move(event.frame)); }
  void on(PagesSent event) override;
  void on(PagesReceived event) override;
  void on(PeerDied event) override { EXPECT_TRUE(died.insert(event.peer).second) << "a death is told once"; }

  std::map<Rank, std::deque<Bytes>> frames;
  std::map<Stream, Digest> sent, received;
  std::set<Rank> died;
  std::function<void(Stream)> when_sent;  // at that very moment
};

struct End {
  Rank rank;
  Transport& transport;
  Inbox& inbox;
};

class TransportRig {
 public:
  virtual ~TransportRig() = default;

  [[nodiscard]] virtual std::vector<Rank> living() const = 0;  // wherever they are
  [[nodiscard]] virtual std::vector<End> here() = 0;           // the living ones in this process
  // Something gets further, if anything can. False: nothing can, ever.
  virtual bool let_pass() = 0;
  // Its process ends, in the middle of whatever it does. Doesn't return there.
  virtual void die(Rank rank) = 0;
};

class TransportContract : public ::testing::TestWithParam<Adapter<TransportRig>> {
 protected:
  TransportContract() : rig(GetParam().make()) {}
  void TearDown() override;

  // Polls every rank here until it holds; false, and a failure, if it never does.
  bool until(std::function<bool()> const& holds);
  [[nodiscard]] std::vector<Rank> others(Rank rank) const;
  [[nodiscard]] Rank right_of(Rank rank) const;
  [[nodiscard]] Rank left_of(Rank rank) const;
  Bytes next_frame(End const& end, Rank from);
  void in_step();  // frames to and from every living rank; what else is left over is met here

  std::unique_ptr<TransportRig> rig;
};

// Each ends the life of the highest rank.
class TransportDeathContract : public TransportContract {};

}  // namespace godwit::contract
