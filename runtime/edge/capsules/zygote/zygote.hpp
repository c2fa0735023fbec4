// Zygote: forks capsules on request, reaps them, and says how they ended. A loop of its own in a process
// of its own: single-threaded, small, without MPI, so that forking is safe and takes 0.3 ms.
//
// Invariants: it ends when its socket closes, and no capsule outlives it; a capsule's process group dies with
// the capsule, and its scratch directory is removed.
#pragma once

#include <sys/types.h>

#include <map>

#include "base/ids.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "edge/capsules/link/zygote_wire.hpp"

namespace godwit::zygote {

class Zygote {
 public:
  explicit Zygote(UniqueFd socket) : socket_(std::move(socket)) {}

  // Until the socket closes.
  void run();

 private:
  bool serve();  // one request; false once the host is gone
  void on(Spawn const& spawn, CapsuleFds const& fds);
  void on(Kill const& kill);
  void reap();
  void end_all();
  void tell(Notice const& notice);

  UniqueFd socket_;
  std::map<pid_t, CapsuleId> capsules_;
};

}  // namespace godwit::zygote
