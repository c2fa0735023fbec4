#include "app/godwit/foreground.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "app/godwit/invocation.hpp"

namespace godwit::cli {
namespace {

volatile std::sig_atomic_t interrupts_seen = 0;

// Ctrl-C that comes just before the read at the prompt doesn't end it: so that is interrupted again and again, until
// was_interrupted(). 0: no longer.
constexpr suseconds_t reminder_us = 20'000;
void interrupt_every(suseconds_t us) {
  itimerval const every{{0, us}, {0, us}};
  ::setitimer(ITIMER_REAL, &every, nullptr);
}

// Ctrl-C stays pending while this lives.
class InterruptsHeldBack {
 public:
  InterruptsHeldBack() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, &before_);
  }
  ~InterruptsHeldBack() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  InterruptsHeldBack(InterruptsHeldBack const&) = delete;
  InterruptsHeldBack& operator=(InterruptsHeldBack const&) = delete;

 private:
  sigset_t before_{};
};

void flush_all() {
  std::cout.flush();
  std::fflush(stdout);
  std::fflush(stderr);
}

int end_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  int const signal = WTERMSIG(status);
  if (signal == SIGINT) {
    fmt::print("\n");  // the terminal has written ^C where the output was
  } else {
    fmt::print(stderr, "godwit: this verb was ended by a signal: {}\n", ::strsignal(signal));
  }
  return 128 + signal;
}

}  // namespace

void survive_interrupts() {
  struct sigaction action {};  // without SA_RESTART: the read at the prompt is to end
  action.sa_handler = [](int) {
    interrupts_seen = 1;
    interrupt_every(reminder_us);
  };
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, nullptr);
}

bool was_interrupted() {
  bool const seen = interrupts_seen != 0;
  interrupts_seen = 0;
  interrupt_every(0);
  return seen;
}

int run_in_foreground(std::function<int()> const& verb) {
  flush_all();
  pid_t const shell = ::getpid();
  pid_t child = -1;
  {
    InterruptsHeldBack until_the_child_can_be_ended;
    child = ::fork();
    if (child == 0) std::signal(SIGINT, SIG_DFL);
  }
  if (child < 0) {
    fmt::print(stderr, "godwit: no process for this verb: {}\n", std::strerror(errno));
    return exit_refused;
  }
  if (child > 0) return end_of(child);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != shell) ::_exit(128 + SIGTERM);
  int const code = verb();
  flush_all();
  ::_exit(code);  // not exit(): that would move the place in a file that the shell reads its lines from
}

}  // namespace godwit::cli
