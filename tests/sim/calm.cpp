#include <fmt/format.h>

#include <algorithm>

#include "base/figures.hpp"
#include "port/checkpoint_store.hpp"
#include "state/manifest.hpp"
#include "sim/universe.hpp"

namespace godwit::sim {

namespace {
constexpr Duration look_every = 2s;
constexpr Duration slack = 30min;       // beyond twice the time that all jobs take one after the other
constexpr Duration stop_patience = 3min;
constexpr Duration limit_slack = 5s;  // of heart-beats, in which hosts see how long a job has run
constexpr Duration tidy_patience = 2min;
constexpr Duration strand_patience = 20s;
constexpr Duration hearsay = 2s;  // from a start until the allocator has heard of it, if nothing is in the way
}  // namespace

void Universe::run() {
  scheduler_.at(Moment{0}, [this] { begin_world(scenario_.hosts); });
  auto over = Moment{1s};
  for (auto const& action : scenario_.actions) {
    scheduler_.at(action.at, [this, &action] { act(action); });
    over = std::max(over, action.at + action.span);
  }
  for (auto const& plan : scenario_.plans) {
    patience_ += plan.work.time_of_all() * (1 + std::max(1U, plan.elements)) * 2 + plan.step_limit * 4;
  }
  scheduler_.at(over, [this] { calm_down(); });
  while (!done_) {
    if (!scheduler_.run_one()) wrong("nothing more happens, and it isn't over");
  }
}

void Universe::calm_down() {
  trace_.say("── all is calm from here on");
  calm_ = true;
  calm_since_ = scheduler_.now();
  disk_.heal();
  for (auto const& world : worlds_) world->network->heal();
  look_after();
}

void Universe::look_after() {
  nudge();
  if (!done_) scheduler_.after(look_every, [this] { look_after(); });
}

// What users would do who want to see the end of it.
void Universe::nudge() {
  if (scheduler_.now() - calm_since_ > patience_ + slack) {
    std::string open;
    for (auto const job : audit_.jobs()) {
      if (auto const state = audit_.ledger().state(job); !is_ended(*state)) open += fmt::format(" {}:{}", job, to_string(*state));
    }
    for (auto* const host : living_hosts()) open += fmt::format("; host {} has{}", host->rank(), host->capsules()->describe());
    wrong("it has been calm for {} s, and it isn't over:{}",
          std::chrono::duration_cast<std::chrono::seconds>(scheduler_.now() - calm_since_).count(), open);
  }
  if (all_ended_ && start_after_stop_ == false && worlds_.back()->stopping) return judge_leftovers();
  auto* const world = present();
  if (world == nullptr) {
    if (!beginning_) {
      beginning_ = true;
      begin_world(scenario_.hosts);
    }
    return;
  }
  if (leader() == nullptr) {
    if (scenario_.deputies) return wait_for_an_allocator();
    return world_over(*world, 1s, scenario_.hosts);
  }
  leaderless_since_.reset();
  if (living_hosts().empty()) {
    for (auto const& rank : world->ranks) rank->kill(false);
    return world_over(*world, 1s, scenario_.hosts);
  }
  if (stop_) return;
  undrain_all();
  bool all = true;
  for (std::size_t plan = 0; plan < submissions_.size(); ++plan) {
    if (submissions_[plan].wanted && !submissions_[plan].job) submit(plan), all = false;
  }
  for (auto const& [job, record] : audit_.ledger().jobs()) {
    if (is_ended(record.state)) continue;
    if (record.suspended || record.state == JobState::held) give(cmd::Resume{fmt::format("{}", job)});
  }
  if (!all || audit_.ledger().counts().live() > 0) {
    all_ended_.reset();
    // Without recovery in place a host's death needs a new world.
    auto const& counts = audit_.ledger().counts();
    bool const stranded = !abilities_.recovers_in_place && counts.stranded > 0;
    bool const pinned = std::ranges::any_of(audit_.ledger().jobs(), [&](auto const& one) {
      auto const& [job, record] = one;  // to a host that isn't there
      auto const pin = record.spec.host;
      return !is_ended(record.state) && pin != no_rank &&
             (audit_.ledger().is_lost(pin) || pin.value >= static_cast<int>(world->ranks.size()) ||
              !world->ranks[static_cast<std::size_t>(pin.value)]->lives());  // perhaps it never joined
    });
    bool const stuck = (stranded || pinned) && counts.running + counts.suspended == 0;
    if (!stuck) stranded_since_.reset();
    else if (!stranded_since_) stranded_since_ = scheduler_.now();
    else if (scheduler_.now() - *stranded_since_ > strand_patience) {
      stranded_since_.reset();
      start_after_stop_ = true;
      stop();
    }
    return;
  }
  if (!all_ended_) all_ended_ = scheduler_.now();
  bool tidy = true;
  for (auto* const host : living_hosts()) tidy = tidy && host->capsules()->known() == 0 && host->store()->is_idle();
  if (!tidy && scheduler_.now() - *all_ended_ < tidy_patience) return;
  bool const some_left = std::ranges::any_of(
      world->ranks, [&](auto const& one) { return audit_.ledger().is_lost(one->rank()); });
  if (!tidy && !hosts_lost_ && !some_left && !links_cut_) {  // pages that never come keep their arenas
    for (auto* const host : living_hosts()) {
      if (host->capsules()->known() > 0) wrong("all jobs have ended, and host {} still has{}", host->rank(), host->capsules()->describe());
      if (!host->store()->is_idle()) wrong("all jobs have ended, and host {} is still writing", host->rank());
    }
  }
  auto const why = unsettled();
  if (why && scheduler_.now() - *all_ended_ < tidy_patience) return;
  if (why) wrong("all jobs have ended, and {}", *why);
  stop();
}

// A majority elects one of them, or they leave, and the world is over.
void Universe::wait_for_an_allocator() {
  auto const& settings = scenario_.allocator;
  if (!leaderless_since_) leaderless_since_ = scheduler_.now();
  auto const patience = settings.suspicion + 4 * settings.lease + scenario_.orphan_patience + 1min;
  if (scheduler_.now() - *leaderless_since_ < patience) return;
  for (auto* const host : living_hosts()) {
    wrong("nobody leads since {:.0f} s, and host {} is still there, in term {}",
          std::chrono::duration<double>(*leaderless_since_).count(), host->rank(), host->known_term());
  }
}

// One leads, and everybody who isn't lost knows its term.
std::optional<std::string> Universe::unsettled() {
  auto const* const first = leader();
  auto const term = first->known_term();
  for (auto const& rank : present()->ranks) {
    if (!rank->lives() || rank.get() == first || audit_.ledger().is_lost(rank->rank())) continue;
    if (rank->allocator() != nullptr) return fmt::format("rank {} is still an allocator", rank->rank());
    if (rank->known_term() != term) return fmt::format("host {} knows term {} instead of {}", rank->rank(), rank->known_term(), term);
  }
  return std::nullopt;
}

void Universe::judge_leftovers() {
  for (auto const& world : worlds_) {
    for (auto const& rank : world->ranks) {
      if (!rank->lives()) continue;
      if (scheduler_.now() - *all_ended_ < tidy_patience + stop_patience) return;  // later
      wrong("rank {} of a world that has ended is still there", rank->rank());
    }
  }
  if (census_.runners() > 0) wrong("jobs still run after the end");
  if (!audit_.ledger().ended_cleanly()) wrong("the ledger wasn't closed");
  for (auto const& [job, record] : audit_.ledger().jobs()) {
    if (record.intent) wrong("a move of job {} is open at the end", job);
  }
  check_ends();
  check_usage();
  done_ = true;
}

// ---- what became of the jobs

void Universe::check_ends() const {
  for (std::size_t plan = 0; plan < submissions_.size(); ++plan) {
    auto const& submission = submissions_[plan];
    if (submission.wanted && !submission.job) wrong("submission {} was never answered", plan);
    if (!submission.job) continue;
    auto const counts = audit_.ledger().counts(*submission.job);
    auto const size = std::max(1U, scenario_.plans[plan].elements);
    if (counts.ended() != size) wrong("of submission {} {} have ended, of {}", plan, counts.ended(), size);
  }
  for (auto const job : audit_.jobs()) check_end(job, *audit_.ledger().record(job));
}

bool Universe::may_be_cancelled(JobId job, JobRecord const& record) const {
  auto const key = Work::of(record.spec).key;
  auto const plan = static_cast<std::size_t>(std::stoul(key.substr(1)));
  if (submissions_[plan].cancelled || scenario_.plans[plan].max_failed >= 0) return true;
  auto const after = scenario_.plans[plan].after;
  if (after < 0 || scenario_.plans[plan].after_any_end || record.epoch != Epoch{}) return false;
  auto const before = audit_.ledger().counts(*submissions_[static_cast<std::size_t>(after)].job);
  (void)job;
  return before.finished != before.all();
}

// A clone copies what its source had written. If images can't be read the source may have gone back behind it meanwhile,
// and have cut its files.
bool Universe::lacks_its_source(JobRecord const& record) const {
  if (!images_harmed_ || !record.origin || record.outcome.reason.find("were durable") == record.outcome.reason.npos) return false;
  auto const& [source, image] = *record.origin;
  auto const at = disk_.images.find(checkpoint_path(source, image.epoch, image.generation));
  return at != disk_.images.end() && census_.went_back(source, image.epoch, decode<Manifest>(at->second.manifest)->steps);
}

void Universe::check_end(JobId job, JobRecord const& record) const {
  auto const work = Work::of(record.spec);
  if (record.state == JobState::cancelled) {
    if (!may_be_cancelled(job, record)) wrong("job {} was cancelled, and nobody wanted that: {}", job, record.outcome.reason);
    return;
  }
  if (record.state == JobState::failed) {
    bool const image = record.outcome.reason.find("no image of job") != record.outcome.reason.npos;
    if (image && images_harmed_) return;
    if (lacks_its_source(record)) return;
    if (record.outcome.reason.starts_with("time limit of")) {
      auto const limit = record.spec.time_limit;
      if (limit == 0s || work.time_of_steps() < limit) wrong("job {} failed, and had time left: {}", job, record.outcome.reason);
      return check_output(job, record);
    }
    if (work.end == Work::End::finishes || image) wrong("job {} failed, and shouldn't have: {}", job, record.outcome.reason);
    if (work.end == Work::End::fails && record.outcome.reason != "as planned") {
      wrong("job {} failed otherwise than planned: {}", job, record.outcome.reason);
    }
    return check_output(job, record);
  }
  if (work.end != Work::End::finishes) wrong("job {} finished, and couldn't", job);
  auto const limit = record.spec.time_limit;
  if (limit > 0s && !links_harmed_ && record.outcome.running_time > limit + work.step * 2 + limit_slack) {
    wrong("job {} finished, and its time limit had passed", job);
  }
  if (record.outcome.steps != work.steps) wrong("job {} finished after {} steps of {}", job, record.outcome.steps, work.steps);
  check_output(job, record);
}

// What was charged covers all that was run, unless the allocator heard of it late or never. (Each plan has its own account.)
void Universe::check_usage() const {
  constexpr Do in_the_way[] = {Do::world_dies,  Do::allocator_dies, Do::allocator_stalls, Do::allocator_parted, Do::host_stalls,
                               Do::node_stalls, Do::link_late,      Do::link_silent,      Do::link_slow,        Do::journal_breaks};
  bool const late = std::ranges::any_of(scenario_.actions, [&](Action const& action) { return std::ranges::find(in_the_way, action.what) != std::end(in_the_way); });
  if (late) return;
  std::map<std::string, Duration> ran, unheard;
  for (auto const job : audit_.jobs()) {
    auto const record = audit_.ledger().record(job);
    auto const cores = record->spec.cores;
    ran[record->spec.account] += census_.time_of(job) * cores;
    unheard[record->spec.account] += cores * hearsay * static_cast<std::int64_t>(record->newest_epoch.value);
  }
  for (auto const& [account, time] : ran) {
    auto const charged = std::chrono::microseconds(audit_.ledger().usage().core_us(account));
    if (charged + unheard[account] < time) wrong("{} ran for {}, and was charged {}", account, spell_duration(time), spell_duration(charged));
  }
}

// Bit by bit what an undisturbed run writes; of a job that failed, as far as it came.
void Universe::check_output(JobId job, JobRecord const& record) const {
  auto const work = Work::of(record.spec);
  auto const paths = work.paths(record.clone_of == JobId{} ? JobId{} : job);
  bool const whole = record.state == JobState::finished || record.outcome.reason == "as planned";
  auto const steps = work.end == Work::End::finishes ? work.steps : work.end_at - 1;
  for (std::uint32_t output = 0; output < paths.size(); ++output) {
    auto const file = disk_.find(paths[output]);
    auto const wanted = work.output_after(steps, output);
    if (!file) {
      if (whole) wrong("job {}: output {} isn't there", job, paths[output]);
      continue;
    }
    auto const& found = file->bytes;
    bool const same = found.size() <= wanted.size() && std::equal(found.begin(), found.end(), wanted.begin());
    if (same && (!whole || found.size() == wanted.size())) continue;
    auto const differs = std::ranges::mismatch(found, wanted).in1 - found.begin();
    wrong("job {}: output {} has {} bytes instead of {}, and differs from byte {} on", job, paths[output], found.size(),
          wanted.size(), differs);
  }
}

}  // namespace godwit::sim
