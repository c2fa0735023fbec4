// A line of the shell as a child process, so that Ctrl-C ends the verb, whatever it is waiting for or
// printing, and not the shell. At the prompt Ctrl-C is left to the shell as well. One thread.
#pragma once

#include <functional>

namespace godwit::cli {

// From now on Ctrl-C ends the child in the foreground alone, and interrupts a read at the prompt. Only for a
// shell on a terminal: one that reads a pipe ends with its verb, as a script does.
void survive_interrupts();

// Since the last question: has there been a Ctrl-C?
[[nodiscard]] bool was_interrupted();

// Runs the verb in a child, which ends with the exit code that the verb returns, and waits for that. Of a
// child that a signal ended: 128 + its number, as shells have it.
int run_in_foreground(std::function<int()> const& verb);

}  // namespace godwit::cli
