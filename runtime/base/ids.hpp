// Strong ids: a JobId can't be passed where an Epoch is wanted. All are ordered, printable with fmt,
// and serialised as their number.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>

namespace godwit {

template <class Tag, class Number>
struct Id {
  Number value{};

  constexpr auto operator<=>(Id const&) const = default;
  [[nodiscard]] constexpr Id next() const { return Id{static_cast<Number>(value + 1)}; }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & value;
  }
};

using JobId = Id<struct JobTag, std::uint64_t>;            // counts from 1 per store; 0 = none
using Rank = Id<struct RankTag, std::int32_t>;             // MPI rank; 0 = allocator, -1 = none
using Epoch = Id<struct EpochTag, std::uint64_t>;          // per job; +1 at each change of custody
using Generation = Id<struct GenerationTag, std::uint64_t>;  // per job, counts from 1; 0 = none
using Term = Id<struct TermTag, std::uint64_t>;            // per store; one allocator each
using CommandId = Id<struct CommandTag, std::uint64_t>;    // per world; a user's pending command
using CapsuleId = Id<struct CapsuleTag, std::uint64_t>;    // per host process
using RequestId = Id<struct RequestTag, std::uint64_t>;    // per state machine; matches an answer to its question
using StreamId = Id<struct StreamTag, std::uint64_t>;      // per (source, target) pair; one round of one image

inline constexpr Rank no_rank{-1};
inline constexpr Rank allocator_rank{0};

}  // namespace godwit

template <class Tag, class Number>
struct fmt::formatter<godwit::Id<Tag, Number>> : fmt::formatter<Number> {
  template <class Context>
  auto format(godwit::Id<Tag, Number> id, Context& context) const {
    return fmt::formatter<Number>::format(id.value, context);
  }
};
