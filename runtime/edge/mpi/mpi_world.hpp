// MpiWorld: MPI started the way that survives the death of ranks, and who is in it.
//
// The rules (each was learnt from a run that hung or died without it):
//   - SIGPIPE is ignored before MPI_Init: a peer that dies on TCP would take us along.
//   - Collectives only here, at the start. Afterwards only Iprobe, Isend, Irecv and Test.
//   - Requests to or from the dead are abandoned together with their buffers, never freed or reused.
//   - MPI is never finalized (it can hang after a death): the process ends by _exit.
//   - Calls into MPI: the thread that started it only (MPI_THREAD_FUNNELED).
// What launches the ranks must not kill the survivors: mpirun --enable-recovery.
#pragma once

#include <boost/mpi/communicator.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "edge/posix/doorbell.hpp"
#include "edge/posix/lifeline.hpp"

namespace godwit {

struct Peer {
  std::int32_t pid{0};
  std::int32_t zygote{0};  // its capsules live until this has ended; 0: it has none
  std::string node;
  std::string boot_id;
  std::string bell;  // the name of its doorbell
  LifelineName lifeline;  // without addresses: it has none
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& pid& zygote& node& boot_id& bell& lifeline;
  }
};

class MpiWorld {
 public:
  // Blocks until every rank has started. Fails if MPI doesn't. `zygote`: this rank's, 0 if it has none;
  // `lifeline`: may be null.
  static Result<MpiWorld> join(int& argc, char**& argv, std::int32_t zygote = 0, std::unique_ptr<Lifeline> lifeline = nullptr);

  // Collective, at the start only: the first failure among all ranks, on all ranks.
  Status agree(Status const& mine) const;

  // The start is over: no collective from here on. Waiting is the sleeper's business now: Open MPI stops
  // yielding the core at every look, which costs more than the look and loses the core to a busy job.
  void end_start() const;

  // The last call, before _exit: tells the launcher that this rank ends on purpose. Where that can't be told,
  // or its launcher is gone, does nothing or gives up within seconds.
  void take_leave() const;

  [[nodiscard]] Rank self() const { return Rank{frames_.rank()}; }
  [[nodiscard]] int ranks() const { return frames_.size(); }
  [[nodiscard]] std::vector<Peer> const& peers() const { return peers_; }
  [[nodiscard]] bool is_here(Rank peer) const;  // on this node
  [[nodiscard]] int ranks_here() const;

  // Something was sent to this peer: it wakes, if it is on this node. Elsewhere its naps end soon enough.
  void ring(Rank peer) const;
  [[nodiscard]] Doorbell const& bell() const { return bell_; }
  // This rank's, where ranks of other nodes may hold on to it; else null.
  [[nodiscard]] Lifeline* lifeline() const { return lifeline_.get(); }

  // Apart from each other, so that a probe for a frame never meets a page.
  [[nodiscard]] boost::mpi::communicator const& frames() const { return frames_; }
  [[nodiscard]] boost::mpi::communicator const& pages() const { return pages_; }

 private:
  MpiWorld(boost::mpi::communicator frames, boost::mpi::communicator pages, Doorbell bell);

  boost::mpi::communicator frames_, pages_;
  std::vector<Peer> peers_;
  Doorbell bell_;
  std::unique_ptr<Lifeline> lifeline_;
};

}  // namespace godwit
