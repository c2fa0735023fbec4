#include "edge/capsules/inside/held_job.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <utility>

#include "edge/capsules/inside/arguments.hpp"
#include "edge/capsules/inside/translate.hpp"
#include "edge/capsules/inside/walkers.hpp"
#include "edge/capsules/link/printed.hpp"

namespace godwit::inside {

namespace {

constexpr std::uint64_t arena_cleared_max = std::uint64_t{16} << 20;  // a job with more isn't a short one

void keep_to(std::vector<std::int32_t> const& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (auto const cpu : cpus) CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof set, &set);  // a core that is gone: it runs where it may
}

// The job's cores, for the libraries that it uses; what the user said of his own counts more.
void tell_cores(JobSpec const& spec, std::vector<std::int32_t> const& cpus) {
  ::setenv("OMP_NUM_THREADS", fmt::format("{}", spec.cores).c_str(), 1);
  if (cpus.empty()) return;
  keep_to(cpus);
  ::setenv("GODWIT_CPUS", fmt::format("{}", fmt::join(cpus, ",")).c_str(), 1);
}

Status enter(JobSpec const& spec) {
  if (!spec.directory.empty() && ::chdir(spec.directory.c_str()) != 0) {
    return reject("no_directory",
                  fmt::format("cannot enter working directory {}: {}", spec.directory, std::strerror(errno)));
  }
  for (auto const& [name, value] : spec.environment) ::setenv(name.c_str(), value.c_str(), 1);
  return Done{};
}

PrintedPlace place_of(capsule_wire::Prepare const& order, PrintedStream stream) {
  auto wanted = stream == PrintedStream::out ? order.spec.stdout_path : order.spec.stderr_path;
  if (!wanted.empty() && order.clone_of != JobId{}) wanted += fmt::format(".clone-{}", order.job);
  return printed_place(order.store, order.job, stream, order.spec.directory, wanted, order.pack);
}

void flush_stdio() {
  std::cout.flush();
  std::clog.flush();
  std::fflush(nullptr);
}

}  // namespace

HeldJob::HeldJob(Surroundings surroundings, SharedMemory arena, Plugin plugin, capsule_wire::Prepare order)
    : surroundings_(surroundings),
      order_(std::move(order)),
      plugin_(plugin),
      arena_(std::move(arena), order_.spec.memory_bytes, surroundings.block.arena_bytes),
      streams_(order_.spec.directory, order_.clone_of == JobId{} ? "" : fmt::format(".clone-{}", order_.job),
               AppendBases(std::filesystem::path(order_.store) / fmt::format("jobs/{}/append", order_.job)),
               order_.fresh_files),
      pack_(surroundings.kept != nullptr && surroundings.kept->pack ? std::move(surroundings.kept->pack)
                                                                    : std::make_unique<PackWriter>(order_.pack)),
      out_(PrintedStream::out, surroundings.out, surroundings.block.captured[0], order_.store, order_.job,
           place_of(order_, PrintedStream::out), *pack_, order_.fresh_files),
      err_(PrintedStream::err, surroundings.err, surroundings.block.captured[1], order_.store, order_.job,
           place_of(order_, PrintedStream::err), *pack_, order_.fresh_files),
      context_(std::make_unique<JobContext>(surroundings.block, arena_, order_)) {}

