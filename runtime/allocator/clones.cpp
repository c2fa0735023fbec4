// Clones: a new job that goes on from a copy of another's state. The source stands still only while its image
// is staged, as for any checkpoint; the copy is that file, so the clone may start anywhere and any number of
// times. One that is waiting is cloned from its newest image as it is, or from its beginning.
#include <fmt/format.h>

#include "allocator/core.hpp"
#include "base/figures.hpp"

namespace godwit::allocator {

namespace {

// The newest image that the job itself would go on from: its own, or the one that it was cloned from.
std::optional<log::ImageOf> newest_image(JobRecord const& record) {
  if (!record.lineage.empty()) return log::ImageOf{record.job, record.lineage.front()};
  return record.origin;
}

}  // namespace

void Allocator::Core::begin_clone(JobRecord const& record, Operation const& operation) {
  make_clone(record, operation, newest_image(record), std::nullopt);
}

// The image that was ordered for it is durable.
void Allocator::Core::clone_from(JobId job, msg::Checkpointed const& message) {
  auto& desk = desks.at(job);
  auto const operation = *desk.open;
  desk.open.reset();
  desk.request = {};
  to_serve.insert(job);
  log::ImageOf const image{job, {message.image.epoch, message.image.generation}};
  make_clone(*record_of(job), operation, image, message.figures);
}

void Allocator::Core::make_clone(JobRecord source, Operation const& operation,
                                 std::optional<log::ImageOf> image,
                                 std::optional<msg::CheckpointFigures> figures) {
  auto const job = ledger.next_job();
  auto spec = source.spec;
  if (!spec.name.empty()) spec.name += fmt::format(".clone-{}", job);
  if (operation.target) spec.host = *operation.target;
  note(Level::info, source.job, source.epoch, fmt::format("{} is cloned as job {}", called(source), job));
  journal(log::Cloned{job, source.job, image, std::move(spec), source.suspended, wall});
  auto const& name = record_of(job)->spec.name;
  if (!name.empty()) names[name] = job;
  note_heir(*record_of(job));
  queue_up(job);
  clones.emplace(job, AwaitedClone{operation.asked, source.job, image.has_value(), figures});
  if (serving()) grant_all();
}

// Answers about each clone that has started, or can't at once.
void Allocator::Core::answer_clones() {
  for (auto at = clones.begin(); at != clones.end();) {
    auto const& record = *record_of(at->first);
    if (record.state == JobState::starting) {
      ++at;
      continue;
    }
    answer(at->second.asked, outcome_of(at->second, record));
    at = clones.erase(at);
  }
}

cmd::Act Allocator::Core::outcome_of(AwaitedClone const& awaited, JobRecord const& clone) const {
  cmd::Act act;
  act.job = awaited.source;
  act.clone = clone.job;
  act.checkpoint = awaited.figures;
  act.to = clone.host;
  if (clone.state == JobState::failed) {
    act.failure = reject("clone_failed", fmt::format("job {}, {} job {}, failed: {}", clone.job,
                                                     awaited.restarted ? "a restart of" : "the clone of",
                                                     awaited.source, clone.outcome.reason));
    return act;
  }
  bool const runs = clone.host != no_rank && clone.state != JobState::stranded;
  act.what = awaited.restarted ? fmt::format("goes on from {}:{}", awaited.source, *awaited.restarted)
                               : fmt::format("is a clone of job {}", awaited.source);
  if (!awaited.has_image) {
    act.what += " from its beginning";
  } else if (runs) {
    auto const* report = report_of(clone.job);
    act.what += fmt::format(" at step {}", spell_count(report != nullptr ? report->steps : 0));
  }
  act.what += runs ? fmt::format(" on host {}", clone.host) : std::string(", and waits for a host");
  if (clone.suspended) act.what += ", suspended";
  if (awaited.figures) {
    act.what += fmt::format(": {}, {} stopped", spell_bytes(awaited.figures->bytes),
                            spell_duration(awaited.figures->stopped));
  }
  return act;
}

}  // namespace godwit::allocator
