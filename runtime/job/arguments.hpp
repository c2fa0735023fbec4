// Arguments against what a type takes: of one job, and of a whole array at the cost of its axes' values
// and not of their product.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "job/array.hpp"
#include "job/spec.hpp"

namespace godwit {

// Is this text what a parameter of that kind is written like?
[[nodiscard]] bool well_formed(ParameterKind kind, std::string_view text);

// Marks the axes that are parameters of the type as its arguments, and checks what every element would get.
// Refuses a parameter that is both an axis and an argument, and an axis that looks like a mistyped one.
[[nodiscard]] Status bind_array(JobType const& type, JobArray& array);

}  // namespace godwit
