#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "edge/capsules/link/scratch.hpp"
#include "edge/capsules/service_core.hpp"

namespace godwit {

namespace {

constexpr long chores_ns = 100'000'000;  // how often running capsules save what they printed

std::uint64_t machine_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// The most that the arena can ever hold. Address space only; pages are taken as they are touched.
std::uint64_t reservation(std::uint64_t memory_bytes, std::uint64_t arena_bytes) {
  constexpr std::uint64_t grain = std::uint64_t{2} << 20;
  auto const bytes = memory_bytes > 0 ? memory_bytes : machine_memory();
  return (std::max(bytes, arena_bytes) + grain - 1) / grain * grain;
}

}  // namespace

void CapsuleService::Core::watch(int fd, std::uint64_t key, std::uint32_t wanted, int operation) const {
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = key;
  ::epoll_ctl(epoll.get(), operation, fd, &event);
}

void CapsuleService::Core::watch_link(Entry& entry) const {
  auto& capsule = entry.second;
  auto const& process = *capsule.process;
  if (process.unsent() == capsule.watches_out || process.socket() < 0) return;
  capsule.watches_out = process.unsent();
  auto const wanted = capsule.watches_out ? EPOLLIN | EPOLLOUT : EPOLLIN;
  watch(process.socket(), capsule.forked_for.value, wanted, EPOLL_CTL_MOD);
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
  bool const wanted =
      !idle.empty() || std::ranges::any_of(held, [](auto const& entry) { return entry.second.live; });
  if (wanted == timer_armed) return;
  itimerspec every{};
  if (wanted) every.it_interval.tv_nsec = every.it_value.tv_nsec = chores_ns;
  ::timerfd_settime(timer.get(), 0, &every, nullptr);
  timer_armed = wanted;
}

// ---- what the host asks for

bool CapsuleService::Core::keep(CapsuleId id, std::uint64_t memory_bytes, std::uint64_t arena_bytes) {
  auto process = CapsuleProcess::create(reservation(memory_bytes, arena_bytes));
  if (!process) return false;
  auto const [place, fresh] = held.try_emplace(id);
  invariant(fresh, "a capsule id was used twice");
  auto& capsule = place->second;
  capsule.process = std::move(*process);
  capsule.forked_for = id;
  capsule.kept = capsule.gone = true;
  capsule.live = false;
  return true;
}

void CapsuleService::Core::prepare(CapsuleOrder order) {
  if (!zygote) {
    events.push_back(capsule::Failed{order.capsule, peer_lost("zygote_gone",
                                                              "this host can't start capsules any more: "
                                                              "restart it")});
    return;
  }
  if (order.spec.memory_bytes > 0 && order.arena_bytes > order.spec.memory_bytes) {
    events.push_back(capsule::Failed{
        order.capsule,
        reject("memory_limit", fmt::format("the job's arrays take {} bytes, its memory limit is {}",
                                           order.arena_bytes, order.spec.memory_bytes))});
    return;
  }
  auto const [place, fresh] = held.try_emplace(order.capsule);
  auto& entry = *place;
  auto& capsule = entry.second;
  invariant(fresh || capsule.kept, "a capsule id was used twice");
  capsule.job = order.job;
  capsule.kind.emplace(order);
  capsule.stdout_path = order.spec.stdout_path;
  capsule.stderr_path = order.spec.stderr_path;
  if (order.clone_of != JobId{}) {
    for (auto* const path : {&capsule.stdout_path, &capsule.stderr_path}) {
      if (!path->empty()) *path += fmt::format(".clone-{}", order.job);
    }
  }
  bool const was_kept = std::exchange(capsule.kept, false);
  capsule.live = true;
  capsule.gone = false;
  bool const reused = !was_kept && reuse(order, capsule);
  if (!reused) {
    auto process = was_kept ? std::move(capsule.process) : CapsuleProcess::create(reservation(order.spec.memory_bytes, order.arena_bytes));
    if (!process) {
      events.push_back(capsule::Failed{order.capsule, process.failure()});
      held.erase(place);
      return;
    }
    capsule.process = std::move(*process);
    capsule.forked_for = order.capsule;
    watch(capsule.process->socket(), order.capsule.value, EPOLLIN, EPOLL_CTL_ADD);
    unspawned.insert(order.capsule);
  }
  served.emplace(capsule.forked_for, order.capsule);
  capsule.begins = order.start_at.has_value();
  capsule.process->block().lease_until_ns.store(lease_ns, std::memory_order_relaxed);
  if (!reused) send_unsent();
  if (order.arena_bytes > 0) {
    entry.second.process->block().arena_bytes.store(order.arena_bytes, std::memory_order_relaxed);
    touch_growth(entry);
  }
  capsule_wire::Command const prepare = capsule_wire::Prepare{order.job,
                                                              std::move(order.spec),
                                                              order.arena_bytes,
                                                              order.host,
                                                              settings.store.native(),
                                                              pack.native(),
                                                              scratch_directory(zygote->pid(), capsule.forked_for),
                                                              order.clone_of,
                                                              order.fresh_files,
                                                              order.start_at,
                                                              std::move(order.cpus),
                                                              order.poison,
                                                              order.tell_end};
  auto encoded = encode(prepare);
  capsule.process->send(encoded);
  if (reused) capsule.order = std::move(encoded);
  watch_link(entry);
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
  if (found->second.live || std::exchange(found->second.spare, false)) retire(*found);
  auto const process = found->second.forked_for;
  if (unspawned.erase(process) > 0 || found->second.gone) return;
  unkilled.insert(process);
  send_unsent();
}

void CapsuleService::Core::forget(CapsuleId capsule) {
  auto const found = held.find(capsule);
  if (found == held.end()) return;
  bool const spare = found->second.spare && zygote && settings.idle_max > 0;
  if (!spare && !found->second.gone) kill(capsule);
  served.erase(found->second.forked_for);
  auto one = std::move(found->second);
  held.erase(found);
  spare ? put_by(std::move(one)) : dispose(std::move(one));
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
    auto const process = *unspawned.begin();
    if (!of_process(process)->process->spawn(*zygote, process)) return;
    unspawned.erase(unspawned.begin());
  }
  while (!unkilled.empty()) {
    if (!zygote->kill(*unkilled.begin())) return;
    unkilled.erase(unkilled.begin());
  }
}

}  // namespace godwit
