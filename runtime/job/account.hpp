// AccountRule: what the owner of a runtime says about an account or a group of accounts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "base/ids.hpp"

namespace godwit {

struct AccountRule {
  std::string path;          // "chem/anna" is an account in the group "chem"
  std::int64_t shares{1};    // of its group's capacity, against its siblings'
  std::vector<Rank> hosts;   // owned: jobs there cost it nothing
  std::int32_t cores_max{0};  // that it may have at once; 0: no cap

  bool operator==(AccountRule const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & path & shares & hosts & cores_max;
  }
};

}  // namespace godwit
