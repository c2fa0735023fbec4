// Why an event isn't folded into the ledger; private to this folder.
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace godwit {

inline constexpr std::int32_t ranks_max = 1 << 20;  // what is kept of each, and asked of all, stays small

[[nodiscard]] inline Failure refused(char const* event, JobId job, std::string const& why) {
  return data_lost("ledger", fmt::format("{} of job {}: {}", event, job, why));
}

}  // namespace godwit
