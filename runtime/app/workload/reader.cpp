#include "app/workload/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "app/workload/argument.hpp"
#include "app/workload/axes.hpp"
#include "app/workload/suggestion.hpp"
#include "app/workload/workload_keys.hpp"

namespace godwit {
namespace {

std::vector<std::string> job_keys() {
  auto keys = names_of(own_keys());
  for (auto const& key : common_keys()) keys.push_back(key.name);
  return keys;
}

bool contains(std::vector<std::string> const& list, std::string const& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_number(std::string const& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
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

void WorkloadReader::mistake(Place const& place, Failure const& failure) {
  std::istringstream lines(failure.context);
  for (std::string line; std::getline(lines, line);) mistake(place, line);
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
      mistake(place.at(entry.first), key == "program"
                                         ? "not supported yet; give a type ('godwit types' lists them)"
                                         : "not supported yet");
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

void WorkloadReader::read_version(YAML::Node const& document, Place const& top) {
  auto const node = document["godwit"];
  if (!node) return mistake(top, "the key 'godwit' is missing; expected 'godwit: 1', the schema's version");
  Place const place{node.Mark().line + 1, "godwit"};
  std::string version;
  if (text(node, place, "1", version) && version != "1") {
    mistake(place, fmt::format("schema version '{}' is not known here; expected 1", version));
  }
}

void WorkloadReader::read(YAML::Node const& document) {
  Place const top{1, ""};
  if (!check_map(document, top, names_of(top_keys()))) return;
  read_version(document, top);
  JobSpec defaults;
  defaults.directory = directory_.string();
  // Accounts first, wherever they stand: jobs refer to them.
  for (auto const& entry : document) {
    if (entry.first.Scalar() == "accounts") read_accounts(entry.second, top.at(entry.first));
  }
  for (auto const& entry : document) {
    if (entry.first.Scalar() != "defaults") continue;
    auto const place = top.at(entry.first);
    if (!check_map(entry.second, place, names_of(common_keys()), later_keys())) continue;
    for (auto const& item : entry.second) {
      read_common(item.first.Scalar(), item.second, place.at(item.first), defaults);
    }
  }
  if (defaults.account.empty()) defaults.account = default_account();
  for (auto const& entry : document) {
    if (entry.first.Scalar() != "jobs") continue;
    auto const place = top.at(entry.first);
    if (!check_free_map(entry.second, place, "a map of job names, each with at least a type")) return;
    for (auto const& job : entry.second) read_job(job.first, job.second, defaults, place.at(job.first));
  }
  check_dependencies();
  if (names_.empty() && mistakes_.empty()) {
    mistake(top, "there are no jobs; expected 'jobs:' with a name and a type for each");
  }
}

void WorkloadReader::read_job(YAML::Node const& key, YAML::Node const& node, JobSpec const& defaults,
                              Place const& place) {
  if (!check_map(node, place, job_keys(), later_keys())) return;
  JobArray job(defaults);
  auto& spec = job.spec;
  spec.name = key.Scalar();
  auto const mistakes_before = mistakes_.size();
  for (auto const& entry : node) {
    auto const& word = entry.first.Scalar();
    auto const here = place.at(entry.first);
    if (word == "type") {
      text(entry.second, here, "the name of a job type", spec.type);
    } else if (word == "args") {
      read_pairs(entry.second, here, spec.arguments);
    } else if (word == "array") {
      read_axes(entry.second, here, job.axes);
    } else if (word == "after") {
      read_after(entry.second, here, spec);
    } else if (word == "name") {
      text(entry.second, here, "a name", spec.name);
    } else {
      read_common(word, entry.second, here, spec);
    }
  }
  if (auto const cwd = node["cwd"]) free_directory(cwd, Place{cwd.Mark().line + 1, place.path + ".cwd"}, job);
  bool const programmed = node["program"].IsDefined();  // refused above, by name
  if (!node["type"] && !programmed)
    mistake(place, "the key 'type' is missing; expected the name of a job type");
  if (auto const named = check_name(spec.name); !named) {
    mistake(place, named.failure());
  } else if (contains(names_, spec.name)) {
    mistake(place, fmt::format("another job is named '{}' too", spec.name));
  }
  names_.push_back(spec.name);
  if (mistakes_.size() == mistakes_before) check_job(node, job, place);
  jobs_.push_back(std::move(job));
}

// What can be said only of the job as a whole.
void WorkloadReader::check_job(YAML::Node const& node, JobArray const& job, Place const& place) {
  auto const place_of = [&](char const* word) {
    for (auto const& entry : node) {
      if (entry.first.Scalar() == word) return place.at(entry.first);
    }
    return place;
  };
  if (!job.is_array()) {
    if (node["max_failed"]) mistake(place_of("max_failed"), "goes with an array only");
    return;
  }
  auto const before = mistakes_.size();
  for (auto const& axis : job.axes) {
    if (!job.spec.arguments.contains(axis.name)) continue;
    auto const args = place_of("args");
    mistake({args.line, args.path + "." + axis.name}, "is an axis of the array too; it is given once");
  }
  check_words(job.spec.arguments, job, place_of("args"));
  check_words(job.spec.environment, job, place_of("environment"));
  for (auto const& [word, value] : {std::pair{"cwd", job.spec.directory},
                                    {"stdout", job.spec.stdout_path},
                                    {"stderr", job.spec.stderr_path}}) {
    check_words({{"", value}}, job, place_of(word));
  }
  if (mistakes_.size() != before) return;
  if (auto const checked = check_array(job); !checked) return mistake(place_of("array"), checked.failure());
  if (auto const streams = check_streams(job); !streams) mistake(place_of("array"), streams.failure());
}

// Each text by itself, so that the message names its key.
void WorkloadReader::check_words(std::map<std::string, std::string> const& texts, JobArray const& job,
                                 Place const& place) {
  for (auto const& [name, value] : texts) {
    JobArray probe;
    probe.axes = job.axes;
    probe.spec.arguments = {{name, value}};
    if (probe.size() > elements_max) return;  // said once, of the array
    auto const path = name.empty() ? place.path : place.path + "." + name;
    if (auto const checked = check_array(probe); !checked) mistake({place.line, path}, checked.failure());
  }
}

// A job of this file, or one that the store knows by its number; and nothing waits for itself.
void WorkloadReader::check_dependencies() {
  std::map<std::string, std::vector<std::string>> waits_for;
  for (auto const& each : waiting_) {
    if (each.job >= jobs_.size() || each.dependency >= jobs_[each.job].spec.after.size()) continue;
    auto const& spec = jobs_[each.job].spec;
    auto const& named = spec.after[each.dependency].job;
    if (!contains(names_, named)) {
      if (is_number(named)) continue;
      mistake(each.place,
              fmt::format("no job of this file is named '{}' (one that was submitted before goes by "
                          "its number){}",
                          named, suggestion(named, names_)));
      continue;
    }
    waits_for[spec.name].push_back(named);
    std::set<std::string> reached;
    std::vector<std::string> open{named};
    while (!open.empty()) {
      auto const next = open.back();
      open.pop_back();
      if (!reached.insert(next).second) continue;
      for (auto const& further : waits_for[next]) open.push_back(further);
    }
    if (reached.contains(spec.name)) {
      mistake(each.place,
              named == spec.name
                  ? "a job can't wait for itself"
                  : fmt::format("'{}' waits for '{}' already: neither would ever start", named, spec.name));
    }
  }
}

}  // namespace godwit
