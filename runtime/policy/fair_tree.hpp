// Fair-tree, as in Slurm: siblings are ordered by shares / usage, each relative to all siblings', the highest
// first and depth first; members of groups that are level are ordered together. What was used counts for half
// after seven days. Source: https://slurm.schedmd.com/fair_tree.html
#pragma once

#include "policy/policy.hpp"

namespace godwit::policy {

class FairTree final : public Policy {
 public:
  [[nodiscard]] std::string_view name() const override { return "fair-tree"; }
  [[nodiscard]] std::int64_t after_interval(Standing const& standing, Duration interval) const override;
  // usage / shares among its siblings, in 2^-30 (`level`: exactly its share), so that the lowest is first; 0:
  // it has used nothing.
  static constexpr std::int64_t level = std::int64_t{1} << 30;
  [[nodiscard]] std::int64_t key(Standing const& standing) const override;
  [[nodiscard]] bool merges_ties() const override { return true; }
};

}  // namespace godwit::policy
