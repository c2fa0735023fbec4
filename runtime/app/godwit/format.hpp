// Counts, times and tables as people read them (sizes and durations: base/figures.hpp). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/figures.hpp"
#include "base/time.hpp"

namespace godwit::cli {

using godwit::spell_count;
[[nodiscard]] std::string spell_time(WallTime at);           // local, "2026-11-21 09:14:07"; 0: "–"
[[nodiscard]] std::string spell_time_utc(WallTime at);       // "2026-11-21T09:14:07.123Z", for JSON

// Columns as wide as their widest cell, two spaces apart; the last one is as long as it is.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align{Align::left};
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells);  // as many as there are columns
  [[nodiscard]] std::string text() const;    // with the titles; each line ends in '\n'

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace godwit::cli
