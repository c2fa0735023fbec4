// Processes for tests of what must be seen of other processes, and waiting for what they bring about.
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

namespace godwit::test {

// Whether it comes true within half a minute.
template <class Condition>
bool eventually(Condition condition) {
  using Clock = std::chrono::steady_clock;
  for (auto const deadline = Clock::now() + std::chrono::seconds(30); Clock::now() < deadline;) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// A process that does `work` and then nothing, until it is ended: by end(), with this object, or with the test.
class Child {
 public:
  template <class Work>
  explicit Child(Work work) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    work();
    for (;;) ::pause();
  }
  Child() : Child([] {}) {}
  Child(Child const&) = delete;
  Child& operator=(Child const&) = delete;
  ~Child() { end(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill() const { ::kill(pid_, SIGKILL); }
  void end() {
    auto const pid = std::exchange(pid_, 0);
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }

 private:
  pid_t pid_;
};

}  // namespace godwit::test
