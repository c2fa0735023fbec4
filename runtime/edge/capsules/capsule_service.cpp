#include "edge/capsules/capsule_service.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "edge/capsules/capsule_process.hpp"
#include "edge/capsules/last_words.hpp"
#include "edge/capsules/link/printed.hpp"
#include "edge/capsules/link/scratch.hpp"
#include "edge/capsules/mailbox.hpp"
#include "edge/capsules/worker.hpp"

namespace godwit {

namespace {

constexpr long chores_ns = 100'000'000;  // how often running capsules save what they printed

// Keys of the epoll set; a capsule's is its id.
constexpr std::uint64_t zygote_key = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t mail_key = zygote_key - 1;
constexpr std::uint64_t timer_key = zygote_key - 2;

struct Touched { CapsuleId capsule; };  // up to what was asked for
using Mail = std::variant<Touched, capsule::Died>;

std::uint64_t machine_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// The most that the arena can ever hold. Address space only; pages are taken as they are touched.
std::uint64_t reservation(CapsuleOrder const& order) {
  constexpr std::uint64_t grain = std::uint64_t{2} << 20;
  auto const bytes = order.spec.memory_bytes > 0 ? order.spec.memory_bytes : machine_memory();
  return (std::max(bytes, order.arena_bytes) + grain - 1) / grain * grain;
}

}  // namespace

struct CapsuleService::Core {
  struct Held {
    JobId job;
    std::unique_ptr<CapsuleProcess> process;
    pid_t pid{0};
    bool live{true};       // its end hasn't been reported, and it wasn't killed
    bool gone{false};      // the zygote reaped it
    bool prepared{false};  // by its own word
    bool announced{false};  // Prepared has been reported
    std::uint64_t touched_bytes{0};
    std::uint64_t touching_bytes{0};  // > touched_bytes: the worker is at it
    std::unique_ptr<std::atomic<bool>> abandoned{std::make_unique<std::atomic<bool>>(false)};
  };
  using Entry = std::map<CapsuleId, Held>::value_type;

  Core(ZygoteProcess its_zygote, Settings its_settings);
  ~Core();

  void prepare(CapsuleOrder order);
  void kill(CapsuleId capsule);
  void forget(CapsuleId capsule);
  void command(CapsuleId capsule, capsule_wire::Command const& command);
  [[nodiscard]] std::span<std::byte> arena(CapsuleId capsule, std::uint64_t bytes);
  std::vector<CapsuleEvent> poll();

  Held* live(CapsuleId capsule);
  void watch(int fd, std::uint64_t key, std::uint32_t events, int operation) const;
  void watch_link(Entry const& entry) const;
  void hang_up(Held& held) const;
  void retire(Entry& entry);
  void keep_time();

  void handle(std::uint64_t key, std::uint32_t events);
  void hear_zygote();
  void hear_mail();
  void hear_capsule(CapsuleId capsule, std::uint32_t events);
  void read_reports(Entry& entry);
  void send_unsent();
  void lose_zygote();
  void do_chores();
  void touch_growth(Entry& entry);
  void announce(Entry& entry);
  void died(Entry& entry, std::string reason);

  void on(Entry& entry, capsule_wire::Prepared const&);
  void on(Entry& entry, capsule_wire::Running const& running);
  void on(Entry& entry, capsule_wire::Frozen& frozen);
  void on(Entry& entry, capsule_wire::Suspended const&);
  void on(Entry& entry, capsule_wire::Resumed const&);
  void on(Entry& entry, capsule_wire::Called& called);
  void on(Entry& entry, capsule_wire::WantsMove const& wish);
  void on(Entry& entry, capsule_wire::Ended& ended);
  void on(Entry& entry, capsule_wire::Failed& failed);
  void on(Entry& entry, capsule_wire::Described const&);

