#include <fmt/format.h>

#include <memory>

#include "allocator/allocator.hpp"
#include "app/godwitd/ranks.hpp"
#include "app/godwitd/workload_control.hpp"
#include "app/workload/workload.hpp"
#include "base/archive.hpp"
#include "edge/capsules/plugin_catalogue.hpp"
#include "edge/mpi/mpi_transport.hpp"
#include "edge/posix/boot_clock.hpp"
#include "edge/posix/fd_sleeper.hpp"
#include "edge/posix/journal_log.hpp"
#include "edge/posix/journal_reader.hpp"
#include "edge/posix/log_sink.hpp"
#include "edge/posix/store_directory.hpp"
#include "edge/rpc/client.hpp"
#include "edge/rpc/server.hpp"
#include "node/node.hpp"

namespace godwit {
namespace {

// What rank 0 needs of the store before anything may begin.
struct Opened {
  StoreDirectory store;
  Ledger ledger;
  Term term;
  std::vector<std::string> cut;  // torn ends of earlier logs
  std::unique_ptr<JournalLog> journal;
  std::unique_ptr<rpc::ControlServer> server;
  std::vector<JobSpec> workload;
};

Status nobody_answers(std::filesystem::path const& store) {
  auto const client = rpc::Client::connect(store);
  if (!client) return Done{};
  return reject("store_in_use",
                fmt::format("a runtime already uses store {} (rank 0 is pid {} on {}): use it, or stop it with "
                            "'godwit stop --store {}'",
                            store.string(), client->runtime().pid, client->runtime().node, store.string()));
}

Result<Opened> open_store(Options const& options) {
  auto store = StoreDirectory::make(options.store);
  if (!store) return store.failure();
  if (auto free = nobody_answers(options.store); !free) return free.failure();
  if (auto locked = store->lock(); !locked) return locked.failure();

  std::vector<JobSpec> workload;
  if (options.workload) {
    auto read = read_workload(*options.workload);
    if (!read) return read.failure();
    workload = std::move(*read);
  }
  Ledger ledger;
  auto const replayed = read_journal(store->ledger(), [&](Term, ByteView record) -> Status {
    auto const event = decode<LedgerEvent>(record);
    return event ? ledger.apply(*event) : Status(event.failure());
  });
  if (!replayed) return replayed.failure();
  auto const term = replayed->newest.next();
  auto journal = JournalLog::create(store->ledger(), term);
  if (!journal) return journal.failure();
  auto server = rpc::ControlServer::open({.store = options.store, .term = term, .listen = options.listen});
  if (!server) return server.failure();
  return Opened{std::move(*store), std::move(ledger), term,
                replayed->cut, std::move(*journal), std::move(*server), std::move(workload)};
}

void greet(Log& log, Options const& options, MpiWorld const& world, Opened const& opened) {
  for (auto const& cut : opened.cut) log.write({Level::warning, {}, {}, cut});
  auto const& access = opened.server->access();
  log.write({Level::config, {}, {},
             fmt::format("term {}, {} hosts, store {}, listening at {} and port {}", opened.term, world.ranks() - 1,
                         options.store.string(), access.unix_socket, access.port)});
}

}  // namespace

int run_allocator_rank(Options const& options, MpiWorld const& world, StopSignals& signals,
                       Result<ZygoteProcess> zygote) {
  Result<Opened> opened = zygote ? open_store(options) : Result<Opened>(zygote.failure());
  Status mine = opened ? Status(Done{}) : Status(opened.failure());
  if (auto all = world.agree(mine); !all) {  // the store is there: now the hosts look at it
    fmt::print(stderr, "godwitd: {}\n", all.failure().context);
    return exit_start_failed;
  }
  if (auto all = world.agree(Done{}); !all) {
    fmt::print(stderr, "godwitd: {}\n", all.failure().context);
    return exit_start_failed;
  }

  BootClock clock;
  LogSink log({.directory = options.store / "log", .rank = allocator_rank}, clock);
  greet(log, options, world, *opened);
  bool const clean = opened->ledger.ended_cleanly();
  allocator::Allocator allocator({.heartbeat_every = options.heartbeat,
                                  .lease = options.lease,
                                  .late_after = 4 * options.heartbeat,
                                  .suspicion = options.suspicion},
                                 std::move(opened->ledger));
  MpiTransport transport(world);
  PluginCatalogue catalogue(std::move(*zygote), {.directories = options.plugins, .store = options.store});
  WorkloadControl control(*opened->server, log, std::move(opened->workload));
  Node node({transport, clock, log}, AllocatorPorts{*opened->journal, control, catalogue}, allocator);
  FdSleeper sleeper({transport.wait_fd(), opened->journal->wait_fd(), opened->server->wait_fd(),
                     catalogue.wait_fd(), signals.wait_fd()});
  // Hosts of a world that didn't end cleanly may live on until their leases run out.
  node.begin(allocator::Began{opened->term, world.ranks(), clean ? Duration{0} : options.lease});
  return node.run(sleeper, [&] {
    if (signals.take()) node.stop_wanted();
  });
}

}  // namespace godwit
