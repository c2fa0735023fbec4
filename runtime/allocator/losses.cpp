// What becomes of jobs whose host died. They wait again, with their lineage, as soon as nobody can run them any
// more; those that too many hosts in a row died with are held until a user lets them go.
#include <fmt/format.h>

#include "allocator/core.hpp"

namespace godwit::allocator {

// The ledger has taken the job from that host: it is stranded there, or waits again, or is held.
void Allocator::Core::lost(JobId job, Rank host) {
  reseat(job);
  marks.erase(job);
  auto const& record = *record_of(job);
  auto why = peer_lost("host_died", {});
  if (record.state == JobState::stranded) {
    why.context = fmt::format("host {} died, and may still run {}; it goes on elsewhere as soon as that is out "
                              "of the question",
                              host, called(record));
  } else if (record.state == JobState::held) {
    why.context = fmt::format("host {} died; {} is held, because {} hosts in a row died while they had it: "
                              "'godwit resume {}' lets it start again",
                              host, called(record), record.host_losses, job);
  } else {
    auto const& pin = record.spec.host;
    bool const nowhere = pin != no_rank && ledger.is_lost(pin);
    why.context = fmt::format("host {} died; {} goes on {}{}", host, called(record),
                              copies.contains(job)         ? "from its copy in memory"
                              : images_of(record).empty() ? "from its beginning"
                                                          : "from its newest checkpoint",
                              nowhere ? fmt::format(" when the runtime is started again: it wants host {} only", pin)
                                      : std::string());
  }
  if (worth_a_note(job)) note(Level::warning, job, record.epoch, why.context);
  if (record.state == JobState::held) settle(job, false);
  clear_desk_but_cancel(job, why);
}

// Who wanted the job gone gets just that.
void Allocator::Core::clear_desk_but_cancel(JobId job, Failure const& why) {
  auto const at = desks.find(job);
  if (at == desks.end()) return;
  auto const is_cancel = [](Operation const& operation) { return operation.verb == Verb::cancel; };
  if (at->second.open && is_cancel(*at->second.open)) {
    auto const* report = report_of(job);
    return ended(job, {Ending::cancelled, {}, {}, report != nullptr ? report->steps : 0});
  }
  std::deque<Operation> cancels;
  for (auto const& operation : at->second.queue) {
    if (is_cancel(operation)) cancels.push_back(operation);
  }
  std::erase_if(at->second.queue, is_cancel);
  clear_desk(job, why);
  if (cancels.empty()) return;
  desks[job].queue = std::move(cancels);
  serve(job);  // before it is granted again
}

// A held job: its user lets it start again.
void Allocator::Core::let_go(JobRecord const& record, Operation const& operation) {
  auto const job = record.job;
  cmd::Act act;
  act.job = job;
  act.what = record.suspended ? "released: it waits for a host, suspended as it was" : "released: it waits for a host";
  journal(log::Released{job, wall});
  reseat(job);
  unsettle(job);
  note(Level::info, job, record.epoch, fmt::format("{} {}", called(record), act.what));
  answer(operation.asked, std::move(act));
  if (serving()) grant_all();
}

}  // namespace godwit::allocator
