#include "node/node.hpp"

#include <algorithm>

#include "node/allocator_loop.hpp"
#include "node/host_loop.hpp"

namespace godwit {

namespace {
constexpr Duration sleep_max = 1s;
}

struct Node::Core {
  std::optional<AllocatorLoop> allocator;
  std::optional<HostLoop> host;

  Loop& loop() { return allocator ? static_cast<Loop&>(*allocator) : *host; }
};

Node::Node(WorldPorts world, AllocatorPorts ports, allocator::Allocator& allocator)
    : core_(std::make_unique<Core>()) {
  core_->allocator.emplace(world, ports, allocator);
}
Node::Node(WorldPorts world, HostPorts ports, host::Host& host) : core_(std::make_unique<Core>()) {
  core_->host.emplace(world, ports, host);
}
Node::~Node() = default;

void Node::begin(allocator::Began began) {
  invariant(core_->allocator.has_value(), "a host doesn't begin as an allocator");
  core_->allocator->begin(began);
}

void Node::begin(host::Began began) {
  invariant(core_->host.has_value(), "the allocator doesn't begin as a host");
  core_->host->begin(began);
}

void Node::stop_wanted() {
  core_->loop().stop_wanted();
}

allocator::Allocator const* Node::successor() const {
  return nullptr;
}

Node::Turn Node::turn() {
  return core_->loop().turn();
}

int Node::run(Sleeper& sleeper, std::function<void()> const& before_turn) {
  for (;;) {
    if (before_turn) before_turn();
    auto const turned = turn();
    if (turned.exit_code) return *turned.exit_code;
    if (turned.happened) continue;
    auto at_most = sleep_max;
    if (turned.next_timer != Instant{}) {
      at_most = std::clamp(turned.next_timer - core_->loop().now(), Duration{0}, sleep_max);
    }
    if (at_most > Duration{0}) sleeper.sleep(at_most, turned.active);
  }
}

}  // namespace godwit
