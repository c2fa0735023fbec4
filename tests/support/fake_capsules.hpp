// FakeCapsules: capsules without processes, in which counting jobs run. Commands are obeyed when the
// caller of advance() lets them, one at a time and in order, so that events cross commands as they do
// over a real socket.
//
// The counting job (arguments: steps, cells): step n adds one to cell n mod cells of its arena, and its
// manifest says n. So pages and manifest that don't belong together show at the next restore.
// Census watches all capsules of a world: one runner per job, no step lost, none doubled.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "port/capsules.hpp"
#include "port/world.hpp"
#include "support/fake_network.hpp"

namespace godwit::test {

class Census {
 public:
  // Fails the test on a second runner, or on a step that isn't the next one.
  void begins(JobId job, Epoch epoch, Rank host, CapsuleId capsule, std::uint64_t steps);
  void steps(JobId job, Rank host, CapsuleId capsule, std::uint64_t step);
  void stops(JobId job, Rank host, CapsuleId capsule);
  // A clone is seen for the first time: it counts on from there.
  void is_clone(JobId job, std::uint64_t steps) { steps_.try_emplace(job, steps); }
  // A crash or a lost image: it may go on from an older step.
  void loses(JobId job) { lost_.insert(job); }
  [[nodiscard]] std::uint64_t steps_of(JobId job) const;
  [[nodiscard]] std::size_t runners() const { return runners_.size(); }

 private:
  std::map<JobId, std::pair<Rank, CapsuleId>> runners_;
  std::map<JobId, std::uint64_t> steps_;
  std::map<JobId, Epoch> epochs_;
  std::set<JobId> lost_;
};

class FakeCapsules final : public Capsules {
 public:
  FakeCapsules(Rank host, Clock const& clock, Census& census, FakeNetwork const& network)
      : host_(host), clock_(clock), census_(census), network_(network) {}
  ~FakeCapsules() override;

  // One capsule obeys one command or runs one step. False: there is nothing that could be done.
  bool advance(Random& random);
  void crash(JobId job);  // where it runs
  void crash(CapsuleId capsule);
  void perish();          // with their host
  [[nodiscard]] std::size_t alive() const;
  // What becomes of jobs that are moved here.
  enum class Welcome : std::uint8_t { ready, not_prepared, no_memory };
  Welcome welcome{Welcome::ready};
  bool still{false};  // they obey, and take no step

  [[nodiscard]] bool keep(CapsuleId capsule, std::uint64_t memory_bytes, std::uint64_t arena_bytes) override;
  void prepare(CapsuleOrder order) override;
  void start(CapsuleId capsule, Epoch epoch) override { tell(capsule, Start{epoch}); }
  void restore(CapsuleId capsule, Epoch epoch, Bytes manifest) override {
    tell(capsule, Restore{epoch, std::move(manifest)});
  }
  void freeze(CapsuleId capsule) override { tell(capsule, Freeze{}); }
  void thaw(CapsuleId capsule, Epoch epoch, Others others) override {
    tell(capsule, Thaw{epoch, others});
  }
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
  void set_lease(Instant until) override { lease_ = until; }
  std::vector<CapsuleEvent> poll() override { return std::exchange(events_, {}); }

 private:
  struct Prepare {};
  struct Start {
    Epoch epoch;
  };
  struct Restore {
    Epoch epoch;
    Bytes manifest;
  };
  struct Freeze {};
  struct Thaw {
    Epoch epoch;
    Others others;
  };
  struct Suspend {
    bool on;
  };
  struct Call {
    RequestId request;
    std::string method;
  };
  using Command = std::variant<Prepare, Start, Restore, Freeze, Thaw, Suspend, Call>;
  struct Capsule {
    CapsuleOrder order;
    std::deque<Command> commands;
    bool alive{true}, begun{false}, frozen{false}, freeze_wanted{false}, suspended{false};
    Epoch epoch;
    std::uint64_t steps{0}, steps_all{0}, cells{0};
    Instant last_safe_point;
    std::vector<std::byte> arena;
    bool kept{false};
    [[nodiscard]] bool runs() const { return alive && begun && !frozen; }
  };

  static bool begins(Command const& command) {
    auto const* const thaw = std::get_if<Thaw>(&command);
    return std::holds_alternative<Start>(command) || std::holds_alternative<Restore>(command) ||
           (thaw != nullptr && thaw->others != Others::none);
  }
  [[nodiscard]] bool has_lease() const { return !lease_ || clock_.now() < *lease_; }
  [[nodiscard]] bool can_step(Capsule const& capsule) const {
    return capsule.runs() && !capsule.suspended && !still && has_lease();
  }
  void tell(CapsuleId capsule, Command command);
  Capsule* alive(CapsuleId capsule);
  void obey(Capsule& capsule, Prepare const&);
  void obey(Capsule& capsule, Start const& command);
  void obey(Capsule& capsule, Restore const& command);
  void obey(Capsule& capsule, Freeze const&);
  void obey(Capsule& capsule, Thaw const& command);
  void obey(Capsule& capsule, Suspend const& command);
  void obey(Capsule& capsule, Call const& command);
  void begin(Capsule& capsule, Epoch epoch);
  void step(Capsule& capsule);
  void stop(Capsule& capsule);
  void fail(Capsule& capsule, Failure why);
  [[nodiscard]] std::uint64_t* cells_of(Capsule& capsule) const;
  [[nodiscard]] bool adds_up(Capsule& capsule) const;
  [[nodiscard]] Bytes manifest_of(Capsule const& capsule) const;
  [[nodiscard]] std::uint64_t arena_bytes(Capsule const& capsule) const { return capsule.cells * 8; }

  Rank host_;
  Clock const& clock_;
  Census& census_;
  FakeNetwork const& network_;
  std::map<CapsuleId, Capsule> capsules_;
  std::vector<CapsuleEvent> events_;
  std::optional<Instant> lease_;
};

}  // namespace godwit::test
