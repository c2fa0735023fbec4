#include "sim/process.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::sim {

namespace {

Instant some_boot(Random& random) { return {static_cast<std::int64_t>(1'000'000'000 + random.below(1'000'000'000'000))}; }
std::int64_t some_drift(Random& random, std::int64_t most) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(2 * most + 1))) - most;
}

// What must never be said as a warning, or worse, whatever goes wrong.
constexpr char const* never[] = {"that nobody here waits for", "which is not of its lineage",
                                 "a move was undone after",    "is not for the allocator",
                                 "was dropped",                "meant for the allocator"};

}  // namespace

Process::Process(Place place, bool host)
    : place_(place),
      random_(place.seed),
      clock_(place.scheduler, some_boot(random_), some_drift(random_, place.scenario.drift_ppm_max)),
      ledgers_(place.disk, place.scheduler, random_(), place.number),
      obedience_(place.rank) {
  place_.network.transport(place_.rank).on_arrival = [this] { wake(20us); };
  control_.on_command = [this] { wake(50us); };
  catalogue_.on_found = [this] { wake(50us); };
  ledgers_.on_event = [this] { wake(20us); };
  ledgers_.on_journal = [this](SimJournal& journal) { use(journal); };
  if (!host) return;
  auto& transport = place_.network.transport(place_.rank);
  transport.on_frame = [this](Rank from, ByteView frame) { obedience_.hears(from, frame); };
  transport.on_send = [this](Rank to, ByteView frame) { obedience_.says(to, frame); };
  capsules_ = std::make_unique<SimCapsules>(
      SimCapsules::Surroundings{place_.disk, place_.census, place_.scheduler, place_.trace, clock_, place_.number,
                                place_.rank, place_.planted},
      random_());
  store_ = std::make_unique<SimStore>(place_.disk, place_.scheduler, random_(), place_.number);
  capsules_->on_event = [this] { wake(20us); };
  capsules_->on_begin = [this](JobId job, Epoch epoch) { obedience_.begins(job, epoch); };
  capsules_->on_lease = [this](Instant until) { obedience_.leases(until); };
  capsules_->is_referred_to = [this](auto memory) {
    return place_.network.refers_to(memory) || store_->refers_to(memory);
  };
  store_->on_event = [this] { wake(20us); };
  rounds_.on_event = [this] { wake(20us); };
  rounds_.knows_changes = place_.seed % 2 == 0;
}

// None, half, all, or twice as many tasks as there are cores. Each level lasts equally long, and follows from the seed alone.
NodeLoad Process::OthersGauge::read() {
  NodeLoad load;
  auto const& place = process_.place_;
  if (place.scenario.load_lasts == Duration{0}) return load;
  auto const level = static_cast<std::uint64_t>(place.scheduler.now() / place.scenario.load_lasts);
  auto const halves = static_cast<std::int64_t>(
      Random(place.scenario.seed * 1009 + static_cast<std::uint64_t>(place.rank.value) * 31 + level).below(5));
  auto const cores = std::int64_t{place.scenario.slots};
  load.busy_milli = std::min(halves, std::int64_t{2}) * cores * 500;
  load.run_queue = halves * cores / 2;
  if (halves == 4) load.memory_stall_permille = 300;
  return load;
}

void Process::use(SimJournal& journal) {
  journals_[journal.term()] = &journal;
  journal.on_durable = [this] { wake(20us); };
  journal.on_record = [this](Term term, ByteView bytes) { on_record(term, bytes); };
  journal.on_gone = [this, term = journal.term()] { journals_.erase(term); };
}

allocator::Allocator const* Process::allocator() const {
  return allocator_ ? allocator_.get() : node_ ? node_->successor() : nullptr;
}

Term Process::known_term() const {
  auto const term = allocator() != nullptr ? allocator()->term() : Term{};
  return host_ ? std::max(host_->term(), term) : term;
}

SimJournal* Process::journal() const {
  auto const at = allocator() != nullptr ? journals_.find(allocator()->term()) : journals_.end();
  return at == journals_.end() ? nullptr : at->second;
}

void Process::begin_allocator(allocator::Began began, Ledger ledger, std::unique_ptr<Journal> journal) {
  journal_ = std::move(journal);
  allocator_ = std::make_unique<allocator::Allocator>(place_.scenario.allocator, std::move(ledger));
  node_ = std::make_unique<Node>(WorldPorts{place_.network.transport(place_.rank), clock_, log_},
                                 AllocatorPorts{*journal_, control_, catalogue_}, *allocator_);
  node_->begin(std::move(began));
  wake(20us);
}

