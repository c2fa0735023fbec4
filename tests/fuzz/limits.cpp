#include "fuzz/limits.hpp"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/panic.hpp"

namespace godwit::fuzz {
namespace {

extern "C" void too_long(int) {
  constexpr char said[] = "an input took too much CPU time\n";
  (void)!::write(STDERR_FILENO, said, sizeof said - 1);
  ::abort();  // libFuzzer keeps the input
}

timer_t timer_that_sends(int signal) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = signal;
  timer_t timer{};
  invariant(::timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) == 0, "no timer of CPU time");
  return timer;
}

void set(timer_t timer, std::time_t seconds) {
  itimerspec when{};
  when.it_value.tv_sec = seconds;
  invariant(::timer_settime(timer, 0, &when, nullptr) == 0, "a timer of CPU time can't be set");
}

timer_t timer_of_inputs() {
  struct sigaction action {};
  action.sa_handler = &too_long;
  invariant(::sigaction(SIGPROF, &action, nullptr) == 0, "SIGPROF can't be handled");
  return timer_that_sends(SIGPROF);
}

timer_t input_timer() {
  static timer_t const timer = timer_of_inputs();
  return timer;
}

}  // namespace

InputLimit::InputLimit() { set(input_timer(), seconds); }
InputLimit::~InputLimit() { set(input_timer(), 0); }

void limit_run() {
  auto const* const seconds = ::getenv("GODWIT_FUZZ_CPU_SECONDS");
  if (seconds == nullptr) return;
  set(timer_that_sends(SIGUSR1), ::strtol(seconds, nullptr, 10));  // libFuzzer handles it
}

}  // namespace godwit::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***);  // libFuzzer's entry before the first input
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  godwit::fuzz::limit_run();
  return 0;
}
