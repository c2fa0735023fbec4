// Worker: a thread that does posted tasks one after the other, for what would hold the loop up. The
// destructor lets it finish what is posted. Any thread may post.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace godwit {

class Worker {
 public:
  Worker();
  ~Worker();
  Worker(Worker const&) = delete;
  Worker& operator=(Worker const&) = delete;

  template <class F>
  void post(F function) {
    add(std::make_unique<Holding<F>>(std::move(function)));
  }

 private:
  struct Task {
    virtual ~Task() = default;
    virtual void run() = 0;
  };
  template <class F>  // std::function can't hold what can only be moved
  struct Holding final : Task {
    explicit Holding(F held) : function(std::move(held)) {}
    void run() override { function(); }
    F function;
  };
  void add(std::unique_ptr<Task> task);
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Task>> tasks_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace godwit
