// What users ask: references to jobs, and each verb to its handler.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

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
    case Verb::checkpoint:
      return "checkpoint";
    case Verb::suspend:
      return "suspend";
    case Verb::resume:
      return "resume";
    case Verb::cancel:
      return "cancel";
  }
  return "?";
}

Failure no_such_job(cmd::JobReference const& reference) {
  return reject("no_such_job", fmt::format("no such job: {}", reference));
}

Failure no_live_job() {
  return reject("no_live_job", "there is no job that this could be done to");
}

}  // namespace

Result<std::vector<JobId>> Allocator::Core::resolve(cmd::JobReference const& reference) const {
  auto const& jobs = ledger.jobs();
  if (reference == "all") {
    std::vector<JobId> all;
    for (auto const& [job, record] : jobs) all.push_back(job);
    return all;
  }
  if (reference == "last") {
    if (jobs.empty()) return reject("no_such_job", "no such job: last (there is none yet)");
    return std::vector{jobs.rbegin()->first};
  }
  JobId job;
  auto const* end = reference.data() + reference.size();
  auto const [stop, error] = std::from_chars(reference.data(), end, job.value);
  if (error == std::errc{} && stop == end) {
    if (!jobs.contains(job)) return no_such_job(reference);
    return std::vector{job};
  }
  auto const named = names.find(reference);
  if (named == names.end()) return no_such_job(reference);
  return std::vector{named->second};
}

// Which jobs `all` stands for: those for which the verb makes sense now.
bool Allocator::Core::applies(Verb verb, JobRecord const& record) const {
  if (is_ended(record.state)) return false;
  if (verb == Verb::cancel) return true;
  if (record.state == JobState::waiting || record.state == JobState::stranded) return false;
  auto const desk = desks.find(record.job);
  bool const in_flux = record.state == JobState::starting ||
                       (desk != desks.end() && (desk->second.open || !desk->second.queue.empty()));
  if (verb == Verb::suspend) return in_flux || !record.suspended;
  if (verb == Verb::resume) return in_flux || record.suspended;
  return true;
}

void Allocator::Core::act(CommandReceived const& event, Verb verb, cmd::JobReference const& reference,
                          std::optional<Rank> target) {
  auto jobs = resolve(reference);
  if (!jobs) return refuse(event.id, jobs.failure());
  if (reference == "all") {
    std::erase_if(*jobs, [&](JobId job) { return !applies(verb, *record_of(job)); });
    if (jobs->empty()) return refuse(event.id, no_live_job());
  }
  auto const& first = *record_of(jobs->front());
  note(Level::info, jobs->size() == 1 ? first.job : JobId{}, jobs->size() == 1 ? first.epoch : Epoch{},
       fmt::format("{}: {} {}{}", event.who, name_of(verb), reference,
                   target ? fmt::format(" {}", *target) : ""));
  tickets.emplace(event.id, Ticket{std::vector<cmd::Act>(jobs->size()), jobs->size()});
  for (std::size_t line = 0; line < jobs->size(); ++line) {
    auto const job = (*jobs)[line];
    Asked const asked{event.id, line, now};
    if (target && !hosts.contains(*target) && !is_ended(record_of(job)->state)) {
      cmd::Act act;  // it will not come to exist while this waits its turn
      act.job = job;
      act.failure = not_a_live_host(*target);
      answer(asked, std::move(act));
    } else {
      ask(job, Operation{verb, asked, target});
    }
  }
}

void Allocator::Core::act_call(CommandReceived const& event, cmd::Call const& command) {
  auto jobs = resolve(command.job);
  if (!jobs) return refuse(event.id, jobs.failure());
  if (command.job == "all") {
    std::erase_if(*jobs, [&](JobId job) { return !applies(Verb::checkpoint, *record_of(job)); });
    if (jobs->empty()) return refuse(event.id, no_live_job());
  }
  note(Level::info, jobs->size() == 1 ? jobs->front() : JobId{}, {},
       fmt::format("{}: call {} {}", event.who, command.job, command.method));
  tickets.emplace(event.id, Ticket{std::vector<cmd::Act>(jobs->size()), jobs->size()});
  for (std::size_t line = 0; line < jobs->size(); ++line) {
    PendingCall pending;
    pending.asked = {event.id, line, now};
    pending.call.request = new_request();
    pending.call.job = (*jobs)[line];
    pending.call.method = command.method;
    pending.call.arguments = command.arguments;
    ask_call((*jobs)[line], std::move(pending));
  }
}

void Allocator::Core::wait(CommandId command, cmd::Wait const& wanted) {
  std::set<JobId> jobs;
  auto const references = wanted.jobs.empty() ? std::vector<cmd::JobReference>{"all"} : wanted.jobs;
  for (auto const& reference : references) {
    auto const found = resolve(reference);
    if (!found) return refuse(command, found.failure());
    jobs.insert(found->begin(), found->end());
  }
  Waiter waiter{{jobs.begin(), jobs.end()}, 0};
  cmd::Jobs rows;
  for (auto const job : jobs) {
    auto const& record = *record_of(job);
    if (is_ended(record.state) || record.state == JobState::stranded) continue;
    watchers[job].insert(command);
    ++waiter.open;
  }
  if (waiter.open > 0) {
    waiters.emplace(command, std::move(waiter));
    return;
  }
  for (auto const job : jobs) rows.rows.push_back(row_of(*record_of(job), false));
  reply(command, std::move(rows));
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
  auto const rows = [&](std::vector<JobId> const& jobs, bool with_images) {
    cmd::Jobs answer;
    for (auto const job : jobs) answer.rows.push_back(row_of(*record_of(job), with_images));
    reply(event.id, std::move(answer));
  };
  std::visit(Overloaded{
                 [&](cmd::Submit const& command) { submit(event, command); },
                 [&](cmd::Count const&) { refuse(event.id, reject("count", "not supported yet")); },
                 [&](cmd::ListHeld const&) { refuse(event.id, reject("held", "not supported yet")); },
                 [&](cmd::Clone const&) { refuse(event.id, reject("clone", "not supported yet")); },
                 [&](cmd::ListJobs const&) { rows(*resolve("all"), false); },
                 [&](cmd::ListHosts const&) { reply(event.id, host_rows()); },
                 [&](cmd::ShowJob const& command) {
                   auto const jobs = resolve(command.job);
                   if (!jobs) return refuse(event.id, jobs.failure());
                   rows(*jobs, true);
                 },
                 [&](cmd::Wait const& command) { wait(event.id, command); },
                 [&](cmd::Migrate const& command) { act(event, Verb::migrate, command.job, command.host); },
                 [&](cmd::Checkpoint const& command) { act(event, Verb::checkpoint, command.job); },
                 [&](cmd::Suspend const& command) { act(event, Verb::suspend, command.job); },
                 [&](cmd::Resume const& command) { act(event, Verb::resume, command.job); },
                 [&](cmd::Cancel const& command) { act(event, Verb::cancel, command.job); },
                 [&](cmd::Call const& command) { act_call(event, command); },
                 [&](cmd::ListTypes const& command) { list_types(event.id, command.type); },
                 [&](cmd::Stop const&) {
                   note(Level::info, {}, {}, fmt::format("{}: stop", event.who));
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
