#include "explorer/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/panic.hpp"

namespace godwit::explorer {

using ActKind = Act::Kind;

namespace {

std::shared_ptr<Ledger const> first_ledger(Scenario const& scenario) {
  auto first = std::make_shared<Ledger>();
  auto& ledger = *first;
  auto const must = [&](LedgerEvent const& event) {
    invariant(ledger.apply(event).ok(), "the ledger takes what a world begins with");
  };
  must(log::WorldBegan{Term{1}, scenario.hosts + 1, {}, {}});
  for (int i = 1; i <= scenario.jobs; ++i) {
    must(log::Submitted{JobId{static_cast<std::uint64_t>(i)}, JobArray(JobSpec{}), {}});
  }
  return first;
}

JobId job_of(Act const& act) {
  return JobId{act.index};
}

}  // namespace

World::World(Scenario const& scenario)
    : scenario_(scenario),
      left_(scenario.budget),
      allocator_(scenario, Term{1}, first_ledger(scenario)),
      newest_run_(static_cast<std::size_t>(scenario.jobs)) {
  for (auto rank = Rank{1}; rank.value <= scenario.hosts; rank = rank.next())
    hosts_.emplace_back(rank, scenario.defect);
}

// ---- carrying out

bool World::is_of_allocator(Act const& act) const {
  switch (act.kind) {
    case ActKind::deliver:
      return is_allocator(act.b);
    case ActKind::grant:
    case ActKind::learn_death:
    case ActKind::fence:
    case ActKind::move:
    case ActKind::cancel:
    case ActKind::cut_off:
      return true;
    default:
      return false;
  }
}

Step World::step_of(Allocator& allocator, Act const& act) const {
  switch (act.kind) {
    case ActKind::deliver:
      return allocator.hear(Rank{act.a}, flying_.at({act.a, act.b}).front());
    case ActKind::grant:
      return allocator.grant(job_of(act), Rank{act.a});
    case ActKind::learn_death:
      return allocator.host_died(Rank{act.a});
    case ActKind::fence:
      return allocator.fence(Rank{act.a});
    case ActKind::move:
      return allocator.move(job_of(act), Rank{act.a});
    case ActKind::cancel:
      return allocator.cancel(job_of(act));
    case ActKind::cut_off:
      return allocator.give_up(Rank{act.a});
    case ActKind::take_over:
      return allocator.begin();
    default:
      panic("not an act of the allocator");
  }
}

Step World::allocator_step(Act const& act) {
  bool const counts =
      act.kind == ActKind::deliver && allocator_.presence(Rank{act.a}) != Allocator::Presence::dead;
  auto step = step_of(allocator_, act);
  if (act.kind == ActKind::move) --left_.moves;
  if (act.kind == ActKind::cancel) --left_.cancels;
  if (act.kind == ActKind::cut_off) {
    --left_.cut_offs;
    if (scenario_.defect == Defect::renews_with_stale) {
      step.sends.push_back({act.a, {.kind = Packet::Kind::heartbeat_seen, .term = allocator_.term()}});
    }
  }
  if (act.kind == ActKind::deliver) {
    auto& packets = flying_.at({act.a, act.b});
    if (counts && !act.durable && is_report(packets.front()) && host(act.a).is_up()) host(act.a).confirmed();
    packets.erase(packets.begin());
    if (packets.empty()) flying_.erase({act.a, act.b});
  }
  return step;
}

void World::finish_allocator_step(Act const& act, std::shared_ptr<Ledger const> const& before, Step step,
                                  std::string* story) {
  if (!step.refused.empty() && wrong_.empty()) wrong_ = "the ledger refuses an event: " + step.refused;
  if (story != nullptr) {
    for (auto const& sent : step.sends)
      *story += fmt::format("\n      → host {}: {}", sent.to, describe(sent.packet));
  }
  auto const place = place_of(allocator_.term());
  if (!act.durable) return post(place, std::move(step.sends));
  --left_.allocator_deaths;
  auto ledger = std::make_shared<Ledger>(*before);
  for (std::size_t k = 0; k < *act.durable; ++k) (void)ledger->apply(step.appends[k]);
  if (scenario_.defect == Defect::sends_before_durable) post(place, std::move(step.sends));
  allocator_ = Allocator(scenario_, allocator_.term(), std::move(ledger));
  end_allocator();
  if (story != nullptr) {
    *story += fmt::format("\n      and dies: {} of {} appends are durable, {} sent", *act.durable,
                          step.appends.size(),
                          scenario_.defect == Defect::sends_before_durable ? "all was" : "nothing was");
  }
}

void World::end_allocator() {
  allocator_ = Allocator(scenario_, allocator_.term(), allocator_.shared_ledger());
  allocator_.dies();
  std::erase_if(flying_, [](auto const& entry) { return is_allocator(entry.first.second); });
}

void World::post(Place from, Sends sends) {
  for (auto& [to, packet] : sends) {
    if (is_allocator(to)) {
      if (!allocator_.is_up() || packet.term != allocator_.term())
        continue;  // it has ended, or isn't known yet
      to = place_of(allocator_.term());
    } else if (!host(to).is_up()) {
      continue;
    }
    flying_[{from, to}].push_back(std::move(packet));
  }
}

void World::deliver_to_host(Act const& act, std::string* story) {
  auto const at = flying_.find({act.a, act.b});
  auto const packet = at->second.front();
  at->second.erase(at->second.begin());
  if (at->second.empty()) flying_.erase(at);
  if (story != nullptr) *story += ": " + describe(packet);
  Sends sends;
  host(act.b).hear(act.a, packet, sends);
  post(act.b, std::move(sends));
}

void World::act(Act const& act, std::string* story) {
  if (story != nullptr) *story = describe(act);
  Sends sends;
  if (is_of_allocator(act)) {
    if (story != nullptr && act.kind == ActKind::deliver)
      *story += ": " + describe(flying_.at({act.a, act.b}).front());
    auto const before = allocator_.shared_ledger();
    finish_allocator_step(act, before, allocator_step(act), story);
  } else {
    switch (act.kind) {
      case ActKind::deliver:
        deliver_to_host(act, story);
        break;
      case ActKind::notice_death:
        host(act.a).peer_died(Rank{act.b}, sends);
        break;
      case ActKind::prepared:
        host(act.a).prepared(act.index, sends);
        break;
      case ActKind::runs:
        host(act.a).runs(act.index, sends);
        break;
      case ActKind::frozen:
        host(act.a).frozen(act.index, sends);
        break;
      case ActKind::pages_sent:
        host(act.a).pages_sent(act.index, false, sends);
        break;
      case ActKind::torn_commit:
        --left_.refusals;
        host(act.a).pages_sent(act.index, true, sends);
        break;
      case ActKind::refuse:
        --left_.refusals;
        if (host(act.a).holdings()[act.index].is_live()) {
          host(act.a).no_safe_point(act.index, sends);
        } else {
          host(act.a).fails(act.index, sends);
        }
        break;
      case ActKind::finish:
        --left_.finishes;
        host(act.a).ends(act.index, Ending::finished, sends);
        break;
      case ActKind::crash:
        --left_.crashes;
        host(act.a).ends(act.index, Ending::crashed, sends);
        break;
      case ActKind::thaw_by_itself:
        host(act.a).thaws_by_itself(act.index, sends);
        break;
      case ActKind::lease_out:
        host(act.a).lease_runs_out();
        break;
      case ActKind::host_dies:
        --left_.host_deaths;
        host(act.a).dies();
        std::erase_if(flying_, [&](auto const& entry) { return entry.first.second == act.a; });
        break;
      case ActKind::allocator_dies:
        --left_.allocator_deaths;
        end_allocator();
        break;
      case ActKind::take_over: {
        allocator_ = Allocator(scenario_, allocator_.term().next(), allocator_.shared_ledger());
        auto const before = allocator_.shared_ledger();
        finish_allocator_step(act, before, allocator_step(act), story);
        break;
      }
      case ActKind::lose:
        flying_.erase({act.a, act.b});
        break;
      default:
        panic("an act of nobody");
    }
    post(act.a, std::move(sends));
  }
  std::erase_if(flying_, [this](auto const& entry) {  // nobody hears those, so they needn't be told apart
    auto const& [from, to] = entry.first;
    return is_allocator(to) && allocator_.presence(Rank{from}) == Allocator::Presence::dead;
  });
  if (scenario_.defect != Defect::obeys_old_terms) {  // nor obeys these
    std::erase_if(flying_, [this](auto const& entry) {
      auto const& [from, to] = entry.first;
      return is_allocator(from) && !is_allocator(to) && from < place_of(host(to).term());
    });
  }
  if (left_.allocator_deaths == 0 && allocator_.is_up()) {  // nobody will ask for what was said before
    for (auto& host : hosts_) {
      if (host.term() == allocator_.term()) host.forget_reports();
    }
  }
  look_at_runners();
}

}  // namespace godwit::explorer