Result<std::unique_ptr<HeldJob>> HeldJob::prepare(Surroundings surroundings, capsule_wire::Prepare order) {
  if (order.poison != 0) ::mallopt(M_PERTURB, order.poison ^ 0xff);  // glibc fills with the complement
  tell_cores(order.spec, order.cpus);
  if (auto status = enter(order.spec); !status) return status.failure();
  auto* const kept = surroundings.kept;
  bool const loaded = kept != nullptr && kept->plugin && kept->plugin_digest == order.spec.plugin_digest;
  auto plugin = loaded ? Result<Plugin>(*kept->plugin)
                       : Plugin::load(fmt::format("{}/plugins/{}.so", order.store, order.spec.plugin_digest));
  if (!plugin) return plugin.failure();
  surroundings.block.steps_vary.store(plugin->steps_vary() ? 1 : 0, std::memory_order_relaxed);
  if (kept != nullptr && !loaded) {
    kept->plugin = *plugin;
    kept->plugin_digest = order.spec.plugin_digest;
  }
  if (plugin->type() != order.spec.type) {
    return reject("wrong_plugin", fmt::format("plugin {} holds job type '{}', not '{}'",
                                              order.spec.plugin_digest, plugin->type(), order.spec.type));
  }
  bool const mapped = kept != nullptr && kept->arena.data() != nullptr;
  auto arena =
      mapped ? Result<SharedMemory>(std::move(kept->arena)) : SharedMemory::map(surroundings.arena);
  if (!arena) return arena.failure();

  std::unique_ptr<HeldJob> held(new HeldJob(surroundings, std::move(*arena), *plugin, std::move(order)));
  ArgumentBinder binder(held->order_.spec.arguments);
  auto const bound = guarded([&] {
    held->job_ = held->plugin_.make();
    held->job_->parameters(binder);
    held->job_->methods(held->methods_);
  });
  if (!bound) return bound.failure();
  if (auto status = binder.finish(); !status) return status.failure();
  held->arena_.touch(held->order_.arena_bytes);
  return held;
}

Result<std::vector<std::string>> HeldJob::outputs() {
  OutputLister lister(plugin_.state_version(), streams_);
  if (auto status = guarded([&] { job_->describe(lister); }); !status) return status.failure();
  return lister.take_outputs();
}

Status HeldJob::open(Epoch epoch) {
  for (auto* captured : {&out_, &err_}) {
    if (auto status = captured->begin(epoch); !status) return status;
  }
  Opener opener(plugin_.state_version(), streams_);
  if (auto status = guarded([&] { job_->describe(opener); }); !status) return status;
  return opener.status();
}

Status HeldJob::start() {
  context_->allow_allocation(true);
  context_->run_clock(true);
  auto status = guarded([&] { job_->start(*context_); });
  context_->allow_allocation(false);
  return status;
}

Status HeldJob::check(Manifest const& manifest) const {
  if (manifest.version > manifest_version) {
    return reject("image_version", fmt::format("the image has format version {}, this Godwit reads {}",
                                               manifest.version, manifest_version));
  }
  if (manifest.type != order_.spec.type) {
    return reject("wrong_image", fmt::format("the image is of a job of type '{}', not '{}'", manifest.type,
                                             order_.spec.type));
  }
  if (manifest.state_version > plugin_.state_version()) {
    return reject("state_version",
                  fmt::format("the image has state version {} of type '{}', the plugin {}: use a newer "
                              "plugin",
                              manifest.state_version, manifest.type, plugin_.state_version()));
  }
  return Done{};
}

Status HeldJob::restore(Epoch epoch, Manifest const& manifest) {
  if (auto status = check(manifest); !status) return status;
  if (auto status = arena_.adopt(manifest.arena_bytes); !status) return status;
  if (auto status = translate(manifest, arena_); !status) return status;
  context_->load(manifest);
  steps_ = manifest.steps;

  auto const mark_of = [&](std::string_view name) -> StreamMark const* {
    auto const found = std::ranges::find(manifest.streams, name, &StreamMark::name);
    return found == manifest.streams.end() ? nullptr : &*found;
  };
  flush_stdio();  // what the plugin printed while it was loaded isn't the job's
  if (auto status = out_.resume(epoch, manifest.job, mark_of("stdout")); !status) return status;
  if (auto status = err_.resume(epoch, manifest.job, mark_of("stderr")); !status) return status;

  auto const from = manifest.job == order_.job ? Restorer::From::itself : Restorer::From::another;
  Restorer restorer(manifest, from, arena_, streams_);
  if (auto status = guarded([&] { job_->describe(restorer); }); !status) return status;
  if (auto status = restorer.finish(); !status) return status;
  return guarded([&] { job_->restored(*context_); });
}

