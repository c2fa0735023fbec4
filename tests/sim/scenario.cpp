#include "sim/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::sim {

char const* name_of(Do what) {
  static constexpr char const* names[] = {
      "submit",       "migrate",       "clone",         "checkpoint",   "suspend",      "resume",
      "call",         "cancel",        "stop_and_start", "drain", "crash_capsule", "refuse_arrival", "host_dies",    "node_dies",
      "world_dies",   "allocator_dies", "allocator_stalls", "allocator_parted", "host_stalls",  "node_stalls",  "link_late",
      "link_silent",  "link_slow",     "store_full",    "store_fails",  "store_slow",   "reads_fail",
      "names_stale",  "image_damaged", "journal_breaks"};
  return names[static_cast<std::size_t>(what)];
}

namespace {

class Draw {
 public:
  Draw(std::uint64_t seed, Range const& range) : random_(seed * 2 + 1), range_(range) { made_.seed = seed; }

  Scenario make() {
    topology();
    auto const plans = 6 + random_.below(7);
    for (std::uint64_t plan = 0; plan < plans; ++plan) made_.plans.push_back(work(static_cast<int>(plan)));
    for (std::uint32_t plan = 0; plan < plans; ++plan) {
      made_.actions.push_back({one_in(3) ? within(20s) : within(1s), Do::submit, plan});
    }
    auto const orders = 4 + random_.below(30);
    for (std::uint64_t order = 0; order < orders; ++order) made_.actions.push_back(user());
    if (one_in(3)) bouncing();
    auto const faults = one_in(8) ? 0 : 1 + random_.below(6);
    for (std::uint64_t fault = 0; fault < faults; ++fault) made_.actions.push_back(trouble());
    if (range_.limits) add_limits();
    if (range_.succession && !one_in(4)) succession();
    if (range_.shares) shares();
    made_.names_are_durable = !range_.names;
    if (range_.managers && one_in(2)) managers();
    if (range_.balance && one_in(2)) balance();
    bool const balanced = made_.allocator.balance.goal != policy::BalanceGoal::none;
    if (range_.probing && one_in(balanced ? 4 : 2)) probing();
    if (range_.partners && !one_in(4)) partners();
    std::ranges::stable_sort(made_.actions, {}, &Action::at);
    return made_;
  }

