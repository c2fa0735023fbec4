// ManagedHosts: the stub hosts with real managers before them, in virtual time. What the hosts say goes to their manager
// as Node would send it, and comes out when the manager lets it go.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "bench/stub_hosts.hpp"
#include "manager/manager.hpp"
#include "node/line.hpp"

namespace godwit::bench {

class ManagedHosts {
 public:
  ManagedHosts(StubSettings const& settings, Instant now, Term term)
      : hosts_(settings, now), term_(term), ranks_(static_cast<std::size_t>(settings.hosts) + 1) {}

  // All that reaches rank 0 until then.
  void say(Instant until, std::vector<StubHosts::Said>& heard) {
    said_.clear();
    hosts_.say(until, said_);
    for (auto& one : said_) {
      auto& rank = at(one.from);
      tell_room(one.from, until);
      rank.manager == no_rank ? heard.push_back(std::move(one)) : carry(rank.manager, std::move(one), until, heard);
    }
    for (auto const manager : managers_) {
      auto& rank = at(manager);
      if (rank.due == Instant{} || rank.due > until) continue;
      rank.due = {};
      step(manager, manager::TimerFired{}, until, heard);
    }
    for (auto& one : std::exchange(late_, {})) heard.push_back(std::move(one));
  }

  void hear(Rank to, Message const& message, Instant now) {
    auto& rank = at(to);
    if (auto const* managed = std::get_if<msg::Managed>(&message)) {
      rank.manager = managed->manager;
      rank.version = managed->version;
      rank.handed = 0;
      if (managed->manager == to) {
        managers_.push_back(to);
        rank.machine = std::make_unique<manager::Manager>(to);
      }
    }
    if (rank.machine && rank.machine->wants(message)) {
      step(to, manager::Ordered{term_, message}, now, late_);
    } else {
      hosts_.hear(to, message, now);
    }
    tell_room(to, now);
  }

  [[nodiscard]] StubHosts const& hosts() const { return hosts_; }

 private:
  struct OneRank {
    Rank manager{no_rank};
    std::uint64_t version{0}, handed{0};
    std::int32_t told{-1};
    std::unique_ptr<manager::Manager> machine;
    Instant due;
    std::vector<Message> carried;  // that its manager holds, by the number of its parcel
  };

  [[nodiscard]] OneRank& at(Rank rank) { return ranks_[static_cast<std::size_t>(rank.value)]; }

  void carry(Rank manager, StubHosts::Said&& said, Instant now, std::vector<StubHosts::Said>& heard) {
    auto& carried = at(manager).carried;
    msg::Parcel parcel;
    parcel.host = said.from;
    parcel.up = true;
    parcel.haste = haste_of(said.message);
    parcel.number = carried.size();
    carried.push_back(std::move(said.message));
    step(manager, manager::Carry{parcel}, now, heard);
  }

  void tell_room(Rank from, Instant now) {
    auto& rank = at(from);
    if (rank.manager == no_rank || !at(rank.manager).machine) return;
    auto const room = hosts_.room(from);
    if (std::exchange(rank.told, room) == room) return;
    step(rank.manager, manager::Told{from, {term_, rank.version, room, rank.handed}}, now, late_);
  }

  void step(Rank rank, manager::Event const& event, Instant now, std::vector<StubHosts::Said>& heard) {
    auto& one = at(rank);
    manager::Effects effects;
    one.machine->step(now, event, effects);
    bool passed = false;
    for (auto const& effect : effects) {
      if (auto const* pass = std::get_if<manager::Pass>(&effect)) {
        heard.push_back({pass->parcel.host, std::move(one.carried[pass->parcel.number])});
        passed = true;
      } else if (auto const* send = std::get_if<manager::Send>(&effect)) {
        auto const& handed = std::get<msg::HandOn>(send->message);
        ++at(send->to).handed;
        at(send->to).told = -1;
        hosts_.hear(send->to, handed.start, now);
        told_.push_back(send->to);
      } else if (auto const* said = std::get_if<manager::Say>(&effect)) {
        late_.push_back({rank, said->message});
      } else if (auto const* arm = std::get_if<manager::Arm>(&effect)) {
        one.due = arm->at;
      }
    }
    if (passed) one.carried.clear();  // it lets all go at once
    for (auto const host : std::exchange(told_, {})) tell_room(host, now);
  }

  StubHosts hosts_;
  Term term_;
  std::vector<OneRank> ranks_;
  std::vector<Rank> managers_, told_;
  std::vector<StubHosts::Said> said_, late_;
};

}  // namespace godwit::bench
