// Succession: how an allocator begins beside a host that was elected, private to this folder: the logs are read and
// the new one is created, off this thread; the votes are checked against the electorate of the ledger; and only
// then there is an allocator. ADR 0009.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "allocator/allocator.hpp"
#include "node/node.hpp"

namespace godwit {

struct Successor {
  std::unique_ptr<Office> office;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<allocator::Allocator> allocator;
  allocator::Began began;
};

class Succession {
 public:
  Succession(SuccessionPorts ports, WorldPorts world) : ports_(ports), world_(world) {}

  void take_over(custody::Claim claim);  // the claim before it, if it is still looked into, is given up
  [[nodiscard]] std::optional<Successor> poll();
  // The ledger said that this host is lost, or its world over. Once.
  [[nodiscard]] bool take_counted_out() { return std::exchange(counted_out_, false); }

 private:
  [[nodiscard]] Result<Successor> begin(OpenedLedger opened) const;
  void note(Level level, std::string text);

  SuccessionPorts ports_;
  WorldPorts world_;
  RequestId last_request_{0};
  std::optional<custody::Claim> claim_;
  bool counted_out_{false};
};

}  // namespace godwit