 private:
  bool one_in(std::uint64_t times) { return random_.below(times) == 0; }
  Duration within(Duration most) {
    return Duration{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count())))};
  }
  std::uint32_t any() { return static_cast<std::uint32_t>(random_.below(1 << 20)); }

  void topology() {
    made_.hosts = static_cast<int>(3 + random_.below(one_in(3) ? 10 : 4));
    made_.slots = static_cast<std::int32_t>(1 + random_.below(4));
    if (range_.drifting_clocks && one_in(3)) made_.drift_ppm_max = static_cast<std::int64_t>(10 + random_.below(200));
    constexpr Duration latencies[] = {20us, 100us, 1ms, 5ms};
    made_.habits.latency = latencies[random_.below(4)];
    made_.habits.bytes_per_ms = 1 + random_.below(100);
    auto& settings = made_.allocator;
    settings.heartbeat_every = one_in(2) ? 500ms : 1s;
    settings.lease = one_in(2) ? 10s : 5s;
    settings.late_after = 4 * settings.heartbeat_every;
    settings.suspicion = one_in(2) ? 30s : settings.lease + within(20s);
    settings.move_patience = 2min;  // more than twice what the largest image takes on a slow link
    settings.gather = one_in(2) ? 2s : 0s;
    made_.orphan_patience = one_in(2) ? 60s : 20s;
    made_.safe_point_patience = one_in(2) ? 30s : 5s;
  }

  Plan work(int number) {
    Plan plan;
    auto& work = plan.work;
    work.key = fmt::format("p{}", number);
    work.steps = 5 + random_.below(one_in(3) ? 300 : 60);
    work.cells = 1 + random_.below(64);
    constexpr Duration steps[] = {1ms, 20ms, 200ms, 1s};
    work.step = steps[random_.below(4)] + within(100ms);
    if (work.step > 500ms) work.steps = 5 + random_.below(60);
    work.outputs = static_cast<std::uint32_t>(random_.below(3));
    work.chatter = 1 + random_.below(3);
    if (one_in(6)) work.rest_every = 1 + random_.below(10), work.rest = within(2s);
    if (one_in(10)) work.roams_at = 1 + random_.below(work.steps);
    if (one_in(10)) work.end = Work::End::fails;
    else if (one_in(12)) work.end = Work::End::crashes;
    else if (one_in(20)) work.end = Work::End::hangs, plan.step_limit = 3s + within(5s);
    if (work.end != Work::End::finishes) work.end_at = 1 + random_.below(work.steps);
    plan.checkpoint_every = one_in(2) ? 200ms + within(5s) : 0s;
    plan.crash_limit =
        work.end == Work::End::finishes ? crashes_enough : static_cast<std::int32_t>(1 + random_.below(3));
    if (one_in(6)) {
      plan.elements = static_cast<std::uint32_t>(2 + random_.below(8));
      work.steps = 2 + random_.below(30);
      work.end_at = std::min(work.end_at, work.steps);
      if (one_in(2)) work.step = 1ms;
    }
    if (number > 0 && one_in(6)) {
      plan.after = static_cast<int>(random_.below(static_cast<std::uint64_t>(number)));
      plan.after_any_end = one_in(2);
    }
    return plan;
  }

  // Drawn last, so that the rest is the same without it.
  void add_limits() {
    for (auto& plan : made_.plans) {
      if (one_in(8)) plan.time_limit = 100ms + within(30s);
      if (one_in(3)) plan.host_loss_limit = static_cast<std::int32_t>(1 + random_.below(3));
      if (plan.elements > 0 && one_in(2)) plan.max_failed = static_cast<std::int32_t>(random_.below(3));
    }
    bool const any_fault = std::ranges::any_of(made_.actions, [](auto const& action) { return is_fault(action.what); });
    if (!any_fault) return;
    made_.actions.push_back(trouble());
    if (one_in(8)) made_.actions.back().what = Do::reads_fail;
  }

  // An image has 64 bytes for each eight cells: at times there isn't room for all of them.
  void partners() {
    for (auto& plan : made_.plans) plan.partner = !one_in(4);
    made_.partner_every = 100ms + within(3s);
    if (one_in(4)) made_.partner_memory = 256 + random_.below(4096);
  }

  Action user() {
    constexpr Do often[] = {Do::migrate, Do::migrate, Do::migrate, Do::migrate, Do::checkpoint, Do::checkpoint,
                            Do::suspend, Do::resume,  Do::call,    Do::clone};
    Action action{within(40s), often[random_.below(std::size(often))], any(), any()};
    if (one_in(25)) action.what = Do::cancel;
    if (one_in(40)) action.what = Do::stop_and_start;
    return action;
  }

  // One job to and fro, as fast as the answers come.
  void bouncing() {
    auto const plan = any();
    auto const at = within(20s);
    auto const moves = 3 + random_.below(10);
    for (std::uint64_t move = 0; move < moves; ++move) {
      made_.actions.push_back({at + within(200ms), Do::migrate, plan, static_cast<std::uint32_t>(move % 2)});
    }
  }

  Action trouble() {
    constexpr Do kinds[] = {Do::crash_capsule, Do::crash_capsule, Do::refuse_arrival, Do::host_dies,    Do::host_dies,
                            Do::host_dies,     Do::node_dies,     Do::world_dies,     Do::allocator_stalls, Do::host_stalls,
                            Do::host_stalls,   Do::node_stalls,   Do::link_late,      Do::link_late,    Do::link_silent,
                            Do::link_slow,     Do::store_full,    Do::store_fails,    Do::store_slow,   Do::names_stale,
                            Do::image_damaged, Do::journal_breaks};
    Action action{within(50s), kinds[random_.below(std::size(kinds))], any(), any()};
    action.proven = !one_in(3);
    constexpr Duration spans[] = {100ms, 2s, 15s, 60s};
    action.span = within(spans[random_.below(4)]) + 1ms;
    return action;
  }

  // Mostly hosts wait longer for an allocator than it takes to elect one.
  void succession() {
    made_.deputies = true;
    if (!one_in(8)) {
      made_.orphan_patience = std::max(made_.orphan_patience, made_.allocator.suspicion + made_.hosts * 2s + 10s);
    }
    auto const faults = one_in(5) ? 0 : 1 + random_.below(4);
    auto at = within(50s);
    for (std::uint64_t fault = 0; fault < faults; ++fault) {
      auto action = allocator_trouble();
      action.at = at;
      made_.actions.push_back(action);
      at = one_in(2) ? within(60s) : at + within(one_in(2) ? 1s : 20s);
    }
  }

  void shares() {
    constexpr char const* policies[] = {"up-down", "up-down", "up-down", "fair-tree", "fcfs", "easy", "round-robin", "random", "decay"};
    constexpr char const* accounts[] = {"chem/anna", "chem/bob", "bio", "dora"};
    auto& settings = made_.allocator;
    settings.policy = policies[random_.below(std::size(policies))];
    settings.scheduling.quantum_min = within(10s);
    settings.scheduling.patience = within(20s);
    settings.scheduling.seed = made_.seed;
    for (auto& plan : made_.plans) {
      plan.account = accounts[random_.below(std::size(accounts))];
      if (one_in(4)) plan.cores = static_cast<std::int32_t>(1 + random_.below(static_cast<std::uint64_t>(made_.slots)));
      if (one_in(4)) plan.priority = static_cast<std::int32_t>(random_.below(3)) - 1;
    }
    auto const drains = random_.below(3);
    for (std::uint64_t drain = 0; drain < drains; ++drain) {
      made_.actions.push_back({within(40s), Do::drain, any(), any(), within(30s)});
    }
  }

  // Few cores, and arrays of short jobs: they wait in groups.
  void managers() {
    auto& settings = made_.allocator;
    settings.hosts_per_manager = static_cast<std::int32_t>(2 + random_.below(3));
    settings.group_ahead_max = one_in(2) ? 10min : 5s;
    if (one_in(2)) made_.slots = std::min(made_.slots, static_cast<std::int32_t>(1 + random_.below(2)));
    for (auto& plan : made_.plans) plan.cores = std::min(plan.cores, made_.slots);
    auto const arrays = 1 + random_.below(3);
    for (std::uint64_t array = 0; array < arrays; ++array) {
      auto plan = work(static_cast<int>(made_.plans.size()));
      plan.elements = static_cast<std::uint32_t>(20 + random_.below(80));
      plan.work.steps = 1 + random_.below(20);
      plan.work.end_at = std::min(plan.work.end_at, plan.work.steps);
      plan.work.step = one_in(2) ? 1ms : 1ms + within(100ms);
      plan.account = made_.plans.front().account;
      made_.actions.push_back({within(20s), Do::submit, static_cast<std::uint32_t>(made_.plans.size())});
      made_.plans.push_back(std::move(plan));
    }
    if (one_in(2)) {  // a manager, more often than not
      Action action{within(40s), Do::host_dies, 0, any()};
      action.proven = !one_in(3);
      action.span = 1s;
      made_.actions.push_back(action);
    }
  }

  // Mostly impatient, so that much is moved.
  void balance() {
    constexpr policy::BalanceGoal goals[] = {policy::BalanceGoal::offload, policy::BalanceGoal::offload,
                                             policy::BalanceGoal::spread, policy::BalanceGoal::consolidate,
                                             policy::BalanceGoal::locality};
    auto& settings = made_.allocator;
    auto& tuning = settings.balance;
    tuning.goal = goals[random_.below(std::size(goals))];
    tuning.gain_times = static_cast<std::int32_t>(random_.below(4));
    tuning.gain_min = one_in(3) ? 1s : 1ms;
    tuning.at_once = 1 + random_.below(4);
    if (one_in(2)) tuning.crowding_permille = tuning.nearness_permille = 1000;
    settings.scheduling.goal = policy::placing_for(tuning.goal);
    settings.scheduling.interval = one_in(2) ? 200ms : 1s;
    settings.scheduling.quantum_min = within(3s);
    if (!one_in(4)) made_.load_lasts = 1s + within(20s);
  }

  // Users put what runs on one host.
  void pile() {
    auto const at = within(30s);
    auto const host = any();
    for (std::uint32_t plan = 0; plan < made_.plans.size(); ++plan) {
      made_.actions.push_back({at + within(2s), Do::migrate, plan, host});
    }
  }

  // Mostly impatient, with low thresholds, and jobs that are placed where others are: else hosts would seldom have too much.
  void probing() {
    constexpr policy::Heuristic heuristics[] = {policy::Heuristic::sender, policy::Heuristic::receiver,
                                                policy::Heuristic::symmetric};
    auto const threshold = one_in(2) ? 1 : 1 + random_.below(static_cast<std::uint64_t>(made_.slots) + 1);
    made_.probing = {.heuristic = heuristics[random_.below(std::size(heuristics))],
                     .threshold = static_cast<std::int32_t>(threshold),
                     .probe_limit = static_cast<std::int32_t>(1 + random_.below(3)),
                     .back_off = within(one_in(2) ? 2s : 100ms)};
    auto& scheduling = made_.allocator.scheduling;
    scheduling.quantum_min = within(one_in(2) ? 2s : 100ms);
    if (!one_in(3)) scheduling.goal = policy::Goal::consolidate;
    for (auto piles = random_.below(4); piles > 0; --piles) pile();
  }

  Action allocator_trouble() {
    constexpr Do kinds[] = {Do::allocator_dies,   Do::allocator_dies,   Do::allocator_dies,   Do::allocator_stalls,
                            Do::allocator_stalls, Do::allocator_parted, Do::allocator_parted, Do::host_dies};
    Action action{0s, kinds[random_.below(std::size(kinds))], any(), any()};
    action.proven = !one_in(3);
    action.span = one_in(3) ? within(made_.allocator.lease * 2) : made_.allocator.suspicion + within(60s);
    return action;
  }

  Random random_;
  Range range_;
  Scenario made_;
};

