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
std::uint64_t reservation(CapsuleOrder const& order) {
  constexpr std::uint64_t grain = std::uint64_t{2} << 20;
  auto const bytes = order.spec.memory_bytes > 0 ? order.spec.memory_bytes : machine_memory();
  return (std::max(bytes, order.arena_bytes) + grain - 1) / grain * grain;
}

}  // namespace

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
  capsule_wire::Prepare const prepare{
      order.job,  std::move(order.spec),   order.arena_bytes,
      order.host, settings.store.native(), scratch_directory(zygote->pid(), order.capsule),
      order.clone_of, order.poison, order.tell_end};
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

}  // namespace godwit
