#include "edge/capsules/inside/arena.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace godwit::inside {

namespace {

std::uint64_t whole_pages(std::uint64_t bytes) {
  return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

std::optional<std::uint64_t> size_of(Scalar scalar, std::vector<std::uint64_t> const& shape) {
  std::uint64_t bytes = width_bytes(scalar);
  for (auto const extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

}  // namespace

Arena::Arena(SharedMemory memory, std::uint64_t memory_bytes_max, std::atomic<std::uint64_t>& published)
    : memory_(std::move(memory)),
      limit_(memory_bytes_max == 0 ? memory_.size()
                                   : std::min(whole_pages(memory_bytes_max), memory_.size())),
      published_(published) {}

bool Arena::allocate(ArrayBase& array, Scalar scalar, std::vector<std::uint64_t> shape) {
  auto const bytes = size_of(scalar, shape);
  if (!bytes || *bytes > limit_ - used_) return false;
  array.bind(memory_.data() + used_, std::move(shape));
  set_used(used_ + whole_pages(*bytes));
  return true;
}

std::optional<ArrayPlace> Arena::place_of(ArrayBase const& array, Scalar scalar) const {
  if (!array.allocated()) return std::nullopt;
  auto const* const first = static_cast<std::byte const*>(array.address());
  invariant(first >= memory_.data() && first <= memory_.data() + used_,
            "an array that lies outside the arena");
  ArrayPlace place;
  place.scalar = scalar;
  place.shape = array.shape();
  place.offset = static_cast<std::uint64_t>(first - memory_.data());
  place.bytes = size_of(scalar, array.shape()).value_or(0);
  return place;
}

Status Arena::adopt(std::uint64_t bytes) {
  if (bytes > limit_) {
    return reject(
        "memory_limit",
        fmt::format("the image's arrays take {} bytes, and the job may use {}: raise its memory limit", bytes,
                    limit_));
  }
  set_used(bytes);
  return Done{};
}

Status Arena::bind(ArrayBase& array, ArrayPlace const& place) const {
  if (size_of(place.scalar, place.shape) != place.bytes || place.offset > used_ ||
      place.bytes > used_ - place.offset) {
    return data_lost("malformed", fmt::format("array '{}' lies outside its image", place.name));
  }
  array.bind(memory_.data() + place.offset, place.shape);
  return Done{};
}

std::span<std::byte> Arena::bytes_of(ArrayPlace const& place) const {
  if (place.offset > used_ || place.bytes > used_ - place.offset) return {};
  return {memory_.data() + place.offset, place.bytes};
}

void Arena::touch(std::uint64_t bytes) const {
  std::atomic<bool> const never{false};
  memory_.touch(0, bytes, never);
}

void Arena::set_used(std::uint64_t bytes) {
  used_ = bytes;
  published_.store(bytes, std::memory_order_relaxed);
}

}  // namespace godwit::inside
