#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/figures.hpp"
#include "edge/capsules/last_words.hpp"
#include "edge/capsules/link/clock.hpp"
#include "edge/capsules/link/printed.hpp"
#include "edge/capsules/process_memory.hpp"
#include "edge/capsules/service_core.hpp"

namespace godwit {

namespace {
constexpr int chores_per_sync = 10;  // once a second
constexpr std::uint64_t own_memory = std::uint64_t{16} << 20;  // what a capsule may have beside its job's
}

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
    auto const process = std::visit([](auto const& one) { return one.capsule; }, **notice);
    auto const* const spawned = std::get_if<zygote::Spawned>(&**notice);
    if (auto const waits = idle.find(process); waits != idle.end()) {
      spawned != nullptr ? void(waits->second.held.pid = spawned->pid) : end_idle(waits);
      continue;
    }
    auto const now = served.find(process);
    if (now == served.end()) continue;
    auto const id = now->second;
    auto& entry = *held.find(id);
    if (spawned != nullptr) {
      entry.second.pid = spawned->pid;
      continue;
    }
    if (std::exchange(entry.second.spare, false)) hang_up(entry.second);
    entry.second.gone = true;
    entry.second.pid = 0;
    if (entry.second.live) read_reports(entry);  // its last words count
    if (!entry.second.live) continue;
    if (!entry.second.order.empty() && entry.second.process->block().taken.load(std::memory_order_acquire) == 0) {
      repeat(entry);
      continue;
    }
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
  while (!idle.empty()) end_idle(idle.begin());
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
  if (auto const waits = idle.find(capsule); waits != idle.end()) return end_idle(waits);  // it went down
  auto const now = served.find(capsule);
  if (now == served.end()) return;
  auto const found = held.find(now->second);
  if (found->second.process->socket() < 0) return;
  if (std::exchange(found->second.spare, false)) return hang_up(found->second);  // likewise
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
    tell_of_long_step(entry);
    touch_growth(entry);
    watch_memory(entry);
  }
  end_old_idle();
  if (++chores % chores_per_sync == 0) keep_pack();
  keep_time();
}

// Its first step isn't over, so its report is still held back.
void CapsuleService::Core::tell_of_long_step(Entry& entry) {
  auto& capsule = entry.second;
  if (!capsule.begins || capsule.running_told ||
      capsule.process->block().running.load(std::memory_order_acquire) == 0) {
    return;
  }
  capsule.prepared = capsule.running_told = true;
  announce(entry);
  events.push_back(capsule::Running{entry.first, 0, false});
}

// All that the process has, not its arrays only, in memory or swapped out. Looked at now and then, so what a
// job takes and gives back in between isn't seen; the processes that it started aren't either.
void CapsuleService::Core::watch_memory(Entry& entry) {
  auto const limit = entry.second.kind->memory_bytes;
  if (limit == 0 || entry.second.pid == 0) return;
  auto const taken = memory_of(entry.second.pid);
  if (taken <= limit + own_memory) return;
  auto const id = entry.first;
  died(entry,
       fmt::format("memory limit of {} passed: it has taken {}", spell_bytes(limit), spell_bytes(taken)));
  kill(id);
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
      id,
      {Ending::crashed, std::move(reason), {}, process.block().steps.load(std::memory_order_relaxed),
       process.block().running_time(boot_now())}};
  Epoch const epoch{process.block().epoch.load(std::memory_order_relaxed)};
  bool const leased = boot_now().boot_ns < lease_ns;  // else its files may be another holder's
  saver->post([this, report = std::move(report), job = capsule.job, epoch, leased,
               out_place = place_of(capsule, PrintedStream::out), err_place = place_of(capsule, PrintedStream::err),
               out = unsaved(process.take_out(), process.block().captured[0]),
               err = unsaved(process.take_err(), process.block().captured[1])]() mutable {
    if (leased) {
      save(out, out_place, {job, epoch, PrintedStream::out});
      save(err, err_place, {job, epoch, PrintedStream::err});
    }
    report.outcome.log_tail = last_lines_of(err, err_place);
    if (report.outcome.log_tail.empty()) report.outcome.log_tail = last_lines_of(out, out_place);
    mail.put(std::move(report));
  });
  retire(entry);
}

PrintedPlace CapsuleService::Core::place_of(Held const& capsule, PrintedStream stream) const {
  auto const& wanted = stream == PrintedStream::out ? capsule.stdout_path : capsule.stderr_path;
  return printed_place(settings.store, capsule.job, stream, capsule.kind->directory, wanted, pack);
}

// What array elements printed becomes durable for all of them at once.
void CapsuleService::Core::keep_pack() {
  std::error_code none;
  auto const bytes = std::filesystem::file_size(pack, none);
  if (none || bytes == pack_bytes_durable) return;
  pack_bytes_durable = bytes;
  saver->post([path = pack] {
    UniqueFd const file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file) ::fdatasync(file.get());
  });
}

// ---- what capsules report

void CapsuleService::Core::on(Entry& entry, capsule_wire::Prepared& prepared) {
  entry.second.order.clear();
  entry.second.prepared = true;
  entry.second.outputs = std::move(prepared.outputs);
  announce(entry);
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Running const& running) {
  // What starts may be over in a moment: its memory is touched when it is still there at the next chores.
  bool const begins = std::exchange(entry.second.begins, false);
  if (!begins) touch_growth(entry);
  if (begins && entry.second.running_told) return;
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
  auto& capsule = entry.second;
  // The worker may still be at its memory, which stays: it only makes zeros present.
  if (!ended.reusable || capsule.gone || settings.idle_max == 0) return retire(entry);
  capsule.live = false;
  capsule.spare = true;
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Failed& failed) {
  events.push_back(capsule::Failed{entry.first, std::move(failed.why)});
  retire(entry);
}
void CapsuleService::Core::on(Entry& entry, capsule_wire::Watched const& watched) {
  entry.second.process->watch(watched);
}
void CapsuleService::Core::on(Entry&, capsule_wire::Described const&) {}  // the catalogue's business

}  // namespace godwit
