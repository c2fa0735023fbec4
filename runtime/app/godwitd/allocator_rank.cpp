#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "app/godwitd/allocating.hpp"
#include "app/godwitd/ranks.hpp"
#include "app/godwitd/workload_control.hpp"
#include "app/workload/workload.hpp"
#include "app/world/verdict.hpp"
#include "app/world/world_record.hpp"
#include "base/archive.hpp"
#include "edge/capsules/plugin_catalogue.hpp"
#include "edge/posix/boot_clock.hpp"
#include "edge/posix/fd_sleeper.hpp"
#include "edge/posix/identity.hpp"
#include "edge/posix/journal_log.hpp"
#include "edge/posix/journal_reader.hpp"
#include "edge/posix/log_sink.hpp"
#include "edge/posix/store_directory.hpp"
#include "edge/rpc/client.hpp"
#include "edge/rpc/server.hpp"
#include "node/node.hpp"

namespace godwit {
namespace {

constexpr Duration survivors_patience = 15s;
constexpr Duration remnants_patience = 2s;

// What rank 0 needs of the store before anything may begin.
struct Opened {
  StoreDirectory store;
  Ledger ledger;
  Term term;
  std::vector<Remnant> remnants;  // of former worlds, which may run jobs yet
  Duration old_leases{0};
  std::vector<log::Seal> seals;
  std::vector<std::string> notes;  // torn ends of earlier logs, and how the world before ended
  std::unique_ptr<JournalLog> journal;
  std::unique_ptr<rpc::ControlServer> server;
  Workload workload;
};

Failure in_use(std::filesystem::path const& store, rpc::Access const& by) {
  return reject(
      "store_in_use",
      fmt::format("a runtime already uses store {} (rank 0 is pid {} on {}): use it, or stop it with "
                  "'godwit stop --store {}'",
                  store.string(), by.pid, by.node, store.string()));
}

// Who is left of a world that didn't end in order; they may be about to end.
std::vector<Process> wait_for_survivors(std::filesystem::path const& store) {
  auto const deadline = BootClock{}.now() + survivors_patience;
  for (;;) {
    auto left = survivors(store, here()).here;
    if (left.empty() || BootClock{}.now() > deadline) return left;
    std::this_thread::sleep_for(100ms);
  }
}

// They may elect another allocator at any time.
Failure still_lives(std::vector<Process> const& left) {
  std::vector<std::int32_t> pids;
  for (auto const& process : left) pids.push_back(process.pid);
  return reject("store_in_use",
                fmt::format("processes of the runtime before live still, whose allocator doesn't answer (pid {}): wait until they end "
                            "or one of them takes over, or end them",
                            fmt::join(pids, ", ")));
}

// Asks whom access.json names; then takes the lock, which is free on this node only if nobody else has it.
Status take_store(std::filesystem::path const& path, StoreDirectory& store) {
  if (auto const client = rpc::Client::connect(path)) return in_use(path, client->runtime());
  if (auto const left = wait_for_survivors(path); !left.empty()) return still_lives(left);
  auto locked = store.lock();
  auto const access = rpc::read_access(path);
  return !locked && access ? Status(in_use(path, *access)) : locked;
}

Status record(std::filesystem::path const& ledger, Term term, Options const& options, MpiWorld const& world,
              std::vector<Remnant> const& remnants) {
  std::vector<Process> processes;
  for (auto const& peer : world.peers()) processes.push_back({peer.pid, peer.node, peer.boot_id, peer.zygote});
  return record_world(ledger, term, options.lease, processes, remnants);
}

// Those of this node may be about to end: zygotes end their capsules first.
std::vector<Remnant> remnants_left(std::filesystem::path const& ledger, bool all_quiesced, Duration lease) {
  auto const deadline = BootClock{}.now() + remnants_patience;
  for (;;) {
    auto const now = here();
    auto left = read_remnants(ledger, all_quiesced, lease, now);
    auto const ends_soon = [&now](Remnant const& each) { return each.process.node == now.node; };
    if (std::ranges::none_of(left, ends_soon) || now.now > deadline) return left;
    std::this_thread::sleep_for(10ms);
  }
}

// A former world's hosts may run jobs still: one of the world before, unless that ended cleanly and no host
// of it was missing; or one of an earlier world whose leases nobody has waited out.
void look_for_remnants(Opened& opened, Options const& options) {
  bool const clean = opened.ledger.ended_cleanly();
  bool const all_quiesced =
      clean && std::ranges::all_of(opened.ledger.lost(), [](auto const& one) { return one.second.fenced; });
  opened.remnants = remnants_left(opened.store.ledger(), all_quiesced, options.lease);
  opened.old_leases = leases_left(opened.remnants, here());
  if (opened.old_leases > Duration{0}) {
    opened.notes.push_back(
        fmt::format("{}hosts of a former world may live: jobs start again once their leases are out",
                    clean ? "" : "the world before didn't end cleanly, and "));
  } else if (!clean) {
    opened.notes.emplace_back("the world before didn't end cleanly; all its processes are gone");
  }
}

Result<Opened> open_store(Options const& options, MpiWorld const& world) {
  auto store = StoreDirectory::make(options.store);
  if (!store) return store.failure();
  if (auto taken = take_store(options.store, *store); !taken) return taken.failure();

  Workload workload;
  if (options.workload) {
    auto read = read_workload(*options.workload);
    if (!read) return read.failure();
    workload = std::move(*read);
  }
  Ledger ledger;
  auto const replayed = read_journal(store->ledger(), {[&](Term, ByteView record) -> Status {
                                                         auto const event = decode<LedgerEvent>(record);
                                                         return event ? ledger.apply(*event) : Status(event.failure());
                                                       },
                                                       [&](ByteView part) { return ledger.restore(part); }});
  if (!replayed) return replayed.failure();
  Opened opened{.store = std::move(*store),
                .ledger = std::move(ledger),
                .term = replayed->newest.next(),
                .seals = replayed->seals,
                .notes = replayed->cut,
                .workload = std::move(workload)};
  look_for_remnants(opened, options);
  auto journal = JournalLog::create(opened.store.ledger(), opened.term);
  if (!journal) return journal.failure();
  opened.journal = std::move(*journal);
  opened.journal->set_log_bytes_min(options.ledger_log);
  opened.journal->follows_on(replayed->base_bytes, replayed->log_bytes);
  auto const recorded = record(opened.store.ledger(), opened.term, options, world, opened.remnants);
  if (!recorded) return recorded.failure();
  auto server =
      rpc::ControlServer::open({.store = options.store, .term = opened.term, .listen = options.listen});
  if (!server) return server.failure();
  opened.server = std::move(*server);
  return opened;
}

void greet(Log& log, Options const& options, MpiWorld const& world, Opened const& opened) {
  for (auto const& each : opened.notes) log.write({Level::warning, {}, {}, each});
  auto const& access = opened.server->access();
  log.write({Level::config,
             {},
             {},
             fmt::format("term {}, {} hosts{}, store {}, listening at {} and port {}", opened.term, world.ranks() - 1,
                         options.managers == 0  ? ""
                         : options.managers < 0 ? " in a group per node"
                                                : fmt::format(" in groups of {}", options.managers),
                         options.store.string(), access.unix_socket, access.port)});
}

// So that the next world needn't wait for whose leases this one has waited out.
void forget_remnants(Opened const& opened, Options const& options, MpiWorld const& world) {
  if (opened.remnants.empty()) return;
  auto const left = still_leased(opened.remnants, here());
  (void)record(opened.store.ledger(), opened.term, options, world, left).ok();  // else it waits
}

}  // namespace

int run_allocator_rank(Options const& options, MpiWorld const& world, StopSignals& signals,
                       Result<ZygoteProcess> zygote) {
  auto const policy = policy_of(options);
  Result<Opened> opened = !zygote   ? Result<Opened>(zygote.failure())
                          : !policy ? Result<Opened>(policy.failure())
                                    : open_store(options, world);
  Status mine = opened ? Status(Done{}) : Status(opened.failure());
  if (auto all = world.agree(mine); !all) {  // the store is there: now the hosts look at it
    fmt::print(stderr, "godwitd: {}\n", all.failure().context);
    return exit_start_failed;
  }
  if (auto all = world.agree(Done{}); !all) {
    fmt::print(stderr, "godwitd: {}\n", all.failure().context);
    return exit_start_failed;
  }

  ::alarm(0);
  BootClock clock;
  LogSink log({.directory = options.store / "log", .rank = allocator_rank}, clock);
  greet(log, options, world, *opened);
  allocator::Allocator allocator(allocator_settings(options, *policy), std::move(opened->ledger));
  MpiTransport transport(world);
  PluginCatalogue catalogue(std::move(*zygote), {.directories = options.plugins, .store = options.store});
  WorkloadControl control(*opened->server, log, std::move(opened->workload));
  Node node({transport, clock, log}, AllocatorPorts{*opened->journal, control, catalogue}, allocator);
  FdSleeper sleeper({transport.bell_fd(), transport.wait_fd(), opened->journal->wait_fd(),
                     opened->server->wait_fd(), catalogue.wait_fd(), signals.wait_fd()},
                    world.ranks_here() == world.ranks());
  node.begin(allocator::Began{.term = opened->term,
                              .ranks = world.ranks(),
                              .old_leases = opened->old_leases,
                              .seals = opened->seals});
  int const code = node.run(sleeper, [&] {
    if (signals.take()) node.stop_wanted();
  });
  if (code == 0) {
    see_hosts_off(transport, world, clock);
    forget_remnants(*opened, options, world);
  }
  if (code != allocator::exit_deposed) write_verdict(options.store, opened->term, code, clock.wall());
  return code;
}

}  // namespace godwit
