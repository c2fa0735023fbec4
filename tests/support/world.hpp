// World: an allocator and hosts, the real ones, in real nodes, over fakes, in one thread. Which of them
// gets further, by one small piece of work, is drawn from a seed: messages between different ranks
// overtake each other, commands cross events, the journal lags behind. The same seed gives the same
// world, frame by frame. Nothing sleeps; a virtual clock passes some time at each step.
//
// The Census fails the test at the first moment at which a job has two runners, or loses or doubles a
// step. A severe note fails it too, unless it is expected.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/node.hpp"
#include "support/fake_capsules.hpp"
#include "support/fake_network.hpp"
#include "support/fake_rank0.hpp"
#include "support/fake_rounds.hpp"
#include "support/fake_store.hpp"
#include "support/virtual_clock.hpp"

namespace godwit::test {

// What outlives a world: the store, and the ledger's records of all former terms; and the Census, which
// knows what was lost with a world that didn't end cleanly.
struct Remains {
  Shelf shelf;
  std::vector<Bytes> records;
  Census census;
  Term term{0};
};

// A job that counts to `steps` in an arena of `cells` numbers.
[[nodiscard]] JobSpec counting(std::uint64_t steps, Duration checkpoint_every = {}, std::uint64_t cells = 16);

class World {
 public:
  struct Settings {
    int hosts{3};
    std::int32_t slots{64};
    std::uint64_t seed{1};
    allocator::Settings allocator{};
  };
  World(Settings settings, Remains& remains);
  ~World();

  // One piece of work somewhere, drawn by chance.
  void step();
  // Steps until it holds, or fails the test after `steps_max`.
  bool until(std::function<bool()> const& holds, std::uint64_t steps_max = 3'000'000);

  CommandId give(Command command) { return control.give(std::move(command)); }
  [[nodiscard]] bool answered(CommandId id) const { return control.answers.contains(id); }
  // Steps until it is answered; the answer.
  template <class A>
  A ask(Command command) {
    auto const id = give(std::move(command));
    return answer<A>(id);
  }
  template <class A>
  A answer(CommandId id) {
    if (!until([&] { return answered(id); })) return {};
    auto const& given = control.answers.at(id);
    if (auto const* const refusal = std::get_if<cmd::Refusal>(&given)) {
      ADD_FAILURE() << "refused: " << refusal->why.context;
      return {};
    }
    return std::get<A>(given);
  }
  JobId submit(JobSpec spec);
  // The process of this host ends, and with it its capsules; every other rank is told.
  void kill(Rank host);
  // A severe note that contains this is expected; any other fails the test.
  void expect_severe(std::string part) { expected_severe_.push_back(std::move(part)); }
  // Ends the world as godwit stop does; nothing runs any more.
  cmd::Stopped stop();

  [[nodiscard]] Ledger const& ledger() const { return allocator_->ledger(); }
  [[nodiscard]] JobRecord const& record(JobId job) const { return *ledger().find(job); }
  [[nodiscard]] FakeCapsules& capsules(Rank host) { return hosts_.at(index(host))->capsules; }
  [[nodiscard]] FakeRounds& rounds(Rank host) { return hosts_.at(index(host))->rounds; }
  [[nodiscard]] FakeStore& store(Rank host) { return hosts_.at(index(host))->store; }
  [[nodiscard]] Digest trace() const { return network.trace(); }

  Random random;
  VirtualClock clock;
  FakeNetwork network;
  FakeJournal journal;
  FakeControl control;
  FakeCatalogue catalogue;
  FakeLog log;

 private:
  struct HostSide {
    HostSide(World& world, Rank rank, std::int32_t slots);
    FakeTransport transport;
    FakeCapsules capsules;
    FakeStore store;
    FakeRounds rounds;
    FakeGauge gauge;
    host::Host host;
    Node node;
    bool left{false};
    bool dead{false};
  };
  static std::size_t index(Rank host) { return static_cast<std::size_t>(host.value - 1); }
  void turn(Node& node, bool& left);

  Remains& remains_;
  FakeTransport transport_;
  std::unique_ptr<allocator::Allocator> allocator_;
  std::unique_ptr<Node> node_;
  bool left_{false};
  std::vector<std::unique_ptr<HostSide>> hosts_;
  std::vector<std::string> expected_severe_;
};

}  // namespace godwit::test
