// Demand: what a job takes of a host for as long as it is there. Capabilities: what a host has to give.
// Both are counts and names only: whether the one fits into what is left of the other is policy/capacity.hpp.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "base/ids.hpp"

namespace godwit {

struct Demand {
  std::int32_t cores{1};
  std::uint64_t memory_bytes{0};                  // 0: none is set aside
  std::map<std::string, std::int32_t> resources;  // counted ones, such as gpu: 1
  std::vector<std::string> labels;                // the host must carry them all; sorted
  Rank host{no_rank};                             // there only
  std::string together;  // all live jobs of that group on one host; empty: none
  std::string apart;     // no two live jobs of that group on one host; empty: none

  auto operator<=>(Demand const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & cores & memory_bytes & resources & labels & host & together & apart;
  }
};

struct Capabilities {
  std::int32_t cores{0};                                   // that jobs may take at once: with overbooking, more than there are
  std::uint64_t memory_bytes{0};                           // 0: unknown, and so any demand fits
  std::map<std::string, std::vector<std::string>> resources;  // the identities of each: gpu → 0, 1
  std::vector<std::string> labels;                         // sorted

  bool operator==(Capabilities const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & cores & memory_bytes & resources & labels;
  }
};

}  // namespace godwit
