#include "base/figures.hpp"

#include <fmt/format.h>

#include <array>

namespace godwit {

namespace {

// value/unit with one decimal, rounded half up.
std::string tenths(std::uint64_t value, std::uint64_t unit, char const* name) {
  auto const whole = value / unit;
  auto const rest = value % unit;
  auto const rounded = whole * 10 + (rest * 10 + unit / 2) / unit;
  return fmt::format("{}.{} {}", rounded / 10, rounded % 10, name);
}

}  // namespace

std::string spell_bytes(std::uint64_t bytes) {
  constexpr std::array names{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  std::size_t step = 0;
  while (step + 1 < names.size() && bytes >= std::uint64_t{1024} << (10 * (step + 1))) ++step;
  return tenths(bytes, std::uint64_t{1024} << (10 * step), names[step]);
}

std::string spell_count(std::uint64_t count) {
  auto digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string spell_duration(Duration duration) {
  constexpr std::uint64_t us = 1'000, ms = 1'000'000, s = 1'000'000'000;
  if (duration < Duration{0}) return "-" + spell_duration(-duration);
  auto const ns = static_cast<std::uint64_t>(duration.count());
  if (ns < us) return fmt::format("{} ns", ns);
  if (ns < ms) return fmt::format("{} µs", (ns + us / 2) / us);
  if (ns < 10 * ms) return tenths(ns, ms, "ms");
  if (ns < s) return fmt::format("{} ms", (ns + ms / 2) / ms);
  if (ns < 60 * s) return tenths(ns, s, "s");
  return fmt::format("{} min {} s", ns / (60 * s), ns / s % 60);
}

}  // namespace godwit
