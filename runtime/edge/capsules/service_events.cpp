#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "edge/capsules/last_words.hpp"
#include "edge/capsules/link/printed.hpp"
#include "edge/capsules/service_core.hpp"

namespace godwit {

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
      events.push_back(capsule::Failed{id, retry_later("no_process",
                                                       "cannot fork a capsule: the host is short of "
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
        auto const why =
            fmt::format("its process wrote over the runtime's memory ({})", report.failure().context);
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
  auto const wanted =
      std::min(capsule.process->block().arena_bytes.load(std::memory_order_relaxed), memory.size());
  if (capsule.touching_bytes > capsule.touched_bytes || wanted <= capsule.touched_bytes) return;
  capsule.touching_bytes = wanted;
  toucher->post(
      [this, id = id, &memory, from = capsule.touched_bytes, wanted, abandoned = capsule.abandoned.get()] {
        memory.touch(from, wanted, *abandoned);
        mail.put(Touched{id});
      });
}

void CapsuleService::Core::announce(Entry& entry) {
  auto& capsule = entry.second;
  if (capsule.announced || !capsule.prepared || capsule.touching_bytes > capsule.touched_bytes) return;
  capsule.announced = true;
  events.push_back(capsule::Prepared{entry.first, std::move(capsule.outputs)});
}

void CapsuleService::Core::died(Entry& entry, std::string reason) {
  auto& [id, capsule] = entry;
  auto& process = *capsule.process;
  capsule::Died report{
      id, {Ending::crashed, std::move(reason), {}, process.block().steps.load(std::memory_order_relaxed)}};
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

void CapsuleService::Core::on(Entry& entry, capsule_wire::Prepared& prepared) {
  entry.second.prepared = true;
  entry.second.outputs = std::move(prepared.outputs);
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
  events.push_back(
      capsule::Called{entry.first, called.request, std::move(called.failure), std::move(called.answer)});
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::WantsMove const& wish) {
  events.push_back(capsule::WantsMove{entry.first, wish.target});
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Ended& ended) {
  events.push_back(capsule::Ended{entry.first, std::move(ended.outcome), std::move(ended.manifest)});
  retire(entry);
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Failed& failed) {
  events.push_back(capsule::Failed{entry.first, std::move(failed.why)});
  retire(entry);
}
void CapsuleService::Core::on(Entry&, capsule_wire::Described const&) {}  // the catalogue's business

}  // namespace godwit
