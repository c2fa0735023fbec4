// Universe: one run of a scenario: a store that lasts, and worlds on it one after the other, with users who give
// commands and troubles that come. When all actions are over it becomes calm: links and store are as they should be,
// suspended jobs are resumed, a world that has ended begins again, until every job has ended; then the last world is
// stopped, and what is left behind is looked at. Throws Wrong at the first thing that must not be.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "sim/audit.hpp"
#include "sim/faults.hpp"
#include "sim/process.hpp"
#include "sim/scenario.hpp"

namespace godwit::sim {

struct Abilities {
  Planted planted{Planted::none};
  bool recovers_in_place{true};  // a host's death needs no new world
};

class Universe {
 public:
  Universe(Scenario const& scenario, Abilities abilities, Trace::Listener listener);
  ~Universe();

  void run();

  [[nodiscard]] Trace const& trace() const { return trace_; }
  [[nodiscard]] Scheduler const& scheduler() const { return scheduler_; }
  [[nodiscard]] Census const& census() const { return census_; }
  [[nodiscard]] Audit const& audit() const { return audit_; }
  [[nodiscard]] Tally const& faults() const { return faults_; }
  [[nodiscard]] std::uint64_t takeovers() const { return takeovers_; }

 private:
  struct World {
    std::unique_ptr<SimNetwork> network;
    std::vector<std::unique_ptr<Process>> ranks;
    bool over{false};      // its allocator is gone, and nobody takes its place
    bool stopping{false};
  };

  // ---- worlds (worlds.cpp)
  void begin_world(int hosts);
  void world_over(World& world, Duration pause, int hosts);
  void exited(World& world, Process& process);
  void tell_deaths(World& world, Rank dead);
  void look_who_lives(World& world);
  void turned(Process& process);
  void look_at_backlogs(Process const& process) const;
  void takes_over(Process& process);
  [[nodiscard]] World* present();
  [[nodiscard]] Process* leader();  // the rank with the newest allocator: users find that one
  [[nodiscard]] std::vector<Process*> living_hosts();

  // ---- users (users.cpp)
  void submit(std::size_t plan);
  void order(Action const& action);
  void drain(Action const& action);
  void undrain_all();
  void stop();
  CommandId give(Command command, std::optional<std::size_t> plan = {});
  void repeat_commands();
  void answered(CommandId id, Answer const& answer);
  [[nodiscard]] std::optional<JobId> job_of(Action const& action) const;

  // ---- troubles (troubles.cpp)
  void act(Action const& action);
  void trouble(Action const& action);
  void kill_host(Action const& action, bool node);
  void kill_allocator(Action const& action);
  void kill_world(Action const& action);
  void part(Action const& action);

  // ---- the end (calm.cpp)
  void calm_down();
  void look_after();
  void nudge();
  void wait_for_an_allocator();
  [[nodiscard]] std::optional<std::string> unsettled();
  void judge_leftovers();
  void check_ends() const;
  void check_end(JobId job, JobRecord const& record) const;
  void check_usage() const;
  void check_output(JobId job, JobRecord const& record) const;
  [[nodiscard]] bool lacks_its_source(JobRecord const& record) const;
  [[nodiscard]] bool may_be_cancelled(JobId job, JobRecord const& record) const;

  Scenario const& scenario_;
  Abilities abilities_;
  Scheduler scheduler_;
  Random random_;
  Trace trace_;
  SimDisk disk_;
  Census census_;
  Audit audit_;
  std::vector<std::unique_ptr<World>> worlds_;
  std::uint64_t processes_{0};
  Moment lingering_until_{0};  // until then hosts of former worlds may still run jobs
  int most_hosts_{0};
  bool beginning_{false};  // a world is about to

  struct Submission {
    std::optional<CommandId> pending;
    std::optional<JobId> job;
    bool wanted{false};
    bool cancelled{false};  // somebody wanted that, of it or some of it
  };
  std::vector<Submission> submissions_;
  struct Asked {
    Command command;
    std::optional<std::size_t> plan;  // of a submission
  };
  std::map<CommandId, Asked> open_;
  std::map<Term, OpenedLedger> claims_;  // the ledger as read by those who may begin a term
  std::uint64_t takeovers_{0};
  std::optional<CommandId> stop_;
  bool start_after_stop_{false};
  CommandId last_command_{0};

  Tally faults_;
  bool images_harmed_{false}, hosts_lost_{false}, links_harmed_{false}, links_cut_{false};
  bool calm_{false}, done_{false};
  Moment calm_since_{0}, patience_{0};
  std::optional<Moment> all_ended_, stranded_since_, leaderless_since_;
};

}  // namespace godwit::sim
