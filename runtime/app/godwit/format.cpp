#include "app/godwit/format.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
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
