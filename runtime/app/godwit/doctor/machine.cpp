// Cores, limits, shared memory, clock.
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "app/godwit/doctor/examine.hpp"
#include "base/figures.hpp"

namespace godwit::cli {
namespace {

using Verdict = Finding::Verdict;

Finding cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int const usable = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
  auto const online = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (usable == 0) {
    return {"cores", Verdict::warn, "this process's cores can't be found out", "give --hosts and --slots"};
  }
  return {"cores", Verdict::ok, fmt::format("{} of {} may be used", usable, online), {}};
}

std::string spell_limit(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : fmt::format("{}", limit);
}

Finding limit(char const* topic, decltype(RLIMIT_NOFILE) which, char const* what, rlim_t least,
              char const* advice) {
  rlimit now{};
  if (::getrlimit(which, &now) != 0) return {topic, Verdict::warn, std::strerror(errno), {}};
  auto const found = fmt::format("{} {}", spell_limit(now.rlim_cur), what);
  if (now.rlim_cur != RLIM_INFINITY && now.rlim_cur < least) return {topic, Verdict::warn, found, advice};
  return {topic, Verdict::ok, found, {}};
}

// A job's memory is a memfd that host and capsule both map.
Finding memfd() {
  constexpr std::size_t bytes = std::size_t{4} << 20;
  int const file = ::memfd_create("godwit-doctor", MFD_CLOEXEC);
  bool good = file >= 0 && ::ftruncate(file, bytes) == 0;
  void* mapped = good ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  good = mapped != MAP_FAILED;
  if (good) {
    std::memset(mapped, 7, bytes);
    char last = 0;
    good = ::pread(file, &last, 1, bytes - 1) == 1 && last == 7;
  }
  int const why = errno;
  if (mapped != MAP_FAILED) ::munmap(mapped, bytes);
  if (file >= 0) ::close(file);
  if (good) return {"memfd", Verdict::ok, "anonymous shared memory works", {}};
  return {"memfd", Verdict::fail, fmt::format("anonymous shared memory doesn't work: {}", std::strerror(why)),
          "jobs keep their arrays in it: a kernel from 3.17 is needed, and a sandbox that lets memfd_create "
          "through"};
}

// Open MPI's ranks on a node exchange messages through it.
Finding shared_memory() {
  struct statvfs space {};
  if (::statvfs("/dev/shm", &space) != 0) {
    return {"/dev/shm", Verdict::warn, std::strerror(errno),
            "Open MPI needs it to pass messages within a node"};
  }
  auto const bytes = std::uint64_t{space.f_bavail} * space.f_frsize;
  auto const found = fmt::format("{} free", spell_bytes(bytes));
  if (bytes < std::uint64_t{64} << 20) {
    return {"/dev/shm", Verdict::warn, found,
            "Open MPI wants some 8 MiB per host there; in a container, start it with --shm-size=1g"};
  }
  return {"/dev/shm", Verdict::ok, found, {}};
}

// Segments of ranks that were killed: "vader_segment.NODE.UID.JOBID.N", mapped by nobody.
Finding leftovers() {
  std::size_t count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/dev/shm", error), end; !error && at != end;
       at.increment(error)) {
    auto const name = at->path().filename().string();
    auto const age = std::filesystem::file_time_type::clock::now() - at->last_write_time(error);
    if (name.starts_with("vader_segment") && age > std::chrono::hours(24)) ++count;
  }
  if (count == 0) return {"leftovers", Verdict::ok, "no old message segments in /dev/shm", {}};
  return {"leftovers", Verdict::warn,
          fmt::format("{} message segments in /dev/shm are older than a day", count),
          "if no MPI program of yours runs: rm /dev/shm/vader_segment*"};
}

Finding clock_works() {
  timespec first{}, second{};
  bool const good = ::clock_gettime(CLOCK_BOOTTIME, &first) == 0 && ::usleep(1000) == 0 &&
                    ::clock_gettime(CLOCK_BOOTTIME, &second) == 0 &&
                    (second.tv_sec > first.tv_sec || second.tv_nsec > first.tv_nsec);
  if (!good) {
    return {"clock", Verdict::fail, "CLOCK_BOOTTIME stands still or is missing",
            "leases are measured with it: no job could be fenced on this machine"};
  }
  timex state{};
  bool const synchronised = ::adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
  return {"clock",
          Verdict::ok,
          synchronised ? "runs; its time is synchronised"
                       : "runs; whether its time is synchronised isn't known, which only dates depend on",
          {}};
}

}  // namespace

Findings examine_machine() {
  return {cores(),
          limit("open files", RLIMIT_NOFILE, "per process", 1024, "raise it: ulimit -n 4096"),
          limit("processes", RLIMIT_NPROC, "per user", 512,
                "raise it: ulimit -u 4096; each running job is a process"),
          limit("address space", RLIMIT_AS, "bytes", rlim_t{4} << 30, "lift it: ulimit -v unlimited"),
          limit("file size", RLIMIT_FSIZE, "bytes", rlim_t{1} << 30,
                "lift it: ulimit -f unlimited; a checkpoint is as large as its job's memory"),
          memfd(),
          shared_memory(),
          leftovers(),
          clock_works()};
}

}  // namespace godwit::cli
