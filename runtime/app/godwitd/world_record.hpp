// STORE/ledger/world.json: which processes the newest world consisted of. A world that didn't end cleanly
// may have left hosts behind that still run jobs, until their leases are out. The next one waits for
// that, unless this file lets it prove that they have all ended. Start-up only.
#pragma once

#include <filesystem>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "edge/mpi/mpi_world.hpp"

namespace godwit {

[[nodiscard]] Status record_world(std::filesystem::path const& ledger, Term term, Duration lease,
                                  std::vector<Peer> const& peers);

// How long hosts of the world before might still run jobs, from now on; 0: they have provably ended.
// `fallback`: if there is no telling.
[[nodiscard]] Duration old_leases(std::filesystem::path const& ledger, Duration fallback);

}  // namespace godwit
