// FrameChannel: frames between ranks, reliable and in order per pair, as MPI char arrays.
//
// MPI matches in order, but a long frame completes later than a short one behind it: what has arrived is
// handed out from the head of each peer's queue only. Internal to this folder; the loop thread's.
#pragma once

#include <boost/mpi/communicator.hpp>
#include <deque>
#include <map>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "edge/mpi/abandoned.hpp"

namespace godwit {

class FrameChannel {
 public:
  explicit FrameChannel(boost::mpi::communicator comm) : comm_(std::move(comm)) {}
  ~FrameChannel();
  FrameChannel(FrameChannel const&) = delete;
  FrameChannel& operator=(FrameChannel const&) = delete;

  void send(Rank to, Bytes frame);
  // One look, which costs two probes if nothing is there. True if anything moved.
  bool progress();
  // The next whole frame.
  struct Arrived {
    Rank from;
    Bytes frame;
  };
  std::vector<Arrived> take_arrived();

  // From now on nothing is sent to this peer, and nothing of it is handed out.
  void give_up(Rank peer);
  [[nodiscard]] bool in_flight() const;

 private:
  struct Transfer {
    boost::mpi::request request;
    Bytes buffer;
    bool done = false;
  };
  struct Traffic {
    std::deque<Transfer> out, in;
    bool given_up = false;
  };

  bool probe();
  bool test(std::deque<Transfer>& transfers);

  boost::mpi::communicator comm_;
  std::map<Rank, Traffic> peers_;
  std::vector<Arrived> arrived_;
  Abandoned abandoned_;
};

}  // namespace godwit