void HeldJob::goes_on_at(Epoch epoch) {
  out_.goes_on_at(epoch);
  err_.goes_on_at(epoch);
}

Status HeldJob::take_back_files(Others others) {
  if (auto status = streams_.take_back(others); !status) return status;
  if (auto status = out_.take_back(others); !status) return status;
  return err_.take_back(others);
}

Status HeldJob::suspend() {
  context_->run_clock(false);
  return guarded([this] { job_->suspend(); });
}
Status HeldJob::resume() {
  return guarded([this] { job_->resume(); });
}
Result<std::string> HeldJob::call(std::string const& method, std::vector<std::string> const& arguments) {
  return methods_.call(method, arguments);
}

Result<Manifest> HeldJob::manifest(Epoch epoch, bool suspended, bool leased) {
  if (auto status = leased ? save_printed() : take_printed(); !status) return status.failure();
  Manifest manifest;
  manifest.job = order_.job;
  manifest.type = order_.spec.type;
  manifest.state_version = plugin_.state_version();
  manifest.plugin_digest = order_.spec.plugin_digest;
  manifest.arguments = order_.spec.arguments;
  manifest.epoch = epoch;
  manifest.steps = steps_;
  manifest.suspended = suspended;
  manifest.page_bytes = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  manifest.arena_bytes = arena_.used();
  context_->save(manifest);
  Packer packer(plugin_.state_version(), arena_, streams_, manifest);
  if (auto status = guarded([&] { job_->describe(packer); }); !status) return status.failure();
  if (!packer.status()) return packer.status().failure();
  for (auto const* captured : {&out_, &err_}) {
    if (auto mark = captured->mark()) manifest.streams.push_back(std::move(*mark));
  }
  return manifest;
}

Status HeldJob::take_printed() {
  flush_stdio();
  if (auto status = out_.drain(); !status) return status;
  return err_.drain();
}

Status HeldJob::save_printed() {
  if (auto status = take_printed(); !status) return status;
  for (auto* const captured : {&out_, &err_}) {
    if (auto status = captured->flush(); !status) return status;
  }
  return streams_.flush();
}

Status HeldJob::sync() {
  if (auto status = save_printed(); !status) return status;
  if (auto status = streams_.sync(); !status) return status;
  if (auto status = out_.sync(); !status) return status;
  return err_.sync();
}

bool HeldJob::leaves_nothing() const {
  if (surroundings_.kept == nullptr || order_.poison != 0 || order_.tell_end || context_->made_scratch() || arena_.used() > arena_cleared_max) return false;
  struct stat tasks {};
  constexpr nlink_t one_thread = 2 + 1;
  if (::stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink != one_thread) return false;
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

void HeldJob::clear_away() {
  job_.reset();
  flush_stdio();
  for (auto* const stream : {&std::cout, &std::cerr, &std::clog}) {
    stream->clear();
    stream->copyfmt(std::ios(nullptr));
    stream->exceptions(std::ios::goodbit);
  }
  std::cerr.setf(std::ios::unitbuf);
  for (auto const file : {surroundings_.out, surroundings_.err}) {
    [[maybe_unused]] auto const cut = ::ftruncate(file, 0);
  }
  if (auto const used = arena_.used(); used > 0) {  // zeros again, in the host's mapping too
    ::fallocate(surroundings_.arena, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(used));
  }
  surroundings_.kept->arena = arena_.take_memory();
  surroundings_.kept->pack = std::move(pack_);
}

std::string HeldJob::log_tail() const {
  auto text = err_.last_lines();
  return text.empty() ? out_.last_lines() : text;
}

}  // namespace godwit::inside