  Settings settings;
  UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  UniqueFd timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  bool timer_armed = false;
  std::int64_t lease_ns = std::numeric_limits<std::int64_t>::max();
  std::map<CapsuleId, Held> held;
  std::set<CapsuleId> unspawned, unkilled;  // the zygote was busy
  std::vector<CapsuleEvent> events;
  Mailbox<Mail> mail;
  std::optional<Worker> toucher{std::in_place}, saver{std::in_place};
  std::optional<ZygoteProcess> zygote;
};

CapsuleService::Core::Core(ZygoteProcess its_zygote, Settings its_settings)
    : settings(std::move(its_settings)), zygote(std::move(its_zygote)) {
  watch(zygote->fd(), zygote_key, EPOLLIN, EPOLL_CTL_ADD);
  watch(mail.fd(), mail_key, EPOLLIN, EPOLL_CTL_ADD);
  watch(timer.get(), timer_key, EPOLLIN, EPOLL_CTL_ADD);
}

CapsuleService::Core::~Core() {
  zygote.reset();  // waits until every capsule has ended
  for (auto& [id, capsule] : held) capsule.abandoned->store(true);
  toucher.reset();
  saver.reset();
}

void CapsuleService::Core::watch(int fd, std::uint64_t key, std::uint32_t wanted, int operation) const {
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = key;
  ::epoll_ctl(epoll.get(), operation, fd, &event);
}

void CapsuleService::Core::watch_link(Entry const& entry) const {
  auto const& process = *entry.second.process;
  auto const wanted = process.unsent() ? EPOLLIN | EPOLLOUT : EPOLLIN;
  watch(process.socket(), entry.first.value, wanted, EPOLL_CTL_MOD);
}

CapsuleService::Core::Held* CapsuleService::Core::live(CapsuleId capsule) {
  auto const found = held.find(capsule);
  return found != held.end() && found->second.live ? &found->second : nullptr;
}

void CapsuleService::Core::hang_up(Held& capsule) const {
  if (capsule.process->socket() < 0) return;
  ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, capsule.process->socket(), nullptr);
  capsule.process->hang_up();
}

// No event about it will follow; nothing more is heard from it, so that its end doesn't keep waking the loop.
void CapsuleService::Core::retire(Entry& entry) {
  entry.second.live = false;
  hang_up(entry.second);
  entry.second.abandoned->store(true, std::memory_order_relaxed);
  keep_time();
}

void CapsuleService::Core::keep_time() {
  bool const wanted = std::ranges::any_of(held, [](auto const& entry) { return entry.second.live; });
  if (wanted == timer_armed) return;
  itimerspec every{};
  if (wanted) every.it_interval.tv_nsec = every.it_value.tv_nsec = chores_ns;
  ::timerfd_settime(timer.get(), 0, &every, nullptr);
  timer_armed = wanted;
}

// ---- what the host asks for

void CapsuleService::Core::prepare(CapsuleOrder order) {
  if (!zygote) {
    events.push_back(capsule::Failed{order.capsule, peer_lost("zygote_gone", "this host can't start capsules any more: "
                                                                             "restart it")});
    return;
  }
  if (order.spec.memory_bytes > 0 && order.arena_bytes > order.spec.memory_bytes) {
    events.push_back(capsule::Failed{
        order.capsule, reject("memory_limit", fmt::format("the job's arrays take {} bytes, its memory limit is {}",
                                                          order.arena_bytes, order.spec.memory_bytes))});
    return;
  }
  auto process = CapsuleProcess::create(reservation(order));
  if (!process) {
    events.push_back(capsule::Failed{order.capsule, process.failure()});
    return;
  }
  auto const [place, fresh] = held.try_emplace(order.capsule);
  invariant(fresh, "a capsule id was used twice");
  auto& entry = *place;
  entry.second.job = order.job;
  entry.second.process = std::move(*process);
  entry.second.process->block().lease_until_ns.store(lease_ns, std::memory_order_relaxed);
  watch(entry.second.process->socket(), order.capsule.value, EPOLLIN, EPOLL_CTL_ADD);
  unspawned.insert(order.capsule);
  send_unsent();
  if (order.arena_bytes > 0) {
    entry.second.process->block().arena_bytes.store(order.arena_bytes, std::memory_order_relaxed);
    touch_growth(entry);
  }
  capsule_wire::Prepare const prepare{order.job,  std::move(order.spec),   order.arena_bytes,
                                      order.host, settings.store.native(), scratch_directory(zygote->pid(), order.capsule)};
  command(order.capsule, prepare);
  keep_time();
}

