// Who waits for which jobs to settle: to end, or to be held, which only a user's word ends. Of arrays only
// numbers are kept.
#include "allocator/core.hpp"

namespace godwit::allocator {

void Allocator::Core::wait(CommandId command, cmd::Wait const& wanted) {
  auto selection = resolve_all(wanted.jobs, Past::included);
  if (!selection) return refuse(command, selection.failure());
  Waiter waiter;
  for (auto const& choice : selection->choices) {
    auto const counts = counts_of(choice);
    waiter.open += counts.live() - counts.held;
    if (choice.elements.empty()) {
      if (counts.held > 0) waiter.held.insert(choice.job);
    } else if (counts.held > 0) {
      ledger.in_state(choice.job, JobState::held).within(choice.elements).walk([&](std::uint32_t element) {
        waiter.held.insert(JobId::of_element(choice.job.number(), element));
        return true;
      });
    }
  }
  if (waiter.open == 0) return reply(command, rows_of(selection->choices, {}));
  for (auto& choice : selection->choices) {
    watchers[choice.job].insert(command);
    waiter.choices.emplace(choice.job, std::move(choice));
  }
  waiters.emplace(command, std::move(waiter));
}

// The job has ended, or is held and may yet end: whoever waited for it is told when it was the last.
void Allocator::Core::settle(JobId job, bool for_good) {
  auto const array = job.array();
  if (for_good) to_release.insert(array);
  auto const at = watchers.find(array);
  if (at == watchers.end()) return;
  auto const commands = at->second;
  for (auto const command : commands) {
    auto& waiter = waiters.at(command);
    if (job.element() != 0 && !waiter.choices.at(array).elements.contains(job.element())) continue;
    if (!for_good) {
      if (!waiter.held.insert(job).second) continue;
    } else if (waiter.held.erase(job) > 0) {
      continue;
    }
    settled(1, command);
  }
}

// A held job is released: it counts again.
void Allocator::Core::unsettle(JobId job) {
  auto const at = watchers.find(job.array());
  if (at == watchers.end()) return;
  for (auto const command : at->second) {
    auto& waiter = waiters.at(command);
    if (waiter.held.erase(job) > 0) ++waiter.open;
  }
}

void Allocator::Core::settle_elements(JobId array, Intervals const& elements) {
  to_release.insert(array);
  auto const at = watchers.find(array);
  if (at == watchers.end()) return;
  auto const commands = at->second;
  for (auto const command : commands) {
    settled(elements.within(waiters.at(command).choices.at(array).elements).size(), command);
  }
}

void Allocator::Core::settled(std::uint64_t how_many, CommandId command) {
  auto const waiter = waiters.find(command);
  if ((waiter->second.open -= how_many) > 0) return;
  std::vector<Choice> choices;
  for (auto& [job, choice] : waiter->second.choices) {
    auto const at = watchers.find(job);
    at->second.erase(command);
    if (at->second.empty()) watchers.erase(at);
    choices.push_back(std::move(choice));
  }
  waiters.erase(waiter);
  reply(command, rows_of(choices, {}));
}

}  // namespace godwit::allocator
