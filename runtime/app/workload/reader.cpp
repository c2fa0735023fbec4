#include "app/workload/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/workload/argument.hpp"
#include "app/workload/suggestion.hpp"

namespace godwit {
namespace {

std::vector<std::string> const top_keys{"godwit", "accounts", "defaults", "jobs"};
std::vector<std::string> const common_keys{"account", "cores",      "memory",      "host",
                                           "cwd",     "checkpoint", "crash_limit", "environment"};
std::vector<std::string> const later_keys{"array",   "program",    "after",  "resources", "time_limit",
                                          "restart", "max_failed", "stdout", "stderr"};

std::vector<std::string> job_keys() {
  auto keys = common_keys;
  keys.insert(keys.begin(), {"type", "args", "name"});
  return keys;
}

bool contains(std::vector<std::string> const& list, std::string const& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

WorkloadReader::WorkloadReader(std::filesystem::path const& file)
    : file_(file), directory_(std::filesystem::absolute(file).parent_path().lexically_normal()) {}

WorkloadReader::Place WorkloadReader::Place::at(YAML::Node const& key) const {
  auto const word = key.IsScalar() ? key.Scalar() : std::string("?");
  return {key.Mark().line + 1, path.empty() ? word : path + "." + word};
}

void WorkloadReader::mistake(Place const& place, std::string_view what) {
  auto const where = place.path.empty() ? std::string() : place.path + ": ";
  mistakes_.push_back(fmt::format("{}:{}: {}{}", file_.string(), place.line, where, what));
}

bool WorkloadReader::check_free_map(YAML::Node const& node, Place const& place, std::string_view expected) {
  if (!node.IsMap()) {
    mistake(place, fmt::format("expected {}", expected));
    return false;
  }
  std::set<std::string> seen;
  for (auto const& entry : node) {
    if (!entry.first.IsScalar()) {
      mistake(place.at(entry.first), "a key must be a plain word");
      return false;
    }
    if (!seen.insert(entry.first.Scalar()).second) {
      mistake(place.at(entry.first), "stands here a second time");
      return false;
    }
  }
  return true;
}

bool WorkloadReader::check_map(YAML::Node const& node, Place const& place,
                               std::vector<std::string> const& known, std::vector<std::string> const& later) {
  if (!check_free_map(node, place, fmt::format("a map with keys such as {}", fmt::join(known, ", ")))) {
    return false;
  }
  for (auto const& entry : node) {
    auto const& key = entry.first.Scalar();
    if (contains(later, key)) {
      mistake(place.at(entry.first), "not supported yet");
    } else if (!contains(known, key)) {
      mistake(place.at(entry.first), "unknown key" + suggestion(key, known));
    }
  }
  return true;
}

bool WorkloadReader::text(YAML::Node const& value, Place const& place, std::string_view expected,
                          std::string& to) {
  if (!value.IsScalar() || value.Scalar().empty()) {
    mistake(place, fmt::format("expected {}", expected));
    return false;
  }
  to = value.Scalar();
  return true;
}

void WorkloadReader::read(YAML::Node const& document) {
  Place const top{1, ""};
  if (!check_map(document, top, top_keys)) return;
  if (!document["godwit"]) {
    mistake(top, "the key 'godwit' is missing; expected 'godwit: 1', the schema's version");
  } else if (std::string version;
             text(document["godwit"], top.at(document["godwit"]), "1", version) && version != "1") {
    mistake({document["godwit"].Mark().line + 1, "godwit"},
            fmt::format("schema version '{}' is not known here; expected 1", version));
  }
  JobSpec defaults;
  defaults.directory = directory_.string();
  // Accounts first, wherever they stand: jobs refer to them.
  for (auto const& entry : document) {
    if (entry.first.Scalar() == "accounts") read_accounts(entry.second, top.at(entry.first));
  }
  for (auto const& entry : document) {
    if (entry.first.Scalar() != "defaults") continue;
    auto const place = top.at(entry.first);
    if (!check_map(entry.second, place, common_keys, later_keys)) continue;
    for (auto const& item : entry.second) {
      read_common(item.first.Scalar(), item.second, place.at(item.first), defaults);
    }
  }
  if (defaults.account.empty()) defaults.account = default_account();
  bool any = false;
  for (auto const& entry : document) {
    if (entry.first.Scalar() != "jobs") continue;
    auto const place = top.at(entry.first);
    if (!check_free_map(entry.second, place, "a map of job names, each with at least a type")) return;
    for (auto const& job : entry.second) {
      any = true;
      read_job(job.first, job.second, defaults, place.at(job.first));
    }
  }
  if (!any) mistake(top, "there are no jobs; expected 'jobs:' with a name and a type for each");
}

void WorkloadReader::read_accounts(YAML::Node const& node, Place const& place) {
  if (!check_free_map(node, place, "a map of account names")) return;
  accounts_given_ = true;
  for (auto const& entry : node) {
    accounts_.insert(entry.first.Scalar());
    if (!entry.second.IsNull()) check_map(entry.second, place.at(entry.first), {"shares", "hosts"});
  }
}

void WorkloadReader::read_job(YAML::Node const& key, YAML::Node const& node, JobSpec const& defaults,
                              Place const& place) {
  if (!check_map(node, place, job_keys(), later_keys)) return;
  JobSpec job = defaults;
  job.name = key.Scalar();
  for (auto const& entry : node) {
    auto const& word = entry.first.Scalar();
    auto const here = place.at(entry.first);
    if (word == "type") {
      text(entry.second, here, "the name of a job type", job.type);
    } else if (word == "args") {
      read_pairs(entry.second, here, job.arguments);
    } else if (word == "name") {
      text(entry.second, here, "a name", job.name);
    } else {
      read_common(word, entry.second, here, job);
    }
  }
  bool const programmed = node["program"].IsDefined();  // refused above, by name
  if (!node["type"] && !programmed)
    mistake(place, "the key 'type' is missing; expected the name of a job type");
  if (auto const named = check_name(job.name); !named) {
    mistake(place, named.failure().context);
  } else if (!names_.insert(job.name).second) {
    mistake(place, fmt::format("another job is named '{}' too", job.name));
  }
  jobs_.push_back(std::move(job));
}

bool WorkloadReader::read_common(std::string const& key, YAML::Node const& value, Place const& place,
                                 JobSpec& to) {
  std::string word;
  if (key == "account") {
    read_account(value, place, to.account);
  } else if (key == "cores") {
    read_count(value, place, 1, to.cores);
  } else if (key == "host") {
    read_count(value, place, 1, to.host.value);
  } else if (key == "crash_limit") {
    read_count(value, place, 0, to.crash_limit);
  } else if (key == "memory") {
    if (!text(value, place, "a size such as 2GiB", word)) return true;
    auto const bytes = parse_size(word);
    if (bytes)
      to.memory_bytes = *bytes;
    else
      mistake(place, bytes.failure().context);
  } else if (key == "cwd") {
    read_directory(value, place, to.directory);
  } else if (key == "checkpoint") {
    read_checkpoint(value, place, to);
  } else if (key == "environment") {
    read_pairs(value, place, to.environment);
  } else {
    return false;
  }
  return true;
}

void WorkloadReader::read_checkpoint(YAML::Node const& node, Place const& place, JobSpec& to) {
  if (!check_map(node, place, {"every"}, {"keep", "partner"})) return;
  for (auto const& entry : node) {
    auto const here = place.at(entry.first);
    std::string word;
    if (entry.first.Scalar() != "every" || !text(entry.second, here, "a duration such as 10min", word))
      continue;
    if (word == "auto") {
      mistake(here, "'auto' is not supported yet; expected a duration such as 10min");
    } else if (auto const every = parse_duration(word)) {
      to.checkpoint_every = *every;
    } else {
      mistake(here, every.failure().context);
    }
  }
}

void WorkloadReader::read_pairs(YAML::Node const& node, Place const& place,
                                std::map<std::string, std::string>& to) {
  if (node.IsNull()) return;
  if (!check_free_map(node, place, "a map of names to values")) return;
  for (auto const& entry : node) {
    if (entry.second.IsScalar())
      to[entry.first.Scalar()] = entry.second.Scalar();
    else
      mistake(place.at(entry.first), "expected a single value");
  }
}

void WorkloadReader::read_count(YAML::Node const& value, Place const& place, std::int32_t least,
                                std::int32_t& to) {
  auto const word = value.IsScalar() ? value.Scalar() : std::string();
  std::int32_t number = 0;
  auto const* last = word.data() + word.size();
  auto const [end, error] = std::from_chars(word.data(), last, number);
  if (error != std::errc{} || end != last || number < least) {
    mistake(place, fmt::format("expected a whole number from {}", least));
    return;
  }
  to = number;
}

void WorkloadReader::read_account(YAML::Node const& value, Place const& place, std::string& to) {
  if (!text(value, place, "an account's name", to)) return;
  if (!accounts_given_ || accounts_.contains(to)) return;
  mistake(place, fmt::format("account '{}' is not among 'accounts'{}", to,
                             suggestion(to, {accounts_.begin(), accounts_.end()})));
}

void WorkloadReader::read_directory(YAML::Node const& value, Place const& place, std::string& to) {
  std::string word;
  if (!text(value, place, "a directory", word)) return;
  to = directory_from(directory_, word);
}

}  // namespace godwit
