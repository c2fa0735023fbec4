// What users type as values: durations, sizes, key=value, names. Used for the command line and for
// workload files, so that both accept the same spellings. Pure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "job/spec.hpp"

namespace godwit {

// "90s", "10min", "1h30min"; units ns us ms s min h d. "never" is 0.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// How long jobs that are over are remembered, how many of them, or both: "7d", "5000", "7d,5000"; "all": for ever.
struct History {
  Duration age{std::chrono::hours(30 * 24)};  // 0: no limit
  std::uint64_t jobs{100'000};                // likewise
};
[[nodiscard]] Result<History> parse_history(std::string_view text);

// "512MiB", "2G"; units B, K M G T and KiB MiB GiB TiB (1024), kB MB GB TB (1000).
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

// "rows=512" → (rows, 512). The value may be empty and may contain '='.
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_pair(std::string_view text);

// "gpu=1" → (gpu, 1); "gpu" is one of it.
[[nodiscard]] Result<std::pair<std::string, std::int32_t>> parse_resource(std::string_view text);

// A label, a resource's or a group's name; `what` it should be: for the message.
[[nodiscard]] Status check_word(std::string_view what, std::string_view word);

// How hosts are managed: "flat" (0), "per-node" (-1), or so many to a manager, at least 2.
[[nodiscard]] Result<std::int32_t> parse_managers(std::string_view text);

inline constexpr std::int32_t priority_max = 1'000'000;

// "10min", "auto" or "never".
[[nodiscard]] Status set_checkpoint_every(std::string_view word, JobSpec& spec);

// "10": each generation whose number that divides; or a time such as 1h: the first in each.
[[nodiscard]] Status set_keep_every(std::string_view word, Retention& retention);

// A job's name: letters, digits, '_', '.' and '-', beginning with a letter or '_'; not a word that
// means something else where a job is named ("all", "last").
[[nodiscard]] Status check_name(std::string_view name);

// What a job waits for, as --after says it: "7", "plate", "plate:finished", "plate:ended", several with
// commas between them. Also "afterok:7:8" and "afterany:7", as batch systems spell them.
[[nodiscard]] Result<std::vector<Dependency>> parse_dependencies(std::string_view text);

// "finished" or "ended".
[[nodiscard]] Result<Dependency::Until> parse_until(std::string_view word);

// A directory as the user named it, seen from `base`; absolute and without a slash at its end.
[[nodiscard]] std::string directory_from(std::filesystem::path const& base, std::string_view word);

// The account of a job that names none: the user's login name, else "uid1000".
[[nodiscard]] std::string default_account();

}  // namespace godwit