void Process::begin_host() {
  host::Settings settings;
  settings.pid = static_cast<std::int32_t>(place_.number);
  settings.node = fmt::format("node{}", place_.rank);
  settings.has.cores = place_.scenario.slots;
  if (place_.scenario.allocator.balance.goal != policy::BalanceGoal::none) settings.cores = place_.scenario.slots;
  settings.safe_point_patience = place_.scenario.safe_point_patience;
  settings.orphan_patience = place_.scenario.orphan_patience;
  settings.suspicion = place_.scenario.allocator.suspicion;
  settings.partner_every = place_.scenario.partner_every;
  settings.partner_memory = place_.scenario.partner_memory;
  if (auto const& tuning = place_.scenario.probing) {
    auto const hosts = place_.network.transport(place_.rank).ranks() - 1;  // of this world
    settings.probing = host::ProbingSettings{*tuning, hosts, place_.seed};
  }
  host_ = std::make_unique<host::Host>(place_.rank, std::move(settings));
  HostPorts ports{*capsules_, *store_, rounds_, gauge_};
  if (place_.scenario.deputies) {
    ports.succession.emplace(SuccessionPorts{ledgers_, offices_, place_.scenario.allocator});
  }
  node_ = std::make_unique<Node>(WorldPorts{place_.network.transport(place_.rank), clock_, log_},
                                 std::move(ports), *host_);
  node_->begin(host::Began{});
  wake(20us);
}

// The loop turns at the earliest of the moments for which it was woken.
void Process::wake(Duration soon) {
  if (!lives()) return;
  auto const extra = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(std::min(soon, Duration{100us}).count()) + 1));
  auto const when = std::max(place_.scheduler.now() + soon + Duration{extra}, stopped_until_);
  if (wakes_at_ && *wakes_at_ <= when) return;
  wakes_at_ = when;
  place_.scheduler.at(when, [this, serial = ++wake_serial_] {
    if (serial != wake_serial_ || !lives()) return;
    wakes_at_.reset();
    if (place_.scheduler.now() < stopped_until_) return wake(stopped_until_ - place_.scheduler.now());
    turn();
  });
}

void Process::turn() {
  if (!node_) return;  // it has yet to begin
  auto const turned = node_->turn();
  if (allocator() != nullptr) obedience_.has_allocator();
  after_turn(*this);
  if (turned.exit_code) {
    exit_code_ = turned.exit_code;
    if (host_) obedience_.exits(*exit_code_);
    place_.trace.say(fmt::format("{}: exits with {}", place_.rank, *exit_code_));
    end();
    place_.network.end(place_.rank, false);
    place_.disk.process_ended(place_.number, false);
    on_exit(*this);
    return;
  }
  if (turned.happened) return wake(5us);
  if (turned.next_timer == Instant{}) return;
  wake(clock_.moment_of(turned.next_timer) - place_.scheduler.now());
}

void Process::end() {
  if (capsules_) capsules_->perish();
  if (store_) store_->end();
  for (auto const& [term, journal] : journals_) journal->end();
  ledgers_.end();
}

void Process::kill(bool node) {
  if (!lives()) return;
  killed_ = true;
  place_.trace.say(fmt::format("{}: {} dies", place_.rank, node ? "its node" : "its process"));
  end();
  place_.network.end(place_.rank, true);
  place_.disk.process_ended(place_.number, node);
}

void Process::stop_until(Moment until, bool node) {
  stopped_until_ = std::max(stopped_until_, until);
  if (node && capsules_) capsules_->hold_still(until);
}

void Process::NoteLog::write(Note const& note) {
  auto const line = fmt::format("{}: [{}] {}{}", process_.place_.rank, static_cast<int>(note.level),
                                note.job == JobId{} ? "" : fmt::format("{}@{} ", note.job, note.epoch), note.text);
  process_.place_.trace.say(line);
  if (note.level < Level::warning) return;
  if (note.text.starts_with("its last image was not written")) process_.place_.census.loses(note.job, note.epoch);
  for (auto const* text : never) {
    if (note.text.find(text) != std::string::npos) wrong("rank {} says: {}", process_.place_.rank, note.text);
  }
}

}  // namespace godwit::sim
