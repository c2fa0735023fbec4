// Rounds: memory for rounds of pages on their way to or from a partner's copy. A round is gathered from an arena, so
// that its job runs on while the pages leave; and one that comes in is scattered into the copy once it is all here,
// so that the copy is never half of one and half of another. Loop thread; the copying is done on a thread of the
// adapter, and answered by poll().
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "message/message.hpp"
#include "port/written_pages.hpp"

namespace godwit {

namespace rounds {

// The round is made of these ranges of the arena, in this order; or there was no room for it.
struct Gathered { RequestId round; std::vector<msg::PageRange> ranges; bool no_room{false}; };
struct Scattered { RequestId round; };

}  // namespace rounds

using RoundEvent = std::variant<rounds::Gathered, rounds::Scattered>;

class Rounds {
 public:
  virtual ~Rounds() = default;

  // What the job has written since the last round that was gathered from there, or everything: where `whole`, or where
  // nobody knows (`written` may be null). The arena stays as it is until Gathered. A round is named once.
  virtual void gather(RequestId round, std::span<std::byte const> arena, WrittenPages* written, bool whole) = 0;
  // Memory for a round that comes in. Empty: there is none.
  [[nodiscard]] virtual std::span<std::byte> hold(RequestId round, std::uint64_t bytes) = 0;
  // Of a round that was gathered, or is held.
  [[nodiscard]] virtual std::span<std::byte> memory(RequestId round) = 0;
  // Puts what is held where the ranges say. The arena isn't used by anybody else until Scattered.
  virtual void scatter(RequestId round, std::vector<msg::PageRange> ranges, std::span<std::byte> arena) = 0;

  virtual void release(RequestId round) = 0;  // nothing refers to its memory any more
  virtual void abandon(RequestId round) = 0;  // somebody may for ever: a peer has died

  virtual std::vector<RoundEvent> poll() = 0;
};

}  // namespace godwit
