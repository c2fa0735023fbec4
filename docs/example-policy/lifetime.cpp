// A policy: whoever has had the least of the machine so far, relative to its shares, goes first. Nothing is ever
// forgotten, so that in the end everybody has had its share of the whole run.
#include <godwit/policy.hpp>

namespace {

using godwit::policy::Standing;

class Lifetime final : public godwit::policy::Policy {
 public:
  std::string_view name() const override { return "lifetime"; }

  // Millicores times seconds, of all intervals until now. What it has on hosts of its own is its own.
  std::int64_t after_interval(Standing const& standing, std::chrono::nanoseconds interval) const override {
    auto const ms = interval.count() / 1'000'000;
    return standing.score + standing.charged_millicores * ms / 1000;
  }

  std::int64_t key(Standing const& standing) const override { return standing.score / standing.shares; }
};

}  // namespace

GODWIT_POLICY(Lifetime)
