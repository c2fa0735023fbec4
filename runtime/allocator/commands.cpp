// What users ask: references to jobs, and each verb to its handler.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

char const* name_of(Verb verb) {
  switch (verb) {
    case Verb::migrate:
      return "migrate";
    case Verb::clone:
      return "clone";
    case Verb::checkpoint:
      return "checkpoint";
    case Verb::suspend:
      return "suspend";
    case Verb::resume:
      return "resume";
    case Verb::cancel:
      return "cancel";
    case Verb::park:
      return "park";
    case Verb::leave:
      return "leave";
  }
  return "?";
}

char const* done_by(Verb verb) {
  switch (verb) {
    case Verb::migrate:
      return "moved";
    case Verb::clone:
      return "cloned";
    case Verb::checkpoint:
      return "checkpointed";
    case Verb::suspend:
      return "suspended";
    case Verb::resume:
      return "resumed";
    case Verb::cancel:
      return "cancelled";
    case Verb::park:
      return "parked";
    case Verb::leave:
      return "gone";
  }
  return "?";
}

std::string spell_counts(JobCounts const& counts) {
  std::string text;
  auto const add = [&](std::uint64_t count, char const* what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(counts.waiting, "waiting");
  add(counts.running, "running");
  add(counts.suspended, "suspended");
  add(counts.stranded, "stranded");
  add(counts.held, "held");
  add(counts.finished, "finished");
  add(counts.failed, "failed");
  add(counts.cancelled, "cancelled");
  return text.empty() ? "there is none" : text;
}

}  // namespace

// Which jobs a reference to several stands for: those for which the verb makes sense now.
bool Allocator::Core::applies(Verb verb, JobRecord const& record) const {
  if (is_ended(record.state)) return false;
  if (verb == Verb::cancel || verb == Verb::clone) return true;
  if (record.state == JobState::waiting || record.state == JobState::stranded) return verb == Verb::resume && record.suspended;
  if (record.state == JobState::held) return verb == Verb::resume;
  auto const desk = desks.find(record.job);
  bool const in_flux = record.state == JobState::starting ||
                       (desk != desks.end() && (desk->second.open || !desk->second.queue.empty()));
  if (verb == Verb::suspend) return in_flux || !record.suspended;
  if (verb == Verb::resume) return in_flux || record.suspended;
  return true;
}

// Those with a record of their own: the untouched ones are never listed one by one.
std::vector<JobId> Allocator::Core::those_it_applies_to(Verb verb, Selection const& selection) const {
  std::vector<JobId> some;
  auto const& jobs = ledger.jobs();
  for (auto const& choice : selection.choices) {
    for (auto at = jobs.lower_bound(choice.job); at != jobs.end() && at->first.array() == choice.job; ++at) {
      auto const element = at->first.element();
      if (element != 0 && !choice.elements.contains(element)) continue;
      if (selection.one || applies(verb, at->second)) some.push_back(at->first);
    }
  }
  return some;
}

Failure Allocator::Core::nothing_to_do(std::string const& done, cmd::JobReference const& reference,
                                       Selection const& selection) const {
  JobCounts counts;
  for (auto const& choice : selection.choices) counts += counts_of(choice);
  return reject("no_live_job", fmt::format("none of {} can be {} now: {}", reference, done, spell_counts(counts)));
}

// One event and one act for each array, whatever the number of its elements. Returns how many acts it took.
std::size_t Allocator::Core::cancel_untouched(Asked asked, Selection const& selection) {
  std::size_t acts = 0;
  for (auto const& choice : selection.choices) {
    auto const* array = ledger.array(choice.job);
    if (array == nullptr) continue;
    auto const elements = array->untouched.within(choice.elements);
    if (elements.empty()) continue;
    cmd::Act act;
    act.job = selection.one ? JobId::of_element(choice.job.number(), elements.front()) : choice.job;
    act.what = selection.one ? "cancelled" : fmt::format("{} waiting elements cancelled", elements.size());
    cancel_elements(choice.job, elements, {});
    answer(asked, std::move(act));
    ++asked.line, ++acts;
  }
  return acts;
}

