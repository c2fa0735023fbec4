#include "edge/capsules/capsule_service.hpp"

#include <utility>

#include "edge/capsules/link/clock.hpp"
#include "edge/capsules/service_core.hpp"

namespace godwit {

CapsuleService::Core::Core(ZygoteProcess its_zygote, Settings its_settings)
    : settings(std::move(its_settings)), zygote(std::move(its_zygote)) {
  watch(zygote->fd(), zygote_key, EPOLLIN, EPOLL_CTL_ADD);
  watch(mail.fd(), mail_key, EPOLLIN, EPOLL_CTL_ADD);
  watch(timer.get(), timer_key, EPOLLIN, EPOLL_CTL_ADD);
}

CapsuleService::Core::~Core() {
  zygote.reset();  // waits until every capsule has ended
  for (auto& [id, capsule] : held) {
    if (capsule.abandoned) capsule.abandoned->store(true);
  }
  toucher.reset();
  keep_pack();
  saver.reset();
}

// ---- the port

CapsuleService::CapsuleService(ZygoteProcess zygote, Settings settings)
    : core_(std::make_unique<Core>(std::move(zygote), std::move(settings))) {}
CapsuleService::~CapsuleService() = default;

int CapsuleService::wait_fd() const {
  return core_->epoll.get();
}
pid_t CapsuleService::pid(CapsuleId capsule) const {
  auto const found = core_->held.find(capsule);
  return found == core_->held.end() ? 0 : found->second.pid;
}

bool CapsuleService::keep(CapsuleId capsule, std::uint64_t memory_bytes, std::uint64_t arena_bytes) {
  return core_->keep(capsule, memory_bytes, arena_bytes);
}
void CapsuleService::prepare(CapsuleOrder order) {
  core_->prepare(std::move(order));
}
void CapsuleService::start(CapsuleId capsule, Epoch epoch) {
  core_->command(capsule, capsule_wire::Start{epoch});
}
void CapsuleService::restore(CapsuleId capsule, Epoch epoch, Bytes manifest) {
  core_->command(capsule, capsule_wire::Restore{epoch, std::move(manifest)});
}
void CapsuleService::freeze(CapsuleId capsule) {
  core_->command(capsule, capsule_wire::Freeze{});
}
void CapsuleService::freeze_at(CapsuleId capsule, std::uint64_t steps) {
  core_->command(capsule, capsule_wire::Freeze{steps});
}
void CapsuleService::thaw(CapsuleId capsule, Epoch epoch, Others others) {
  core_->command(capsule, capsule_wire::Thaw{epoch, std::nullopt, others});
}
void CapsuleService::thaw_until(CapsuleId capsule, Epoch epoch, std::uint64_t steps) {
  core_->command(capsule, capsule_wire::Thaw{epoch, steps, Others::none});
}
void CapsuleService::suspend(CapsuleId capsule) {
  core_->command(capsule, capsule_wire::Suspend{});
}
void CapsuleService::resume(CapsuleId capsule) {
  core_->command(capsule, capsule_wire::Resume{});
}
void CapsuleService::call(CapsuleId capsule, RequestId request, std::string method,
                          std::vector<std::string> arguments) {
  core_->command(capsule, capsule_wire::Call{request, std::move(method), std::move(arguments)});
}
void CapsuleService::kill(CapsuleId capsule) {
  core_->kill(capsule);
}
void CapsuleService::forget(CapsuleId capsule) {
  core_->forget(capsule);
}
WrittenPages* CapsuleService::written_pages(CapsuleId capsule) {
  auto const found = core_->held.find(capsule);
  return found == core_->held.end() ? nullptr : &found->second.process->written_pages();
}
std::span<std::byte> CapsuleService::arena(CapsuleId capsule, std::uint64_t bytes) {
  return core_->arena(capsule, bytes);
}

bool CapsuleService::steps_vary(CapsuleId capsule) const {
  auto const found = core_->held.find(capsule);
  return found != core_->held.end() &&
         found->second.process->block().steps_vary.load(std::memory_order_relaxed) != 0;
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
  report.waits = block.waits.load(std::memory_order_acquire) != 0;
  report.running_time = block.running_time(boot_now());
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

std::vector<CapsuleEvent> CapsuleService::poll() {
  return core_->poll();
}

}  // namespace godwit
