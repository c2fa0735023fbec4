// What must hold in each world, and in each one in which nothing will happen by itself any more.
#include <fmt/format.h>

#include <algorithm>

#include "explorer/world.hpp"

namespace godwit::explorer {

namespace {

std::string one_line(std::string const& what, JobId job) {
  return fmt::format("job {}: {}", job, what);
}

}  // namespace

// At which epochs it runs, each in a capsule of its own.
std::vector<Epoch> World::runners(JobId job) const {
  std::vector<Epoch> epochs;
  for (auto const& host : hosts_) {
    if (!host.is_up() || !host.is_leased()) continue;
    for (auto const& held : host.holdings()) {
      if (held.job == job && held.may_run()) epochs.push_back(held.epoch);
    }
  }
  return epochs;
}

void World::look_at_runners() {
  for (auto const& [job, record] : allocator_.ledger().jobs()) {
    auto const epochs = runners(job);
    if (epochs.empty() || !wrong_.empty()) continue;
    auto& newest = newest_run_.at(static_cast<std::size_t>(job.value - 1));
    if (epochs.size() > 1) {
      wrong_ = one_line(
          fmt::format("runs {} times, at epochs {} and {}", epochs.size(), epochs[0], epochs[1]), job);
    } else if (epochs[0] < newest) {
      wrong_ = one_line(fmt::format("runs at epoch {}, and ran at {} before", epochs[0], newest), job);
    }
    newest = std::max(newest, epochs[0]);
  }
}

std::string World::violation() const {
  return wrong_;
}

bool World::quiet() const {
  return std::ranges::none_of(acts(), &Act::by_itself);
}

std::string World::unfinished() const {
  bool any_host = false;
  for (auto const& host : hosts_) {
    if (!host.is_up() || allocator_.presence(host.self()) == Allocator::Presence::dead) continue;
    any_host = true;
    for (auto const& held : host.holdings()) {
      if (!held.is_live() || held.departure || held.superseded) {
        return one_line(fmt::format("host {} still holds it, frozen or half arrived, at epoch {}",
                                    host.self(), held.epoch),
                        held.job);
      }
    }
  }
  for (auto const& [job, record] : allocator_.ledger().jobs()) {
    auto const epochs = runners(job);
    if (is_ended(record.state) || record.state == JobState::held || record.state == JobState::waiting) {
      if (!epochs.empty()) return one_line("it runs, and the ledger says that nobody has it", job);
      if (record.state == JobState::waiting && any_host)
        return one_line("it waits, and there is a host", job);
      continue;
    }
    if (record.state == JobState::stranded) return one_line("stranded for ever", job);
    if (record.intent) return one_line("on its way for ever", job);
    if (epochs.size() != 1 || epochs[0] != record.epoch) {
      return one_line(fmt::format("the ledger has it on host {} at epoch {}, and there it doesn't run",
                                  record.host, record.epoch),
                      job);
    }
  }
  return {};
}

}  // namespace godwit::explorer
