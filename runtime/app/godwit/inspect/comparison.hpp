// What changed between two checkpoints, as lines of an answer: field by field and file by file. Arrays are
// read a piece at a time, so a state larger than memory can be compared.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "app/godwit/inspect/difference.hpp"
#include "app/godwit/inspect/values.hpp"
#include "edge/hdf5/checkpoint_file.hpp"

namespace godwit::inspect {

enum class Verdict {
  same,
  differs,
  moved,    // a file: one has got further, and what both have is the same
  retyped,  // of another type or shape
  only_in_first,
  only_in_second,
  unreadable,  // a file that can't be read now
};

struct Line {
  std::string name;
  Verdict verdict{Verdict::same};
  char mark{' '};
  std::string text;  // for people
  Json json;         // the same for programs
};

struct Comparison {
  std::vector<Line> notes;   // what the jobs were told to do: no state
  std::vector<Line> fields;  // and arrays
  std::vector<Line> files;
};

// Fails if the bytes of an array are damaged or can't be read; the failure names the file.
[[nodiscard]] Result<Comparison> compare(CheckpointFile const& first, CheckpointFile const& second,
                                         Tolerance const& tolerance);

// The line of two fields of one name.
[[nodiscard]] Line compare_fields(Field const& a, Field const& b, Tolerance const& tolerance);
// The same of two lists of texts or two maps of one kind.
[[nodiscard]] Line compare_entries(Field const& a, Field const& b, Tolerance const& tolerance);
[[nodiscard]] std::string type_text(Field const& field);
// The line of two runs of numbers of that shape.
[[nodiscard]] Line numbers_line(std::string name, Difference const& difference,
                                std::vector<std::uint64_t> const& shape);
[[nodiscard]] Line retyped_line(std::string name, std::string const& before, std::string const& after);

}  // namespace godwit::inspect
