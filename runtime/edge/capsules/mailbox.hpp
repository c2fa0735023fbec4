// Mailbox: how a worker's answers reach the loop thread. The descriptor is readable while there are any.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

template <class T>
class Mailbox {
 public:
  Mailbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  [[nodiscard]] int fd() const { return event_.get(); }

  void put(T item) {
    std::lock_guard const lock(mutex_);
    items_.push_back(std::move(item));
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const put = ::write(event_.get(), &one, sizeof one);
  }
  [[nodiscard]] std::vector<T> take() {
    std::lock_guard const lock(mutex_);
    std::uint64_t count = 0;
    [[maybe_unused]] auto const got = ::read(event_.get(), &count, sizeof count);
    return std::exchange(items_, {});
  }

 private:
  UniqueFd event_;
  std::mutex mutex_;
  std::vector<T> items_;
};

}  // namespace godwit
