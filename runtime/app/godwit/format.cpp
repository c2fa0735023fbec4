#include "app/godwit/format.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/panic.hpp"

namespace godwit::cli {
namespace {

// Characters as shown, not bytes: continuation bytes of UTF-8 don't count.
std::size_t width_of(std::string const& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string spell_bytes(std::uint64_t bytes) {
  static constexpr std::array<char const*, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (amount >= 1023.95 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, units[unit]);
}

std::string spell_duration(Duration duration) {
  auto const ns = static_cast<double>(duration.count());
  auto const spell = [](double amount, char const* unit) {
    return amount < 9.95 ? fmt::format("{:.1f} {}", amount, unit) : fmt::format("{:.0f} {}", amount, unit);
  };
  if (ns < 999.5e3) return spell(ns / 1e3, "µs");
  if (ns < 999.5e6) return spell(ns / 1e6, "ms");
  if (ns < 99.5e9) return spell(ns / 1e9, "s");
  auto const seconds = duration.count() / 1'000'000'000;
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string spell_count(std::uint64_t count) {
  auto digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string spell_time(WallTime at) {
  if (at.unix_ns == 0) return "–";
  auto const seconds = static_cast<std::time_t>(at.unix_ns / 1'000'000'000);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(seconds));
}

std::string spell_time_utc(WallTime at) {
  auto const seconds = static_cast<std::time_t>(at.unix_ns / 1'000'000'000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), at.unix_ns / 1'000'000 % 1000);
}

void Table::add(std::vector<std::string> cells) {
  invariant(cells.size() == columns_.size(), "a table row has one cell per column");
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = width_of(columns_[i].title);
    for (auto const& row : rows_) width = std::max(width, width_of(row[i]));
    widths.push_back(width);
  }
  std::string all;
  auto const add_line = [&](auto const& cell_at) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      std::string const& cell = cell_at(i);
      std::string const padding(widths[i] - width_of(cell), ' ');
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::right ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    all += line + '\n';
  };
  add_line([&](std::size_t i) -> std::string const& { return columns_[i].title; });
  for (auto const& row : rows_) add_line([&](std::size_t i) -> std::string const& { return row[i]; });
  return all;
}

}  // namespace godwit::cli
