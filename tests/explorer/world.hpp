// World: hosts, the allocator of the newest term, and all that is in flight between them; and Act, one thing
// that can happen next. Messages of one pair keep their order; pairs don't wait for each other, so any delay
// and any reordering across pairs is some sequence of acts. What a dead end sent still comes in, or is lost.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "explorer/allocator.hpp"
#include "explorer/host.hpp"

namespace godwit::explorer {

struct Act {
  enum class Kind : std::uint8_t {
    // what comes about by itself, sooner or later
    deliver,
    notice_death,
    prepared,
    runs,
    frozen,
    pages_sent,
    grant,
    take_over,
    learn_death,
    fence,
    lease_out,
    // commands and faults, as long as the budget lasts
    move,
    cancel,
    finish,
    crash,
    refuse,
    torn_commit,
    host_dies,
    allocator_dies,
    cut_off,
    lose,
    thaw_by_itself,
  };
  Kind kind{};
  Place a{}, b{};         // deliver, lose: from, to; otherwise: host (and job, target or index)
  std::uint8_t index{0};  // of a holding, or the job's number
  // An act of the allocator may be its last: so many of its appends are durable then, and nothing was sent.
  std::optional<std::uint8_t> durable{};

  [[nodiscard]] bool by_itself() const { return kind <= Kind::lease_out && !durable; }
};

[[nodiscard]] std::string describe(Act const& act);

class World {
 public:
  explicit World(Scenario const& scenario);

  [[nodiscard]] std::vector<Act> acts() const;  // possible now, in a fixed order
  // Carries one out. `story`, if there is one, gets a line that tells what happened.
  void act(Act const& act, std::string* story = nullptr);

  // Why this state is wrong; empty: nothing is.
  [[nodiscard]] std::string violation() const;
  // Nothing will happen by itself any more: why it isn't an end to be proud of; empty: it is.
  [[nodiscard]] std::string unfinished() const;
  [[nodiscard]] bool quiet() const;  // nothing happens by itself any more

  [[nodiscard]] std::uint64_t key() const;  // equal for worlds that differ in the names of hosts only
  [[nodiscard]] Budget const& left() const { return left_; }

 private:
  using Route = std::pair<Place, Place>;

  void host_acts(Host const& host, std::vector<Act>& acts) const;
  void allocator_acts(std::vector<Act>& acts) const;
  void with_last_steps(Act act, std::vector<Act>& acts) const;
  [[nodiscard]] Step step_of(Allocator& allocator, Act const& act) const;
  Step allocator_step(Act const& act);
  void finish_allocator_step(Act const& act, std::shared_ptr<Ledger const> const& before, Step step,
                             std::string* story);
  void deliver_to_host(Act const& act, std::string* story);
  void end_allocator();
  void post(Place from, Sends sends);
  void look_at_runners();
  [[nodiscard]] bool is_dead_end(Place place) const;
  [[nodiscard]] bool is_of_allocator(Act const& act) const;
  Host& host(Place place) { return hosts_.at(static_cast<std::size_t>(place - 1)); }
  [[nodiscard]] Host const& host(Place place) const { return hosts_.at(static_cast<std::size_t>(place - 1)); }
  [[nodiscard]] std::vector<std::uint64_t> faces() const;
  [[nodiscard]] std::uint64_t key_as(Names const& names) const;
  [[nodiscard]] std::vector<Epoch> runners(JobId job) const;

  Scenario scenario_;
  Budget left_;
  std::vector<Host> hosts_;  // 1..n
  Allocator allocator_;
  std::map<Route, std::vector<Packet>> flying_;
  std::vector<Epoch> newest_run_;  // by job: at which it was ever seen running
  std::string wrong_;
};

}  // namespace godwit::explorer
