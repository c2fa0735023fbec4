// Pruning: generations that needn't be kept are thrown away by a host, after each new one and on command. The lineage is
// cut to what is left once the host has said so. A restart meanwhile waits: it must know what there is. Pinned is what
// clones and restarts begin from that have no generation of their own yet.
//
// A host that is silent may be deleting still: until it is fenced, its pruning counts as under way.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/figures.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::allocator {

namespace {

constexpr Duration relief_pause = 60s;  // where nothing could be thrown away, and the store is still too full

std::string spell_pruned(msg::Pruned const& message, bool trial) {
  if (message.removed.empty()) {
    return fmt::format("keeps its {} generation{}, {}", message.left, message.left == 1 ? "" : "s",
                       spell_bytes(message.left_bytes));
  }
  std::string which;
  for (auto const& image : message.removed) which += fmt::format("{}{}", which.empty() ? "" : ", ", image.generation);
  return fmt::format("{} generation{} {} {}, {}; {} left, {}", trial ? "would lose" : "lost",
                     message.removed.size() == 1 ? "" : "s", which, spell_bytes(message.removed_bytes),
                     trial ? "nothing was thrown away" : "thrown away", message.left, spell_bytes(message.left_bytes));
}

}  // namespace

std::vector<msg::ImageName> Allocator::Core::pinned_of(JobId job) const {
  std::vector<msg::ImageName> pinned;
  auto const pin = [&](log::ImageKey const& key) {
    pinned.push_back({key.epoch, key.generation, checkpoint_path(job, key.epoch, key.generation)});
  };
  if (auto const at = heirs.find(job); at != heirs.end()) {
    for (auto const heir : at->second) {
      auto const* record = record_of(heir);
      bool const begins = record != nullptr && !is_ended(record->state) && record->lineage.empty();
      if (begins && record->origin && record->origin->job == job) pin(record->origin->image);
    }
  }
  for (auto const& [request, waiting] : restarts) {
    if (waiting.second.image.job == job) pin(waiting.second.image.image);
  }
  return pinned;
}

void Allocator::Core::note_heir(JobRecord const& record) {
  if (record.origin) heirs[record.origin->job].insert(record.job);
}

// The job's own host, else any that lives.
Rank Allocator::Core::pruner(JobRecord const& record) const {
  auto const lives = [&](Rank rank) {
    auto const at = hosts.find(rank);
    return at != hosts.end() && at->second.presence == Presence::alive && !at->second.awaited;
  };
  if (lives(record.host)) return record.host;
  for (auto const& [rank, host] : hosts) {
    if (lives(rank)) return rank;
  }
  return no_rank;
}

void Allocator::Core::prune_now(JobRecord const& record, Retention const& retention, Rank host, Pruning pruning) {
  auto lineage = images_of(record);
  if (record.origin) lineage.pop_back();  // another's
  pruning.request = new_request();
  pruning.host = host;
  send(host, msg::PruneJob{pruning.request, record.job, std::move(lineage), pinned_of(record.job), retention, pruning.trial});
  prunings.insert_or_assign(record.job, std::move(pruning));
}

// After a new generation.
void Allocator::Core::prune_if_wanted(JobId job, Rank host) {
  auto const* record = record_of(job);
  if (record == nullptr || !serving() || hosts.at(host).presence != Presence::alive) return;
  tight.erase(job);
  auto const& wish = record->spec.retention;
  bool const many = wish.keep > 0 && record->lineage.size() > static_cast<std::size_t>(wish.keep);
  bool const large = wish.quota_bytes > 0 && record->stored_bytes > wish.quota_bytes;
  if (many || large) {
    if (auto const at = prunings.find(job); at != prunings.end()) {
      at->second.again = true;
    } else {
      prune_now(*record, wish, host, {});
    }
  }
  relieve_store();
}

// The store holds more than it may: who has the most gives, and only what may go at all.
void Allocator::Core::relieve_store() {
  auto const quota = settings.store_quota;
  auto const stored = ledger.stored_bytes();
  if (quota == 0 || stored <= quota || !serving() || now < relief_due) return;
  if (std::ranges::any_of(prunings, [](auto const& one) { return !one.second.trial; })) return;  // first what is under way
  JobRecord const* most = nullptr;
  for (auto const& [job, record] : ledger.jobs()) {
    if (record.lineage.size() < 2 || tight.contains(job) || prunings.contains(job)) continue;
    if (most == nullptr || record.stored_bytes > most->stored_bytes) most = &record;
  }
  auto const host = most != nullptr ? pruner(*most) : no_rank;
  if (host == no_rank) {
    relief_due = now + relief_pause;
    return note(Level::warning, {}, {},
                fmt::format("the checkpoints take {}, more than the store's quota of {}, and nothing that may be thrown "
                            "away is left: make room, or raise --store-quota",
                            spell_bytes(stored), spell_bytes(quota)));
  }
  auto wish = most->spec.retention;
  auto const excess = std::min(stored - quota, most->stored_bytes - 1);
  auto const own = most->stored_bytes - excess;
  wish.quota_bytes = wish.quota_bytes > 0 ? std::min(wish.quota_bytes, own) : own;
  prune_now(*most, wish, host, {});
}

