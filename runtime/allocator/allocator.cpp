#include "allocator/allocator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/mutation.hpp"
#include "message/codec.hpp"

namespace godwit::allocator {

namespace {

// What a host keeps until it is told that it is in the ledger: host/reports.hpp.
bool is_report(Message const& message) {
  return std::holds_alternative<msg::JobStarted>(message) || std::holds_alternative<msg::JobEnded>(message) ||
         std::holds_alternative<msg::Accepted>(message) || std::holds_alternative<msg::Refused>(message) ||
         std::holds_alternative<msg::Departed>(message) || std::holds_alternative<msg::Stayed>(message) ||
         std::holds_alternative<msg::Checkpointed>(message);
}

}  // namespace

Allocator::Allocator(Settings settings, Ledger ledger)
    : core_(std::make_unique<Core>(settings, std::move(ledger))) {}
Allocator::~Allocator() = default;

void Allocator::step(Instant now, WallTime wall, Event const& event, Effects& effects) {
  core_->step(now, wall, event, effects);
}

Ledger const& Allocator::ledger() const {
  return core_->ledger;
}

Term Allocator::term() const {
  return core_->term;
}

Allocator::Core::Core(Settings settings_given, Ledger ledger_given)
    : settings(settings_given), ledger(std::move(ledger_given)), scheduler(make_scheduler(settings, ledger)) {
  auto const name = [this](std::string const& text, JobId job) {
    if (!text.empty() && job.element() == 0) names[text] = std::max(names[text], job);
  };
  for (auto const& [known, identity] : ledger.identities()) name(known, identity.job);
  for (auto const& [job, record] : ledger.jobs()) {
    name(record.spec.name, job);
    note_heir(record);
    if (job.element() == 0) note_over(job);
  }
  for (auto const& [job, array] : ledger.arrays()) {
    name(array.work->spec.name, job);
    note_over(job);
  }
}

void Allocator::Core::step(Instant at, WallTime wall_time, Event const& event, Effects& effects) {
  now = at;
  wall = wall_time;
  out = &effects;
  if (shutdown.phase == Phase::leaving) {
    wait_to_leave(event);
  } else if (shutdown.phase != Phase::over) {
    std::visit([this](auto const& one) { on(one); }, event);
    do {
      look_at_dependents();
      if (serving()) grant_all();
      while (!to_serve.empty()) {
        auto const job = *to_serve.begin();
        to_serve.erase(to_serve.begin());
        serve(job);
      }
    } while (!to_release.empty());
    answer_clones();
    forget_old();
  }
  go_on_shutting_down();
  tell_lead();
  out = nullptr;
}

void Allocator::Core::on(Began const& event) {
  term = event.term;
  began = now;
  expect_to_watch();
  if (event.takes_over) return take_over(event);
  std::vector<JobId> unfinished;
  for (auto const& [job, record] : ledger.jobs()) {
    if (is_ended(record.state)) continue;
    unfinished.push_back(job);
  }
  begin_world(event);
  wait_for_old_leases();
  index_jobs(unfinished);
  note(Level::info, {}, {},
       fmt::format("term {}: {} hosts, {} jobs to go on with", term, hosts.size(), ledger.counts().live()));
}

// Hosts of former worlds may run jobs yet. A later allocator of this world doesn't know how long the first one has
// waited: it waits anew, with those that haven't started since.
void Allocator::Core::wait_for_old_leases() {
  if (ledger.old_leases() == Duration{0} || mutated(Mutation::grant_before_old_leases)) return;
  if (took_over && mutated(Mutation::forget_old_leases)) return;
  for (auto const& [job, record] : ledger.jobs()) {
    if (!is_ended(record.state) && record.fresh_files) leased.insert(job);
  }
  if (!leased.empty()) out->push_back(Arm{leases_timer, now + ledger.old_leases()});
}

// The indexes over the ledger, for jobs that are not over.
void Allocator::Core::index_jobs(std::vector<JobId> const& unfinished) {
  auto const warn_of_absent_host = [&](std::string const& name, JobId job, Rank pin) {
    if (pin == no_rank || hosts.contains(pin)) return;
    note(Level::warning, job, {},
         fmt::format("{} wants to start on host {} only, and there is none ({}): it waits for a runtime that "
                     "has one",
                     name, pin, known_hosts()));
  };
  for (auto const job : unfinished) {
    note_partners_wanted(spec_of(job));
    if (job.element() == 0) hold_back(job);
    reseat(job);
    auto const& record = *record_of(job);
    if (job.element() == 0) warn_of_absent_host(called(record), job, record.spec.host);
  }
  for (auto const& [job, array] : ledger.arrays()) {
    if (array.counts.live() == 0) continue;
    note_partners_wanted(array.work->spec);
    hold_back(job);
    line_up(job);
    warn_of_absent_host(called(array), job, array.work->spec.host);
  }
  for (auto const& [job, array] : ledger.arrays()) enforce_max_failed(job);
}

void Allocator::Core::on(TimerFired const& event) {
  if (event.timer == watch_timer) return watch();
  if (event.timer == leases_timer) {
    auto const released = std::exchange(leased, {});
    for (auto const job : released) reseat(job);
  }
}

void Allocator::Core::on(Received const& event) {
  if (event.term > term) return step_down_before(event.from, event.term);
  // What was meant for a former allocator is sent again; a host says Hello before it knows any term.
  if (event.term < term && !std::holds_alternative<msg::Hello>(event.message)) return;
  auto const at = hosts.find(event.from);
  if (at == hosts.end()) return strange(event.from, event.message);
  // A host that was declared dead is out of the world: it may only park its jobs.
  if (at->second.presence == Presence::dead && !std::holds_alternative<msg::Heartbeat>(event.message) &&
      !std::holds_alternative<msg::Checkpointed>(event.message) &&
      !std::holds_alternative<msg::Quiesced>(event.message)) {
    return note(
        Level::warning, {}, {},
        fmt::format("{} from host {}, which counts as dead: dropped", name_of(event.message), event.from));
  }
  // Without a journal nothing can be decided: only the hosts' leaving is of interest.
  if (shutdown.broken && !std::holds_alternative<msg::Heartbeat>(event.message) &&
      !std::holds_alternative<msg::Quiesced>(event.message)) {
    return;
  }
  if (is_report(event.message)) ++at->second.reports;
  std::visit([&](auto const& message) { hear(event.from, message); }, event.message);
}

void Allocator::Core::hear(Rank from, msg::Trouble const& message) {
  auto const* record = record_of(message.job);
  note(Level::warning, message.job, record != nullptr ? record->epoch : Epoch{},
       fmt::format("host {}: {} ({})", from, message.what.context, message.what.code));
}

void Allocator::Core::strange(Rank from, Message const& message) {
  note(Level::severe, {}, {},
       fmt::format("{} from rank {} is not for the allocator: dropped", name_of(message), from));
}

// None: nothing has been heard of it.
msg::JobReport const* Allocator::Core::report_of(JobId job) const {
  auto const* known = reports.find(job);
  return known == nullptr ? nullptr : known->second.get();
}

msg::JobReport& Allocator::Core::keep_report(JobId job) {
  auto& report = reports[job];
  if (!report) report = std::make_unique<msg::JobReport>();
  return *report;
}

// ---- effects

void Allocator::Core::journal(LedgerEvent event) {
  auto const applied = ledger.apply(event);
  invariant(applied.ok(), applied.ok() ? "" : applied.failure().context);
  if (!shutdown.broken) out->push_back(Append{std::move(event)});
}

void Allocator::Core::send(Rank to, Message message) {
  out->push_back(Send{to, std::move(message), shutdown.broken});
}

void Allocator::Core::send_unjournalled(Rank to, Message message) {
  out->push_back(Send{to, std::move(message), true});
}

void Allocator::Core::reply(CommandId command, Answer answer) {
  out->push_back(Reply{command, std::move(answer)});
}

void Allocator::Core::refuse(CommandId command, Failure why) {
  reply(command, cmd::Refusal{std::move(why)});
}

void Allocator::Core::note(Level level, JobId job, Epoch epoch, std::string text) {
  out->emplace_back(std::in_place_type<Write>, Note{level, job, epoch, std::move(text)});
}

RequestId Allocator::Core::new_request() {
  return std::exchange(next_request, next_request.next());
}

std::string called(JobRecord const& record) {
  if (record.spec.name.empty()) return fmt::format("job {}", record.job);
  return fmt::format("job {} \"{}\"", record.job, record.spec.name);
}

std::string called(ArrayRecord const& array) {
  auto const& name = array.work->spec.name;
  if (name.empty()) return fmt::format("array {}", array.job);
  return fmt::format("array {} \"{}\"", array.job, name);
}

}  // namespace godwit::allocator
