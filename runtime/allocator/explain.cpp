// Explain: why a job waits, why it is where it is, and why it was moved or made to wait; in sentences, and as facts
// for programs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/figures.hpp"
#include "policy/measure.hpp"

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

// The account, or the group above it, that stands beside that one in the tree.
std::string beside(std::string const& account, std::string_view sibling) {
  std::size_t end = 0;
  for (auto levels = std::ranges::count(sibling, '/') + 1; levels > 0 && end != std::string::npos; --levels)
    end = account.find('/', end == 0 ? 0 : end + 1);
  return account.substr(0, end);
}

std::string spell_account(policy::Scheduler const& scheduler, policy::Node account,
                          std::map<policy::Node, std::int64_t> const& waiting) {
  auto const& entry = scheduler.tree()[account];
  auto const& policy = scheduler.policy();
  std::string standing;
  if (auto const measure = policy::measure_of(policy); !measure.empty())
    standing = fmt::format("{} {}, ", measure, policy::spell_key(policy, policy.key(entry.standing)));
  auto const jobs = waiting.find(account);
  return fmt::format("{} ({}{} running, {} waiting)", entry.path, standing,
                     spell_millicores(entry.standing.running_millicores),
                     jobs == waiting.end() ? 0 : jobs->second);
}

// Where the paths of two accounts part, siblings decide which of them goes first.
std::string why_before(policy::Scheduler const& scheduler, policy::Node first, policy::Node second) {
  auto const& tree = scheduler.tree();
  auto const& policy = scheduler.policy();
  auto const measure = policy::measure_of(policy);
  if (measure.empty()) return ", whose request is older";
  auto const [x, y] = scheduler.parting(first, second);
  auto const key_x = policy.key(tree[x].standing), key_y = policy.key(tree[y].standing);
  if (key_x == key_y)
    return fmt::format(": {} and {} are level, and it runs less for its shares, or came first", tree[x].path,
                       tree[y].path);
  return fmt::format(": {}'s {} is {}, {}'s {}", tree[x].path, measure, policy::spell_key(policy, key_x),
                     tree[y].path, policy::spell_key(policy, key_y));
}

// Of the account, or of the first group above it, whose cap `cores` more would exceed.
std::string spell_cap(policy::Scheduler const& scheduler, policy::Node account, std::int32_t cores) {
  auto const& tree = scheduler.tree();
  auto node = account;
  auto const exceeds = [&](policy::Node at) {
    return tree[at].cores_max > 0 && tree[at].standing.running_millicores + cores * std::int64_t{1000} >
                                         tree[at].cores_max * std::int64_t{1000};
  };
  while (node != policy::root && !exceeds(node)) node = tree[node].parent;
  return fmt::format("it needs {}: {} may have {} at once, and has {}",
                     spell_millicores(std::int64_t{cores} * 1000), tree[node].path,
                     spell_millicores(std::int64_t{tree[node].cores_max} * 1000),
                     spell_millicores(tree[node].standing.running_millicores));
}

}  // namespace

std::string spell_millicores(std::int64_t millicores) {
  auto const whole = millicores / 1000, rest = millicores % 1000;
  if (rest == 0) return fmt::format("{} core{}", whole, whole == 1 ? "" : "s");
  return fmt::format("{}.{:03} cores", whole, rest);
}

// A job, or all of an array.
std::string Allocator::Core::why_blocked(JobId job) const {
  std::vector<std::string> others;
  auto const& blockers = blocked.at(job);
  for (auto const& dependency : spec_of(job).after) {
    if (!blockers.contains(dependency.id)) continue;
    auto const* array = ledger.array(dependency.id);
    auto const* record = record_of(dependency.id);
    auto const name = array != nullptr    ? called(*array)
                      : record != nullptr ? called(*record)
                                          : fmt::format("job {}", dependency.id);
    others.push_back(
        fmt::format("{} to {}", name, dependency.until == Dependency::Until::finished ? "finish" : "end"));
  }
  return fmt::format("it waits for {}", fmt::join(others, ", and for "));
}