void CapsuleService::Core::command(CapsuleId capsule, capsule_wire::Command const& command) {
  auto const found = held.find(capsule);
  if (found == held.end() || !found->second.live) return;
  found->second.process->send(command);
  watch_link(*found);
}

void CapsuleService::Core::kill(CapsuleId capsule) {
  auto const found = held.find(capsule);
  if (found == held.end()) return;
  if (found->second.live) retire(*found);
  if (unspawned.erase(capsule) > 0 || found->second.gone) return;
  unkilled.insert(capsule);
  send_unsent();
}

void CapsuleService::Core::forget(CapsuleId capsule) {
  auto const found = held.find(capsule);
  if (found == held.end()) return;
  if (!found->second.gone) kill(capsule);
  // Unmapping takes long, and a touch may be under way: the same worker does it, afterwards.
  toucher->post([process = std::move(found->second.process),
                 abandoned = std::move(found->second.abandoned)]() mutable { process.reset(); });
  held.erase(found);
  keep_time();
}

std::span<std::byte> CapsuleService::Core::arena(CapsuleId capsule, std::uint64_t bytes) {
  auto const found = held.find(capsule);
  if (found == held.end()) return {};
  auto const& memory = found->second.process->arena();
  if (bytes > memory.size()) return {};
  return {memory.data(), bytes};
}

void CapsuleService::Core::send_unsent() {
  if (!zygote) return;
  while (!unspawned.empty()) {
    auto const capsule = *unspawned.begin();
    if (!held.at(capsule).process->spawn(*zygote, capsule)) return;
    unspawned.erase(unspawned.begin());
  }
  while (!unkilled.empty()) {
    if (!zygote->kill(*unkilled.begin())) return;
    unkilled.erase(unkilled.begin());
  }
}

// ---- what has happened

std::vector<CapsuleEvent> CapsuleService::Core::poll() {
  std::array<epoll_event, 64> ready;
  auto const count = ::epoll_wait(epoll.get(), ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count; ++i) handle(ready[i].data.u64, ready[i].events);
  if (!unspawned.empty() || !unkilled.empty()) send_unsent();
  return std::exchange(events, {});
}

void CapsuleService::Core::handle(std::uint64_t key, std::uint32_t what) {
  if (key == zygote_key) return hear_zygote();
  if (key == mail_key) return hear_mail();
  if (key == timer_key) return do_chores();
  hear_capsule(CapsuleId{key}, what);
}

void CapsuleService::Core::hear_zygote() {
  for (;;) {
    auto const notice = zygote->receive();
    if (!notice) return lose_zygote();
    if (!*notice) return;
    auto const id = std::visit([](auto const& one) { return one.capsule; }, **notice);
    auto const found = held.find(id);
    if (found == held.end()) continue;
    auto& entry = *found;
    if (auto const* spawned = std::get_if<zygote::Spawned>(&**notice)) {
      entry.second.pid = spawned->pid;
      continue;
    }
    entry.second.gone = true;
    entry.second.pid = 0;
    if (entry.second.live) read_reports(entry);  // its last words count
    if (!entry.second.live) continue;
    if (auto const* exited = std::get_if<zygote::Exited>(&**notice)) {
      died(entry, how_it_ended(exited->status));
    } else {
      events.push_back(capsule::Failed{id, retry_later("no_process", "cannot fork a capsule: the host is short of "
                                                                     "processes or memory")});
      retire(entry);
    }
  }
}

void CapsuleService::Core::lose_zygote() {
  ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, zygote->fd(), nullptr);
  zygote.reset();
  unspawned.clear();
  unkilled.clear();
  for (auto& entry : held) {
    entry.second.gone = true;
    entry.second.pid = 0;
    if (entry.second.live) read_reports(entry);
    if (entry.second.live) died(entry, "killed with the process that starts capsules");
  }
}

