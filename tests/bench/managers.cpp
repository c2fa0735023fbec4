// What rank 0 takes in and sends out, in frames (MPI messages), with 10,000 hosts: each speaking for itself, and in groups
// of 64 with a manager each. The allocator, its ledger and the managers are real; hosts and journal are not; time is virtual.
// All cores are busy, and more jobs of one core wait than can start: elements of arrays of 100,000.
#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/managed_hosts.hpp"
#include "bench/measured_allocator.hpp"

namespace {

using namespace godwit;
using namespace godwit::bench;

struct Options {
  std::int32_t hosts{10'000}, cores{8}, managed{64};
  double job_s{20}, warm_up_s{0}, measured_s{10};
  std::int64_t turn_us{1000};
};

struct Figures {
  double frames_in{0}, frames_out{0}, jobs{0}, idle{0};  // a second; idle: share of the cores
  [[nodiscard]] double frames() const { return frames_in + frames_out; }
};

Duration seconds(double count) { return Duration{static_cast<std::int64_t>(count * 1e9)}; }

Figures measure(Options const& options, std::int32_t hosts_per_manager) {
  Instant now{1'000'000'000};
  StubSettings stub{options.hosts, {options.cores, 0, {}, {}}, seconds(options.job_s)};
  ManagedHosts hosts(stub, now, MeasuredAllocator::term);
  allocator::Settings settings;
  settings.hosts_per_manager = hosts_per_manager;
  MeasuredAllocator allocator(settings, options.hosts, now);
  auto const all_cores = std::int64_t{options.hosts} * options.cores;
  std::vector<allocator::Event> submissions;
  std::int64_t running = 0, looks = 0;
  auto const pass = [&] {
    now = now + std::chrono::microseconds(options.turn_us);
    std::vector<StubHosts::Said> said;
    hosts.say(now, said);
    auto events = std::exchange(submissions, {});
    for (auto& one : said) events.emplace_back(allocator::Received{one.from, std::move(one.message), MeasuredAllocator::term});
    allocator.turn(now, std::move(events));
    for (auto const& one : allocator.take_sent()) hosts.hear(one.to, one.message, now);
    if (allocator.ledger().counts().waiting < static_cast<std::uint64_t>(all_cores)) {
      JobArray job;
      job.spec.type = "stub";
      job.spec.account = "somebody";
      job.spec.directory = "/home/somebody";
      job.axes.push_back({.name = "i", .count = 100'000});
      submissions.push_back(allocator.submission(std::move(job)));
    }
    running += hosts.hosts().running();
    ++looks;
  };
  auto const run = [&](double span_s) {
    for (auto const end = now + seconds(span_s); now < end;) pass();
  };
  run(options.warm_up_s > 0 ? options.warm_up_s : 2 + 3 * options.job_s);
  allocator.forget_counts();
  running = looks = 0;
  auto const before = hosts.hosts().ended();
  run(options.measured_s);
  auto const& counted = allocator.counted();
  auto const a_second = [&](std::uint64_t count) { return static_cast<double>(count) / options.measured_s; };
  return {a_second(counted.frames_in), a_second(counted.frames_out), a_second(hosts.hosts().ended() - before),
          1 - static_cast<double>(running) / static_cast<double>(looks * all_cores)};
}

void print(char const* what, Figures const& figures) {
  std::printf("{\"hosts\": \"%s\", \"frames_per_s\": %.1f, \"in_per_s\": %.1f, \"out_per_s\": %.1f, \"jobs_per_s\": %.1f, "
              "\"frames_per_job\": %.4f, \"idle_share\": %.5f}\n",
              what, figures.frames(), figures.frames_in, figures.frames_out, figures.jobs, figures.frames() / figures.jobs,
              figures.idle);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** words) {
  Options options;
  CLI::App app{"Frames at rank 0, with and without managers"};
  app.add_option("--hosts", options.hosts, "Hosts");
  app.add_option("--cores", options.cores, "Cores of each");
  app.add_option("--managed", options.managed, "Hosts of a manager");
  app.add_option("--job-s", options.job_s, "Mean running time, in virtual seconds");
  app.add_option("--seconds", options.measured_s, "Virtual time that is measured");
  app.add_option("--warm-up", options.warm_up_s, "Virtual time before");
  app.add_option("--turn-us", options.turn_us, "Length of a turn of the loop, in virtual time");
  CLI11_PARSE(app, count, words);
  print("flat", measure(options, 0));
  print("managed", measure(options, options.managed));
}
