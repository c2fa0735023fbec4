#include "app/godwit/successor.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "app/world/verdict.hpp"
#include "app/world/world_record.hpp"

namespace godwit::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration patience = 120s;      // the suspicion time, a vote, and the ledger to be read
constexpr Duration said_after = 1s;
constexpr Duration between_looks = 50ms;

Failure no_successor(std::filesystem::path const& store, std::string const& why) {
  return peer_lost("unreachable", fmt::format("the allocator of the runtime on {} doesn't answer any more, and {}", store.string(), why));
}

bool pause(SignalWatch* signals) {
  if (signals != nullptr) return signals->came_within(between_looks);
  std::this_thread::sleep_for(between_looks);
  return false;
}

}  // namespace

Result<rpc::Client> await_successor(std::filesystem::path const& store, Term former, SignalWatch* signals,
                                    std::function<bool()> const& over) {
  auto const began = Clock::now();
  for (bool said = false;;) {
    if (auto client = rpc::Client::connect(store); client && client->runtime().term > former) {
      auto const& access = client->runtime();
      fmt::print(stderr, "the allocator of term {} is gone: process {} on {} has taken over, term {}\n", former, access.pid,
                 access.node, access.term);
      return client;
    }
    auto const left = survivors(store, here());
    if (verdict_since(store, former)) return no_successor(store, "its world has ended");
    if ((left.here.empty() && left.elsewhere.empty()) || (over && over()))
      return no_successor(store, "none of its processes is left");
    auto const waited = Clock::now() - began;
    if (waited > patience) return no_successor(store, fmt::format("for {} s nobody has taken over", patience / 1s));
    if (waited > said_after && !std::exchange(said, true)) {
      fmt::print(stderr, "the allocator of term {} doesn't answer any more: waiting for another rank to take over\n", former);
    }
    if (pause(signals)) return retry_later("interrupted", "interrupted while no allocator answered");
  }
}

Result<rpc::Client> connect_patiently(std::filesystem::path const& store) {
  auto client = rpc::Client::connect(store);
  if (client || !rpc::is_unreachable(client.failure())) return client;
  auto const access = rpc::read_access(store);
  if (!access || survivors(store, here()).here.empty()) return client;
  auto next = await_successor(store, access->term);
  return next ? std::move(next) : std::move(client);
}

}  // namespace godwit::cli
