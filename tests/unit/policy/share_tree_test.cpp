// Groups, accounts and what each is entitled to.
#include "policy/share_tree.hpp"

#include <gtest/gtest.h>

#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

std::string refusal(std::vector<AccountRule> const& rules) {
  auto const tree = ShareTree::make(rules);
  return tree ? "none" : tree.failure().code + ": " + tree.failure().context;
}

TEST(ShareTree, RefusesRulesThatContradict) {
  EXPECT_EQ(refusal({{.path = "a"}, {.path = "a/b"}, {.path = "c"}}), "none");
  EXPECT_EQ(refusal({{.path = "a"}, {.path = "a"}}), "account_twice: account 'a' is there twice");
  EXPECT_EQ(refusal({{.path = "a//b"}}), "empty_account_level: account 'a//b': a level has no name");
  EXPECT_EQ(refusal({{.path = ""}}), "empty_account_level: account '': a level has no name");
  EXPECT_EQ(refusal({{.path = "/a"}}), "empty_account_level: account '/a': a level has no name");
  EXPECT_EQ(refusal({{.path = "a", .shares = 0}}),
            "bad_shares: account 'a': 0 shares; it must be from 1 to 1000000000");
  EXPECT_EQ(refusal({{.path = "a", .cores_max = -1}}),
            "bad_cap: account 'a': a cap of -1 cores; 0 means none");
  EXPECT_EQ(refusal({{.path = "a", .hosts = {Rank{2}}}, {.path = "b", .hosts = {Rank{2}}}}),
            "host_owned_twice: host 2 is owned by 'a' and by 'b'");
}

TEST(ShareTree, TakesInWhoIsNotNamed) {
  auto tree = tree_of({{.path = "chem/anna", .shares = 3}});
  auto const ben = tree.account("chem/ben");
  EXPECT_EQ(tree[ben].path, "chem/ben");
  EXPECT_EQ(tree[tree[ben].parent].path, "chem");
  EXPECT_FALSE(tree[ben].declared);
  EXPECT_TRUE(tree[tree[ben].parent].declared);
  EXPECT_EQ(tree[ben].standing.sibling_shares, 4);
  EXPECT_EQ(tree.account("chem/ben"), ben);
  EXPECT_EQ(tree.account("/chem//ben/"), ben);
  EXPECT_TRUE(tree.is_within(ben, *tree.find("chem")));
  EXPECT_FALSE(tree.is_within(ben, *tree.find("chem/anna")));
}

TEST(ShareTree, AGroupsOwnJobsAreAMembers) {
  auto tree = tree_of({{.path = "chem/anna"}});
  EXPECT_EQ(tree[tree.account("chem")].path, "chem/-");
  EXPECT_EQ(tree[tree.account("")].path, "-");
  EXPECT_EQ(tree.account("chem"), tree.account("chem"));
}

TEST(ShareTree, AnAccountIsFoundWithoutBeingTakenIn) {
  auto tree = *ShareTree::make({{.path = "chem/anna"}});
  EXPECT_EQ(tree.find_account("chem"), std::nullopt) << "a group without jobs of its own";
  auto const own = tree.account("chem");
  auto const size = tree.size();
  EXPECT_EQ(tree.find_account("chem"), own);
  EXPECT_EQ(tree.find_account("/chem//anna/"), tree.find("chem/anna"));
  EXPECT_EQ(tree.find_account("ben"), std::nullopt);
  EXPECT_EQ(tree.size(), size);
}

TEST(ShareTree, AnAccountBecomesAGroupWithItsFirstMember) {
  ShareTree tree;
  auto const chem = tree.account("chem");
  EXPECT_FALSE(tree.is_group(chem));
  auto const anna = tree.account("chem/anna");
  EXPECT_EQ(tree[anna].parent, chem);
  EXPECT_TRUE(tree.is_group(chem));
  EXPECT_EQ(tree[tree.account("chem")].path, "chem/-");
}

TEST(ShareTree, ChildrenAreInOrderOfName) {
  ShareTree tree;
  for (auto const* name : {"m", "z", "a", "k"}) tree.account(name);
  std::vector<std::string> names;
  for (auto const child : tree[root].children) names.push_back(tree[child].path);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "k", "m", "z"}));
}

std::int64_t entitled(ShareTree const& tree, std::string_view path) {
  return tree[*tree.find(path)].standing.entitled_millicores;
}
void waits(ShareTree& tree, std::string_view path) {
  for (auto node = *tree.find(path); node != root; node = tree[node].parent) ++tree[node].standing.waiting;
}

TEST(ShareTree, EntitlesToSharesOfWhatNobodyOwns) {
  auto tree = tree_of({{.path = "chem", .shares = 3},
                       {.path = "chem/anna", .shares = 2, .hosts = {Rank{1}}},
                       {.path = "chem/ben"},
                       {.path = "bio", .hosts = {Rank{2}}}});
  for (auto const* path : {"chem/anna", "chem/ben", "bio"}) waits(tree, path);
  tree.entitle({{Rank{1}, 4}, {Rank{2}, 2}, {Rank{3}, 12}});
  EXPECT_EQ(entitled(tree, "chem"), 9'000 + 4'000);
  EXPECT_EQ(entitled(tree, "chem/anna"), 6'000 + 4'000);
  EXPECT_EQ(entitled(tree, "chem/ben"), 3'000);
  EXPECT_EQ(entitled(tree, "bio"), 3'000 + 2'000);
  EXPECT_EQ(entitled(tree, ""), 18'000);
  EXPECT_EQ(tree[*tree.find("bio")].standing.capacity_millicores, 18'000);
  EXPECT_EQ(tree.owner(Rank{2}), tree.find("bio"));
  EXPECT_EQ(tree.owner(Rank{3}), std::nullopt);
}

TEST(ShareTree, AGroupsHostsAreForItsMembers) {
  auto tree = tree_of(
      {{.path = "chem", .hosts = {Rank{1}}}, {.path = "chem/anna"}, {.path = "chem/ben"}, {.path = "bio"}});
  for (auto const* path : {"chem/anna", "chem/ben", "bio"}) waits(tree, path);
  tree.entitle({{Rank{1}, 4}, {Rank{2}, 4}});
  EXPECT_EQ(entitled(tree, "chem"), 6'000);
  EXPECT_EQ(entitled(tree, "chem/anna"), 3'000);
  EXPECT_EQ(entitled(tree, "bio"), 2'000);
}

TEST(ShareTree, SharesAmongThoseThatHaveJobs) {
  auto tree = tree_of({{.path = "anna", .shares = 3}, {.path = "ben"}, {.path = "idle", .shares = 4}});
  waits(tree, "anna");
  waits(tree, "ben");
  tree.entitle({{Rank{1}, 8}});
  EXPECT_EQ(entitled(tree, "anna"), 6'000);
  EXPECT_EQ(entitled(tree, "ben"), 2'000);
  EXPECT_EQ(entitled(tree, "idle"), 4'000) << "what it will have when it comes";
}

}  // namespace
}  // namespace godwit::policy
