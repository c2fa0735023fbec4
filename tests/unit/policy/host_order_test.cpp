// HostOrder has the hosts in the order of their places: the least loaded first, whatever their cores, then the lowest rank.
#include "policy/host_order.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/random.hpp"

namespace godwit::policy {
namespace {

TEST(HostOrder, IsThatOfPlaces) {
  Random random(1);
  HostOrder order;
  std::set<HostPlace> model;
  std::int64_t const sign[] = {1, -1};  // spread, consolidate
  for (int i = 0; i < 5000; ++i) {
    auto const cores = std::int64_t{1} << random.below(4);
    auto const taken = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(cores) + 1));
    HostPlace const place{sign[i < 2500 ? 0 : 1] * taken, cores, Rank{static_cast<std::int32_t>(random.below(100))}};
    if (i == 2500) {
      order.clear();
      model.clear();
    }
    if (random.below(2) == 0) {
      order.insert(place);
      model.insert(place);
    } else {
      order.erase(place);
      model.erase(place);  // or what is alike: 1 of 2 cores, 2 of 4
    }
    ASSERT_EQ(order.size(), model.size());
    ASSERT_EQ(order.empty(), model.empty());
    std::vector<Rank> hosts, expected;
    static_cast<void>(order.first_that([&](Rank rank) {
      hosts.push_back(rank);
      return false;
    }));
    for (auto const& one : model) expected.push_back(one.host);
    ASSERT_EQ(hosts, expected);
    ASSERT_EQ(order.first_that([](Rank) { return true; }).has_value(), !expected.empty());
  }
}

}  // namespace
}  // namespace godwit::policy
