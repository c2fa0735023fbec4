// A policy that goes by the name of one of Godwit's.
#include <godwit/policy.hpp>

namespace {
class Impostor final : public godwit::policy::Policy {
 public:
  std::string_view name() const override { return "up-down"; }
};
}  // namespace

GODWIT_POLICY(Impostor)
