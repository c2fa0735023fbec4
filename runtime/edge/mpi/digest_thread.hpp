// DigestThread: hashes chunks of pages beside the loop thread, so that a digest costs a transfer no wall
// time. Internal to this folder. All calls come from the loop thread; the views must stay valid until
// their digest was taken or forget() has returned.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace godwit {

class DigestThread {
 public:
  DigestThread();
  ~DigestThread();
  DigestThread(DigestThread const&) = delete;
  DigestThread& operator=(DigestThread const&) = delete;

  struct Hashed {
    std::uint64_t owner;
    std::size_t chunk;
    Digest digest;
  };
  void hash(std::uint64_t owner, std::size_t chunk, ByteView bytes);
  std::vector<Hashed> take();
  void forget(std::uint64_t owner);  // waits for the chunk that is being hashed

 private:
  struct Order {
    std::uint64_t owner;
    std::size_t chunk;
    ByteView bytes;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_, idle_;
  std::deque<Order> orders_;
  std::vector<Hashed> hashed_;
  std::uint64_t hashing_ = 0;  // whose chunk is being hashed; 0: none
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace godwit
