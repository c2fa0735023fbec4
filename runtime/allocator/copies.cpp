// Partner copies, as far as the allocator cares: who keeps whose, and which jobs have one to go on from. Not in the
// ledger: what is in a host's memory is gone with it, and a new allocator is told by the hosts.
#include "allocator/core.hpp"
#include "base/mutation.hpp"

namespace godwit::allocator {

void Allocator::Core::note_partners_wanted(JobSpec const& spec) {
  if (!spec.checkpoint_partner || std::exchange(partners_wanted, true)) return;
  partners_due = true;
}

// Once in a while, for hosts join one by one, and each choice looks at all of them.
void Allocator::Core::look_after_partners() {
  if (!partners_wanted || !std::exchange(partners_due, false)) return;
  policy::Nodes nodes;
  for (auto const& [rank, host] : hosts) {
    bool const there = host.presence == Presence::alive || host.presence == Presence::late;
    if (there && !host.awaited) nodes.emplace(rank, host.hello.node);
  }
  auto const former = std::exchange(partners, policy::choose_partners(nodes, partners));
  for (auto const& [rank, node] : nodes) {
    auto const is = std::as_const(partners).find(rank);
    auto const was = former.find(rank);
    auto const partner = is == partners.end() ? no_rank : is->second;
    if (partner != (was == former.end() ? no_rank : was->second)) send(rank, msg::PartnerIs{partner});
  }
}

void Allocator::Core::hear(Rank from, msg::CopyHere const& message) {
  auto const at = copies.find(message.job);
  if (message.gone) {
    if (at != copies.end() && at->second.keeper == from && at->second.epoch <= message.epoch) copies.erase(at);
    return;
  }
  learn_copy(from, {message.job, message.epoch});
}

// Of the epoch at which the job runs, or ran last. Any other is of no use, and never will be.
void Allocator::Core::learn_copy(Rank keeper, msg::JobEpoch const& of) {
  auto const* record = record_of(of.job);
  bool const useful = record != nullptr && !is_ended(record->state) && of.epoch == record->epoch;
  if (!useful) return send(keeper, msg::DropCopy{of.job, of.epoch});
  auto& known = copies[of.job];
  if (known.keeper.value > 0 && known.keeper != keeper && hosts.at(known.keeper).presence != Presence::dead)
    send(known.keeper, msg::DropCopy{of.job, known.epoch});
  known = {keeper, of.epoch};
}

// The job runs at that epoch, or never again: an older copy has had its time.
void Allocator::Core::outdate_copy(JobId job, std::optional<Epoch> epoch) {
  auto const at = copies.find(job);
  if (at == copies.end() || (epoch && at->second.epoch >= *epoch) || mutated(Mutation::keep_outdated_copies)) return;
  auto const [keeper, of] = at->second;
  copies.erase(at);
  if (hosts.at(keeper).presence != Presence::dead) send(keeper, msg::DropCopy{job, of});
}

void Allocator::Core::lose_copies_at(Rank host) {
  std::erase_if(copies, [host](auto const& one) { return one.second.keeper == host; });
  partners_due = true;
}

std::optional<msg::CopyAt> Allocator::Core::copy_of(JobId job) const {
  auto const at = copies.find(job);
  if (at == copies.end()) return std::nullopt;
  return at->second;
}

}  // namespace godwit::allocator
