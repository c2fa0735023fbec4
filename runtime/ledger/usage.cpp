#include "ledger/usage.hpp"

namespace godwit {

void Usage::charge(std::string const& account, std::int32_t cores, std::int64_t ns) {
  if (ns <= 0 || cores <= 0) return;
  core_us_[account] += static_cast<std::uint64_t>(ns) / 1000 * static_cast<std::uint64_t>(cores);
}

std::uint64_t Usage::core_us(std::string const& account) const {
  auto const at = core_us_.find(account);
  return at == core_us_.end() ? 0 : at->second;
}

}  // namespace godwit
