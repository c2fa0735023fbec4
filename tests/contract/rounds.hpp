// The contract of the port Rounds, as cases that run against every adapter: memory of tests, and the host's own.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "base/archive.hpp"
#include "contract/adapter.hpp"
#include "port/rounds.hpp"

namespace godwit::contract {

constexpr std::uint64_t most_gathered = 1 << 20;

class RoundsRig {
 public:
  virtual ~RoundsRig() = default;
  virtual Rounds& rounds() = 0;  // no more than most_gathered bytes are gathered in it at a time
  virtual void let_pass() = 0;
};

class RoundsContract : public ::testing::TestWithParam<Adapter<RoundsRig>> {
 protected:
  RoundsContract() : rig(GetParam().make()), rounds(rig->rounds()) {}

  template <class E>
  E expect(RequestId round);
  rounds::Gathered gathered(RequestId round, Bytes const& arena);
  [[nodiscard]] Bytes memory_of(RequestId round);

  std::unique_ptr<RoundsRig> rig;
  Rounds& rounds;

 private:
  std::map<RequestId, std::vector<RoundEvent>> heard_;
};

}  // namespace godwit::contract
