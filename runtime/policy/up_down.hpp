// Up-Down (Mutka & Livny 1987), with entitlements: who runs beyond what it is entitled to goes up, who waits below it
// goes down, all others go back to zero: also who runs exactly that, whoever waits. The lowest is served first.
// The rules and their reasons: docs/fairness.md.
#pragma once

#include "policy/policy.hpp"

namespace godwit::policy {

class UpDown final : public Policy {
 public:
  explicit UpDown(UpDownTuning tuning) : tuning_(tuning) {}

  [[nodiscard]] std::string_view name() const override { return "up-down"; }
  [[nodiscard]] std::int64_t after_interval(Standing const& standing, Duration interval) const override;
  [[nodiscard]] bool preempts() const override { return true; }

 private:
  [[nodiscard]] std::int64_t moved(Standing const& standing) const;
  [[nodiscard]] std::int64_t decayed(Standing const& standing) const;

  UpDownTuning tuning_;
};

}  // namespace godwit::policy
