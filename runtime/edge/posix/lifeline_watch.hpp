// LifelineWatch: proof that ranks of other nodes have ended, by their lifelines (lifeline.hpp).
//
// Proven is: somebody at that address and port said the secret; that connection ended; and whoever knocks there now is refused. A
// connection alone may end because a host's process did, while its zygote and capsules live, or because something between lost track
// of it. Where a node vanishes, nothing is refused, and nothing proven: then silence has to be enough.
// One thread; never blocks.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "edge/capsules/link/unique_fd.hpp"
#include "edge/posix/lifeline.hpp"

namespace godwit {

class LifelineWatch {
 public:
  LifelineWatch();

  // `key` is the caller's name for it. Does nothing for one that is watched already, or was; nor when that takes too many
  // descriptors: ask again.
  void watch(int key, LifelineName const& name);
  // Those proven to have ended since the last call, each once.
  [[nodiscard]] std::vector<int> take_dead();

 private:
  struct Line {
    int key;
    std::string address;
    UniqueFd socket;
    std::string heard;  // of the secret, so far
    bool knocks_again;  // it was connected before
  };
  struct Watched {
    LifelineName name;
    std::string address;  // at which it was found; until then all are tried at once
  };

  void knock(int key, std::string const& address, bool again);
  void hear(Line& line);
  void found(Line const& line);
  void ended(Line line, int error);

  UniqueFd epoll_;
  std::size_t max_ = lifelines_max();
  std::map<int, Watched> watched_;  // by key
  std::map<int, Line> lines_;       // by their sockets' numbers
  std::vector<int> dead_;
};

}  // namespace godwit
