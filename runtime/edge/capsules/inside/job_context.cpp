#include "edge/capsules/inside/job_context.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "edge/capsules/link/clock.hpp"

namespace godwit::inside {

JobContext::JobContext(ControlBlock& block, Arena& arena, capsule_wire::Prepare const& order)
    : Context(&block.wanted),
      block_(block),
      arena_(arena),
      job_(order.job),
      host_(order.host.value),
      cores_(order.spec.cores),
      scratch_(order.scratch),
      random_(order.job.value) {}

void JobContext::progress(std::uint64_t done, std::uint64_t total, std::string_view unit) {
  progress_.done = done;
  progress_.total = total;
  block_.progress_done.store(done, std::memory_order_relaxed);
  block_.progress_total.store(total, std::memory_order_relaxed);
  if (progress_.unit == unit) return;
  progress_.unit = unit;
  block_.set_unit(unit);
}

Duration JobContext::now() const {
  return running_since_ ? ran_ + (boot_now() - *running_since_) : ran_;
}

std::string const& JobContext::scratch() {
  if (!scratch_made_ && ::mkdir(scratch_.c_str(), 0700) != 0) {
    throw std::runtime_error("cannot create scratch directory " + scratch_ + ": " + std::strerror(errno));
  }
  scratch_made_ = true;
  return scratch_;
}

void JobContext::run_clock(bool running) {
  if (running == running_since_.has_value()) return;
  ran_ = now();
  running_since_ = running ? std::optional(boot_now()) : std::nullopt;
  block_.runs_since_ns.store(0, std::memory_order_relaxed);
  block_.ran_ns.store(ran_.count(), std::memory_order_release);
  if (running) block_.runs_since_ns.store(running_since_->boot_ns, std::memory_order_release);
}

void JobContext::save(Manifest& manifest) const {
  manifest.progress = progress_;
  manifest.running_time = now();
  manifest.random = random_.words();
}

void JobContext::load(Manifest const& manifest) {
  progress(manifest.progress.done, manifest.progress.total, manifest.progress.unit);
  ran_ = manifest.running_time;
  random_ = Random(manifest.random);
}

void JobContext::allocate_array(Scalar scalar, ArrayBase& array, std::vector<std::uint64_t> shape) {
  if (!may_allocate_) throw std::logic_error("Context::allocate() was called outside start()");
  if (shape.empty())
    throw std::invalid_argument("Context::allocate() needs a shape of at least one dimension");
  if (!arena_.allocate(array, scalar, std::move(shape))) throw std::bad_alloc();
}

}  // namespace godwit::inside
