// How the journal target's inputs say what logs there are.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace godwit::fuzz {

struct Log {
  Term term;
  std::vector<Bytes> records;
  Bytes torn;  // what lies behind them
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& term& records& torn;
  }
};
using Logs = std::vector<Log>;

}  // namespace godwit::fuzz
