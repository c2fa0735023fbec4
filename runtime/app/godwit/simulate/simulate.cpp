// `godwit simulate`: what a policy would make of a trace, or of a generated workload, in virtual time. Needs
// neither a runtime nor a store.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>

#include "app/godwit/format.hpp"
#include "app/godwit/simulate/plot.hpp"
#include "app/godwit/simulate/report.hpp"
#include "app/godwit/simulate/text_file.hpp"
#include "app/godwit/simulate/wishes.hpp"
#include "app/godwit/verbs.hpp"
#include "app/workload/argument.hpp"
#include "app/workload/suggestion.hpp"
#include "edge/policies/policy_plugin.hpp"

namespace godwit::cli {
namespace {

constexpr std::string_view preempting{"+preempt"};

// What to serve, and how to have it come anew for each policy.
struct Given {
  simulate::Trace trace;
  std::optional<simulate::HeavyAndLight> generated;

  [[nodiscard]] std::unique_ptr<simulate::Workload> workload() const {
    if (generated) return std::make_unique<simulate::HeavyAndLightJobs>(*generated);
    return std::make_unique<simulate::Replay>(trace);
  }
};

Result<std::vector<AccountRule>> rules_of(std::vector<std::string> const& shares) {
  std::vector<AccountRule> rules;
  for (auto const& word : shares) {
    auto const pair = parse_pair(word);
    if (!pair) return pair.failure();
    AccountRule rule{.path = pair->first};
    auto const* const last = pair->second.data() + pair->second.size();
    auto const [end, error] = std::from_chars(pair->second.data(), last, rule.shares);
    if (error != std::errc{} || end != last || rule.shares < 1) {
      return reject("usage", fmt::format("'{}': a whole number of shares from 1 is expected", word));
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

Result<simulate::Setup> setup_of(SimulateWishes const& wishes) {
  simulate::Setup setup;
  auto const interval = parse_duration(wishes.interval);
  if (!interval) return interval.failure();
  auto const quantum = parse_duration(wishes.quantum);
  if (!quantum) return quantum.failure();
  auto rules = rules_of(wishes.shares);
  if (!rules) return rules.failure();
  setup.tuning.interval = *interval;
  setup.tuning.quantum_min = *quantum;
  setup.tuning.margin = wishes.margin;
  setup.tuning.seed = wishes.seed;
  setup.rules = *std::move(rules);
  setup.hosts = std::max(wishes.hosts, 1);
  if (wishes.pure) {
    setup.up_down.entitlements = false;
    setup.up_down.index_max_intervals = 0;
  }
  return setup;
}

Result<Given> given_by(SimulateWishes const& wishes, simulate::Setup& setup) {
  Given given;
  if (!wishes.generate.empty()) {
    auto& generated = given.generated.emplace();
    if (wishes.processors > 0) generated.processors = wishes.processors;
    generated.light_load = wishes.util;
    generated.quanta = wishes.quanta;
    generated.warm_up = wishes.quanta / 60;
    generated.quantum = setup.tuning.interval;
    generated.seed = wishes.seed;
    setup.processors = generated.processors;
    return given;
  }
  auto const text = read_text_file(wishes.trace);
  if (!text) return text.failure();
  auto const charged = wishes.by == "user"    ? simulate::Charged::user
                       : wishes.by == "group" ? simulate::Charged::group
                                              : simulate::Charged::group_user;
  auto trace = simulate::read_swf(*text, wishes.trace, wishes.processors, charged);
  if (!trace) return trace.failure();
  setup.processors = wishes.processors > 0 ? wishes.processors : trace->processors;
  if (setup.processors == 0) {
    return reject("no_machine",
                  fmt::format("{} has no MaxProcs in its header: say --processors N", wishes.trace));
  }
  given.trace = *std::move(trace);
  return given;
}

// A policy as it was asked for, perhaps a user's own.
struct Chosen {
  std::string name;
  policy::MakePolicy own{nullptr};
  bool preempts{false};
};

Result<Chosen> own_policy(std::string file) {
  bool const preempts = file.ends_with(preempting);
  if (preempts) file.resize(file.size() - preempting.size());
  auto plugin = load_policy(file);
  if (!plugin) return plugin.failure();
  if (preempts && !std::unique_ptr<policy::Policy>(plugin->make())->preempts()) {
    return reject("usage", fmt::format("the policy {} of {} doesn't preempt", plugin->name, file));
  }
  return Chosen{std::move(plugin->name), plugin->make, preempts};
}

// As they were named; "all" is each that there is, and what is none is refused.
Result<std::vector<std::string>> chosen(std::vector<std::string> const& named,
                                        std::vector<std::string> const& known) {
  std::vector<std::string> all;
  for (auto const& name : named) {
    if (name == "all") {
      all.insert(all.end(), known.begin(), known.end());
    } else if (std::find(known.begin(), known.end(), name) != known.end()) {
      all.push_back(name);
    } else {
      return reject("no_such_policy", fmt::format("no policy '{}'{}", name, suggestion(name, known)));
    }
  }
  return all;
}

// All policies, and those that preempt once more for that.
std::vector<std::string> known_policies() {
  std::vector<std::string> names;
  for (auto const& name : policy::policy_names()) {
    names.push_back(name);
    auto const policy = policy::make_policy(name);
    if (policy && (*policy)->preempts()) names.push_back(name + std::string(preempting));
  }
  return names;
}

Result<std::vector<Chosen>> chosen_policies(std::vector<std::string> const& named) {
  std::vector<Chosen> all;
  for (auto const& text : named) {
    if (is_policy_file(text) || is_policy_file(text.substr(0, text.rfind('+')))) {
      auto own = own_policy(text);
      if (!own) return own.failure();
      all.push_back(*std::move(own));
      continue;
    }
    auto const names = chosen({text}, known_policies());
    if (!names) return names.failure();
    for (auto name : *names) {
      bool const preempts = name.ends_with(preempting);
      if (preempts) name.resize(name.size() - preempting.size());
      all.push_back({std::move(name), nullptr, preempts});
    }
  }
  return all;
}

Result<Simulated> simulate_policy(Given const& given, simulate::Setup setup, Chosen const& one_policy, bool preempt) {
  setup.policy = one_policy.name;
  setup.own_policy = one_policy.own;
  setup.preempt = preempt || one_policy.preempts;
  auto const workload = given.workload();
  auto const begin = std::clock();
  auto outcome = simulate::simulate(*workload, setup);
  if (!outcome) return outcome.failure();
  Simulated one{*std::move(outcome), {}, 0};
  one.cpu_s = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  one.figures = simulate::figures_of(one.outcome);
  return one;
}

Status write_to(std::string const& path, std::string const& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file ? Status(Done{}) : Status(reject("unwritable", fmt::format("cannot write {}", path)));
}

Status write_files(SimulateWishes const& wishes, std::vector<Simulated> const& all) {
  if (!wishes.csv.empty()) {
    if (auto const written = write_to(wishes.csv, csv_of(all)); !written) return written;
  }
  return wishes.plot.empty() ? Status(Done{}) : plot(all, wishes.plot);
}

void print(Invocation const& invocation, SimulateWishes const& wishes, Given const& given,
           simulate::Setup const& setup, std::vector<Simulated> const& all) {
  if (invocation.json) {
    Json json{{given.generated ? "generated" : "trace", given.generated ? wishes.generate : wishes.trace},
              {"processors", setup.processors},
              {"hosts", setup.hosts},
              {"left_out", given.trace.left_out}};
    add_policies(json, all);
    return print_json(json);
  }
  fmt::print("{} on {} host{} with {} processors in all\n", given.generated ? wishes.generate : wishes.trace,
             setup.hosts, setup.hosts == 1 ? "" : "s",
             spell_count(static_cast<std::uint64_t>(setup.processors)));
  if (given.trace.left_out > 0) {
    fmt::print("left out: {} jobs without running time or processors\n", spell_count(given.trace.left_out));
  }
  if (all.front().figures.never_fit > 0) {
    fmt::print("never fit a host: {} jobs\n", spell_count(all.front().figures.never_fit));
  }
  fmt::print("{}", table_of(all, wishes.top));
}

int simulate_jobs(Invocation const& invocation, SimulateWishes const& wishes) {
  auto setup = setup_of(wishes);
  if (!setup) return invocation.complain(setup.failure(), exit_usage);
  auto const policies =
      chosen_policies(wishes.policies.empty() ? std::vector<std::string>{"up-down"} : wishes.policies);
  if (!policies) return invocation.complain(policies.failure(), exit_usage);
  auto const given = given_by(wishes, *setup);
  if (!given) return invocation.complain(given.failure());
  std::vector<Simulated> all;
  for (auto const& policy : *policies) {
    auto one = simulate_policy(*given, *setup, policy, wishes.preempt);
    if (!one) return invocation.complain(one.failure());
    all.push_back(*std::move(one));
  }
  print(invocation, wishes, *given, *setup, all);
  auto const written = write_files(wishes, all);
  return written ? exit_done : invocation.complain(written.failure());
}

int simulate_probing(Invocation const& invocation, SimulateWishes const& wishes) {
  auto const ways = chosen(wishes.policies.empty() ? std::vector<std::string>{"all"} : wishes.policies,
                           simulate::queueing_ways());
  if (!ways) return invocation.complain(ways.failure(), exit_usage);
  std::vector<simulate::QueueingFigures> all;
  for (auto const& how : *ways) {
    simulate::Queueing queueing{.how = how, .load = wishes.util, .jobs = wishes.jobs, .seed = wishes.seed};
    if (wishes.hosts > 0) queueing.hosts = wishes.hosts;
    queueing.probing.threshold = wishes.threshold;
    queueing.probing.probe_limit = wishes.probes;
    auto const figures = simulate::simulate_queueing(queueing);
    if (!figures) return invocation.complain(figures.failure(), exit_usage);
    all.push_back(*figures);
  }
  if (!invocation.json) {
    fmt::print("{}", table_of(all));
    return exit_done;
  }
  Json json{{"generated", wishes.generate}};
  if (all.size() == 1) json.update(json_of(all.front()));
  for (auto const& figures : all) json["policies"].push_back(json_of(figures));
  print_json(json);
  return exit_done;
}

int simulate_wishes(Invocation const& invocation, SimulateWishes const& wishes) {
  if (wishes.trace.empty() == wishes.generate.empty()) {
    return invocation.complain(reject("usage", "either a TRACE or --generate says what there is to serve"),
                               exit_usage);
  }
  return wishes.generate == "probing" ? simulate_probing(invocation, wishes)
                                      : simulate_jobs(invocation, wishes);
}

}  // namespace

void add_simulate(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(
      app, invocation, "simulate", "Try policies on a trace of jobs, in virtual time",
      "godwit simulate cluster.swf.gz --policy fcfs --policy easy --policy up-down --plot waits.svg\n"
      "godwit simulate cluster.swf --by group/user --share group2=3 --preempt --json\n"
      "godwit simulate --generate updown --util 0.25 --policy all --pure");
  auto wishes = std::make_shared<SimulateWishes>();
  add_simulate_options(verb, *wishes);
  verb.callback([&invocation, wishes] {
    invocation.action = [&invocation, wishes] { return simulate_wishes(invocation, *wishes); };
  });
}

}  // namespace godwit::cli
