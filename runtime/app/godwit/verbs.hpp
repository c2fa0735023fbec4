// The verbs, a function per family; each adds its subcommands to the command line (see invocation.hpp).
#pragma once

#include "app/godwit/invocation.hpp"

namespace godwit::cli {

void add_runtime_verbs(CLI::App& app, Invocation& invocation);  // start stop
void add_run(CLI::App& app, Invocation& invocation);            // run
void add_submit(CLI::App& app, Invocation& invocation);         // submit, create
void add_list_verbs(CLI::App& app, Invocation& invocation);     // ps hosts
void add_show(CLI::App& app, Invocation& invocation);           // show
void add_check(CLI::App& app, Invocation& invocation);          // check
void add_simulate(CLI::App& app, Invocation& invocation);     // simulate
void add_types(CLI::App& app, Invocation& invocation);          // types
void add_logs(CLI::App& app, Invocation& invocation);           // logs
void add_wait(CLI::App& app, Invocation& invocation);           // wait
void add_act_verbs(CLI::App& app, Invocation& invocation);  // migrate checkpoint suspend resume cancel call
void add_again_verbs(CLI::App& app, Invocation& invocation);     // retry restart
void add_prune(CLI::App& app, Invocation& invocation);           // prune
void add_repair(CLI::App& app, Invocation& invocation);          // repair
void add_fairness_verbs(CLI::App& app, Invocation& invocation);  // shares explain accounts
void add_drain_verbs(CLI::App& app, Invocation& invocation);     // drain undrain
void add_history(CLI::App& app, Invocation& invocation);    // history
void add_doctor(CLI::App& app, Invocation& invocation);     // doctor
void add_shell(CLI::App& app, Invocation& invocation);      // shell
void add_help(CLI::App& app, Invocation& invocation);       // help, and complete, for shells

}  // namespace godwit::cli
