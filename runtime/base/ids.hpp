// Strong ids: a JobId can't be passed where an Epoch is wanted. All are ordered, printable with fmt,
// and serialised as their number.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <string_view>

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

// A job: its number counts from 1 per store (0: none); an element of an array has the array's number and
// its own place in it, from 1. Printed as "7" or "7_3". Ordered by number, then by element.
struct JobId {
  std::uint64_t value{};  // number in the low half, element in the high half: a plain job's value is its number

  [[nodiscard]] static constexpr JobId of_element(std::uint32_t number, std::uint32_t element) {
    return {std::uint64_t{element} << 32 | number};
  }
  [[nodiscard]] constexpr std::uint32_t number() const { return static_cast<std::uint32_t>(value); }
  [[nodiscard]] constexpr std::uint32_t element() const { return static_cast<std::uint32_t>(value >> 32); }
  [[nodiscard]] constexpr JobId array() const { return {number()}; }  // the job itself, if it is no element
  [[nodiscard]] constexpr JobId next() const { return {std::uint64_t{number()} + 1}; }  // the next number

  constexpr bool operator==(JobId const&) const = default;
  constexpr std::strong_ordering operator<=>(JobId const& other) const {
    auto const by_number = number() <=> other.number();
    return by_number != 0 ? by_number : element() <=> other.element();
  }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & value;
  }
};

using Rank = Id<struct RankTag, std::int32_t>;             // MPI rank; 0 = allocator, -1 = none
using Epoch = Id<struct EpochTag, std::uint64_t>;          // per job; +1 at each change of custody
using Generation = Id<struct GenerationTag, std::uint64_t>;  // per job, counts from 1; 0 = none
using Term = Id<struct TermTag, std::uint64_t>;            // per store; one allocator each
using CommandId = Id<struct CommandTag, std::uint64_t>;    // per world; a user's pending command
using CapsuleId = Id<struct CapsuleTag, std::uint64_t>;    // per host process
using RequestId = Id<struct RequestTag, std::uint64_t>;    // per state machine; matches an answer to its question
using StreamId = Id<struct StreamTag, std::uint64_t>;      // per (source, target) pair; one round of one image

inline constexpr Rank no_rank{-1};
inline constexpr Rank allocator_rank{0};  // of a world's first allocator

}  // namespace godwit

template <class Tag, class Number>
struct fmt::formatter<godwit::Id<Tag, Number>> : fmt::formatter<Number> {
  template <class Context>
  auto format(godwit::Id<Tag, Number> id, Context& context) const {
    return fmt::formatter<Number>::format(id.value, context);
  }
};

template <>
struct fmt::formatter<godwit::JobId> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(godwit::JobId id, Context& context) const {
    if (id.element() == 0) return fmt::format_to(context.out(), "{}", id.number());
    return fmt::format_to(context.out(), "{}_{}", id.number(), id.element());
  }
};
