// Room: what is left of a host. Says whether a demand fits, and why not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "job/demand.hpp"

namespace godwit::policy {

class Room {
 public:
  explicit Room(Capabilities has = {}) : has_(std::move(has)) {}

  void replace(Capabilities has) { has_ = std::move(has); }  // what is taken stays taken, even if it is more than there is
  void take(Demand const& demand);
  void give_back(Demand const& demand);

  [[nodiscard]] Capabilities const& has() const { return has_; }
  [[nodiscard]] std::int32_t free_cores() const { return has_.cores - cores_; }
  [[nodiscard]] std::int32_t taken_cores() const { return cores_; }
  [[nodiscard]] std::int32_t jobs() const { return jobs_; }
  // `ahead`: cores that may be taken beyond those there are. Of `demand.host` nothing: who asks knows the host.
  [[nodiscard]] bool fits(Demand const& demand, std::int32_t ahead = 0) const;
  // Could it ever, on this host when it is empty? Why not, in words: "has 4 cores".
  [[nodiscard]] std::optional<std::string> never(Demand const& demand) const;
  [[nodiscard]] std::optional<std::string> not_now(Demand const& demand) const;
  [[nodiscard]] bool holds_group(std::string const& group) const { return groups_.contains(group); }

 private:
  [[nodiscard]] bool has_memory_for(Demand const& demand) const;

  Capabilities has_;
  std::int32_t cores_{0};
  std::uint64_t memory_bytes_{0};
  std::map<std::string, std::int32_t> resources_;
  std::map<std::string, std::int32_t> groups_;  // of together and apart, with how many jobs of each
  std::int32_t jobs_{0};
};

}  // namespace godwit::policy
