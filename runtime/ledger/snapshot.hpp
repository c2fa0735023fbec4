// A ledger in parts: what Ledger::save() gives and Ledger::restore() takes, and beside it what is told of jobs
// (ledger/chronicle.hpp). In this order; of the kinds that come more than once, each with as much as fits a part.
// A snapshot's file is edge/posix/snapshot_file.hpp; its format version is that of the log.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "ledger/exposure.hpp"
#include "ledger/identity.hpp"
#include "ledger/record.hpp"
#include "ledger/usage.hpp"

namespace godwit::part {

#define GODWIT_PART(...)                       \
  template <class Archive>                     \
  void serialize(Archive& archive, unsigned) { \
    archive & __VA_ARGS__;                     \
  }

struct Head {  // all that is about no job
  std::map<Rank, std::pair<bool, bool>> lost;  // proven, fenced
  std::vector<Rank> drained;
  std::vector<AccountRule> accounts;
  std::map<std::string, std::int64_t> scores;
  JobId next_job;
  Usage usage;
  Exposure exposure;
  WallTime newest;
  Term term, world;
  Duration old_leases{0};
  std::int32_t ranks{0};
  bool ended_cleanly{true};
  GODWIT_PART(lost & drained & accounts & scores & next_job & usage & exposure & newest & term & world & old_leases & ranks & ended_cleanly)
};
struct Array {  // but for its elements with records of their own, and those that finished
  JobId job;
  JobArray work;
  WallTime submitted, started, ended;
  std::vector<Intervals::Run> untouched;
  std::map<std::uint32_t, ArrayRecord::Cancelled> cancelled;
  GODWIT_PART(job & work & submitted & started & ended & untouched & cancelled)
};
struct Finished {  // elements of an array
  static constexpr std::size_t entries_max = 4096;
  JobId array;
  std::vector<std::pair<std::uint32_t, FinishedElements::Entry>> entries;
  GODWIT_PART(array & entries)
};
struct Job { JobRecord record; GODWIT_PART(record) };
struct Decided { JobId job; std::vector<Decision> decisions; GODWIT_PART(job & decisions) };
struct Known { std::string name; Identity identity; GODWIT_PART(name & identity) };
struct Told { Bytes event; GODWIT_PART(event) };      // encoded: a LedgerEvent of former times, for people
struct End { std::uint64_t parts{0}; GODWIT_PART(parts) };  // before this one, and that is all

#undef GODWIT_PART

using Part = std::variant<Head, Array, Finished, Job, Decided, Known, Told, End>;

}  // namespace godwit::part
