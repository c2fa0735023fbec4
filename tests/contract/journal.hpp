// The contract of the port Journal, as cases that run against every adapter: records in memory, and a term's log on disk.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "contract/adapter.hpp"
#include "port/journal.hpp"

namespace godwit::contract {

class JournalRig {
 public:
  virtual ~JournalRig() = default;
  virtual Journal& journal() = 0;
  virtual bool let_pass() = 0;               // false: nothing can get further, ever
  virtual std::vector<Bytes> survivors() = 0;  // what a reader finds if everything stops at this moment
  virtual void break_disk() = 0;             // no write succeeds from now on
};

class JournalContract : public ::testing::TestWithParam<Adapter<JournalRig>> {
 protected:
  JournalContract() : rig(GetParam().make()) {}

  bool until(std::function<bool()> const& holds);
  bool until_durable(JournalPosition position);

  std::unique_ptr<JournalRig> rig;
};

}  // namespace godwit::contract
