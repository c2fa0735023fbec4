#include "component/allocator_rig.hpp"

namespace godwit::allocator {

Rig::Rig(RigOptions options) : options_(std::move(options)), replica_(options_.ledger) {
  allocator_ = std::make_unique<Allocator>(Settings{.lease = options_.lease,
                                                    .policy = options_.policy,
                                                    .scheduling = {.quantum_min = options_.quantum},
                                                    .hosts_per_manager = options_.hosts_per_manager,
                                                    .balance = options_.balance,
                                                    .store_quota = options_.store_quota,
                                                    .history_age = options_.history_age,
                                                    .history_jobs = options_.history_jobs,
                                                    .gather = options_.gather},
                                           options_.ledger);
  if (options_.takes_over) {
    custody::Claim claim{.term = options_.term,
                         .candidate = Rank{1},
                         .ended = {Rank{0}},
                         .lease_until = now_ + options_.lease};
    for (int rank = 1; rank <= options_.hosts; ++rank) claim.voters.insert(Rank{rank});
    feed(Began{options_.term, options_.hosts + 1, {}, {}, Rank{1}, true, claim});
    EXPECT_EQ(appended<log::TermBegan>().term, options_.term);
    for (int rank = 1; rank <= options_.hosts; ++rank) {
      if (!options_.ledger.is_lost(Rank{rank})) sent<msg::Welcome>(rank);
    }
    for (int rank = 1; options_.join && rank <= options_.hosts; ++rank) holds(rank, {});
    return;
  }
  feed(Began{options_.term, options_.hosts + 1, options_.old_leases});
  appended<log::WorldBegan>();
  for (int rank = 1; options_.join && rank <= options_.hosts; ++rank) joins(rank);
}

Rig::~Rig() {
  nothing_more();
  EXPECT_TRUE(broken_ || replica_ == allocator_->ledger()) << "a replay of the journal gives another ledger";
}

void Rig::feed(Event const& event) {
  nothing_more();
  if (std::holds_alternative<JournalBroken>(event)) broken_ = true;
  Effects effects;
  allocator_->step(now_, wall_, event, effects);
  for (auto const& effect : effects) record(effect);
  if (auto const changes = std::exchange(changes_, {}); !changes.empty() && !exit_) {
    effects.clear();  // the journal is fast here
    for (auto const change : changes) allocator_->step(now_, wall_, Confirmed{change}, effects);
    for (auto const& effect : effects) record(effect);
  }
}

void Rig::record(Effect const& effect) {
  if (auto const* append = std::get_if<Append>(&effect)) {
    EXPECT_FALSE(broken_) << "an append to a broken journal";
    EXPECT_TRUE(replica_.apply(append->event).ok());
    if (std::holds_alternative<log::Decided>(append->event)) return;  // explain tells of it
    if (auto const* command = std::get_if<log::Commanded>(&append->event)) {
      commanded_.push_back(*command);
    } else if (auto const* scores = std::get_if<log::Scores>(&append->event)) {
      scores_.push_back(scores->scores);  // by the clock, whatever a test is about
    } else {
      appends_.push_back(append->event);
    }
  } else if (auto const* send = std::get_if<Send>(&effect)) {
    if (auto const* seen = std::get_if<msg::ReportsSeen>(&send->message)) {
      EXPECT_FALSE(send->unjournalled) << "a report that is confirmed must be durable";
      EXPECT_GT(seen->count, confirmed(send->to.value)) << "confirmed twice";
      confirmed_[send->to] = seen->count;
      return;
    }
    is_justified(send->message);
    // Without these there may be no votes, and then nothing else leaves.
    auto const* managed = std::get_if<msg::Managed>(&send->message);
    bool const at_once = std::holds_alternative<msg::HeartbeatSeen>(send->message) ||
                         std::holds_alternative<msg::Poll>(send->message) ||
                         (managed != nullptr && managed->manager == no_rank);
    EXPECT_EQ(send->unjournalled, at_once || broken_) << name_of(send->message);
    sends_.push_back(*send);
  } else if (auto const* reply = std::get_if<Reply>(&effect)) {
    replies_.push_back(*reply);
  } else if (auto const* route = std::get_if<Route>(&effect)) {
    routes_[route->host] = route->manager;
  } else if (auto const* arm = std::get_if<Arm>(&effect)) {
    timers_.erase(arm->timer);
    if (arm->at != Instant{}) timers_[arm->timer] = arm->at;
  } else if (auto const* find = std::get_if<FindTypes>(&effect)) {
    lookups_.push_back(*find);
  } else if (auto const* write = std::get_if<Write>(&effect)) {
    notes_.push_back(write->note);
  } else if (auto const* confirm = std::get_if<Confirm>(&effect)) {
    changes_.push_back(confirm->change);
  } else if (auto const* lead = std::get_if<Lead>(&effect)) {
    lead_until_ = lead->until;
  } else if (auto const* exit = std::get_if<Exit>(&effect)) {
    EXPECT_TRUE(!exit_ || exit->deposed || broken_) << "two exits, and the first stands";
    exit_ = exit->code;
  }
}

// Journal first: what has been appended so far must say what the message relies on.
void Rig::is_justified(Message const& message) const {
  if (auto const* start = std::get_if<msg::StartJob>(&message)) {
    EXPECT_EQ(replica_.find(start->job)->epoch, start->epoch) << "StartJob before Granted";
  } else if (auto const* move = std::get_if<msg::PrepareArrival>(&message)) {
    auto const& intent = replica_.find(move->job)->intent;
    ASSERT_TRUE(intent) << "PrepareArrival before Intent";
    EXPECT_EQ(intent->target_epoch, move->target_epoch);
  } else if (std::holds_alternative<msg::Leave>(message) && !broken_) {
    EXPECT_TRUE(replica_.ended_cleanly() || !replica_.jobs().empty()) << "Leave before WorldEnded";
  }
}

CommandId Rig::says(Command const& command) {
  auto const id = next_command_;
  next_command_ = next_command_.next();
  feed(CommandReceived{id, "anna@node0 (pid 99)", command});
  return id;
}

void Rig::joins(int rank) {
  hears(rank, msg::Hello{100 + rank, "node" + std::to_string(rank), 8, {options_.slots, 0, {}, {}}});
  EXPECT_EQ(sent<msg::Welcome>(rank).at, now_);
}

void Rig::holds(int rank, std::vector<msg::Held> held) {
  hears(rank,
        msg::Holdings{{100 + rank, "node" + std::to_string(rank), 8, {options_.slots, 0, {}, {}}}, std::move(held)});
}

void Rig::loses(int rank) {
  dies(rank);
  EXPECT_TRUE(appended<log::HostLost>().proven);
  EXPECT_EQ(appended<log::HostFenced>().host, Rank{rank});
}

void Rig::pass_polling(std::set<int> const& silent) {
  auto const since = now_;
  while (appends_.empty() && now_ - since < 60s) {
    pass(40s, silent);
    if (!appends_.empty()) return;
    for (auto const rank : silent) {
      if (!sends_.empty()) sent<msg::Poll>(rank);
    }
  }
}

bool Rig::silent_until_lost(int rank) {
  pass_polling({rank});
  EXPECT_FALSE(appended<log::HostLost>().proven);
  bool const fenced = !appends_.empty() && std::holds_alternative<log::HostFenced>(appends_.front());
  if (fenced) appends_.pop_front();
  return fenced;
}

msg::Heartbeat Rig::beat_of(int rank) const {
  auto const load = loads.find(rank);
  auto const jobs = reports.find(rank);
  return {now_, load != loads.end() ? load->second : NodeLoad{500}, jobs != reports.end() ? jobs->second : std::vector<msg::JobReport>{},
          now_};
}

void Rig::pass(Duration duration, std::set<int> const& silent) {
  auto const end = now_ + duration;
  for (;;) {
    auto first = timers_.end();
    for (auto at = timers_.begin(); at != timers_.end(); ++at) {
      if (at->second <= end && (first == timers_.end() || at->second < first->second)) first = at;
    }
    if (first == timers_.end()) break;
    auto const timer = first->first;
    now_ = std::max(now_, first->second);
    timers_.erase(first);
    for (int rank = 1; rank <= options_.hosts; ++rank) {
      if (silent.contains(rank)) continue;
      hears(rank, beat_of(rank));
      EXPECT_EQ(sent<msg::HeartbeatSeen>(rank).sent, now_);
    }
    feed(TimerFired{timer});
    if (!sends_.empty() || !appends_.empty() || !replies_.empty()) break;  // for the test to look at
  }
  if (sends_.empty() && appends_.empty() && replies_.empty()) now_ = end;
}

cmd::Act Rig::acted(CommandId command) {
  auto const answer = replied<cmd::Acted>(command);
  EXPECT_EQ(answer.acts.size(), 1U);
  if (answer.acts.size() != 1) return {};
  auto const& act = answer.acts.front();
  EXPECT_FALSE(act.failure) << act.failure->context;
  return act;
}

std::string Rig::failed(CommandId command) {
  auto const answer = replied<cmd::Acted>(command);
  EXPECT_EQ(answer.acts.size(), 1U);
  if (answer.acts.size() != 1 || !answer.acts.front().failure) return "no failure";
  return answer.acts.front().failure->code + ": " + answer.acts.front().failure->context;
}

std::string Rig::refused(CommandId command) {
  auto const why = replied<cmd::Refusal>(command).why;
  return why.code + ": " + why.context;
}

FindTypes Rig::sought() {
  if (lookups_.empty()) {
    ADD_FAILURE() << "no type was looked up";
    return {};
  }
  auto const find = lookups_.front();
  lookups_.pop_front();
  return find;
}

void Rig::nothing_more() {
  for (auto const& send : sends_)
    ADD_FAILURE() << "unexpected: " << name_of(send.message) << " to " << send.to.value;
  for (auto const& event : appends_) ADD_FAILURE() << "unexpected: an append of event " << event.index();
  for (auto const& reply : replies_)
    ADD_FAILURE() << "unexpected: an answer to command " << reply.command.value;
  for (auto const& find : lookups_) ADD_FAILURE() << "unexpected: a search for type " << find.type;
  sends_.clear();
  appends_.clear();
  replies_.clear();
  lookups_.clear();
}

JobId Rig::submit(JobArray job) {
  auto const command = says(cmd::Submit{{std::move(job)}});
  feed(TypesFound{sought().request, types()});
  appended<log::Submitted>();
  auto const answer = replied<cmd::Submitted>(command);
  return answer.jobs.empty() ? JobId{} : answer.jobs.front();
}

msg::StartJob Rig::granted(int host) {
  auto const event = appended<log::Granted>();
  EXPECT_EQ(event.host, Rank{host});
  auto const start = sent<msg::StartJob>(host);
  EXPECT_EQ(start.epoch, event.epoch);
  EXPECT_EQ(start.job, event.job);
  return start;
}

void Rig::started(int host, msg::StartJob const& start) {
  std::optional<msg::ImageName> from;
  if (!start.images.empty()) from = start.images.front();
  hears(host, msg::JobStarted{start.job, start.epoch, from, 0, false, {}});
  appended<log::Started>();
}

void Rig::ended(int host, msg::StartJob const& start, Outcome const& outcome) {
  hears(host, msg::JobEnded{start.job, start.epoch, outcome});
  EXPECT_EQ(appended<log::Ended>().job, start.job);
}

JobId Rig::running(int host, JobSpec spec) {
  spec.host = Rank{host};
  auto const job = submit(spec);
  started(host, granted(host));
  return job;
}

msg::PrepareArrival Rig::prepares(int target) {
  auto const intent = appended<log::Intent>();
  EXPECT_EQ(intent.target, Rank{target});
  auto const prepare = sent<msg::PrepareArrival>(target);
  EXPECT_EQ(prepare.source, intent.source);
  EXPECT_EQ(prepare.target_epoch, prepare.epoch < intent.target_epoch ? intent.target_epoch : Epoch{});
  EXPECT_EQ(prepare.thaw_epoch, intent.thaw_epoch);
  return prepare;
}

void Rig::accepted(msg::PrepareArrival const& move, int target) {
  hears(target, msg::Accepted{move.job, move.target_epoch, 10, record(move.job).suspended});
  auto const event = appended<log::Moved>();
  EXPECT_EQ(event.host, Rank{target});
  EXPECT_EQ(event.epoch, move.target_epoch);
}

void Rig::departed(msg::PrepareArrival const& move, msg::MoveFigures figures) {
  hears(move.source.value, msg::Departed{move.job, move.target_epoch, figures});
}

JobSpec Rig::counter() {
  JobSpec spec;
  spec.type = "counter";
  spec.arguments = {{"steps", "100"}};
  spec.directory = "/tmp";
  return spec;
}

JobSpec Rig::counter(std::string account, std::int32_t cores) {
  auto spec = counter();
  spec.account = std::move(account);
  spec.cores = cores;
  return spec;
}

cmd::Explanation Rig::explained(std::string const& job) {
  auto const answer = replied<cmd::Explained>(says(cmd::Explain{job}));
  EXPECT_EQ(answer.rows.size(), 1U);
  return answer.rows.empty() ? cmd::Explanation{} : answer.rows.front();
}

JobSpec Rig::named(std::string name) {
  auto spec = counter();
  spec.name = std::move(name);
  return spec;
}

JobArray Rig::sweep(std::uint32_t size, std::string name) {
  JobArray array = counter();
  array.spec.arguments.clear();
  array.spec.name = std::move(name);
  array.axes = {{.name = "steps", .count = size}};
  return array;
}

std::vector<JobType> Rig::types() {
  JobType type;
  type.name = "counter";
  type.plugin_digest = "00000000deadbeef";
  type.parameters = {{"steps", "how far", ParameterKind::integer, std::nullopt}};
  auto other = type;
  other.name = "heat";
  return {type, other};
}

}  // namespace godwit::allocator
