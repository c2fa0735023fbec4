// What a job was asked to be, as a text in its checkpoints: with it a lost ledger can be made again. Only what isn't in the
// label besides. JSON: people may read it, and a reader that knows fewer keys, or more, goes on with what there is.
#pragma once

#include <string>

#include "port/checkpoint_store.hpp"

namespace godwit {

[[nodiscard]] std::string specification_of(CheckpointLabel const& label);

// Fills in what the text says; what it doesn't, or says in another way than expected, keeps its default.
void take_specification(std::string const& text, CheckpointLabel& label);

}  // namespace godwit
