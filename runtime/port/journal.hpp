// Journal: the allocator's append-only log. Appends are durable in order; group commit on a thread of
// the adapter. A write error is fatal to the allocator's authority: it is reported, and nothing after
// it is ever reported durable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace godwit {

using JournalPosition = std::uint64_t;  // counts appends from 1

class Journal {
 public:
  virtual ~Journal() = default;
  virtual JournalPosition append(Bytes record) = 0;  // which isn't empty
  // Its writer leads until then, by its host's clock; what comes to the disk later than it is appended is kept back from there on until
  // a later instant is given: who was stopped writes no more, though it had appended. Without a call there is no such instant.
  virtual void lead_until(Instant) {}
  // The newest position that is durable; a failure once the log can't be written.
  virtual Result<JournalPosition> durable() = 0;
  // Why nothing becomes durable for now, though it will: the store is full, or fails. None: all is well, or will never be again.
  [[nodiscard]] virtual std::optional<Failure> hindrance() { return std::nullopt; }
  // Its writer leads, at this instant: what follows from the log so far may take its place, as soon as that pays. Positions go on.
  // What is durable stays so all the while, and no append waits for it for long.
  virtual void may_compact() {}
  // What came in between: told once, for people.
  [[nodiscard]] virtual std::optional<std::string> trouble() { return std::nullopt; }
};

}  // namespace godwit
