// An allocator that doesn't answer any more may have died, and another rank of its world may take its place: waiting for
// that, instead of telling users that their runtime is gone. One thread.
#pragma once

#include <filesystem>
#include <functional>

#include "app/godwit/signals.hpp"
#include "base/result.hpp"
#include "edge/rpc/client.hpp"

namespace godwit::cli {

// A client of an allocator of a newer term. Waits for one while a rank of the world may live, and nothing says that it
// has ended: neither its verdict nor `over`, if that is given. Says on stderr what it waits for. Fails with code
// "unreachable"; "interrupted" if a signal came.
[[nodiscard]] Result<rpc::Client> await_successor(std::filesystem::path const& store, Term former, SignalWatch* signals = nullptr,
                                                  std::function<bool()> const& over = {});

// To the runtime of that store; where it doesn't answer, though a process of it is seen to live here, to its next allocator.
[[nodiscard]] Result<rpc::Client> connect_patiently(std::filesystem::path const& store);

}  // namespace godwit::cli
