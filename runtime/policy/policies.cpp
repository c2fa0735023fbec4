// The short policies, most of them for comparison, and all by name.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "policy/fair_tree.hpp"
#include "policy/half_life.hpp"
#include "policy/up_down.hpp"

namespace godwit::policy {

namespace {

class Fcfs final : public Policy {
 public:
  [[nodiscard]] std::string_view name() const override { return "fcfs"; }
  [[nodiscard]] Discipline discipline() const override { return Discipline::in_order; }
};

class Easy final : public Policy {
 public:
  [[nodiscard]] std::string_view name() const override { return "easy"; }
  [[nodiscard]] Discipline discipline() const override { return Discipline::backfill; }
};

class Lottery final : public Policy {
 public:
  [[nodiscard]] std::string_view name() const override { return "random"; }
  [[nodiscard]] Discipline discipline() const override { return Discipline::lottery; }
};

// Whoever was served longest ago.
class RoundRobin final : public Policy {
 public:
  [[nodiscard]] std::string_view name() const override { return "round-robin"; }
  [[nodiscard]] std::int64_t key(Standing const& standing) const override {
    return static_cast<std::int64_t>(standing.served);
  }
};

// HTCondor's: an account's priority is the average of the cores it ran, half of it forgotten each day, and
// what each runs at once is to be as one part in its priority. So first is who has least of that with one
// core more.
class Decay final : public Policy {
 public:
  [[nodiscard]] std::string_view name() const override { return "decay"; }
  [[nodiscard]] std::int64_t after_interval(Standing const& standing, Duration interval) const override {
    return averaged(standing.score, standing.running_millicores, interval, std::chrono::hours(24));
  }
  [[nodiscard]] std::int64_t key(Standing const& standing) const override {
    __extension__ using Product = __int128;
    constexpr std::int64_t floor = std::int64_t{500} << average_bits;  // half a core
    auto const priority =
        static_cast<Product>(std::max(standing.score, floor)) * (standing.running_millicores + 1000);
    auto const key = (priority >> average_bits) / standing.shares;
    return static_cast<std::int64_t>(std::min<Product>(key, std::numeric_limits<std::int64_t>::max()));
  }
};

}  // namespace

std::vector<std::string> policy_names() {
  return {"up-down", "fair-tree", "fcfs", "easy", "round-robin", "random", "decay"};
}

Result<std::unique_ptr<Policy>> make_policy(std::string_view name, UpDownTuning const& tuning) {
  if (name == "up-down") return {std::make_unique<UpDown>(tuning)};
  if (name == "fair-tree") return {std::make_unique<FairTree>()};
  if (name == "fcfs") return {std::make_unique<Fcfs>()};
  if (name == "easy") return {std::make_unique<Easy>()};
  if (name == "round-robin") return {std::make_unique<RoundRobin>()};
  if (name == "random") return {std::make_unique<Lottery>()};
  if (name == "decay") return {std::make_unique<Decay>()};
  return reject("no_such_policy",
                fmt::format("there is no policy '{}'; there are {}", name, fmt::join(policy_names(), ", ")));
}

}  // namespace godwit::policy
