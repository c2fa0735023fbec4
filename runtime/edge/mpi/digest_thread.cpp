#include "edge/mpi/digest_thread.hpp"

#include <pthread.h>

#include <utility>

namespace godwit {

DigestThread::DigestThread() : thread_([this] { run(); }) {
  ::pthread_setname_np(thread_.native_handle(), "godwit-digest");
}

DigestThread::~DigestThread() {
  {
    std::lock_guard const lock(mutex_);
    stop_ = true;
    orders_.clear();
  }
  changed_.notify_one();
  thread_.join();
}

void DigestThread::hash(std::uint64_t owner, std::size_t chunk, ByteView bytes) {
  {
    std::lock_guard const lock(mutex_);
    orders_.push_back({owner, chunk, bytes});
  }
  changed_.notify_one();
}

std::vector<DigestThread::Hashed> DigestThread::take() {
  std::lock_guard const lock(mutex_);
  return std::exchange(hashed_, {});
}

void DigestThread::forget(std::uint64_t owner) {
  std::unique_lock lock(mutex_);
  std::erase_if(orders_, [owner](Order const& order) { return order.owner == owner; });
  idle_.wait(lock, [&] { return hashing_ != owner; });
  std::erase_if(hashed_, [owner](Hashed const& hashed) { return hashed.owner == owner; });
}

void DigestThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !orders_.empty(); });
    if (stop_) return;
    auto const order = orders_.front();
    orders_.pop_front();
    hashing_ = order.owner;
    lock.unlock();
    auto const digest = digest_of(order.bytes);
    lock.lock();
    hashing_ = 0;
    hashed_.push_back({order.owner, order.chunk, digest});
    idle_.notify_all();
  }
}

}  // namespace godwit