void Allocator::Core::explain_waiting(JobId job, WaitingOf const& waiting_of, cmd::Explanation& about) const {
  auto const& spec = spec_of(job);
  auto const say = [&](std::string text) { about.sentences.push_back(std::move(text)); };
  auto& facts = about.facts;
  if (blocked.contains(job.array())) {
    facts["waits_for"] = "jobs";
    return say(why_blocked(job.array()));
  }
  if (leased.contains(job)) {
    facts["waits_for"] = "leases";
    return say("a host of the former runtime may still run it, until its lease has run out");
  }
  auto const* array = record_of(job) == nullptr ? ledger.array(job.array()) : nullptr;  // it is untouched
  auto const before = array == nullptr ? 0 : array->untouched.within(0, job.element() - 1).size();
  auto waiting = scheduler.why_waiting(
      array == nullptr ? job : JobId::of_element(job.number(), array->untouched.front()));
  using For = policy::Waiting::For;
  if (before > 0 && waiting.what == For::nothing) waiting.what = For::turn;
  static constexpr char const* whats[] = {"nothing", "turn", "room", "never", "cap"};
  facts["waits_for"] = whats[static_cast<std::size_t>(waiting.what)];
  facts["account"] = account_of(spec);
  auto const account = scheduler.tree().find_account(account_of(spec)).value_or(policy::root);
  facts["index"] = std::to_string(scheduler.tree()[account].standing.score);
  say(fmt::format("its account is {}", spell_account(scheduler, account, waiting_of)));
  if (before > 0) {
    say(before == 1 ? "an element of its array is before it"
                    : fmt::format("{} elements of its array are before it", before));
    facts["before_in_array"] = std::to_string(before);
  }
  if (waiting.ahead_in_account > 0) {
    say(waiting.ahead_in_account == 1
            ? "another job or array of its own account is before it"
            : fmt::format("{} jobs and arrays of its own account are before it", waiting.ahead_in_account));
    facts["ahead_in_account"] = std::to_string(waiting.ahead_in_account);
  }
  for (auto const node : waiting.ahead)
    say(fmt::format("before it goes {}{}", spell_account(scheduler, node, waiting_of),
                    why_before(scheduler, node, account)));
  auto const demand = spell_demand(demand_of(spec));
  if (waiting.what == For::nothing) say("it is next");
  if (waiting.what == For::room) say(fmt::format("it needs {}, and no host has that free now", demand));
  if (waiting.what == For::never) say(fmt::format("it needs {}, and none of the hosts that there are has that", demand));
  if (waiting.what == For::cap) say(spell_cap(scheduler, account, spec.cores));
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
  auto const account = account_of(record.spec);
  auto const& policy = scheduler.policy();
  auto const measure = policy::measure_of(policy);
  text += fmt::format("; its account {} was next", account);
  if (measure.empty()) {
    text += " in the order of submission";
  } else {
    auto const branch = beside(account, why.before);
    text += fmt::format(": {} {} was {}", branch == account ? "its" : branch + "'s", measure,
                        policy::spell_key(policy, why.key));
    if (!why.before.empty())
      text += fmt::format(", {}'s {}", why.before, policy::spell_key(policy, why.before_key));
  }
  about.sentences.push_back(std::move(text));
  about.facts["placed_on"] = fmt::to_string(record.placed);
  about.facts["key"] = std::to_string(why.key);
}

cmd::Explanation Allocator::Core::explanation_of(JobId job, WaitingOf const& waiting) const {
  cmd::Explanation about{job, ledger.state(job).value_or(JobState::waiting), {}, {}, {}};
  auto const record = ledger.record(job);
  auto const say = [&](std::string text) { about.sentences.push_back(std::move(text)); };
  if (about.state == JobState::waiting) {
    explain_waiting(job, waiting, about);
  } else if (is_ended(about.state)) {
    say(record->outcome.reason.empty() ? "it is over" : fmt::format("it is over: {}", record->outcome.reason));
  } else if (about.state == JobState::stranded) {
    say(fmt::format("host {} died, and may still run it; it waits again as soon as that is out of the question",
                    record->host));
  } else if (about.state == JobState::held) {
    say(fmt::format("it is held: {} hosts in a row died while they had it; 'godwit resume {}' lets it start again",
                    record->host_losses, job));
  } else if (record->at_group) {
    say(fmt::format("it is queued at the group of host {}, for whichever of its hosts has room first", record->host));
    about.facts["manager"] = fmt::to_string(record->host);
  } else {
    say(about.state == JobState::suspended
            ? fmt::format("it is suspended, on host {}; 'godwit resume {}' lets it go on", record->host, job)
            : fmt::format("it is on host {}", record->host));
    about.facts["host"] = fmt::to_string(record->host);
    explain_placement(job, about);
  }
  for (auto const& [at, what] : ledger.decisions(job)) about.decisions.push_back({at, what});
  return about;
}

// One that is over.
cmd::Explanation Allocator::Core::explanation_of(ArrayRecord const& array) const {
  auto const row = row_of(array);
  auto const& counts = array.counts;
  auto const text = row.outcome.reason.empty()
                        ? fmt::format("it is over: {} elements finished", counts.finished)
                        : fmt::format("it is over: {}", row.outcome.reason);
  return {array.job, row.state, {text}, {}, {}};
}

// Of the untouched elements of an array one stands for all: they wait for the same.
void Allocator::Core::explain(CommandId command, cmd::JobReference const& reference) {
  auto const selection = resolve(reference);
  if (!selection) return refuse(command, selection.failure());
  auto const waiting = waiting_by_account();
  cmd::Explained answer;
  auto const add = [&](cmd::Explanation about) {
    if (answer.rows.size() < cmd::rows_max) {
      answer.rows.push_back(std::move(about));
    } else {
      ++answer.left_out;
    }
  };
  for (auto const& choice : selection->choices) {
    auto const* array = ledger.array(choice.job);
    if (array == nullptr) {
      add(explanation_of(choice.job, waiting));
      continue;
    }
    if (choice.whole && array->counts.live() == 0) {
      add(explanation_of(*array));
      continue;
    }
    auto const untouched = array->untouched.within(choice.elements);
    if (!untouched.empty()) {
      auto about = explanation_of(JobId::of_element(choice.job.number(), untouched.front()), waiting);
      if (auto const more = untouched.size() - 1; more > 0) {
        about.sentences.push_back(more == 1 ? "so does another element of its array"
                                            : fmt::format("so do {} more elements of its array", more));
        about.facts["alike_in_array"] = std::to_string(more);
      }
      add(std::move(about));
    }
    if (choice.whole) {  // only those with records of their own: they are under way, or failed
      auto const& jobs = ledger.jobs();
      for (auto at = jobs.lower_bound(choice.job); at != jobs.end() && at->first.array() == choice.job; ++at)
        add(explanation_of(at->first, waiting));
      continue;
    }
    auto named = choice.elements;
    for (auto const& [first, last] : untouched.runs()) named.erase(first, last);
    named.walk([&](std::uint32_t element) {
      if (answer.rows.size() < cmd::rows_max)
        add(explanation_of(JobId::of_element(choice.job.number(), element), waiting));
      else
        ++answer.left_out;
      return true;
    });
  }
  reply(command, std::move(answer));
}

}  // namespace godwit::allocator
