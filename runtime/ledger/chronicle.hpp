// Chronicle: what is told of former events once the log has been made shorter: those of each job that isn't forgotten, and of
// runtimes and commands; a bounded number of each. For people: nothing follows from it. An element that finished without
// incident is told from its entry (ledger/record.hpp) instead.
#pragma once

#include <deque>
#include <functional>

#include "base/bytes.hpp"
#include "ledger/ledger.hpp"

namespace godwit {

class Chronicle {
 public:
  static constexpr std::size_t first_of_job = 8;    // of those of one job, so many are kept, and
  static constexpr std::size_t newest_of_job = 56;  // so many
  static constexpr std::size_t newest_of_all = 10'000;  // that are about no job

  void take(LedgerEvent const& event, ByteView encoded);  // in order
  // Those that are kept, given what the ledger knows after the last, in order.
  void tell(Ledger const& ledger, std::function<void(Bytes const&)> const& each) const;

 private:
  struct Entry {
    JobId job;
    WallTime at;
    Bytes event;
  };
  std::deque<Entry> entries_;
  WallTime before_;  // what is about no job and older is forgotten
};

}  // namespace godwit
