// Processes between two jobs: put by when a capsule that finished is forgotten, taken by the next order of the same
// kind, ended when they have waited too long or there are too many.
#include <algorithm>
#include <utility>

#include "edge/capsules/link/clock.hpp"
#include "edge/capsules/service_core.hpp"

namespace godwit {

CapsuleService::Core::Kind::Kind(CapsuleOrder const& order)
    : plugin_digest(order.spec.plugin_digest),
      account(order.spec.account),
      directory(order.spec.directory),
      environment(order.spec.environment),
      cores(order.spec.cores),
      memory_bytes(order.spec.memory_bytes),
      cpus(order.cpus) {}

CapsuleService::Core::Held* CapsuleService::Core::of_process(CapsuleId forked_for) {
  auto const now = served.find(forked_for);
  if (now == served.end()) return nullptr;
  return &held.at(now->second);
}

bool CapsuleService::Core::reuse(CapsuleOrder const& order, Held& into) {
  if (order.poison != 0 || order.tell_end) return false;  // a trial wants a fresh process
  auto const fits = [&](auto const& entry) {
    auto const& one = entry.second.held;
    return *one.kind == *into.kind && order.arena_bytes <= one.process->arena().size();
  };
  auto const at = std::ranges::find_if(idle, fits);
  if (at == idle.end()) return false;
  auto one = std::move(at->second.held);
  idle.erase(at);
  one.job = into.job;
  one.stdout_path = std::move(into.stdout_path);
  one.stderr_path = std::move(into.stderr_path);
  into = std::move(one);
  into.live = true;
  into.spare = into.prepared = into.announced = into.begins = into.running_told = false;
  into.touched_bytes = into.touching_bytes = 0;
  into.process->renew();
  return true;
}

void CapsuleService::Core::put_by(Held one) {
  one.spare = false;
  if (idle.size() >= settings.idle_max) {
    end_idle(std::ranges::min_element(idle, {}, [](auto const& entry) { return entry.second.since; }));
  }
  auto const id = one.forked_for;
  idle.emplace(id, Idle{std::move(one), boot_now()});
}

// It leaves by itself once its host has hung up.
void CapsuleService::Core::end_idle(std::map<CapsuleId, Idle>::iterator at) {
  auto one = std::move(at->second.held);
  idle.erase(at);
  hang_up(one);
  dispose(std::move(one));
}

void CapsuleService::Core::end_old_idle() {
  auto const now = boot_now();
  for (auto at = idle.begin(); at != idle.end();) {
    auto const old = at++;
    if (now - old->second.since > settings.idle_patience) end_idle(old);
  }
}

// A process that went down between two jobs, or in what the first left behind, is no fault of the second.
void CapsuleService::Core::repeat(Entry& entry) {
  auto& [id, capsule] = entry;
  auto const size = capsule.process->arena().size();
  hang_up(capsule);
  served.erase(capsule.forked_for);
  auto process = CapsuleProcess::create(size);
  if (!process) {
    events.push_back(capsule::Failed{id, process.failure()});
    return retire(entry);
  }
  toucher->post([old = std::move(capsule.process)]() mutable { old.reset(); });
  capsule.process = std::move(*process);
  capsule.forked_for = id;
  capsule.gone = false;
  capsule.watches_out = false;
  capsule.process->block().lease_until_ns.store(lease_ns, std::memory_order_relaxed);
  served.emplace(id, id);
  watch(capsule.process->socket(), id.value, EPOLLIN, EPOLL_CTL_ADD);
  unspawned.insert(id);
  send_unsent();
  capsule.process->send(std::exchange(capsule.order, {}));
  watch_link(entry);
}

// Unmapping takes long, and a touch may be under way: the same worker does it, afterwards.
void CapsuleService::Core::dispose(Held one) {
  if (!one.process) return;
  toucher->post([process = std::move(one.process), abandoned = std::move(one.abandoned)]() mutable { process.reset(); });
}

}  // namespace godwit
