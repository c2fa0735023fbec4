#include "edge/capsules/inside/run_capsule.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>

#include "edge/capsules/inside/capsule_loop.hpp"
#include "edge/capsules/link/shared_memory.hpp"

namespace godwit::inside {

namespace {

// Batch systems signal every process of an allocation; what becomes of a job then is its host's decision.
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  for (int const signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) ::signal(signal, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void step_back() {
  ::setpriority(PRIO_PROCESS, 0, 19);
  UniqueFd const score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score) [[maybe_unused]]
    auto const put = ::write(score.get(), "500", 3);
}

void keep_only(zygote::CapsuleFds const& fds) {
  auto kept = fds.in_order();
  std::ranges::sort(kept);
  unsigned from = 3;
  for (auto const fd : kept) {
    auto const here = static_cast<unsigned>(fd);
    if (here > from) ::close_range(from, here - 1, 0);
    from = here + 1;
  }
  ::close_range(from, ~0U, 0);
}

ControlBlock* forking = nullptr;

// A child writes to the arena through a mapping of its own, which nobody watches. Programs that are merely
// started (posix_spawn, system, popen) don't come by here.
void count_forks(ControlBlock& block) {
  forking = &block;
  ::pthread_atfork([] { forking->forks.fetch_add(1, std::memory_order_release); }, nullptr, nullptr);
}

void capture(int out, int err) {
  UniqueFd const nothing(::open("/dev/null", O_RDONLY));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // whole lines survive a crash
}

}  // namespace

void run_capsule(zygote::CapsuleFds const& fds, int zygote_pid) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // so that what a job leaves behind shows as a child of the capsule
  if (::getppid() != zygote_pid) ::_exit(0);  // it died in between
  reset_signals();
  step_back();
  keep_only(fds);
  capture(fds.out, fds.err);

  auto control = SharedMemory::map(fds.control);
  if (!control) {
    std::fprintf(stderr, "godwit-capsule: %s\n", control.failure().context.c_str());
    std::fflush(stderr);
    ::_exit(1);
  }
  ::close(fds.control);
  auto& block = *reinterpret_cast<ControlBlock*>(control->data());
  count_forks(block);
  HostLink link{UniqueFd(fds.socket)};
  CapsuleLoop loop({block, fds.arena, fds.out, fds.err}, link);
  loop.run();
  // The job's destructor and static ones don't run: all that counts has been reported.
  ::_exit(0);
}

}  // namespace godwit::inside
