// ShareTree: groups, accounts, and how much of the capacity each is entitled to. A path's slashes are its levels:
// "chem/anna" is an account in the group "chem". An account that no rule names gets one share beside the others of
// its level. Made of AccountRules; replaced as a whole when they change, and the scores go by path.
//
// The capacity is shared among those that have jobs, running or waiting: if what the idle are entitled to were kept
// for them, all others would run beyond their entitlement, and by how much would no longer be as their shares.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "job/account.hpp"
#include "policy/policy.hpp"

namespace godwit::policy {

using Node = std::uint32_t;  // a place in the tree; stays for the tree's life
inline constexpr Node root{0};

class ShareTree {
 public:
  ShareTree();  // no rules: each account has one share

  // Rejected: a path twice, an empty level, shares < 1, a negative cap, a host owned by two. A rule whose path others
  // begin with is a group's.
  [[nodiscard]] static Result<ShareTree> make(std::vector<AccountRule> const& rules);

  struct Entry {
    std::string path;   // root: ""
    Node parent{root};
    std::vector<Node> children;  // in order of name
    std::int64_t shares{1};
    std::vector<Rank> hosts;     // its own, not its members'
    std::int32_t cores_max{0};
    bool declared{false};        // by a rule, or above one
    Standing standing;
  };
  // Found, or taken in with one share. A group's path: its member "path/-". With the first path below an account's, that
  // account is a group.
  Node account(std::string_view path);
  [[nodiscard]] std::optional<Node> find_account(std::string_view path) const;  // the same, if it is there
  [[nodiscard]] std::optional<Node> find(std::string_view path) const;
  [[nodiscard]] Entry const& operator[](Node node) const { return entries_[node]; }
  [[nodiscard]] Entry& operator[](Node node) { return entries_[node]; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::optional<Node> owner(Rank host) const;
  [[nodiscard]] bool is_within(Node node, Node group) const;
  [[nodiscard]] bool is_active(Node node) const {  // it has jobs, running or waiting
    auto const& standing = entries_[node].standing;
    return standing.running_millicores > 0 || standing.waiting > 0;
  }
  [[nodiscard]] bool is_group(Node node) const { return node == root || !entries_[node].children.empty(); }

  // entitled_millicores and capacity_millicores of all: hosts with their cores. What is owned is for its owner (a
  // group's: for its members), and the rest is shared.
  void entitle(std::map<Rank, std::int32_t> const& cores);

 private:
  Node add(std::string_view path, bool declared);
  std::optional<Failure> own(Node node);
  void count_shares(Node parent);
  std::int64_t share_out(Node group, std::int64_t pool, std::vector<std::int64_t> const& owned);

  std::vector<Entry> entries_;
  struct HashOfPath : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, Node, HashOfPath, std::equal_to<>> by_path_;
  std::map<Rank, Node> owners_;
};

}  // namespace godwit::policy
