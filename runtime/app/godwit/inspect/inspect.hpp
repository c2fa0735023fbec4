// `godwit inspect list|show|diff|verify|export`: looks into the checkpoints of a store, or into single files.
// Needs no runtime and no MPI: only the store's files are read.
//
// A target is a job (its newest checkpoint), JOB:GENERATION, JOB:EPOCH-GENERATION, JOB:latest,
// EPOCH-GENERATION where that is one file in the store, or the path of a file. A job is its number (7_3: an
// element of array 7), its name, or "last".
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace godwit::inspect {

// Exit codes of the verbs.
inline constexpr int exit_good = 0;
inline constexpr int exit_bad = 1;         // a checkpoint doesn't verify; diff: they differ
inline constexpr int exit_unreadable = 2;  // no such job or file, or it can't be read, or isn't a checkpoint

// Adds the verb and its own verbs to the command line. The one that is given leaves in `action` what to do,
// which returns the exit code; `action` and `app` must live until then, and `store` is asked only then.
// --json may be given to the verb, or to `app` if that has such a flag.
void add_inspect(CLI::App& app, std::function<std::string()> store, std::function<int()>& action);

}  // namespace godwit::inspect
