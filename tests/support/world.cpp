#include "support/world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::test {

namespace {

Ledger replay(std::vector<Bytes> const& records) {
  Ledger ledger;
  for (auto const& record : records) {
    auto const event = decode<LedgerEvent>(record);
    EXPECT_TRUE(event.ok());
    auto const applied = ledger.apply(*event);
    EXPECT_TRUE(applied.ok()) << applied.failure().context;
  }
  return ledger;
}

host::Settings host_settings(Rank rank, std::int32_t slots) {
  host::Settings settings;
  settings.pid = 1000 + rank.value;
  settings.node = "node";
  settings.has.cores = slots;
  return settings;
}

}  // namespace

World::HostSide::HostSide(World& world, Rank rank, std::int32_t slots)
    : transport(world.network, rank),
      capsules(rank, world.clock, world.remains_.census, world.network),
      store(world.remains_.shelf),
      host(rank, host_settings(rank, slots)),
      node({transport, world.clock, world.log}, HostPorts{capsules, store, rounds, gauge}, host) {}

World::World(Settings settings, Remains& remains)
    : random(settings.seed),
      network(settings.hosts + 1),
      remains_(remains),
      transport_(network, allocator_rank) {
  catalogue.types.push_back(counting_type());
  remains_.term = remains_.term.next();
  allocator_ = std::make_unique<allocator::Allocator>(settings.allocator, replay(remains_.records));
  node_ = std::make_unique<Node>(WorldPorts{transport_, clock, log},
                                 AllocatorPorts{journal, control, catalogue}, *allocator_);
  for (int rank = 1; rank <= settings.hosts; ++rank) {
    hosts_.push_back(std::make_unique<HostSide>(*this, Rank{rank}, settings.slots));
  }
  node_->begin(allocator::Began{remains_.term, settings.hosts + 1, Duration{0}});
  for (auto& host : hosts_) host->node.begin(host::Began{});
}

World::~World() {
  for (auto const& note : log.notes) {
    bool const expected = std::ranges::any_of(
        expected_severe_, [&](auto const& part) { return note.text.find(part) != std::string::npos; });
    EXPECT_TRUE(note.level != Level::severe || expected) << note.text;
  }
  // What was appended and not yet durable is lost.
  journal.records.resize(journal.synced());
  remains_.records.insert(remains_.records.end(), journal.records.begin(), journal.records.end());
}

void World::turn(Node& node, bool& left) {
  if (!left) left = node.turn().exit_code.has_value();
}

void World::step() {
  clock.pass(Duration{static_cast<std::int64_t>(1000 + random.below(40'000))});
  auto const host = random.below(hosts_.size());
  auto& side = *hosts_[host];
  if (side.dead) return;
  switch (random.below(8)) {
    case 0:
      return turn(*node_, left_);
    case 1:
    case 2:
      return turn(side.node, side.left);
    case 3:
    case 4:
      network.advance(random);
      return;
    case 5:
      for (auto several = 1 + random.below(8); several > 0; --several) side.capsules.advance(random);
      return;
    case 6:
      side.store.advance(random);
      return;
    default:
      return journal.sync_one();
  }
}

bool World::until(std::function<bool()> const& holds, std::uint64_t steps_max) {
  for (std::uint64_t steps = 0; steps < steps_max; ++steps) {
    if (holds()) return true;
    if (testing::Test::HasFailure()) return false;
    step();
  }
  ADD_FAILURE() << "nothing more seems to happen; the last notes were:";
  auto const first = log.notes.size() > 20 ? log.notes.size() - 20 : 0;
  for (auto at = first; at < log.notes.size(); ++at) {
    ADD_FAILURE() << log.notes[at].job.value << "@" << log.notes[at].epoch.value << " " << log.notes[at].text;
  }
  return false;
}

JobSpec counting(std::uint64_t steps, Duration checkpoint_every, std::uint64_t cells) {
  JobSpec spec;
  spec.type = "count";
  spec.arguments = {{"steps", std::to_string(steps)}, {"cells", std::to_string(cells)}};
  spec.account = "tester";
  spec.directory = "/";
  spec.checkpoint_every = checkpoint_every;
  return spec;
}

void World::kill(Rank host) {
  auto& side = *hosts_.at(index(host));
  side.dead = true;
  side.capsules.perish();
  network.die(host);
}

JobId World::submit(JobSpec spec) {
  auto const submitted = ask<cmd::Submitted>(cmd::Submit{{std::move(spec)}, false});
  if (submitted.jobs.size() != 1) {
    ADD_FAILURE() << "one job was submitted";
    return {};
  }
  return submitted.jobs.front();
}

cmd::Stopped World::stop() {
  auto const id = give(cmd::Stop{});
  bool const over = until([&] {
    return left_ && answered(id) &&
           std::ranges::all_of(hosts_, [](auto const& host) { return host->left || host->dead; });
  });
  if (!over) return {};
  for (auto& host : hosts_) EXPECT_EQ(host->capsules.alive(), 0U);
  EXPECT_EQ(remains_.census.runners(), 0U);
  return std::get<cmd::Stopped>(control.answers.at(id));
}

}  // namespace godwit::test
