// WakeGroup: one descriptor that is readable while any of a changing set of others is, for those that come and go while
// a loop sleeps on a fixed list. A member leaves by being closed. add(): any thread.
#pragma once

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

class WakeGroup {
 public:
  WakeGroup();
  void add(int fd);
  [[nodiscard]] int wait_fd() const { return epoll_.get(); }

 private:
  UniqueFd epoll_;
};

}  // namespace godwit
