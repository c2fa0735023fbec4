// DeathWatch: proof that other processes of this node have ended, by pidfd. Nothing else tells: MPI
// reports no death, ever. A process that is gone before watch() counts as dead at once.
// One thread; never blocks.
#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

class DeathWatch {
 public:
  DeathWatch();

  // `key` is the caller's name for it.
  void watch(int key, pid_t pid);
  // Those that have died since the last call, each once.
  [[nodiscard]] std::vector<int> take_dead();

  // Readable while take_dead() has something.
  [[nodiscard]] int wait_fd() const { return epoll_.get(); }

 private:
  UniqueFd epoll_;
  std::map<int, UniqueFd> pidfds_;
  std::vector<int> dead_already_;
};

// Does this process exist, on this node and under this boot?
[[nodiscard]] bool is_alive(pid_t pid);

}  // namespace godwit
