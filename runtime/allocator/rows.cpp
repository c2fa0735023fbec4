// What ps, show and hosts say: the ledger's record with what the hosts last reported.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "allocator/core.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::allocator {

std::vector<msg::ImageName> Allocator::Core::images_of(JobRecord const& record) const {
  std::vector<msg::ImageName> images;
  for (auto const& key : record.lineage) {
    images.push_back({key.epoch, key.generation, checkpoint_path(record.job, key.epoch, key.generation)});
  }
  if (record.origin) {
    auto const& [job, key] = *record.origin;
    images.push_back({key.epoch, key.generation, checkpoint_path(job, key.epoch, key.generation)});
  }
  return images;
}

cmd::JobRow Allocator::Core::row_of(JobRecord const& record, bool with_images) const {
  cmd::JobRow row;
  row.job = record.job;
  row.spec = record.spec;
  row.state = record.state;
  row.host = record.host;
  row.epoch = record.epoch;
  row.moves = record.moves;
  row.crashes = record.crashes;
  row.submitted = record.submitted;
  row.started = record.started;
  row.ended = record.ended;
  row.outcome = record.outcome;
  if (auto const* report = report_of(record.job); report != nullptr) {
    row.steps = report->steps;
    row.progress = report->progress;
    row.step_p50 = report->step_p50;
    row.step_p99 = report->step_p99;
  } else if (is_ended(record.state)) {
    row.steps = record.outcome.steps;
  }
  if (!record.lineage.empty()) {
    auto const& key = record.lineage.front();
    row.newest_image = {key.epoch, key.generation, checkpoint_path(record.job, key.epoch, key.generation)};
  }
  if (auto const copy = copy_of(record.job)) row.copy_at = copy->keeper;
  if (with_images) row.images = images_of(record);
  return row;
}

// One that is forgotten, but for its name.
cmd::JobRow Allocator::Core::row_of(std::string const& name, Identity const& identity) const {
  cmd::JobRow row;
  row.job = identity.job;
  row.spec.name = name;
  row.spec.type = identity.type;
  auto const counts = identity.counts();
  if (counts.all() > 1) row.elements = counts;
  row.submitted = identity.submitted;
  row.ended = identity.ended;
  row.state = counts.failed > 0 ? JobState::failed : counts.cancelled > 0 ? JobState::cancelled : JobState::finished;
  row.outcome.ending = counts.failed > 0      ? Ending::failed
                       : counts.cancelled > 0 ? Ending::cancelled
                                              : Ending::finished;
  row.outcome.reason = "it ended long ago: only its name is remembered";
  return row;
}

namespace {

// Of a long list only the first values: a row isn't the place for a million lines.
Axis shown(Axis const& axis) {
  constexpr std::size_t values_max = 20;
  if (axis.count > 0 || axis.values.size() <= values_max + 1) return axis;
  Axis some;
  some.name = axis.name;
  some.argument = axis.argument;
  some.values.assign(axis.values.begin(), axis.values.begin() + values_max);
  some.values.push_back(fmt::format("… {} more", axis.values.size() - values_max));
  return some;
}

}  // namespace

cmd::JobRow Allocator::Core::row_of(ArrayRecord const& array) const {
  cmd::JobRow row;
  row.job = array.job;
  row.spec = array.work->spec;
  for (auto const& axis : array.work->axes) row.axes.push_back(shown(axis));
  row.elements = array.counts;
  row.submitted = array.submitted;
  row.started = array.started;
  row.ended = array.ended;
  auto const& counts = array.counts;
  row.state = counts.running > 0     ? JobState::running
              : counts.waiting > 0   ? JobState::waiting
              : counts.suspended > 0 ? JobState::suspended
              : counts.stranded > 0  ? JobState::stranded
              : counts.held > 0      ? JobState::held
              : counts.failed > 0    ? JobState::failed
              : counts.cancelled > 0 ? JobState::cancelled
                                     : JobState::finished;
  if (counts.live() > 0) return row;
  row.outcome.ending = counts.failed > 0      ? Ending::failed
                       : counts.cancelled > 0 ? Ending::cancelled
                                              : Ending::finished;
  if (counts.finished < array.size) {
    row.outcome.reason = fmt::format("of {} elements {} failed, {} were cancelled", array.size, counts.failed,
                                     counts.cancelled);
  }
  return row;
}

cmd::Jobs Allocator::Core::rows_of(std::vector<Choice> const& choices, RowsWanted wanted) const {
  cmd::Jobs answer;
  auto const limit = wanted.limit > 0 ? wanted.limit : std::numeric_limits<std::uint32_t>::max();
  auto const elements_limit = wanted.limit > 0 ? wanted.limit : cmd::rows_max;
  std::size_t of_elements = 0;
  for (auto const& choice : choices) {
    auto const* array = ledger.array(choice.job);
    if (auto const* identity = ledger.forgotten(choice.job)) {
      answer.rows.push_back(row_of(*ledger.name_of(choice.job), *identity));
      continue;
    }
    if (array == nullptr || (choice.whole && !wanted.elements)) {
      if (answer.rows.size() >= limit) {
        ++answer.left_out;
      } else {
        answer.rows.push_back(array != nullptr ? row_of(*array)
                                               : row_of(*record_of(choice.job), wanted.with_images));
      }
      continue;
    }
    auto elements = choice.elements;
    if (choice.whole) {
      for (auto const& [first, last] : array->untouched.runs()) elements.erase(first, last);
    }
    std::uint64_t taken = 0;
    elements.walk([&](std::uint32_t element) {
      if (answer.rows.size() >= limit || of_elements >= elements_limit) return false;
      auto const record = ledger.record(JobId::of_element(choice.job.number(), element));
      answer.rows.push_back(row_of(*record, wanted.with_images));
      ++taken, ++of_elements;
      return true;
    });
    answer.left_out += elements.size() - taken;
  }
  return answer;
}

cmd::Hosts Allocator::Core::host_rows() const {
  cmd::Hosts answer;
  for (auto const& [rank, host] : hosts) {
    if (host.presence == Presence::joining) continue;
    cmd::HostRow row;
    row.host = rank;
    row.pid = host.hello.pid;
    row.node = host.hello.node;
    row.state = host.presence == Presence::alive  ? "alive"
                : host.presence == Presence::late ? "late"
                                                  : "dead";
    row.cores = host.hello.cores;
    row.has = host.hello.has;
    for (auto const job : host.occupants) {
      if (auto const* record = record_of(job)) row.taken_cores += record->spec.cores;
    }
    row.load = host.load;
    row.jobs = static_cast<std::int32_t>(host.occupants.size());
    row.standby = std::ranges::binary_search(row.has.labels, std::string("standby"));
    row.manager = manager_of(rank);
    row.drained = ledger.is_drained(rank);
    row.heard = now - host.heard;
    answer.rows.push_back(std::move(row));
  }
  return answer;
}

}  // namespace godwit::allocator
