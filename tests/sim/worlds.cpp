#include <fmt/format.h>

#include <algorithm>

#include "sim/universe.hpp"

namespace godwit::sim {

namespace {
constexpr int exit_deposed = 5;
}

Universe::Universe(Scenario const& scenario, Abilities abilities, Trace::Listener listener)
    : scenario_(scenario),
      abilities_(abilities),
      scheduler_(scenario.seed),
      random_(scenario.seed * 31 + 7),
      trace_(scheduler_, std::move(listener)),
      disk_(scenario.seed * 17 + 3, scheduler_),
      audit_(disk_, census_),
      submissions_(scenario.plans.size()) {
  disk_.names_are_durable = scenario.names_are_durable;
  disk_.directories_not_synced = abilities.planted == Planted::syncs_no_directory;
  census_.is_leased = [this](Census::Runner runner) {
    for (auto const& world : worlds_) {
      for (auto const& rank : world->ranks) {
        if (rank->number() == runner.process) return rank->capsules()->is_leased(runner.capsule);
      }
    }
    return false;
  };
}

Universe::~Universe() = default;

Universe::World* Universe::present() {
  return worlds_.empty() || worlds_.back()->over ? nullptr : worlds_.back().get();
}

Process* Universe::leader() {
  auto* const world = present();
  Process* newest = nullptr;
  if (world == nullptr) return newest;
  for (auto const& rank : world->ranks) {
    if (!rank->lives() || rank->allocator() == nullptr) continue;
    if (newest == nullptr || newest->allocator()->term() < rank->allocator()->term()) newest = rank.get();
  }
  return newest;
}

std::vector<Process*> Universe::living_hosts() {
  std::vector<Process*> all;
  if (auto* const world = present()) {
    for (std::size_t rank = 1; rank < world->ranks.size(); ++rank) {
      if (world->ranks[rank]->lives()) all.push_back(world->ranks[rank].get());
    }
  }
  return all;
}

void Universe::begin_world(int hosts) {
  beginning_ = false;
  most_hosts_ = std::max(most_hosts_, hosts);  // a job may be pinned to any of them
  worlds_.push_back(std::make_unique<World>());
  auto& world = *worlds_.back();
  trace_.say(fmt::format("── a world of {} hosts begins", hosts));
  world.network = std::make_unique<SimNetwork>(hosts + 1, scenario_.habits, random_(), scheduler_, trace_);
  for (int rank = 0; rank <= hosts; ++rank) {
    world.ranks.push_back(std::make_unique<Process>(
        Process::Place{scheduler_, trace_, disk_, census_, *world.network, scenario_, ++processes_, Rank{rank},
                       random_(), abilities_.planted},
        rank > 0));
    auto& process = *world.ranks.back();
    process.on_exit = [this, &world](Process& gone) { exited(world, gone); };
    process.after_turn = [this](Process& one) { turned(one); };
    process.on_record = [this](Term term, ByteView bytes) { audit_.record(term, bytes); };
    process.ledgers().on_opened = [this](OpenedLedger const& opened) {
      audit_.is_read(opened);
      claims_[opened.term] = {opened.term, {}, opened.records, opened.seals, nullptr};
    };
    process.control().on_answer = [this](CommandId id, Answer const& answer) { answered(id, answer); };
  }
  auto& first = *world.ranks[0];
  auto opened = first.ledgers().open_now(disk_.newest_term().next());
  if (!opened) wrong("a world can't begin: {}", opened.failure().context);
  audit_.begins(claims_.at(opened->term));
  Ledger ledger;
  for (auto const& part : opened->base) {
    if (auto const restored = ledger.restore(part); !restored) wrong("the ledger can't be restored: {}", restored.failure().context);
  }
  for (auto const& [term, bytes] : opened->records) {
    auto const applied = ledger.apply(*decode<LedgerEvent>(bytes));
    if (!applied) wrong("the ledger can't be replayed: {}", applied.failure().context);
  }
  allocator::Began began;
  began.term = opened->term;
  began.ranks = hosts + 1;
  if (scheduler_.now() < lingering_until_) {
    began.old_leases = scenario_.allocator.lease + scenario_.allocator.lease / 16;
  }
  for (auto const& [term, records] : opened->seals) began.seals.push_back({term, records});
  first.begin_allocator(std::move(began), std::move(ledger), std::move(opened->journal));
  for (int rank = 1; rank <= hosts; ++rank) {
    auto* const host = world.ranks[static_cast<std::size_t>(rank)].get();
    scheduler_.after(Duration{static_cast<std::int64_t>(random_.below(300'000'000))}, [host] {
      if (host->lives()) host->begin_host();
    });
  }
}

// The commands that nobody answered: their users ask again, or don't.
void Universe::world_over(World& world, Duration pause, int hosts) {
  if (stop_) {  // unanswered: nobody was told which jobs came to rest without an image
    for (auto const& [job, record] : audit_.ledger().jobs()) census_.takes_back(job, record.newest_epoch);
  }
  world.over = true;
  open_.clear();
  stop_.reset();
  for (auto& submission : submissions_) submission.pending.reset();
  if (beginning_) return;
  beginning_ = true;
  scheduler_.after(pause, [this, hosts] { begin_world(hosts); });
}

// Generously, per job that there is and per command that waits for its answer: what piles up, a heart-beat's worth of it
// again and again, is more.
void Universe::look_at_backlogs(Process const& process) const {
  auto const bound = 64 + 8 * audit_.ledger().counts().all() + open_.size();
  auto const look = [&](char const* what, std::size_t count) {
    if (count > bound) wrong("rank {} keeps {} {}, and there are {} jobs", process.rank(), count, what, audit_.ledger().counts().all());
  };
  look("messages back", process.held_back());
  look("reports that aren't confirmed", process.backlog().unconfirmed);
  look("jobs that wait for room", process.backlog().queued);
}

void Universe::turned(Process& process) {
  look_at_backlogs(process);
  auto const* const allocator = process.allocator();
  if (allocator == nullptr) return;
  if (allocator->term() > audit_.term()) takes_over(process);
  if (!process.leads()) return;
  for (auto const& world : worlds_) {
    for (auto const& other : world->ranks) {
      if (other.get() == &process || !other->leads()) continue;
      wrong("ranks {} and {} lead at once, with terms {} and {}", process.rank(), other->rank(), allocator->term(),
            other->allocator()->term());
    }
  }
  audit_.leads(allocator->term());
}

void Universe::takes_over(Process& process) {
  auto const term = process.allocator()->term();
  trace_.say(fmt::format("── rank {} takes over with term {}", process.rank(), term));
  ++takeovers_;
  audit_.begins(claims_.at(term));
  claims_.erase(claims_.begin(), claims_.upper_bound(term));
  if (leader() == &process) repeat_commands();
}

void Universe::look_who_lives(World& world) {
  bool const any = std::ranges::any_of(world.ranks, [](auto const& rank) { return rank->lives(); });
  if (!any && &world == present()) world_over(world, 1s, scenario_.hosts);
}

void Universe::tell_deaths(World& world, Rank dead) {
  for (std::size_t rank = 0; rank < world.ranks.size(); ++rank) {
    if (Rank const to{static_cast<std::int32_t>(rank)}; to != dead && (rank == 0 || random_.below(4) > 0)) {
      scheduler_.after(Duration{static_cast<std::int64_t>(random_.below(random_.below(2) == 0 ? 5'000'000 : 3'000'000'000))},
                       [&world, dead, to] { world.network->tell_death(dead, to); });
    }
  }
}

void Universe::exited(World& world, Process& process) {
  auto const code = *process.exit_code();
  auto const* const allocator = process.allocator();
  bool const newest = allocator != nullptr && allocator->term() == audit_.term();
  if (allocator != nullptr && code == 0 && !newest) wrong("the allocator of term {} ends the world", allocator->term());
  if (!newest || (scenario_.deputies && code == exit_deposed)) {
    if (code != 0) hosts_lost_ = true, tell_deaths(world, process.rank());
    return look_who_lives(world);
  }
  if (&world != present()) return;
  if (code == 0) {
    world.stopping = true;
    world.over = true;
    open_.clear();
    stop_.reset();
    for (auto& submission : submissions_) submission.pending.reset();
    if (!start_after_stop_) return;
    start_after_stop_ = false;
    beginning_ = true;
    scheduler_.after(8s, [this, &world] {
      for (auto const& rank : world.ranks) {
        bool const cut = links_harmed_ || audit_.ledger().is_lost(rank->rank());
        if (rank->lives() && !cut) wrong("rank {} doesn't leave when the world ends", rank->rank());
        rank->kill(false);
      }
      begin_world(most_hosts_);
    });
    return;
  }
  scheduler_.after(6s, [&world] {  // the launcher ends what is left
    for (auto const& rank : world.ranks) rank->kill(false);
  });
  world_over(world, 7s, scenario_.hosts);
}

}  // namespace godwit::sim
