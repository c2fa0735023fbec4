#include "app/godwit/simulate/wishes.hpp"

#include "app/godwit/invocation.hpp"

namespace godwit::cli {
namespace {

void add_machine_options(CLI::App& verb, SimulateWishes& wishes) {
  verb.add_option("--processors", wishes.processors, "Of the machine; else MaxProcs of the trace's header")
      ->type_name("N")
      ->check(at_least(1));
  verb.add_option("--hosts", wishes.hosts,
                  "Split the machine into so many hosts; else 1 (probing: 20). A job fits one host")
      ->type_name("N")
      ->check(at_least(1));
}

void add_policy_options(CLI::App& verb, SimulateWishes& wishes) {
  verb.add_option(
          "--policy", wishes.policies,
          "up-down (the default), fair-tree, fcfs, easy, round-robin, random, decay; with +preempt behind it "
          "running jobs may be made to wait; 'all'; or the file of your own (docs/own-policy.md); may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->delimiter(',');
  verb.add_flag("--preempt", wishes.preempt, "Running jobs may be made to wait, where the policy says so");
  verb.add_option("--interval", wishes.interval, "Between two looks of the policy at all accounts; else 60s")
      ->type_name("TIME");
  verb.add_option("--quantum", wishes.quantum, "That a job runs before it may be made to wait; else 60s")
      ->type_name("TIME");
  verb.add_option("--margin", wishes.margin, "By which its account's index must exceed the other's, in thousandths; else 0")
      ->type_name("N");
  verb.add_option("--share", wishes.shares, "An account's or group's shares, as in group2=3; may be repeated")
      ->type_name("PATH=N")
      ->allow_extra_args(false);
  verb.add_flag("--pure", wishes.pure, "up-down as it was published: without entitlements and bound");
  verb.add_option("--by", wishes.by,
                  "Who is charged: user (the default), group, or group/user: groups first, then their users")
      ->type_name("WHO")
      ->check(CLI::IsMember({"user", "group", "group/user"}));
}

void add_generator_options(CLI::App& verb, SimulateWishes& wishes) {
  verb.add_option(
          "--generate", wishes.generate,
          "Instead of a trace: updown, a heavy account and four light ones on 10 processors; probing, 20 "
          "hosts "
          "that move jobs by asking each other (--policy none, central, random, sender, receiver, symmetric)")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"updown", "probing"}));
  verb.add_option("--util", wishes.util,
                  "updown: what the light accounts ask for, of the machine; probing: the load; else 0.25")
      ->type_name("X")
      ->check(CLI::Range(0.0, 1.0));
  verb.add_option("--quanta", wishes.quanta,
                  "updown: intervals that it lasts; the first sixtieth doesn't count; else 60000")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  verb.add_option("--jobs", wishes.jobs, "probing: jobs that count; else 1000000")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  verb.add_option("--threshold", wishes.threshold, "probing: jobs from which a host is loaded; else 2")
      ->type_name("N")
      ->check(at_least(1));
  verb.add_option("--probes", wishes.probes, "probing: hosts that one asks; else 3")
      ->type_name("N")
      ->check(at_least(1));
  verb.add_option("--seed", wishes.seed, "Of all that is drawn; else 1")->type_name("N");
}

void add_output_options(CLI::App& verb, SimulateWishes& wishes) {
  verb.add_option("--top", wishes.top, "Accounts in the table, the greatest use first; 0: all; else 10")
      ->type_name("N");
  verb.add_option("--csv", wishes.csv, "Write each account's mean wait over time here")->type_name("FILE");
  verb.add_option("--plot", wishes.plot, "Draw the same, .svg or .png; needs gnuplot")->type_name("FILE");
}

}  // namespace

void add_simulate_options(CLI::App& verb, SimulateWishes& wishes) {
  verb.add_option("TRACE", wishes.trace, "In the Standard Workload Format, plain or .gz")->type_name("");
  add_machine_options(verb, wishes);
  add_policy_options(verb, wishes);
  add_generator_options(verb, wishes);
  add_output_options(verb, wishes);
}

}  // namespace godwit::cli
