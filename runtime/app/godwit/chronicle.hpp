// The ledger's events in plain words. Pure.
#pragma once

#include <optional>
#include <string>

#include "ledger/event.hpp"

namespace godwit::cli {

struct Entry {
  WallTime at;               // 0: not recorded with this event
  std::optional<JobId> job;  // whose it is
  Rank host{no_rank};
  Epoch epoch;
  std::string event;    // "moved", for programs
  std::string what;     // "moved to host 3", for people
  std::string who;      // of a command
  std::string refusal;  // likewise, if nothing came of it
};

[[nodiscard]] Entry entry_of(LedgerEvent const& event);

// Of one element of an array: its own submission.
[[nodiscard]] Entry entry_of_element(log::Submitted const& array, JobId element);

}  // namespace godwit::cli
