#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "app/godwitd/allocating.hpp"
#include "app/godwitd/ranks.hpp"
#include "app/godwitd/standby_office.hpp"
#include "app/world/verdict.hpp"
#include "edge/capsules/capsule_service.hpp"
#include "edge/capsules/round_memory.hpp"
#include "edge/hdf5/hdf5_store.hpp"
#include "edge/hwloc/topology.hpp"
#include "edge/posix/affinity.hpp"
#include "edge/posix/boot_clock.hpp"
#include "edge/posix/fd_sleeper.hpp"
#include "edge/posix/identity.hpp"
#include "edge/posix/ledger_directory.hpp"
#include "edge/posix/log_sink.hpp"
#include "edge/posix/node_gauge.hpp"
#include "edge/posix/store_directory.hpp"
#include "host/host.hpp"
#include "node/node.hpp"

namespace godwit {
namespace {

std::int32_t hosts_here(MpiWorld const& world) {
  return std::max(1, world.ranks_here() - (world.is_here(allocator_rank) ? 1 : 0));
}

// Hosts of one node divide its cores and its memory.
std::int32_t slots_of(Options const& options, MpiWorld const& world, Machine const& machine) {
  return options.slots > 0 ? options.slots : std::max(1, machine.cores / hosts_here(world));
}

Capabilities capabilities_of(Options const& options, MpiWorld const& world, Machine const& machine) {
  auto const cores = std::int64_t{slots_of(options, world, machine)} * options.overbook / 100;
  Capabilities has;
  has.cores =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(cores, 1, std::numeric_limits<std::int32_t>::max()));
  has.memory_bytes = machine.memory_bytes / static_cast<std::uint64_t>(hosts_here(world));
  declare(options.declared, world.self(), has);
  return has;
}

// Hosts of one node that may run on the same cores divide them among themselves.
CoreShare cores_of(MpiWorld const& world, Topology const& topology, std::vector<std::int32_t> const& mine) {
  int place = 0, alike = 0;
  for (Rank rank{1}; rank.value < world.ranks(); rank = rank.next()) {
    bool const self = rank == world.self();
    auto const pid = world.peers()[static_cast<std::size_t>(rank.value)].pid;
    if (!self && (!world.is_here(rank) || topology.cpus_of(pid) != mine)) continue;
    ++alike;
    if (rank < world.self()) ++place;
  }
  return share_of(mine, place, alike);
}

// By the cores that it has, not by those that it may take with overbooking.
std::optional<host::ProbingSettings> probing_of(Options const& options, MpiWorld const& world, std::int32_t slots) {
  if (!options.probing) return std::nullopt;
  host::ProbingSettings probing;
  probing.tuning = {.heuristic = *options.probing,
                    .threshold = slots - 1 + options.probe_threshold,
                    .probe_limit = options.probe_limit,
                    .back_off = 1s};
  probing.hosts = world.ranks() - 1;
  probing.seed = static_cast<std::uint64_t>(::getpid());
  return probing;
}

}  // namespace

int run_host_rank(Options const& options, MpiWorld const& world, StopSignals& signals,
                  Result<ZygoteProcess> zygote) {
  auto const topology = Topology::here();
  auto const policy = policy_of(options);
  Status const mine = !zygote     ? Status(zygote.failure())
                      : !policy   ? Status(policy.failure())
                      : !topology ? Status(topology.failure())
                                  : Status(Done{});
  if (!world.agree(mine)) return exit_start_failed;  // rank 0 says why
  if (!world.agree(StoreDirectory::check(options.store))) return exit_start_failed;

  ::alarm(0);
  BootClock clock;
  LogSink log({.directory = options.store / "log",
               .rank = world.self(),
               .to_stderr = options.verbose ? Level::info : Level::warning},
              clock);
  auto const machine = machine_here(*topology);
  auto has = capabilities_of(options, world, machine);
  auto const for_copies = options.partner_memory > 0 ? options.partner_memory : std::max(has.memory_bytes / 4, std::uint64_t{1} << 30);
  auto const idle_max = static_cast<std::size_t>(has.cores);
  auto share = cores_of(world, *topology, machine.cpus);
  auto probing = probing_of(options, world, slots_of(options, world, machine));
  host::Host host(world.self(), {.pid = ::getpid(),
                                 .node = node_name(),
                                 .cores = machine.cores,
                                 .has = std::move(has),
                                 .own_cpus = std::move(share.own),
                                 .other_cpus = std::move(share.others),
                                 .suspicion = options.suspicion,
                                 .probing = std::move(probing),
                                 .partner_every = options.partner_every,
                                 .partner_memory = for_copies});
  MpiTransport transport(world);
  CapsuleService capsules(std::move(*zygote),
                          {.store = options.store,
                           .pack = fmt::format("{}-{}", clock.wall().unix_ns / 1'000'000'000, world.self()),
                           .idle_max = idle_max});
  Hdf5CheckpointStore store({.store = options.store});
  RoundMemory rounds(for_copies);
  NodeGauge gauge(machine.cpus);
  LedgerDirectory ledgers(StoreDirectory::ledger_of(options.store), options.ledger_log);
  StandbyOffices offices(options);
  HostPorts ports{capsules, store, rounds, gauge, SuccessionPorts{ledgers, offices, allocator_settings(options, *policy)}};
  Node node({transport, clock, log}, std::move(ports), host);
  FdSleeper sleeper(
      {transport.bell_fd(), transport.wait_fd(), capsules.wait_fd(), store.wait_fd(), rounds.wait_fd(), signals.wait_fd(), ledgers.wait_fd(),
       offices.wait_fd()},
      world.ranks_here() == world.ranks());
  node.begin(host::Began{});
  int const code = node.run(sleeper, [&] {
    if (signals.take()) node.stop_wanted();  // a host waits for Quiesce, unless it has taken over
  });
  if (auto const* successor = node.successor()) {
    if (code == 0) see_hosts_off(transport, world, clock);
    write_verdict(options.store, successor->term(), code, clock.wall());
  }
  return code;
}

}  // namespace godwit