void Allocator::Core::prune(CommandReceived const& event, cmd::Prune const& command) {
  auto const text = fmt::format("prune{}{} {}", command.trial ? " --dry-run" : "", command.retention ? " with other wishes" : "",
                                command.jobs.empty() ? "all" : fmt::format("{}", fmt::join(command.jobs, " ")));
  auto const selection = resolve_all(command.jobs);
  if (!selection) return refuse_command(event, text, selection.failure());
  std::vector<JobId> jobs;
  for (auto const& choice : selection->choices) {
    auto const& known = ledger.jobs();
    for (auto at = known.lower_bound(choice.job); at != known.end() && at->first.array() == choice.job; ++at) {
      bool const chosen = at->first.element() == 0 || choice.elements.contains(at->first.element());
      if (chosen && !at->second.lineage.empty()) jobs.push_back(at->first);
    }
  }
  if (jobs.empty()) {
    if (!command.trial) commanded(event, text);
    return reply(event.id, cmd::Acted{});
  }
  if (!command.trial) commanded(event, text);
  note(Level::info, {}, {}, fmt::format("{}: {}", event.who, text));
  tickets.emplace(event.id, Ticket{std::vector<cmd::Act>(jobs.size()), jobs.size()});
  Asked asked{event.id, 0, now};
  for (auto const job : jobs) {
    auto const& record = *record_of(job);
    auto const retention = command.retention.value_or(record.spec.retention);
    auto const host = pruner(record);
    cmd::Act act;
    act.job = job;
    if (retention.keeps_all()) {
      act.what = fmt::format("keeps all of its {} generations: it was submitted without a wish to keep fewer",
                             record.lineage.size());
    } else if (prunings.contains(job)) {
      act.failure = retry_later("being_pruned", fmt::format("{} is being pruned already; try again", called(record)));
    } else if (host == no_rank) {
      act.failure = retry_later("no_host", fmt::format("no host is there that could prune {}", called(record)));
    } else {
      prune_now(record, retention, host, {.asked = asked, .trial = command.trial});
      ++asked.line;
      continue;
    }
    answer(asked, std::move(act));
    ++asked.line;
  }
}

void Allocator::Core::hear(Rank from, msg::Pruned const& message) {
  auto const at = prunings.find(message.job);
  if (at == prunings.end() || at->second.request != message.request || at->second.host != from) return;
  auto const& pruning = at->second;
  auto const* record = record_of(message.job);
  if (!pruning.trial && record != nullptr && !shutdown.broken) {
    std::vector<log::ImageKey> gone;
    for (auto const& image : message.removed) gone.push_back({image.epoch, image.generation});
    if (message.removed.empty()) {
      tight.insert(message.job);
    }
    if (!gone.empty() || record->stored_bytes != message.left_bytes) {
      journal(log::Pruned{message.job, std::move(gone), message.left_bytes, wall});
    }
  }
  if (message.failure) note(Level::warning, message.job, {}, message.failure->context);
  if (pruning.asked.command) {
    cmd::Act act;
    act.job = message.job;
    act.failure = message.failure;
    act.what = spell_pruned(message, pruning.trial);
    act.removed = message.removed;
    act.removed_bytes = message.removed_bytes;
    answer(pruning.asked, std::move(act));
    at->second.asked.command.reset();
  }
  end_pruning(message.job, std::nullopt);
}

// It is over, or its host is: who waited for it goes on.
void Allocator::Core::end_pruning(JobId job, std::optional<Failure> why) {
  auto ended = prunings.extract(job);
  auto& pruning = ended.mapped();
  if (why && pruning.asked.command) {
    cmd::Act act;
    act.job = job;
    act.failure = std::move(why);
    answer(pruning.asked, std::move(act));
  }
  for (auto const& waiting : pruning.waiting) {
    if (serving()) {
      restart(waiting, std::get<cmd::Restart>(waiting.command));
    } else {
      refuse(waiting.id, retry_later("stopping", "the runtime is stopping"));
    }
  }
  auto const* record = record_of(job);
  if (pruning.again && record != nullptr && serving() && !prunings.contains(job)) {
    if (auto const host = pruner(*record); host != no_rank) prune_now(*record, record->spec.retention, host, {});
  }
  relieve_store();
}

void Allocator::Core::give_up_prunings_of(Rank host) {
  std::vector<JobId> over;
  for (auto const& [job, pruning] : prunings) {
    if (pruning.host == host) over.push_back(job);
  }
  for (auto const job : over) {
    end_pruning(job, peer_lost("host_died", fmt::format("host {} died while it pruned job {}: ask again", host, job)));
  }
}

}  // namespace godwit::allocator
