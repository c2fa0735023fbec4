#include "edge/posix/proc_load.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <span>
#include <sstream>
#include <utility>

#include "base/digest.hpp"
#include "edge/posix/control_groups.hpp"

namespace godwit {
namespace {

namespace fs = std::filesystem;

// Fewer ticks say little: two readings may follow each other at once.
constexpr std::uint64_t ticks_min = 5;

std::string text_of(fs::path const& path) {
  std::ifstream in(path);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return text.str();
}

// "MemAvailable:    1234 kB"
std::optional<std::uint64_t> bytes_of(std::string const& meminfo, std::string const& name) {
  std::istringstream lines(meminfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    std::uint64_t kib = 0;
    if (words >> word && word == name && words >> kib) return kib * 1024;
  }
  return std::nullopt;
}

}  // namespace

ProcLoad::ProcLoad(fs::path proc, fs::path groups, std::vector<std::int32_t> cpus)
    : proc_(std::move(proc)), groups_(std::move(groups)), cpus_(std::move(cpus)) {}

NodeLoad ProcLoad::read() {
  NodeLoad load;
  read_cores(load);
  read_average(load);
  read_memory(load);
  load.cpu_stall_permille = stall("cpu");
  load.memory_stall_permille = stall("memory");
  return load;
}

// "0.52 0.40 0.33 3/120 4711": of the tasks that run, one is reading this. It is the node's: where only some of the cores
// are ours it says nothing about those.
void ProcLoad::read_average(NodeLoad& load) const {
  std::istringstream words(text_of(proc_ / "loadavg"));
  double average = 0;
  std::string five, fifteen;
  std::int64_t running = 0;
  if (!(words >> average)) return;
  load.load_milli = static_cast<std::int64_t>(std::lround(average * 1000));
  bool const all_are_ours = load.cores_id == 0;
  if (words >> five >> fifteen >> running && all_are_ours) load.run_queue = std::max<std::int64_t>(0, running - 1);
}

// "cpu3 user nice system idle iowait irq softirq steal …", in ticks. Time that was stolen isn't to be had: it counts as used.
void ProcLoad::read_cores(NodeLoad& load) {
  std::istringstream lines(text_of(proc_ / "stat"));
  Ticks now;
  std::int64_t cores = 0;
  bool some_are_not_ours = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("cpu", 0) != 0 || line.size() < 4 || line[3] < '0' || line[3] > '9') continue;
    std::istringstream words(line.substr(3));
    std::int32_t cpu = 0;
    words >> cpu;
    if (!cpus_.empty() && !std::ranges::binary_search(cpus_, cpu)) {
      some_are_not_ours = true;
      continue;
    }
    ++cores;
    std::uint64_t ticks = 0;
    for (int column = 0; column < 8 && words >> ticks; ++column) {
      now.all += ticks;
      if (column != 3 && column != 4) now.used += ticks;  // idle, iowait
    }
  }
  if (some_are_not_ours) {
    std::string text;
    for (auto const cpu : cpus_) text += std::to_string(cpu) + ",";
    load.cores_id = std::max<std::uint64_t>(1, digest_of(std::as_bytes(std::span(text))).value);
  }
  if (cores == 0) return;
  if (last_ && now.all >= last_->all + ticks_min && now.used >= last_->used) {
    auto const used = static_cast<std::int64_t>(now.used - last_->used);
    auto const all = static_cast<std::int64_t>(now.all - last_->all);
    busy_milli_ = used * cores * 1000 / all;
    last_ = now;
  } else if (!last_ || now.all < last_->all || now.used < last_->used) {
    last_ = now;
  }
  load.busy_milli = busy_milli_;
}

void ProcLoad::read_memory(NodeLoad& load) const {
  auto const meminfo = text_of(proc_ / "meminfo");
  load.memory_bytes = bytes_of(meminfo, "MemTotal:").value_or(0);
  load.memory_free_bytes = bytes_of(meminfo, "MemAvailable:").value_or(0);
  auto const limits = control_group_limits(text_of(proc_ / "self" / "cgroup"), groups_);
  if (limits.memory_bytes) load.memory_bytes = std::min(load.memory_bytes, *limits.memory_bytes);
  if (limits.memory_left_bytes) load.memory_free_bytes = std::min(load.memory_free_bytes, *limits.memory_left_bytes);
}

// "some avg10=1.53 avg60=…", in percent.
std::optional<std::int64_t> ProcLoad::stall(char const* file) const {
  std::istringstream words(text_of(proc_ / "pressure" / file));
  std::string some, average;
  if (!(words >> some >> average) || some != "some" || average.rfind("avg10=", 0) != 0) return std::nullopt;
  std::istringstream number(average.substr(6));
  double percent = 0;
  if (!(number >> percent)) return std::nullopt;
  return static_cast<std::int64_t>(std::lround(percent * 10));
}

}  // namespace godwit
