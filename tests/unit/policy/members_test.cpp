// Members has who would be served first, and all in their order, whatever has come, gone and changed before.
#include "policy/members.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "policy/scheduler_state.hpp"

namespace godwit::policy {
namespace {

TEST(Members, AreInTheOrderOfTheirStandings) {
  constexpr Node nodes = 70;
  Random random(1);
  std::vector<std::pair<std::int64_t, std::int64_t>> standings(nodes + 1);
  auto const standing_of = [&](Node node) { return standings[node]; };
  std::vector<Branch> branches(nodes + 1);
  std::map<Node, std::pair<Members::Seat, JobId>> there;
  Members members;
  std::uint64_t last_job = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto const node = static_cast<Node>(1 + random.below(i < 10'000 ? nodes : 9));
    auto const known = there.find(node);
    bool const leaves = known != there.end() && random.below(3) == 0;
    if (leaves) {
      members.remove(known->second.first, standing_of);
      there.erase(known);
    } else {
      standings[node] = {static_cast<std::int64_t>(random.below(3)) - 1, static_cast<std::int64_t>(random.below(2))};
      auto const next = known != there.end() && random.below(2) == 0 ? known->second.second : JobId{++last_job};
      if (known == there.end()) {
        there[node] = {members.add(branches[node], node, next, standing_of), next};
      } else {
        known->second.second = next;
        members.change(known->second.first, next, standing_of);
      }
    }
    std::set<std::tuple<std::pair<std::int64_t, std::int64_t>, JobId, Branch*>> expected;
    for (auto const& [one, seat] : there) expected.emplace(standings[one], seat.second, &branches[one]);
    std::vector<Branch*> model, order;
    for (auto const& [standing, job, branch] : expected) model.push_back(branch);
    ASSERT_EQ(members.empty(), model.empty());
    ASSERT_EQ(members.next(), model.empty() ? JobId{} : std::get<1>(*expected.begin()));
    auto const wanted = random.below(model.size() + 1);
    members.in_order(standing_of, [&](Members::Seat seat) {
      order.push_back(members.branch(seat));
      return order.size() < wanted;
    });
    if (!model.empty()) model.resize(std::max<std::size_t>(wanted, 1));
    ASSERT_EQ(order, model) << "after " << i << " changes";
  }
}

}  // namespace
}  // namespace godwit::policy
