// Pruning: deletes those of a job's files that checkpoint/retention.hpp finds superfluous, and what crashed writers left
// behind. What is newer than the lineage's newest, and what any that stays rests on, isn't touched; and nothing is, unless one
// of those that stay verifies. Who is killed in the middle has deleted newer ones first: what is left is whole, and the
// next one goes on. Blocks on the store; any one thread at a time.
#pragma once

#include <filesystem>

#include "message/message.hpp"

namespace godwit {

[[nodiscard]] msg::Pruned prune_job(std::filesystem::path const& store, msg::PruneJob const& order);

// Temporary files in a directory of checkpoints whose writer was a process of this node that has ended. Returns how many.
int sweep_drafts(std::filesystem::path const& directory);

}  // namespace godwit
