// What a job prints: where it goes, and the last lines of it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "edge/capsules/link/pack.hpp"

namespace godwit {

// STORE-relative, of a job that is no array element: jobs/<id>/stdout, jobs/<id>/stderr.
[[nodiscard]] std::string printed_path(JobId job, char const* stream);

// Where one of a job's two streams goes: to the file that its spec names, if it does; else what an array element
// prints goes to its host's pack, and what another job prints to a file of its own in the store.
struct PrintedPlace {
  std::filesystem::path path;
  bool packed{false};
  std::string in_store;  // the path of a file that lies in the store, relative to it
};
[[nodiscard]] PrintedPlace printed_place(std::filesystem::path const& store, JobId job, PrintedStream stream,
                                         std::filesystem::path const& directory, std::string const& wanted,
                                         std::filesystem::path const& pack);
[[nodiscard]] constexpr char const* name_of(PrintedStream stream) {
  return stream == PrintedStream::out ? "stdout" : "stderr";
}

// The last ten lines, without the newline at the end.
[[nodiscard]] std::string last_lines(std::string_view text);
// The same of a file, or of a memfd; empty if it can't be read.
[[nodiscard]] std::string last_lines_of(int file);
[[nodiscard]] std::string last_lines_of(std::filesystem::path const& path);

// As much of the end as last_lines() looks at.
inline constexpr std::size_t last_bytes_max = 4096;

}  // namespace godwit
