// What ps, show and hosts say: the ledger's record with what the hosts last reported.
#include "allocator/core.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::allocator {

std::vector<msg::ImageName> Allocator::Core::images_of(JobRecord const& record) const {
  std::vector<msg::ImageName> images;
  for (auto const& key : record.lineage) {
    images.push_back({key.epoch, key.generation, checkpoint_path(record.job, key.epoch, key.generation)});
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
  if (auto const report = reports.find(record.job); report != reports.end()) {
    row.steps = report->second.steps;
    row.progress = report->second.progress;
    row.step_p50 = report->second.step_p50;
    row.step_p99 = report->second.step_p99;
  } else if (is_ended(record.state)) {
    row.steps = record.outcome.steps;
  }
  if (!record.lineage.empty()) {
    auto const& key = record.lineage.front();
    row.newest_image = {key.epoch, key.generation, checkpoint_path(record.job, key.epoch, key.generation)};
  }
  if (with_images) row.images = images_of(record);
  return row;
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
    row.slots = host.hello.slots;
    row.load_milli = host.load_milli;
    row.jobs = static_cast<std::int32_t>(host.occupants.size());
    row.heard = now - host.heard;
    answer.rows.push_back(std::move(row));
  }
  return answer;
}

}  // namespace godwit::allocator
