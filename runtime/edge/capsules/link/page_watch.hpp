// Which pages of a mapping were written: the kernel's asynchronous write protection (userfaultfd with
// WP_ASYNC, and PAGEMAP_SCAN: Linux 6.7), which costs a writer under a microsecond for the first write to a
// page, and works unprivileged.
//
// Tracking is of a mapping, not of memory: the process that writes registers its own (watch_writes) and may
// hand both descriptors to another one, which then scans and arms again. What is written through another
// mapping of the same memory, by pwrite() on its file, or by a child that was forked is not seen.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

struct PageWatch {
  UniqueFd faults;                   // the registration lives as long as anybody has it open
  UniqueFd pagemap;                  // of the process that registered
  std::uint64_t start{0}, bytes{0};  // the mapping, in that process
};

// Of the calling process's own mapping; whole pages. Fails where the kernel can't do that.
[[nodiscard]] Result<PageWatch> watch_writes(void* start, std::uint64_t bytes);

// Calls `each(first, end)` with byte offsets from the mapping's start for what was written among its first
// `bytes` since it was scanned last, in order, and arms it again; a page not scanned before counts as written
// once it was touched. False if that can't be known: the mapping, or its process, is gone.
[[nodiscard]] bool scan_writes(PageWatch const& watch, std::uint64_t bytes,
                               std::function<void(std::uint64_t first, std::uint64_t end)> const& each);

// Does this kernel keep its word? Pages of shared memory are written, and must be reported, those alone,
// round after round, also if the process that scans isn't the one that writes. Empty if so, else what is
// wrong.
[[nodiscard]] std::string why_writes_cannot_be_watched();

}  // namespace godwit
