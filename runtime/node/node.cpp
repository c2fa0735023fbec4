#include "node/node.hpp"

#include <algorithm>
#include <set>

#include "node/allocator_loop.hpp"
#include "node/host_loop.hpp"
#include "node/succession.hpp"

namespace godwit {

namespace {
constexpr Duration sleep_max = 1s;
}

struct Node::Core {
  explicit Core(WorldPorts ports) : world(ports), post(ports.transport, ports.log) {}

  void deliver(Delivered&& delivered);
  void deliver(PagesSent const& event);
  void deliver(PagesReceived const& event);
  void deliver(PeerDied const& event);
  bool look_after_succession();
  void begin(Successor begun);
  void end_successor();
  // The state machines are done, and all that they said has left; or they are waited for no longer.
  [[nodiscard]] std::optional<int> exit_code(bool quiet) const;

  template <class F>
  void each(F function) {
    if (allocator) function(*allocator);
    if (host) function(*host);
  }

  WorldPorts world;
  Post post;
  std::optional<Succession> succession;
  std::optional<Successor> successor;  // whose loop `allocator` is then
  std::optional<AllocatorLoop> allocator;
  std::optional<HostLoop> host;
  std::set<Rank> dead;  // an allocator that begins later must know, too
};

Node::Node(WorldPorts world, AllocatorPorts ports, allocator::Allocator& allocator)
    : core_(std::make_unique<Core>(world)) {
  core_->allocator.emplace(world, ports, core_->post, allocator);
}
Node::Node(WorldPorts world, HostPorts ports, host::Host& host) : core_(std::make_unique<Core>(world)) {
  core_->host.emplace(world, ports, core_->post, host);
  if (ports.succession) core_->succession.emplace(*ports.succession, world);
}
Node::~Node() = default;

void Node::begin(allocator::Began began) {
  invariant(core_->allocator.has_value(), "a host doesn't begin as an allocator");
  core_->allocator->begin(std::move(began));
  core_->post.send_outgoing();
}

void Node::begin(host::Began began) {
  invariant(core_->host.has_value(), "the allocator doesn't begin as a host");
  core_->host->begin(began);
  core_->post.send_outgoing();
}

void Node::stop_wanted() {
  core_->each([](Loop& loop) { loop.stop_wanted(); });
}

allocator::Allocator const* Node::successor() const {
  return core_->successor ? core_->successor->allocator.get() : nullptr;
}

bool Node::leads() const {
  return core_->allocator && core_->allocator->leads();
}

std::size_t Node::held_back() const {
  return core_->allocator ? core_->allocator->held_back() : 0;
}

// A message for a machine that isn't here goes to the one that is, to be complained of.
void Node::Core::deliver(Delivered&& delivered) {
  if (auto const* const parcel = std::get_if<msg::Parcel>(&delivered.message)) {
    bool const arrived = parcel->up && allocator && parcel->allocator == world.transport.self();
    if (arrived) return allocator->handle(std::move(delivered));
    bool const for_nobody = parcel->up && parcel->allocator == world.transport.self();  // it has stepped down
    if (host && !for_nobody) host->handle(std::move(delivered));
    return;
  }
  bool const to_allocator = course_of(delivered.message) == Course::to_allocator;
  if (allocator && (to_allocator || !host)) return allocator->handle(std::move(delivered));
  if (host) host->handle(std::move(delivered));
}

void Node::Core::deliver(PagesSent const& event) {
  each([&](Loop& loop) { loop.handle(event); });
}

void Node::Core::deliver(PagesReceived const& event) {
  each([&](Loop& loop) { loop.handle(event); });
}

void Node::Core::deliver(PeerDied const& event) {
  dead.insert(event.peer);
  each([&](Loop& loop) { loop.handle(event); });
}

bool Node::Core::look_after_succession() {
  if (!succession) return false;
  auto claim = host->take_claim();
  if (claim && !allocator) succession->take_over(*std::move(claim));
  auto begun = succession->poll();
  if (succession->take_counted_out()) host->counted_out();
  if (!begun || allocator) return claim.has_value();
  begin(*std::move(begun));
  return true;
}

void Node::Core::begin(Successor begun) {
  successor = std::move(begun);
  auto& office = *successor->office;
  allocator.emplace(world, AllocatorPorts{*successor->journal, office.control(), office.catalogue()}, post,
                    *successor->allocator);
  allocator->begin(std::move(successor->began));
  for (auto const peer : dead) allocator->handle(PeerDied{peer});
}

// It was deposed: the host goes on without it.
void Node::Core::end_successor() {
  allocator.reset();
  successor.reset();
}

std::optional<int> Node::Core::exit_code(bool quiet) const {
  auto const done = [&](Loop const& loop) {
    return loop.exit_code() && ((quiet && loop.idle()) || loop.now() >= loop.leave_by());
  };
  if (host && !done(*host)) return std::nullopt;
  if (allocator && !done(*allocator)) return std::nullopt;
  return allocator ? allocator->exit_code() : host->exit_code();
}

Node::Turn Node::turn() {
  auto& core = *core_;
  bool const in_flight = core.post.poll();
  bool happened = false;
  while (auto incoming = core.post.next()) {
    std::visit([&](auto&& held) { core.deliver(std::move(held)); }, *std::move(incoming));
    happened = true;
  }
  core.each([&](Loop& loop) { happened = loop.poll_ports() || happened; });
  happened = core.look_after_succession() || happened;
  auto const now = core.world.clock.now();
  core.each([&](Loop& loop) { happened = loop.fire_due(now) || happened; });
  happened = core.post.send_outgoing() || core.post.any() || happened;

  Turn turned{in_flight || happened, happened, {}, {}};
  auto const wake = [&](Instant at) {
    if (at != Instant{}) turned.next_timer = turned.next_timer == Instant{} ? at : std::min(turned.next_timer, at);
  };
  core.each([&](Loop& loop) {
    turned.active = turned.active || loop.urgent(now);
    wake(loop.next_timer());
    if (loop.exit_code() && loop.leave_by() > now) wake(loop.leave_by());
  });
  turned.exit_code = core.exit_code(!in_flight && !happened);
  if (core.successor && core.allocator->deposed() && core.allocator->exit_code() && core.allocator->idle()) {
    core.end_successor();
  }
  return turned;
}

int Node::run(Sleeper& sleeper, std::function<void()> const& before_turn) {
  for (;;) {
    if (before_turn) before_turn();
    auto const turned = turn();
    if (turned.exit_code) return *turned.exit_code;
    if (turned.happened) continue;
    auto at_most = sleep_max;
    if (turned.next_timer != Instant{}) {
      at_most = std::clamp(turned.next_timer - core_->world.clock.now(), Duration{0}, sleep_max);
    }
    if (at_most > Duration{0}) sleeper.sleep(at_most, turned.active);
  }
}

}  // namespace godwit
