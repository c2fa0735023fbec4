// Numbers of any kind as text and JSON, and the names of their types as NumPy has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "godwit/scalar.hpp"
#include "state/manifest.hpp"
#include "state/plain_values.hpp"
#include "state/spelling.hpp"

namespace godwit::inspect {

using Json = nlohmann::ordered_json;

[[nodiscard]] char const* type_name(Scalar scalar);                             // "float64"
[[nodiscard]] std::string shape_text(std::vector<std::uint64_t> const& shape);  // "4096 × 4096"; "" if scalar

// The number that begins at `at`: shortest text that reads back the same; "true", "false".
using godwit::number_text;
[[nodiscard]] Json number_json(Scalar scalar, std::byte const* at);  // null if not finite
[[nodiscard]] std::string real_text(double value);                   // 6 digits

[[nodiscard]] Json job_json(JobId job);  // 7, or "7_3" for an element of an array
[[nodiscard]] std::string type_name(FieldKind const& kind);      // "text", "map of text to int64"
[[nodiscard]] std::uint64_t count_of(Field const& field);        // elements of a list, pairs of a map; else 1
[[nodiscard]] std::string plain_text(PlainView const& value);    // a number, or a text as it is

// A plain value: a number, or a text in quotes, cut to a width that fits a terminal.
[[nodiscard]] std::string entry_text(PlainView const& value);
// A field on one line, cut to a width that fits a terminal.
[[nodiscard]] std::string field_text(Field const& field);
[[nodiscard]] Json field_json(Field const& field);

}  // namespace godwit::inspect