// One line of a command. An element without a record of its own has ended, or waits: there is no desk for it.
void Allocator::Core::act_on(JobId job, Operation operation) {
  auto const& target = operation.target;
  std::optional<Failure> why;
  if (target && !hosts.contains(*target) && !is_ended(*ledger.state(job))) {
    why = not_a_live_host(*target);  // it will not come to exist while this waits its turn
  } else if (record_of(job) == nullptr) {
    auto const record = *ledger.record(job);
    why = obstacle(record, operation);
    if (!why && operation.verb == Verb::clone) return begin_clone(record, operation);
  }
  if (!why) return ask(job, std::move(operation));
  cmd::Act act;
  act.job = job;
  act.failure = std::move(why);
  answer(operation.asked, std::move(act));
}

void Allocator::Core::act(CommandReceived const& event, Verb verb, cmd::JobReference const& reference,
                          std::optional<Rank> target) {
  auto const text = fmt::format("{} {}{}", name_of(verb), reference, target ? fmt::format(" {}", *target) : "");
  auto const selection = resolve(reference);
  if (!selection) return refuse_command(event, text, selection.failure());
  auto jobs = those_it_applies_to(verb, *selection);
  std::size_t runs = 0;  // of untouched elements to cancel
  for (auto const& choice : selection->choices) {
    auto const* array = ledger.array(choice.job);
    if (verb == Verb::cancel && array != nullptr && !array->untouched.within(choice.elements).empty()) ++runs;
  }
  if (selection->one && jobs.empty() && runs == 0) {
    jobs.push_back(JobId::of_element(selection->choices[0].job.number(), selection->choices[0].elements.front()));
  }
  if (jobs.empty() && runs == 0) {
    return refuse_command(event, text, nothing_to_do(done_by(verb), reference, *selection));
  }
  bool const one = jobs.size() == 1 && runs == 0;
  auto const* first = one ? record_of(jobs.front()) : nullptr;
  note(Level::info, one ? jobs.front() : JobId{}, first != nullptr ? first->epoch : Epoch{},
       fmt::format("{}: {}", event.who, text));
  commanded(event, text);
  tickets.emplace(event.id, Ticket{std::vector<cmd::Act>(jobs.size() + runs), jobs.size() + runs});
  Asked asked{event.id, 0, now};
  if (runs > 0) asked.line = cancel_untouched(asked, *selection);
  for (auto const job : jobs) {
    act_on(job, Operation{verb, asked, target});
    ++asked.line;
  }
}

void Allocator::Core::act_call(CommandReceived const& event, cmd::Call const& command) {
  auto const text = fmt::format("call {} {}{}{}", command.job, command.method, command.arguments.empty() ? "" : " ",
                                fmt::join(command.arguments, " "));
  auto const selection = resolve(command.job);
  if (!selection) return refuse_command(event, text, selection.failure());
  auto const jobs = those_it_applies_to(Verb::checkpoint, *selection);
  if (jobs.empty() && !selection->one) {
    return refuse_command(event, text, nothing_to_do("called", command.job, *selection));
  }
  note(Level::info, jobs.size() == 1 ? jobs.front() : JobId{}, {}, fmt::format("{}: {}", event.who, text));
  commanded(event, text);
  auto const lines = std::max<std::size_t>(jobs.size(), 1);
  tickets.emplace(event.id, Ticket{std::vector<cmd::Act>(lines), lines});
  if (jobs.empty()) {
    auto const& choice = selection->choices.front();
    Operation any;
    any.verb = Verb::checkpoint;
    any.asked = {event.id, 0, now};
    return act_on(JobId::of_element(choice.job.number(), choice.elements.front()), std::move(any));
  }
  for (std::size_t line = 0; line < jobs.size(); ++line) {
    PendingCall pending;
    pending.asked = {event.id, line, now};
    pending.call.request = new_request();
    pending.call.job = jobs[line];
    pending.call.method = command.method;
    pending.call.arguments = command.arguments;
    ask_call(jobs[line], std::move(pending));
  }
}

