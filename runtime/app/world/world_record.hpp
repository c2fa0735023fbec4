// STORE/ledger/world.json: which processes the newest world consists of, and which of earlier worlds may hold
// a lease yet. A world that didn't end cleanly may have left hosts behind that still run jobs, until their
// leases are out. The next one waits for that, unless this file lets it prove that they have all ended; and
// as it may die while it waits, it hands on to its own successor whose end it couldn't prove. Start and end
// of rank 0 only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace godwit {

// Which process, where. Its end is proven only on its own node: by its absence, or by a boot since.
struct Process {
  std::int32_t pid{0};
  std::string node, boot_id;
  std::int32_t zygote{0};  // its capsules live until this has ended, too; 0: it has none
};

// Of an earlier world, and not proven to have ended.
struct Remnant {
  Process process;  // {}: whoever they were, there is no telling
  Duration lease{0};
  std::string found_boot;  // it was over when its successor began: then, on the clock of that boot
  Instant found;
};

// Where and when the question is asked.
struct Here {
  std::string node, boot_id;
  Instant now;
};

[[nodiscard]] Here here();

// Of the newest world, unless it ended in order: those that live, as far as can be told from here, and those of whom
// nobody can tell here. One of them may be the allocator soon, if it isn't.
struct Survivors {
  std::vector<Process> here, elsewhere;
};
[[nodiscard]] Survivors survivors(std::filesystem::path const& store, Here const& here);

[[nodiscard]] Status record_world(std::filesystem::path const& ledger, Term term, Duration lease,
                                  std::vector<Process> const& processes,
                                  std::vector<Remnant> const& remnants);

// Who of the world before and of earlier ones may hold a lease. `all_quiesced`: the world before parked its
// jobs and left. `fallback`: the lease if there is no telling.
[[nodiscard]] std::vector<Remnant> read_remnants(std::filesystem::path const& ledger, bool all_quiesced,
                                                 Duration fallback, Here const& here);

// Those whose lease may last still. Instants of another boot tell nothing: that lease begins anew.
[[nodiscard]] std::vector<Remnant> still_leased(std::vector<Remnant> remnants, Here const& here);

// How long, from now on, until the last of them is out; 0: there are none.
[[nodiscard]] Duration leases_left(std::vector<Remnant> const& remnants, Here const& here);

}  // namespace godwit
