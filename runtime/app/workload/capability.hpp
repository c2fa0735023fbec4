// What the user declares of hosts, beyond what they find out themselves: "1-3: bigmem gpu=0,1". A word is a
// label, NAME=IDENTITIES a counted resource, of which a job that asks for one is told which it got. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "job/demand.hpp"

namespace godwit {

struct DeclaredCapability {
  std::optional<std::vector<std::pair<Rank, Rank>>> hosts;  // first and last; none: all
  std::vector<std::string> labels;
  std::map<std::string, std::vector<std::string>> resources;

  [[nodiscard]] bool is_of(Rank host) const;
};

// "1-3,5: bigmem gpu=0,1", "all: licence=a,b", "2: gpu=0-7".
[[nodiscard]] Result<DeclaredCapability> parse_capability(std::string_view text);

// Adds what is declared of that host; what is declared twice counts once.
void declare(std::vector<DeclaredCapability> const& declared, Rank host, Capabilities& has);

}  // namespace godwit
