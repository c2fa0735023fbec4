// Explain: why a job waits, why it is where it is, and why it was moved or made to wait; in sentences, and as facts
// for programs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "allocator/core.hpp"
#include "base/figures.hpp"

namespace godwit::allocator {

namespace {

std::string spell_demand(Demand const& demand) {
  auto text = fmt::format("{} core{}", demand.cores, demand.cores == 1 ? "" : "s");
  if (demand.memory_bytes > 0) text += fmt::format(", {} of memory", spell_bytes(demand.memory_bytes));
  for (auto const& [name, count] : demand.resources) text += fmt::format(", {} {}", count, name);
  if (!demand.labels.empty()) text += fmt::format(", a host labelled {}", fmt::join(demand.labels, " and "));
  if (demand.host != no_rank) text += fmt::format(", host {} only", demand.host);
  if (!demand.together.empty()) text += fmt::format(", the host of the group {}", demand.together);
  if (!demand.apart.empty()) text += fmt::format(", a host without another job of the group {}", demand.apart);
  return text;
}

std::string spell_account(policy::ShareTree const& tree, policy::Node node) {
  auto const& entry = tree[node];
  return fmt::format("{} (index {}, {} running, {} in line)", entry.path, spell_index(entry.standing.score),
                     spell_millicores(entry.standing.running_millicores), entry.standing.waiting);
}

}  // namespace

std::string spell_millicores(std::int64_t millicores) {
  auto const whole = millicores / 1000, rest = millicores % 1000;
  if (rest == 0) return fmt::format("{} core{}", whole, whole == 1 ? "" : "s");
  return fmt::format("{}.{:03} cores", whole, rest);
}

std::string spell_index(std::int64_t index) {
  auto const tenths = (index + (index < 0 ? -50 : 50)) / 100;
  return fmt::format("{}{}.{}", tenths < 0 ? "-" : "", std::abs(tenths) / 10, std::abs(tenths) % 10);
}

void Allocator::Core::explain_waiting(JobId job, cmd::Explanation& told_about) const {
  auto const& spec = spec_of(job);
  auto const say = [&](std::string text) { told_about.sentences.push_back(std::move(text)); };
  auto& facts = told_about.facts;
  if (auto const at = blocked.find(job.array()); at != blocked.end()) {
    facts["waits_for"] = "jobs";
    return say(fmt::format("it waits for job {} to be over", fmt::join(at->second, ", job ")));
  }
  if (leased.contains(job)) {
    facts["waits_for"] = "leases";
    return say("a host of the former runtime may still run it, until its lease has run out");
  }
  auto const waiting = scheduler.why_waiting(job);
  auto const& tree = scheduler.tree();
  using For = policy::Waiting::For;
  static constexpr char const* whats[] = {"nothing", "turn", "room", "never", "cap"};
  facts["waits_for"] = whats[static_cast<std::size_t>(waiting.what)];
  facts["account"] = account_of(spec);
  if (auto const node = tree.find(account_of(spec))) {
    facts["index"] = std::to_string(tree[*node].standing.score);
    say(fmt::format("its account is {}", spell_account(tree, *node)));
  }
  if (waiting.ahead_in_account > 0) {
    say(fmt::format("{} requests of its own account are before it", waiting.ahead_in_account));
    facts["ahead_in_account"] = std::to_string(waiting.ahead_in_account);
  }
  for (auto const node : waiting.ahead) say(fmt::format("before it goes {}", spell_account(tree, node)));
  auto const demand = spell_demand(demand_of(spec));
  if (waiting.what == For::nothing) say("it is next");
  if (waiting.what == For::room) say(fmt::format("it needs {}, and no host has that free now", demand));
  if (waiting.what == For::never) say(fmt::format("it needs {}, and none of the hosts that there are has that", demand));
  if (waiting.what == For::cap) say("its account, or a group above it, has all the cores that it may have at once");
  for (auto const& host : waiting.hosts) say(host);
  if (waiting.reserved) say(fmt::format("host {} is kept for it", *waiting.reserved));
}

void Allocator::Core::explain_placement(JobId job, cmd::Explanation& about) const {
  auto const& record = *record_of(job);
  if (!record.placing) return;
  auto const& why = *record.placing;
  auto text = fmt::format("it was placed on host {}, which had {} free", record.placed,
                          spell_millicores(std::int64_t{why.free_cores} * 1000));
  if (why.hosts_that_fit > 1) text += fmt::format(" ({} hosts had room for it)", why.hosts_that_fit);
  text += fmt::format("; its account {} was next at {}", account_of(record.spec), spell_index(why.key));
  if (!why.before.empty()) text += fmt::format(", before {} at {}", why.before, spell_index(why.before_key));
  about.sentences.push_back(std::move(text));
  about.facts["placed_on"] = fmt::to_string(record.placed);
  about.facts["key"] = std::to_string(why.key);
}

cmd::Explanation Allocator::Core::explanation_of(JobId job) const {
  cmd::Explanation about{job, ledger.state(job).value_or(JobState::waiting), {}, {}, {}};
  auto const* record = record_of(job);
  auto const say = [&](std::string text) { about.sentences.push_back(std::move(text)); };
  if (about.state == JobState::waiting) {
    explain_waiting(job, about);
  } else if (record != nullptr && is_ended(record->state)) {
    say(record->outcome.reason.empty() ? "it is over" : fmt::format("it is over: {}", record->outcome.reason));
  } else if (record != nullptr && record->state == JobState::stranded) {
    say(fmt::format("host {} died, and may still run it; it waits again as soon as that is out of the question",
                    record->host));
  } else if (record != nullptr && record->state == JobState::held) {
    say(fmt::format("it is held: {} hosts in a row died while they had it; 'godwit resume {}' lets it start again",
                    record->host_losses, job));
  } else if (record != nullptr && record->at_group) {
    say(fmt::format("it is queued at the group of host {}, for whichever of its hosts has room first", record->host));
    about.facts["manager"] = fmt::to_string(record->host);
  } else if (record != nullptr) {
    say(fmt::format("it is on host {}", record->host));
    about.facts["host"] = fmt::to_string(record->host);
    explain_placement(job, about);
  }
  for (auto const& [at, what] : ledger.decisions(job)) about.decisions.push_back({at, what});
  return about;
}

void Allocator::Core::explain(CommandId command, cmd::JobReference const& reference) {
  auto const selection = resolve(reference);
  if (!selection) return refuse(command, selection.failure());
  cmd::Explained answer;
  auto const add = [&](JobId job) {
    if (answer.rows.size() < cmd::rows_max) {
      answer.rows.push_back(explanation_of(job));
    } else {
      ++answer.left_out;
    }
  };
  for (auto const& choice : selection->choices) {
    if (choice.elements.empty()) {
      add(choice.job);
      continue;
    }
    auto const* array = ledger.array(choice.job);
    auto const untouched = array->untouched.within(choice.elements);
    if (!untouched.empty()) {  // one of them stands in line for them all
      add(JobId::of_element(choice.job.number(), untouched.front()));
      answer.left_out += untouched.size() - 1;
    }
    for (auto const& [job, record] : ledger.jobs()) {
      if (job.array() == choice.job && choice.elements.contains(job.element(), job.element())) add(job);
    }
  }
  reply(command, std::move(answer));
}

}  // namespace godwit::allocator
