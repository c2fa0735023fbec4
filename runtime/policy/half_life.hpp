// Half-life: an average of what an account ran, in which what is long past counts for less: half as much with
// each half-life. HTCondor's π(t) = β π(t−δt) + (1−β) ρ, with β = ½^(δt/half-life). Integers only: the same
// on every machine.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace godwit::policy {

// The average is in 2^-20 millicores, so that a core's smallest contribution isn't rounded away.
inline constexpr int average_bits = 20;

[[nodiscard]] std::int64_t averaged(std::int64_t average, std::int64_t running_millicores, Duration interval,
                                    Duration half_life);

// ½^(interval/half_life) as a fraction of 2^62.
[[nodiscard]] std::int64_t remaining_fraction(Duration interval, Duration half_life);

}  // namespace godwit::policy
