#include "policy/share_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::policy {

namespace {

constexpr std::int64_t millicores = 1000;  // of a core
constexpr std::int64_t shares_max = 1'000'000'000;
__extension__ using WideCapacity = __int128;

std::string_view parent_of(std::string_view path) {
  auto const slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

bool has_empty_level(std::string_view path) {
  return path.empty() || path.front() == '/' || path.back() == '/' || path.find("//") != path.npos;
}

// "/a//b/" → "a/b": an account's name never fails.
std::string without_empty_levels(std::string_view path) {
  std::string clean;
  for (auto const letter : path) {
    if (letter != '/' || (!clean.empty() && clean.back() != '/')) clean += letter;
  }
  if (!clean.empty() && clean.back() == '/') clean.pop_back();
  return clean;
}

std::optional<Failure> wrong_with(AccountRule const& rule) {
  if (has_empty_level(rule.path)) {
    return reject("empty_account_level", fmt::format("account '{}': a level has no name", rule.path));
  }
  if (rule.shares < 1 || rule.shares > shares_max) {
    return reject("bad_shares", fmt::format("account '{}': {} shares; it must be from 1 to {}", rule.path,
                                            rule.shares, shares_max));
  }
  if (rule.cores_max < 0) {
    return reject("bad_cap",
                  fmt::format("account '{}': a cap of {} cores; 0 means none", rule.path, rule.cores_max));
  }
  return std::nullopt;
}

}  // namespace

ShareTree::ShareTree() : entries_(1) {
  entries_[root].declared = true;
  by_path_[""] = root;
}

Result<ShareTree> ShareTree::make(std::vector<AccountRule> const& rules) {
  ShareTree tree;
  std::map<std::string_view, AccountRule const*> by_path;
  for (auto const& rule : rules) {
    if (auto wrong = wrong_with(rule)) return *wrong;
    if (!by_path.try_emplace(rule.path, &rule).second) {
      return reject("account_twice", fmt::format("account '{}' is there twice", rule.path));
    }
  }
  for (auto const& [path, rule] : by_path) {
    auto const node = tree.add(path, true);
    auto& entry = tree.entries_[node];
    entry.shares = rule->shares;
    entry.hosts = rule->hosts;
    entry.cores_max = rule->cores_max;
    tree.count_shares(entry.parent);
    if (auto wrong = tree.own(node)) return *wrong;
  }
  return tree;
}

// With the groups above it.
Node ShareTree::add(std::string_view path, bool declared) {
  if (auto const found = find(path)) return *found;
  auto const parent = add(parent_of(path), declared);
  auto const node = static_cast<Node>(entries_.size());
  entries_.push_back({.path = std::string(path), .parent = parent, .declared = declared});
  by_path_.emplace(std::string(path), node);
  auto& siblings = entries_[parent].children;
  auto const before = [&](Node sibling, std::string_view name) { return entries_[sibling].path < name; };
  siblings.insert(std::lower_bound(siblings.begin(), siblings.end(), path, before), node);
  count_shares(parent);
  return node;
}

std::optional<Failure> ShareTree::own(Node node) {
  for (auto const host : entries_[node].hosts) {
    auto const [at, fresh] = owners_.try_emplace(host, node);
    if (!fresh) {
      return reject("host_owned_twice", fmt::format("host {} is owned by '{}' and by '{}'", host,
                                                    entries_[at->second].path, entries_[node].path));
    }
  }
  return std::nullopt;
}

void ShareTree::count_shares(Node parent) {
  std::int64_t sum = 0;
  for (auto const child : entries_[parent].children) sum += entries_[child].shares;
  for (auto const child : entries_[parent].children) {
    entries_[child].standing.shares = entries_[child].shares;
    entries_[child].standing.sibling_shares = sum;
  }
}

Node ShareTree::account(std::string_view path) {
  if (auto const known = find(path); known && !is_group(*known)) return *known;
  auto name = without_empty_levels(path);
  auto const found = find(name);
  if (found && !is_group(*found)) return *found;
  if (found) name += name.empty() ? "-" : "/-";
  return add(name, false);
}

std::optional<Node> ShareTree::find_account(std::string_view path) const {
  if (auto const known = find(path); known && !is_group(*known)) return known;
  auto name = without_empty_levels(path);
  auto const found = find(name);
  if (!found || !is_group(*found)) return found;
  return find(name += name.empty() ? "-" : "/-");
}

std::optional<Node> ShareTree::find(std::string_view path) const {
  auto const found = by_path_.find(path);
  if (found == by_path_.end()) return std::nullopt;
  return found->second;
}

std::optional<Node> ShareTree::owner(Rank host) const {
  auto const found = owners_.find(host);
  if (found == owners_.end()) return std::nullopt;
  return found->second;
}

bool ShareTree::is_within(Node node, Node group) const {
  while (node != group && node != root) node = entries_[node].parent;
  return node == group;
}

void ShareTree::entitle(std::map<Rank, std::int32_t> const& cores) {
  std::vector<std::int64_t> owned(entries_.size());  // by itself; root: what nobody owns
  std::int64_t capacity = 0;
  for (auto const& [host, count] : cores) {
    owned[owner(host).value_or(root)] += count * millicores;
    capacity += count * millicores;
  }
  share_out(root, owned[root], owned);
  for (auto& entry : entries_) entry.standing.capacity_millicores = capacity;
  entries_[root].standing.entitled_millicores = capacity;
}

// `pool`: what this group's members share. Returns what is owned below it.
std::int64_t ShareTree::share_out(Node group, std::int64_t pool, std::vector<std::int64_t> const& owned) {
  std::int64_t active = 0;
  auto const shares_if_active = [&](Node child) { return is_active(child) ? entries_[child].shares : 0; };
  for (auto const child : entries_[group].children) active += shares_if_active(child);
  std::int64_t below = 0;
  for (auto const child : entries_[group].children) {
    auto& entry = entries_[child];
    auto const rivals = active - shares_if_active(child) + entry.shares;
    auto const portion = static_cast<std::int64_t>(static_cast<WideCapacity>(pool) * entry.shares / rivals);
    auto const members = share_out(child, portion + owned[child], owned);
    entry.standing.entitled_millicores = portion + owned[child] + members;
    below += owned[child] + members;
  }
  return below;
}

}  // namespace godwit::policy
