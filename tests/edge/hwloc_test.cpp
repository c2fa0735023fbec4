// What a host finds on its machine: the processors that it is bound to, memory, and what control groups leave of both.
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>

#include "edge/posix/control_groups.hpp"
#include "edge/hwloc/topology.hpp"
#include "edge/scratch.hpp"

namespace godwit {
namespace {

std::vector<std::int32_t> allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof set, &set);
  std::vector<std::int32_t> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

TEST(Topology, IsThisMachineAsItMayBeUsed) {
  auto const topology = Topology::here();
  ASSERT_TRUE(topology) << topology.failure().context;
  auto const cpus = allowed();
  EXPECT_EQ(topology->cpus_of(0), cpus);
  EXPECT_EQ(topology->cpus_of(::getpid()), cpus);
  EXPECT_GT(topology->memory_bytes(), 1U << 20);
  auto const machine = machine_here(*topology);
  EXPECT_EQ(machine.cpus, cpus);
  EXPECT_GE(machine.cores, 1);
  EXPECT_LE(machine.cores, static_cast<std::int32_t>(cpus.size()));
  EXPECT_GT(machine.memory_bytes, 0U);
  EXPECT_LE(machine.memory_bytes, topology->memory_bytes());
}

TEST(Topology, KeepsToTheAffinityMask) {
  auto const topology = Topology::here();
  ASSERT_TRUE(topology);
  auto const before = allowed();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(before.back()), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(topology->cpus_of(0), std::vector{before.back()});
  EXPECT_EQ(topology->cpus_of(::getpid()), std::vector{before.back()});
  EXPECT_EQ(machine_here(*topology).cores, 1);
  cpu_set_t all;
  CPU_ZERO(&all);
  for (auto const cpu : before) CPU_SET(static_cast<std::size_t>(cpu), &all);
  ASSERT_EQ(::sched_setaffinity(0, sizeof all, &all), 0);
}

// ---- control groups

class ControlGroups : public ::testing::Test {
 protected:
  void put(std::string const& group, char const* file, char const* text) {
    std::filesystem::create_directories(scratch_.path() / group);
    std::ofstream(scratch_.path() / group / file) << text << '\n';
  }
  ControlGroupLimits limits(std::string const& cgroups) { return control_group_limits(cgroups, scratch_.path()); }
  std::optional<std::uint64_t> memory(std::string const& cgroups) { return limits(cgroups).memory_bytes; }
  std::optional<std::int64_t> millicores(std::string const& cgroups) { return limits(cgroups).millicores; }

 private:
  testing::Scratch scratch_;
};

TEST_F(ControlGroups, MemoryIsTheLeastOfAllAbove) {
  put("slurm/job_7/step_0", "memory.max", "max");
  put("slurm/job_7", "memory.max", "4000");
  put("slurm", "memory.max", "9000");
  EXPECT_EQ(memory("0::/slurm/job_7/step_0\n"), 4000U);
  EXPECT_EQ(memory("0::/slurm\n"), 9000U);
  EXPECT_EQ(memory("0::/elsewhere\n"), std::nullopt);
  put("memory/box", "memory.limit_in_bytes", "3000");
  EXPECT_EQ(memory("9:cpu,memory:/box\n1:name=systemd:/box\n0::/slurm\n"), 3000U);
  put("memory", "memory.limit_in_bytes", "2000");  // the container's own, where the path isn't seen
  EXPECT_EQ(memory("4:memory:/far/away\n"), 2000U);
  EXPECT_EQ(memory("nonsense"), std::nullopt);
}

TEST_F(ControlGroups, CoresAreTheLeastQuotaOfAllAbove) {
  put("pod/box", "cpu.max", "250000 100000");
  put("pod", "cpu.max", "max 100000");
  EXPECT_EQ(millicores("0::/pod/box\n"), 2500);
  EXPECT_EQ(millicores("0::/pod\n"), std::nullopt);
  put("pod", "cpu.max", "50000 100000");
  EXPECT_EQ(millicores("0::/pod/box\n"), 500);
  put("cpu/box", "cpu.cfs_quota_us", "-1");
  put("cpu/box", "cpu.cfs_period_us", "100000");
  EXPECT_EQ(millicores("4:cpu,cpuacct:/box\n"), std::nullopt);
  put("cpu/box", "cpu.cfs_quota_us", "300000");
  EXPECT_EQ(millicores("4:cpu,cpuacct:/box\n"), 3000);
}

}  // namespace
}  // namespace godwit