std::string limits_of(Plan const& plan) {
  std::string text;
  if (plan.time_limit > 0s) text += fmt::format(", at most {:.1f} s", std::chrono::duration<double>(plan.time_limit).count());
  if (plan.max_failed >= 0) text += fmt::format(", at most {} failed", plan.max_failed);
  if (plan.host_loss_limit > 0) text += fmt::format(", held after {} hosts", plan.host_loss_limit);
  if (!plan.account.empty()) text += fmt::format(", {} cores for {}", plan.cores, plan.account);
  return text;
}

std::string probing_of(Scenario const& scenario) {
  if (!scenario.probing) return "no probing";
  auto const& tuning = *scenario.probing;
  return fmt::format("{} from {} on asks {}", to_string(tuning.heuristic), tuning.threshold, tuning.probe_limit);
}

}  // namespace

Scenario draw(std::uint64_t seed, Range const& range) { return Draw(seed, range).make(); }

std::string describe(Scenario const& scenario) {
  using Seconds = std::chrono::duration<double>;
  auto text = fmt::format("seed {}: {}, {}, {}, {} hosts of {} slots{}, drift ≤ {} ppm, lease {} s, suspicion {} s, {} submissions\n",
                          scenario.seed, scenario.allocator.policy, to_string(scenario.allocator.balance.goal), probing_of(scenario), scenario.hosts, scenario.slots,
                          (scenario.deputies ? " with deputies" : "") +
                              (scenario.allocator.hosts_per_manager > 0
                                   ? fmt::format(", {} to a manager", scenario.allocator.hosts_per_manager)
                                   : std::string()),
                          scenario.drift_ppm_max,
                          Seconds(scenario.allocator.lease).count(), Seconds(scenario.allocator.suspicion).count(),
                          scenario.plans.size());
  for (std::size_t index = 0; index < scenario.plans.size(); ++index) {
    auto const& plan = scenario.plans[index];
    text += fmt::format("  job {}: {} steps of {:.3f} s{}, {} outputs, checkpoint every {:.1f} s{}{}\n", plan.work.key,
                        plan.work.steps, Seconds(plan.work.step).count(),
                        plan.elements > 0 ? fmt::format(" × {}", plan.elements) : "", plan.work.outputs,
                        Seconds(plan.checkpoint_every).count(),
                        plan.work.end == Work::End::finishes
                            ? ""
                            : fmt::format(", {} at {}",
                                          plan.work.end == Work::End::fails     ? "fails"
                                          : plan.work.end == Work::End::crashes ? "crashes"
                                                                                : "hangs",
                                          plan.work.end_at),
                        limits_of(plan) + (plan.partner ? ", with a partner" : ""));
  }
  for (auto const& action : scenario.actions) {
    text += fmt::format("  {:>9.3f} s {} {} {} {:.3f} s{}\n", Seconds(action.at).count(), name_of(action.what), action.a,
                        action.b, Seconds(action.span).count(), action.proven ? "" : " unproven");
  }
  return text;
}

}  // namespace godwit::sim