void CapsuleService::Core::hear_mail() {
  for (auto& item : mail.take()) {
    if (auto* const late = std::get_if<capsule::Died>(&item)) {
      if (held.contains(late->capsule)) events.push_back(std::move(*late));
      continue;
    }
    auto const found = held.find(std::get<Touched>(item).capsule);
    if (found == held.end() || !found->second.live) continue;
    found->second.touched_bytes = found->second.touching_bytes;
    announce(*found);
  }
}

void CapsuleService::Core::hear_capsule(CapsuleId capsule, std::uint32_t what) {
  auto const found = held.find(capsule);
  if (found == held.end() || found->second.process->socket() < 0) return;
  if ((what & EPOLLOUT) != 0) {
    found->second.process->flush();
    watch_link(*found);
  }
  if ((what & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read_reports(*found);
}

// Everything that is here. Once the capsule is gone that is everything it ever sent.
void CapsuleService::Core::read_reports(Entry& entry) {
  constexpr int turns_max = 200;  // of some MiB: a process that it started may hold the socket open for ever
  auto& process = *entry.second.process;
  bool open = process.socket() >= 0;
  for (int turn = 0; open && entry.second.live && turn < turns_max; ++turn) {
    open = process.receive();
    while (entry.second.live) {
      auto report = process.next();
      if (!report) {
        auto const why = fmt::format("its process wrote over the runtime's memory ({})", report.failure().context);
        auto const id = entry.first;
        died(entry, why);
        return kill(id);
      }
      if (!*report) break;
      std::visit([&](auto& one) { on(entry, one); }, **report);
    }
    if (open && !entry.second.gone) return;
  }
  if (!open) hang_up(entry.second);  // how it ended, the zygote will say
}

void CapsuleService::Core::do_chores() {
  std::uint64_t times = 0;
  [[maybe_unused]] auto const got = ::read(timer.get(), &times, sizeof times);
  for (auto& entry : held) {
    if (!entry.second.live) continue;
    entry.second.process->block().chores.store(1, std::memory_order_relaxed);
    touch_growth(entry);
  }
}

// Keeps the host's mapping touched as far as the job's arrays reach, so that nothing faults while the job
// is frozen.
void CapsuleService::Core::touch_growth(Entry& entry) {
  auto& [id, capsule] = entry;
  auto const& memory = capsule.process->arena();
  auto const wanted = std::min(capsule.process->block().arena_bytes.load(std::memory_order_relaxed), memory.size());
  if (capsule.touching_bytes > capsule.touched_bytes || wanted <= capsule.touched_bytes) return;
  capsule.touching_bytes = wanted;
  toucher->post([this, id = id, &memory, from = capsule.touched_bytes, wanted, abandoned = capsule.abandoned.get()] {
    memory.touch(from, wanted, *abandoned);
    mail.put(Touched{id});
  });
}

void CapsuleService::Core::announce(Entry& entry) {
  auto& capsule = entry.second;
  if (capsule.announced || !capsule.prepared || capsule.touching_bytes > capsule.touched_bytes) return;
  capsule.announced = true;
  events.push_back(capsule::Prepared{entry.first});
}

void CapsuleService::Core::died(Entry& entry, std::string reason) {
  auto& [id, capsule] = entry;
  auto& process = *capsule.process;
  capsule::Died report{id, {Ending::crashed, std::move(reason), {}, process.block().steps.load(std::memory_order_relaxed)}};
  saver->post([this, report = std::move(report), store = settings.store, job = capsule.job,
               out = unsaved(process.take_out(), process.block().captured[0]),
               err = unsaved(process.take_err(), process.block().captured[1])]() mutable {
    save(out, store / printed_path(job, "stdout"));
    save(err, store / printed_path(job, "stderr"));
    report.outcome.log_tail = last_lines(store, job);
    mail.put(std::move(report));
  });
  retire(entry);
}

// ---- what capsules report

void CapsuleService::Core::on(Entry& entry, capsule_wire::Prepared const&) {
  entry.second.prepared = true;
  announce(entry);
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Running const& running) {
  touch_growth(entry);
  events.push_back(capsule::Running{entry.first, running.steps, running.suspended});
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Frozen& frozen) {
  events.push_back(capsule::Frozen{entry.first, frozen.at, std::move(frozen.manifest), frozen.arena_bytes});
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Suspended const&) {
  events.push_back(capsule::Suspended{entry.first});
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Resumed const&) {
  events.push_back(capsule::Resumed{entry.first});
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Called& called) {
  events.push_back(capsule::Called{entry.first, called.request, std::move(called.failure), std::move(called.answer)});
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::WantsMove const& wish) {
  events.push_back(capsule::WantsMove{entry.first, wish.target});
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Ended& ended) {
  events.push_back(capsule::Ended{entry.first, std::move(ended.outcome)});
  retire(entry);
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Failed& failed) {
  events.push_back(capsule::Failed{entry.first, std::move(failed.why)});
  retire(entry);
}
void CapsuleService::Core::on(Entry&, capsule_wire::Described const&) {}  // the catalogue's business

// ---- the port

CapsuleService::CapsuleService(ZygoteProcess zygote, Settings settings)
    : core_(std::make_unique<Core>(std::move(zygote), std::move(settings))) {}
CapsuleService::~CapsuleService() = default;

int CapsuleService::wait_fd() const { return core_->epoll.get(); }
pid_t CapsuleService::pid(CapsuleId capsule) const {
  auto const found = core_->held.find(capsule);
  return found == core_->held.end() ? 0 : found->second.pid;
}

void CapsuleService::prepare(CapsuleOrder order) { core_->prepare(std::move(order)); }
void CapsuleService::start(CapsuleId capsule, Epoch epoch) { core_->command(capsule, capsule_wire::Start{epoch}); }
void CapsuleService::restore(CapsuleId capsule, Epoch epoch, Bytes manifest) {
  core_->command(capsule, capsule_wire::Restore{epoch, std::move(manifest)});
}
void CapsuleService::freeze(CapsuleId capsule) { core_->command(capsule, capsule_wire::Freeze{}); }
void CapsuleService::thaw(CapsuleId capsule, Epoch epoch) { core_->command(capsule, capsule_wire::Thaw{epoch}); }
void CapsuleService::suspend(CapsuleId capsule) { core_->command(capsule, capsule_wire::Suspend{}); }
void CapsuleService::resume(CapsuleId capsule) { core_->command(capsule, capsule_wire::Resume{}); }
void CapsuleService::call(CapsuleId capsule, RequestId request, std::string method,
                          std::vector<std::string> arguments) {
  core_->command(capsule, capsule_wire::Call{request, std::move(method), std::move(arguments)});
}
void CapsuleService::kill(CapsuleId capsule) { core_->kill(capsule); }
void CapsuleService::forget(CapsuleId capsule) { core_->forget(capsule); }
std::span<std::byte> CapsuleService::arena(CapsuleId capsule, std::uint64_t bytes) {
  return core_->arena(capsule, bytes);
}

CapsuleReport CapsuleService::report(CapsuleId capsule) const {
  auto const found = core_->held.find(capsule);
  if (found == core_->held.end()) return {};
  auto const& block = found->second.process->block();
  CapsuleReport report;
  report.steps = block.steps.load(std::memory_order_relaxed);
  report.progress = {block.progress_done.load(std::memory_order_relaxed),
                     block.progress_total.load(std::memory_order_relaxed), block.unit()};
  report.arena_bytes = block.arena_bytes.load(std::memory_order_relaxed);
  report.last_safe_point = {block.safe_point_ns.load(std::memory_order_relaxed)};
  report.step_p50 = block.step_times.quantile(500);
  report.step_p99 = block.step_times.quantile(990);
  return report;
}

void CapsuleService::set_lease(Instant until) {
  core_->lease_ns = until.boot_ns;
  for (auto const& [id, held] : core_->held) {
    held.process->block().lease_until_ns.store(until.boot_ns, std::memory_order_relaxed);
  }
}

std::vector<CapsuleEvent> CapsuleService::poll() { return core_->poll(); }

}  // namespace godwit
