// The inside of a CapsuleService: the capsules that it holds, and what it waits for. Orders come in through
// the port (service_orders.cpp), what happens comes in through poll() (service_events.cpp); service_pool.cpp keeps processes
// that wait for another job.
//
// Invariant: a capsule is `live` until its end has been reported or it was killed; after that nothing is
// heard from it, and only its memory stays until it is forgotten. Loop thread, but for the two workers'
// tasks.
#pragma once

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "edge/capsules/capsule_process.hpp"
#include "edge/capsules/capsule_service.hpp"
#include "edge/capsules/link/printed.hpp"
#include "edge/capsules/mailbox.hpp"
#include "edge/capsules/worker.hpp"

namespace godwit {

struct CapsuleService::Core {
  // Keys of the epoll set; a capsule's is its id.
  static constexpr std::uint64_t zygote_key = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::uint64_t mail_key = zygote_key - 1;
  static constexpr std::uint64_t timer_key = zygote_key - 2;

  // What the workers answer.
  struct Touched {
    CapsuleId capsule;
  };  // up to what was asked for
  using Mail = std::variant<Touched, capsule::Died>;

  // What a process must have been made for if it is to serve a job.
  struct Kind {
    explicit Kind(CapsuleOrder const& order);
    bool operator==(Kind const&) const = default;
    std::string plugin_digest, account, directory;
    std::map<std::string, std::string> environment;
    std::int32_t cores;
    std::uint64_t memory_bytes;
    std::vector<std::int32_t> cpus;
  };

  // A process is known to the zygote, and in the epoll set, by the capsule that it was forked for.
  struct Held {
    JobId job;
    std::unique_ptr<CapsuleProcess> process;
    CapsuleId forked_for;
    std::optional<Kind> kind;
    std::string stdout_path, stderr_path;  // as its spec has them
    Bytes order;            // as it was given to a process that had served before, until that says something
    bool watches_out{false};
    bool spare{false};         // finished, and its process waits for another job
    bool begins{false};        // starts at once, and hasn't been reported as running
    bool running_told{false};  // likewise, but was found running
    pid_t pid{0};
    bool kept{false};       // an arena so far, for an order that may come
    bool live{true};        // its end hasn't been reported, and it wasn't killed
    bool gone{false};       // the zygote reaped it
    bool prepared{false};   // by its own word
    std::vector<std::string> outputs;  // that it will open
    bool announced{false};             // Prepared has been reported
    std::uint64_t touched_bytes{0};
    std::uint64_t touching_bytes{0};  // > touched_bytes: the worker is at it
    std::unique_ptr<std::atomic<bool>> abandoned{std::make_unique<std::atomic<bool>>(false)};
  };
  using Entry = std::map<CapsuleId, Held>::value_type;

  struct Idle {
    Held held;
    Instant since;
  };

  Core(ZygoteProcess its_zygote, Settings its_settings);
  ~Core();

  bool keep(CapsuleId capsule, std::uint64_t memory_bytes, std::uint64_t arena_bytes);
  void prepare(CapsuleOrder order);
  void kill(CapsuleId capsule);
  void forget(CapsuleId capsule);
  void command(CapsuleId capsule, capsule_wire::Command const& command);
  [[nodiscard]] std::span<std::byte> arena(CapsuleId capsule, std::uint64_t bytes);
  std::vector<CapsuleEvent> poll();

  void watch(int fd, std::uint64_t key, std::uint32_t events, int operation) const;
  void watch_link(Entry& entry) const;
  void hang_up(Held& held) const;
  void retire(Entry& entry);
  void keep_time();

  // service_pool.cpp
  Held* of_process(CapsuleId forked_for);
  bool reuse(CapsuleOrder const& order, Held& held);  // a process that waits for such a job, if there is one
  void put_by(Held held);
  void end_idle(std::map<CapsuleId, Idle>::iterator at);
  void end_old_idle();
  void repeat(Entry& entry);  // the order, in a process of its own
  void dispose(Held held);

  void handle(std::uint64_t key, std::uint32_t events);
  void hear_zygote();
  void hear_mail();
  void hear_capsule(CapsuleId capsule, std::uint32_t events);
  void read_reports(Entry& entry);
  void send_unsent();
  void lose_zygote();
  void do_chores();
  void touch_growth(Entry& entry);
  void tell_of_long_step(Entry& entry);
  void watch_memory(Entry& entry);
  void announce(Entry& entry);
  void died(Entry& entry, std::string reason);
  [[nodiscard]] PrintedPlace place_of(Held const& held, PrintedStream stream) const;
  void keep_pack();

  void on(Entry& entry, capsule_wire::Prepared& prepared);
  void on(Entry& entry, capsule_wire::Running const& running);
  void on(Entry& entry, capsule_wire::Frozen& frozen);
  void on(Entry& entry, capsule_wire::Suspended const&);
  void on(Entry& entry, capsule_wire::Resumed const&);
  void on(Entry& entry, capsule_wire::Called& called);
  void on(Entry& entry, capsule_wire::WantsMove const& wish);
  void on(Entry& entry, capsule_wire::Ended& ended);
  void on(Entry& entry, capsule_wire::Failed& failed);
  void on(Entry& entry, capsule_wire::Described const&);
  void on(Entry& entry, capsule_wire::Watched const& watched);

  Settings settings;
  std::filesystem::path pack{settings.store / pack_directory / (settings.pack + ".pack")};
  std::uint64_t pack_bytes_durable = 0;
  int chores = 0;
  UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  UniqueFd timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  bool timer_armed = false;
  std::int64_t lease_ns = std::numeric_limits<std::int64_t>::max();
  std::map<CapsuleId, Held> held;
  std::map<CapsuleId, CapsuleId> served;    // by the process forked for it: who is held
  std::map<CapsuleId, Idle> idle;           // by whom it was forked for
  std::set<CapsuleId> unspawned, unkilled;  // processes; the zygote was busy
  std::vector<CapsuleEvent> events;
  Mailbox<Mail> mail;
  std::optional<Worker> toucher{std::in_place}, saver{std::in_place};
  std::optional<ZygoteProcess> zygote;
};

}  // namespace godwit