// Who asked for what, for good: the log rotates, the ledger doesn't.
void Allocator::Core::commanded(CommandReceived const& event, std::string text, std::optional<Failure> refusal) {
  if (shutdown.broken) return;
  journal(log::Commanded{event.who, std::move(text), refusal ? refusal->context : std::string{}, wall});
}

void Allocator::Core::refuse_command(CommandReceived const& event, std::string text, Failure why) {
  commanded(event, std::move(text), why);
  refuse(event.id, std::move(why));
}

void Allocator::Core::on(CommandReceived const& event) {
  if (serving()) return carry_out(event);
  if (shutdown.broken) {
    return refuse(event.id,
                  retry_later("journal_broken", "the ledger can't be written: the runtime is stopping"));
  }
  if (std::holds_alternative<cmd::Stop>(event.command)) {
    shutdown.askers.push_back(event.id);
    return;
  }
  refuse(event.id, retry_later("stopping", "the runtime is stopping"));
}

void Allocator::Core::carry_out(CommandReceived const& event) {
  auto const rows = [&](cmd::JobReference const& reference, RowsWanted wanted) {
    auto const selection = resolve(reference.empty() ? "all" : reference, Past::included);
    if (!selection) return refuse(event.id, selection.failure());
    reply(event.id, rows_of(selection->choices, wanted));
  };
  std::visit(Overloaded{
                 [&](cmd::Submit const& command) { submit(event, command); },
                 [&](cmd::Count const& command) {
                   auto const selection = resolve_all(command.jobs, Past::included);
                   if (!selection) return refuse(event.id, selection.failure());
                   cmd::Counts answer;
                   for (auto const& choice : selection->choices) answer.counts += counts_of(choice);
                   reply(event.id, std::move(answer));
                 },
                 [&](cmd::ListHeld const& asked) { list_held(event.id, asked.host); },
                 [&](cmd::Clone const& command) { act(event, Verb::clone, command.job, command.host); },
                 [&](cmd::ListJobs const& command) {
                   rows(command.jobs, {false, command.elements, command.limit});
                 },
                 [&](cmd::ListHosts const&) { reply(event.id, host_rows()); },
                 [&](cmd::ShowJob const& command) {
                   if (command.job.empty()) return refuse(event.id, resolve("").failure());
                   rows(command.job, {true, false, 0});
                 },
                 [&](cmd::Wait const& command) { wait(event.id, command); },
                 [&](cmd::Migrate const& command) { act(event, Verb::migrate, command.job, command.host); },
                 [&](cmd::Checkpoint const& command) { act(event, Verb::checkpoint, command.job); },
                 [&](cmd::Suspend const& command) { act(event, Verb::suspend, command.job); },
                 [&](cmd::Resume const& command) { act(event, Verb::resume, command.job); },
                 [&](cmd::Cancel const& command) { act(event, Verb::cancel, command.job); },
                 [&](cmd::Call const& command) { act_call(event, command); },
                 [&](cmd::ListTypes const& command) { list_types(event.id, command.type); },
                 [&](cmd::SetAccounts const& command) { set_accounts(event, command); },
                 [&](cmd::ListShares const&) { list_shares(event.id); },
                 [&](cmd::Explain const& command) { explain(event.id, command.job); },
                 [&](cmd::Drain const& command) { drain(event, command); },
                 [&](cmd::Retry const& command) { retry(event, command); },
                 [&](cmd::Restart const& command) { restart(event, command); },
                 [&](cmd::Prune const& command) { prune(event, command); },
                 [&](cmd::Stop const&) {
                   note(Level::info, {}, {}, fmt::format("{}: stop", event.who));
                   commanded(event, "stop");
                   shutdown.askers.push_back(event.id);
                   begin_shutdown(false);
                 },
                 [&](cmd::Ping const&) {
                   auto const alive = std::ranges::count_if(hosts, [](auto const& one) {
                     return one.second.presence == Presence::alive || one.second.presence == Presence::late;
                   });
                   reply(event.id, cmd::Pong{term, static_cast<std::int32_t>(alive)});
                 },
             },
             event.command);
}

}  // namespace godwit::allocator
