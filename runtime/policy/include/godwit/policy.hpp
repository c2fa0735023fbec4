// Policy: who is served next. The scheduler keeps the share tree and knows what fits where; a policy only says how
// accounts and groups stand against their siblings, by a key: the lowest goes first, at each level of the tree. All
// of a policy's memory is each node's score, which the ledger keeps for it: a policy itself has no state, so that any
// allocator that takes over goes on alike. Integers only, and no exceptions: rank 0 would end.
//
// A user's own policy is a plugin that implements this interface: docs/own-policy.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace godwit::policy {

// An account, or a group: then the sums over its members.
struct Standing {
  std::int64_t score{0};               // what the policy last made of it; 0 at first
  std::int64_t shares{1};
  std::int64_t sibling_shares{1};      // with its own
  std::int64_t entitled_millicores{0};  // its share of the capacity, and the hosts that it owns
  std::int64_t running_millicores{0};   // all that its jobs hold
  std::int64_t charged_millicores{0};   // of them, those on hosts that it doesn't own
  std::int64_t waiting{0};              // its requests
  std::int64_t capacity_millicores{0};  // of all hosts
  std::uint64_t served{0};              // when it was last served: that placement's number; 0: never
  std::int64_t sibling_score{0};        // the sum of its siblings' scores, with its own, at the last interval
};

enum class Discipline : std::uint8_t {
  by_account,  // the account with the lowest key that has a request which fits; its oldest of the highest priority
  in_order,    // the oldest request of all; while it doesn't fit nobody starts: first come, first served
  backfill,    // likewise, but who can't delay it may start meanwhile: EASY
  lottery,     // any request that fits, each as likely
};

class Policy {
 public:
  virtual ~Policy() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Discipline discipline() const { return Discipline::by_account; }
  // Its score from now on, after an interval in which it stood like that. Not asked about who has no jobs and a score of
  // 0: that stays.
  [[nodiscard]] virtual std::int64_t after_interval(Standing const& standing, std::chrono::nanoseconds /*interval*/) const {
    return standing.score;
  }
  // What siblings are ordered by; the lowest first. With neither jobs nor a score it mustn't depend on the siblings.
  // Ties: who runs less on what isn't its own, relative to its shares
  // (with equal shares: fewer cores), then whose next request is the oldest (of
  // different demands: of those requests that are first of theirs).
  [[nodiscard]] virtual std::int64_t key(Standing const& standing) const { return standing.score; }
  // Groups with equal keys are as one: their members are ordered as if all were siblings. (Else ties part groups, too.)
  [[nodiscard]] virtual bool merges_ties() const { return false; }
  // May an account's jobs be made to wait for those of an account with a lower key?
  [[nodiscard]] virtual bool preempts() const { return false; }
};

// ---- the plugin

// Counts up with every incompatible change of this header; a plugin built for another is refused.
inline constexpr std::uint32_t policy_interface_version = 1;
inline constexpr std::uint32_t policy_magic = 0x70776467;  // "gdwp"

struct PolicyDescriptor {  // the first two members never move
  std::uint32_t magic;
  std::uint32_t interface_version;
  char const* compiler;  // __VERSION__: classes cross the boundary
  Policy* (*make)();
};

}  // namespace godwit::policy

// One per shared object: its policy.
#define GODWIT_POLICY(Class)                                                                                    \
  extern "C" __attribute__((visibility("default"))) godwit::policy::PolicyDescriptor const godwit_policy{       \
      godwit::policy::policy_magic, godwit::policy::policy_interface_version, __VERSION__,                      \
      []() -> godwit::policy::Policy* { return new Class(); }};
