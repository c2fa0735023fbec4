// DeathWatch: proof that other processes of this node have ended, by pidfd. Nothing else tells: MPI
// reports no death, ever. A process that is gone before watch() counts as dead at once.
// A host is dead once its zygote is gone too, which outlives all capsules: only then does none of its jobs run any more.
// One thread; never blocks.
#pragma once

#include <sys/types.h>

#include <map>
#include <span>
#include <vector>

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

class DeathWatch {
 public:
  DeathWatch();

  // `key` is the caller's name for these, which are dead when each of them is. Once for each key.
  void watch(int key, std::span<pid_t const> pids);
  // Those that have died since the last call, each once.
  [[nodiscard]] std::vector<int> take_dead();

  // Readable while take_dead() has something.
  [[nodiscard]] int wait_fd() const { return epoll_.get(); }

 private:
  struct Watched {
    int key;
    UniqueFd pidfd;
  };
  [[nodiscard]] bool is_watched(int key) const;

  UniqueFd epoll_;
  std::map<int, Watched> watched_;  // by the pidfd's number
  std::vector<int> dead_already_;
};

// Does this process run, on this node and under this boot? What has ended and waits for its parent doesn't.
[[nodiscard]] bool is_alive(pid_t pid);

}  // namespace godwit
