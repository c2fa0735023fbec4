// Accounts and groups in a workload file, or in a file of their own.
#include <fmt/format.h>

#include "app/workload/reader.hpp"
#include "app/workload/workload_keys.hpp"

namespace godwit {

void WorkloadReader::read_only_accounts(YAML::Node const& document) {
  Place const top{1, ""};
  if (!check_map(document, top, {"godwit", "accounts"})) return;
  if (document["godwit"]) read_version(document, top);
  for (auto const& entry : document) {
    if (entry.first.Scalar() == "accounts") read_accounts(entry.second, top.at(entry.first));
  }
  if (!rules_ && mistakes_.empty())
    mistake(top, "the key 'accounts' is missing; expected a map of account names");
}

void WorkloadReader::read_accounts(YAML::Node const& node, Place const& place) {
  if (!check_free_map(node, place, "a map of account names, such as {chem: {shares: 3}}")) return;
  rules_.emplace();
  for (auto const& entry : node) {
    auto const here = place.at(entry.first);
    auto const& path = entry.first.Scalar();
    if (path.empty() || path.front() == '/' || path.back() == '/' || path.find("//") != std::string::npos) {
      mistake(here, "a name is missing between its slashes; expected such as chem/anna");
    }
    accounts_.insert(path);
    AccountRule rule;
    rule.path = path;
    if (!entry.second.IsNull()) read_rule(entry.second, here, rule);
    rules_->push_back(std::move(rule));
  }
}

void WorkloadReader::read_rule(YAML::Node const& node, Place const& place, AccountRule& to) {
  if (!check_map(node, place, names_of(account_keys()))) return;
  for (auto const& entry : node) {
    auto const here = place.at(entry.first);
    auto const& key = entry.first.Scalar();
    std::int32_t number = 1;
    if (key == "shares") {
      read_count(entry.second, here, 1, number);
      to.shares = number;
    } else if (key == "cores_max") {
      read_count(entry.second, here, 1, to.cores_max);
    } else if (key == "hosts") {
      read_owned(entry.second, here, to);
    }
  }
}

void WorkloadReader::read_owned(YAML::Node const& node, Place const& place, AccountRule& to) {
  if (!node.IsSequence()) return mistake(place, "expected a list of hosts such as [1, 2]");
  for (auto const& item : node) {
    Place const here{item.Mark().line + 1, place.path};
    Rank host{0};
    read_count(item, here, 1, host.value);
    if (host < Rank{1}) continue;
    auto const [owner, fresh] = owners_.emplace(host, to.path);
    if (fresh)
      to.hosts.push_back(host);
    else
      mistake(here, fmt::format("host {} is owned by '{}' already", host, owner->second));
  }
}

}  // namespace godwit
