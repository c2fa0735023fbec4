// Small files, whole: read at once, replaced at once. Any thread; blocks on the file system.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace godwit {

// Fails with reject "no_such_file" or retry_later "io_error".
[[nodiscard]] Result<std::string> read_file(std::filesystem::path const& path, std::size_t bytes_max);

// Readers see the old content or the new, and after a crash one of the two: temporary name, fsync,
// rename, directory fsync. `mode` is set exactly, whatever the umask says.
[[nodiscard]] Status replace_file(std::filesystem::path const& path, std::string_view content, mode_t mode);

[[nodiscard]] Status sync_directory(std::filesystem::path const& directory);

// "Permission denied (errno 13)"
[[nodiscard]] std::string errno_text(int error);

}  // namespace godwit
