// Partners: on another node, spread evenly, kept as long as both live, the same each time.
#include "policy/partner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace godwit::policy {
namespace {

// `each` hosts on each of so many nodes, rank after rank, or dealt round.
Nodes machine(int nodes, int each, bool dealt = false) {
  Nodes hosts;
  for (int i = 0; i < nodes * each; ++i) {
    hosts[Rank{i + 1}] = "node" + std::to_string(dealt ? i % nodes : i / each);
  }
  return hosts;
}

std::map<Rank, int> wards(Partners const& partners) {
  std::map<Rank, int> count;
  for (auto const& [host, partner] : partners) ++count[partner];
  return count;
}
int most(Partners const& partners) {
  int most = 0;
  for (auto const& [host, count] : wards(partners)) most = std::max(most, count);
  return most;
}

// What holds whatever the machine.
void check(Nodes const& hosts, Partners const& partners) {
  std::set<std::string> nodes;
  for (auto const& [host, node] : hosts) nodes.insert(node);
  if (hosts.size() < 2) {
    EXPECT_TRUE(partners.empty());
    return;
  }
  ASSERT_EQ(partners.size(), hosts.size());
  for (auto const& [host, partner] : partners) {
    ASSERT_TRUE(hosts.contains(host) && hosts.contains(partner));
    EXPECT_NE(host, partner);
    EXPECT_TRUE(nodes.size() < 2 || hosts.at(host) != hosts.at(partner)) << "they would die together";
  }
}

TEST(Partners, AloneThereIsNone) {
  EXPECT_TRUE(choose_partners({}).empty());
  EXPECT_TRUE(choose_partners(machine(1, 1)).empty());
}

TEST(Partners, AreTheNextOnesOnOtherNodes) {
  EXPECT_EQ(choose_partners(machine(3, 1)),
            (Partners{{Rank{1}, Rank{2}}, {Rank{2}, Rank{3}}, {Rank{3}, Rank{1}}}));
  EXPECT_EQ(choose_partners(machine(2, 2)),
            (Partners{{Rank{1}, Rank{3}}, {Rank{2}, Rank{4}}, {Rank{3}, Rank{1}}, {Rank{4}, Rank{2}}}));
}

TEST(Partners, OnOneNodeAnyOtherHostWillDo) {
  auto const partners = choose_partners(machine(1, 4));
  check(machine(1, 4), partners);
  EXPECT_EQ(most(partners), 1);
}

TEST(Partners, EachKeepsForOneWhereNodesAreEqual) {
  for (int nodes = 1; nodes <= 7; ++nodes) {
    for (int each = 1; each <= 6; ++each) {
      for (bool const dealt : {false, true}) {
        auto const hosts = machine(nodes, each, dealt);
        auto const partners = choose_partners(hosts);
        check(hosts, partners);
        EXPECT_EQ(most(partners), hosts.size() > 1 ? 1 : 0) << nodes << " nodes of " << each;
      }
    }
  }
}

TEST(Partners, OneOnTheOnlyOtherNodeKeepsForAll) {
  Nodes const hosts{{Rank{1}, "a"}, {Rank{2}, "a"}, {Rank{3}, "b"}, {Rank{4}, "a"}};
  auto const partners = choose_partners(hosts);
  check(hosts, partners);
  EXPECT_EQ(wards(partners).at(Rank{3}), 3);
}

// Whatever dies, in whatever order: only those change whose partner it was.
TEST(Partners, AreKeptWhileBothLive) {
  std::mt19937 random(11);  // NOLINT(cert-msc51-cpp): the same each time
  for (int round = 0; round < 300; ++round) {
    Nodes hosts;
    auto const size = 2 + random() % 12;
    auto const nodes = 1 + random() % 5;
    for (std::uint32_t i = 1; i <= size; ++i) {
      hosts[Rank{static_cast<std::int32_t>(i)}] = "node" + std::to_string(random() % nodes);
    }
    auto partners = choose_partners(hosts);
    check(hosts, partners);
    EXPECT_EQ(choose_partners(hosts), partners) << "the same question";
    EXPECT_EQ(choose_partners(hosts, partners), partners) << "nothing has happened";
    while (hosts.size() > 1) {
      auto dead = hosts.begin();
      std::advance(dead, random() % hosts.size());
      auto const rank = dead->first;
      hosts.erase(dead);
      auto const before = partners;
      partners = choose_partners(hosts, before);
      check(hosts, partners);
      for (auto const& [host, partner] : before) {
        if (host == rank || partner == rank || hosts.size() < 2) continue;
        EXPECT_EQ(partners[host], partner) << "nothing happened to these two";
      }
    }
  }
}

// The last other node goes: those that are left find each other, and not what they had is kept for ever.
TEST(Partners, WithTheLastOtherNodeGoneTheyAreOnTheSameOne) {
  auto hosts = machine(2, 3);
  auto const before = choose_partners(hosts);
  for (auto const rank : {4, 5, 6}) hosts.erase(Rank{rank});
  auto const partners = choose_partners(hosts, before);
  check(hosts, partners);
  EXPECT_EQ(most(partners), 1);
  // And when a node comes to be there, nobody stays with one that would die with it.
  hosts[Rank{9}] = "node9";
  auto const after = choose_partners(hosts, partners);
  check(hosts, after);
}

// A dead host's wards are shared out among those that keep for the fewest.
TEST(Partners, TheWardsOfADeadOneAreSharedOut) {
  auto hosts = machine(8, 1);
  auto partners = choose_partners(hosts);
  for (auto const rank : {2, 5, 7}) {
    hosts.erase(Rank{rank});
    partners = choose_partners(hosts, partners);
  }
  EXPECT_EQ(most(partners), 1);
}

}  // namespace
}  // namespace godwit::policy
