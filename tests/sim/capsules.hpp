// SimCapsules: one host's capsules, in which simulated jobs (work.hpp) run in virtual time. A capsule obeys one
// command or runs one step at a time, commands at safe points only; each takes its time. The lease is looked at as a
// step begins, on the host's own clock. Outputs are real files of the simulated disk. The census watches.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "port/capsules.hpp"
#include "sim/census.hpp"
#include "sim/clock.hpp"
#include "sim/output.hpp"
#include "sim/work.hpp"

namespace godwit::sim {

// A defect of the edges, so that tests know that it would be seen.
enum class Planted : std::uint8_t {
  none,
  loses_steps,     // a restored job has forgotten its newest step
  ignores_leases,  // capsules run on when their lease is over
  keeps_outputs,   // an output isn't cut back to the image's offset
  syncs_no_directory,  // an image counts as durable before its name is
};

class SimCapsules final : public Capsules {
 public:
  struct Surroundings {
    SimDisk& disk;
    Census& census;
    Scheduler& scheduler;
    Trace& trace;
    SimClock const& clock;
    std::uint64_t process{0};  // of the host
    Rank host;
    Planted planted{Planted::none};
  };
  SimCapsules(Surroundings around, std::uint64_t seed) : around_(around), random_(seed) {}

  std::function<void()> on_event = [] {};
  std::function<void(JobId, Epoch)> on_begin = [](JobId, Epoch) {};
  std::function<void(Instant)> on_lease = [](Instant) {};
  std::function<bool(std::span<std::byte const>)> is_referred_to = [](auto) { return false; };

  // ---- faults
  bool crash(JobId job);            // false: it doesn't run here
  void perish();                    // with their host
  void hold_still(Moment until);    // the whole node is stopped: what was begun ends later
  [[nodiscard]] bool is_leased(CapsuleId capsule) const;  // may begin a step now, as far as it knows
  [[nodiscard]] std::size_t alive() const;
  [[nodiscard]] std::size_t known() const { return capsules_.size(); }
  [[nodiscard]] std::string describe() const;
  void kill_next_restored() { dooming_ = true; }  // an arriving job's, when it has cut back its outputs
  void refuse_next() { refusing_ = true; }  // the next capsule for an arriving job can't be prepared

  // ---- the port
  [[nodiscard]] bool keep(CapsuleId capsule, std::uint64_t memory_bytes, std::uint64_t arena_bytes) override;
  void prepare(CapsuleOrder order) override;
  void start(CapsuleId capsule, Epoch epoch) override { tell(capsule, Start{epoch}); }
  void restore(CapsuleId capsule, Epoch epoch, Bytes manifest) override {
    tell(capsule, Restore{epoch, std::move(manifest)});
  }
  void freeze(CapsuleId capsule) override { tell(capsule, Freeze{}); }
  void thaw(CapsuleId capsule, Epoch epoch, Others others) override { tell(capsule, Thaw{epoch, others}); }
  void suspend(CapsuleId capsule) override { tell(capsule, Suspend{true}); }
  void resume(CapsuleId capsule) override { tell(capsule, Suspend{false}); }
  void call(CapsuleId capsule, RequestId request, std::string method, std::vector<std::string>) override {
    tell(capsule, Call{request, std::move(method)});
  }
  void kill(CapsuleId capsule) override;
  void forget(CapsuleId capsule) override;
  [[nodiscard]] std::span<std::byte> arena(CapsuleId capsule, std::uint64_t bytes) override;
  [[nodiscard]] WrittenPages* written_pages(CapsuleId) override { return nullptr; }
  [[nodiscard]] CapsuleReport report(CapsuleId capsule) const override;
  void set_lease(Instant until) override;
  std::vector<CapsuleEvent> poll() override { return std::exchange(events_, {}); }

 private:
  struct Prepare {};
  struct Start { Epoch epoch; };
  struct Restore { Epoch epoch; Bytes manifest; };
  struct Freeze {};
  struct Thaw { Epoch epoch; Others others; };
  struct Suspend { bool on; };
  struct Call { RequestId request; std::string method; };
  using Command = std::variant<Prepare, Start, Restore, Freeze, Thaw, Suspend, Call>;

  struct Capsule {
    CapsuleOrder order;
    Work work;
    std::deque<Command> commands;
    bool kept{false};
    bool alive{true}, begun{false}, frozen{false}, suspended{false};
    bool busy{false};  // with a command or a step
    Epoch epoch;
    Epoch beginning;  // once its outputs' names are durable
    std::uint64_t steps{0};
    std::uint64_t serial{0};  // of what is planned next
    Instant last_safe_point;
    Instant rests_until;  // of again_in
    Duration running_time{0};
    std::vector<SimOutput> outputs;
    std::vector<std::byte> arena;
  };

  Capsule* living(CapsuleId capsule);
  [[nodiscard]] bool has_lease() const;
  [[nodiscard]] bool must_wait(Capsule const& capsule) const;  // with its next command
  void tell(CapsuleId capsule, Command command);
  void say(CapsuleEvent event);
  void go_on(CapsuleId id, Capsule& capsule);
  void plan(CapsuleId id, Capsule& capsule, Duration time, void (SimCapsules::*then)(CapsuleId, Capsule&));
  void fire(CapsuleId id, std::uint64_t serial, void (SimCapsules::*then)(CapsuleId, Capsule&));
  void obey_one(CapsuleId id, Capsule& capsule);
  void end_step(CapsuleId id, Capsule& capsule);
  void wake(CapsuleId id, Capsule& capsule) { go_on(id, capsule); }

  void obey(CapsuleId id, Capsule& capsule, Prepare const&);
  void obey(CapsuleId id, Capsule& capsule, Start const& command);
  void obey(CapsuleId id, Capsule& capsule, Restore const& command);
  void obey(CapsuleId id, Capsule& capsule, Freeze const&);
  void obey(CapsuleId id, Capsule& capsule, Thaw const& command);
  void obey(CapsuleId id, Capsule& capsule, Suspend const& command);
  void obey(CapsuleId id, Capsule& capsule, Call const& command);
  void begin_named(CapsuleId id, Capsule& capsule, Epoch epoch, bool renamed);
  void sync_names(CapsuleId id, Capsule& capsule);
  void begin(CapsuleId id, Capsule& capsule, Epoch epoch);
  void finish(CapsuleId id, Capsule& capsule, Outcome outcome);
  void die(CapsuleId id, Capsule& capsule, std::string reason);
  void fail(CapsuleId id, Capsule& capsule, Failure why);
  void end_process(CapsuleId id, Capsule& capsule);
  void check_arena(Capsule const& capsule) const;
  [[nodiscard]] Bytes manifest_of(Capsule const& capsule) const;
  [[nodiscard]] Census::Runner runner(CapsuleId id) const { return {around_.process, id}; }
  [[nodiscard]] Duration some(Duration most) {
    return Duration{1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count())))};
  }
  [[nodiscard]] static std::uint64_t* cells_of(Capsule& capsule) {
    return reinterpret_cast<std::uint64_t*>(capsule.arena.data());
  }

  Surroundings around_;
  Random random_;
  std::map<CapsuleId, Capsule> capsules_;
  std::vector<CapsuleEvent> events_;
  std::optional<Instant> lease_;
  Moment still_until_{0};
  bool refusing_{false}, dooming_{false};
};

}  // namespace godwit::sim
