// Orders to the host of a job: checkpoint, suspend, resume, cancel; and what comes back.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/figures.hpp"

namespace godwit::allocator {

void Allocator::Core::begin_order(JobRecord const& record, Operation const& operation) {
  auto const job = record.job;
  auto& desk = desks[job];
  if (operation.verb == Verb::cancel &&
      (record.state == JobState::waiting || record.state == JobState::stranded || record.state == JobState::held)) {
    desk.open = operation;
    auto const* report = report_of(job);
    return ended(job, {Ending::cancelled, {}, {}, report != nullptr ? report->steps : 0});
  }
  desk.open = operation;
  desk.request = new_request();
  switch (operation.verb) {
    case Verb::clone:
    case Verb::checkpoint:
      return send(record.host, msg::CheckpointJob{desk.request, job, record.epoch});
    case Verb::suspend:
      return send(record.host, msg::SuspendJob{desk.request, job, record.epoch});
    case Verb::resume:
      return send(record.host, msg::ResumeJob{desk.request, job, record.epoch});
    case Verb::cancel:
      return send(record.host, msg::CancelJob{desk.request, job, record.epoch});
    case Verb::park:
      return send(record.host, msg::ParkJob{desk.request, job, record.epoch});
    case Verb::migrate:
    case Verb::leave:
      break;
  }
  panic("a move is not an order");
}

void Allocator::Core::hear(Rank from, msg::OrderDone const& message) {
  if (call_done(message)) return;
  auto const* record = record_of(message.job);
  auto const at = desks.find(message.job);
  if (record == nullptr || at == desks.end() || !at->second.open || at->second.open->verb == Verb::migrate ||
      at->second.request != message.request || record->host != from || record->at_group) {
    return;  // its job ended, and its user has been told; or the manager has handed it on, and another host is asked
  }
  if (message.failure) {
    if (at->second.open->verb == Verb::park) scheduler.stays(message.job);
    cmd::Act act;
    act.failure = message.failure;
    return close(message.job, std::move(act));
  }
  order_done(*record, at->second);
}

void Allocator::Core::order_done(JobRecord const& record, Desk& desk) {
  auto const job = record.job;
  cmd::Act act;
  switch (desk.open->verb) {
    case Verb::suspend:
      journal(log::Suspended{job, record.epoch});
      act.what = "suspended";
      break;
    case Verb::resume:
      journal(log::Resumed{job, record.epoch});
      act.what = "resumed";
      break;
    case Verb::park:
      wait_again(record);
      act.what = "checkpointed: it waits again";
      break;
    case Verb::clone:       // it is made on Checkpointed
    case Verb::checkpoint:  // its outcome is Checkpointed
    case Verb::cancel:      // its outcome is JobEnded
    case Verb::migrate:
    case Verb::leave:
      return;
  }
  auto const& now_at = *record_of(job);
  note(Level::info, job, now_at.epoch, fmt::format("{} {}", called(now_at), act.what));
  close(job, std::move(act));
}

// Its user's last word is in the ledger, and wins over what the image said that it went on from.
void Allocator::Core::keep_word(JobRecord const& record, bool suspended_there) {
  if (record.suspended != suspended_there) tell_word(record);
}

// To its host, wherever that might not have heard it, or not have obeyed: a host that has does nothing.
void Allocator::Core::tell_word(JobRecord const& record) {
  if (!serving()) return;
  if (record.state == JobState::suspended) send(record.host, msg::SuspendJob{new_request(), record.job, record.epoch});
  if (record.state == JobState::running) send(record.host, msg::ResumeJob{new_request(), record.job, record.epoch});
}

// It stands still for want of a host, and was suspended before.
void Allocator::Core::resume_when_it_starts(JobRecord const& record, Operation const& operation) {
  cmd::Act act;
  act.job = record.job;
  act.what = "resumed: it goes on as soon as it has a host";
  journal(log::Resumed{record.job, record.epoch});
  note(Level::info, record.job, record.epoch, fmt::format("{} {}", called(record), act.what));
  answer(operation.asked, std::move(act));
}

void Allocator::Core::hear(Rank from, msg::Checkpointed const& message) {
  if (!ledger.state(message.job)) return;
  auto const key = log::ImageKey{message.image.epoch, message.image.generation};
  if (ledger.extends_lineage(message.job, key) && !shutdown.broken) {
    journal(log::Checkpointed{message.job, key, message.figures.bytes, wall});
    if (!serving()) shutdown.checkpointed.insert(message.job);
    written_on_request(message);
    return prune_if_wanted(message.job, from);
  }
  if (auto const* record = record_of(message.job);
             record == nullptr || std::ranges::find(record->lineage, key) == record->lineage.end()) {
    note(Level::warning, message.job, message.epoch,
         fmt::format("{} from host {} is not of the lineage of job {}: not recorded", message.image.path, from,
                     message.job));
  }
  written_on_request(message);
}

void Allocator::Core::written_on_request(msg::Checkpointed const& message) {
  auto const at = desks.find(message.job);
  if (!message.request || at == desks.end() || !at->second.open || at->second.request != *message.request)
    return;
  if (at->second.open->verb == Verb::clone) return clone_from(message.job, message);
  if (at->second.open->verb != Verb::checkpoint) return;
  cmd::Act act;
  act.checkpoint = message.figures;
  act.image = message.image;
  act.what = fmt::format("generation {}: {}, {} stopped, durable in {}", message.image.generation,
                         spell_bytes(message.figures.bytes), spell_duration(message.figures.stopped),
                         spell_duration(message.figures.durable));
  note(Level::info, message.job, message.epoch,
       fmt::format("{} checkpointed: {}", called(*record_of(message.job)), act.what));
  close(message.job, std::move(act));
}

}  // namespace godwit::allocator
