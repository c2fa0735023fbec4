// The keys of a job in a workload file.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/workload/argument.hpp"
#include "app/workload/axes.hpp"
#include "app/workload/reader.hpp"
#include "app/workload/suggestion.hpp"
#include "app/workload/workload_keys.hpp"

namespace godwit {

void WorkloadReader::read_axes(YAML::Node const& node, Place const& place, std::vector<Axis>& to) {
  if (!check_free_map(node, place, "a map of axes such as {seed: 1..100, size: [s, m]}")) return;
  if (node.size() == 0) return mistake(place, "expected at least one axis, such as {seed: 1..100}");
  for (auto const& entry : node) {
    auto const here = place.at(entry.first);
    Axis axis;
    axis.name = entry.first.Scalar();
    if (auto const named = check_axis_name(axis.name); !named) mistake(here, named.failure());
    read_axis(entry.second, here, axis);
    to.push_back(std::move(axis));
  }
}

void WorkloadReader::read_axis(YAML::Node const& node, Place const& place, Axis& to) {
  if (node.IsSequence()) {
    if (node.size() == 0) return mistake(place, "expected at least one value");
    for (auto const& item : node) {
      if (!item.IsScalar()) return mistake({item.Mark().line + 1, place.path}, "expected single values");
      to.values.push_back(item.Scalar());
    }
  } else if (node.IsScalar() && node.Scalar().find("..") != std::string::npos) {
    auto range = parse_range(node.Scalar());
    if (!range) return mistake(place, range.failure());
    range->name = to.name;
    to = *std::move(range);
  } else if (node.IsMap()) {
    if (!check_map(node, place, names_of(axis_keys()))) return;
    if (node.size() != 1) return mistake(place, "expected either glob or lines");
    auto const& entry = *node.begin();
    auto const here = place.at(entry.first);
    bool const by_glob = entry.first.Scalar() == "glob";
    std::string word;
    if (!by_glob && entry.first.Scalar() != "lines") return;  // an unknown key, said already
    if (!text(entry.second, here, by_glob ? "a pattern such as systems/*/" : "a file", word)) return;
    auto values = by_glob ? matching_paths(directory_, word) : lines_of(directory_ / word);
    if (!values) return mistake(here, values.failure());
    to.values = *std::move(values);
  } else {
    mistake(place, "expected a list, a range such as 1..100, {glob: PATTERN} or {lines: FILE}");
  }
}

void WorkloadReader::read_after(YAML::Node const& node, Place const& place, JobSpec& to) {
  auto const add = [&](Place const& here, std::string const& job, Dependency::Until until) {
    waiting_.push_back({here, jobs_.size(), to.after.size()});
    to.after.push_back({.job = job, .id = {}, .until = until});
  };
  auto const expected = "jobs, such as [sweep] or {sweep: finished, md: ended}";
  if (node.IsScalar() && !node.Scalar().empty()) {
    add(place, node.Scalar(), Dependency::Until::finished);
  } else if (node.IsSequence()) {
    for (auto const& item : node) {
      Place const here{item.Mark().line + 1, place.path};
      if (!item.IsScalar()) return mistake(here, fmt::format("expected {}", expected));
      add(here, item.Scalar(), Dependency::Until::finished);
    }
  } else if (check_free_map(node, place, expected)) {
    for (auto const& entry : node) {
      auto const here = place.at(entry.first);
      auto const word = entry.second.IsScalar() ? entry.second.Scalar() : std::string("?");
      auto const until = parse_until(word);
      if (!until) {
        mistake(here, until.failure());
        continue;
      }
      add(here, entry.first.Scalar(), *until);
    }
  }
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
  } else if (key == "resources") {
    read_resources(value, place, to);
  } else if (key == "labels") {
    read_labels(value, place, to);
  } else if (key == "priority") {
    read_count(value, place, -priority_max, to.priority);
  } else if (key == "together") {
    read_group(value, place, to.together);
  } else if (key == "apart") {
    read_group(value, place, to.apart);
  } else if (key == "crash_limit") {
    read_count(value, place, 0, to.crash_limit);
  } else if (key == "host_loss_limit") {
    read_count(value, place, 0, to.host_loss_limit);
  } else if (key == "max_failed") {
    read_count(value, place, 0, to.max_failed);
  } else if (key == "time_limit") {
    read_limit(value, place, to.time_limit);
  } else if (key == "step_limit") {
    read_limit(value, place, to.step_limit);
  } else if (key == "stdout") {
    text(value, place, "a path", to.stdout_path);
  } else if (key == "stderr") {
    text(value, place, "a path", to.stderr_path);
  } else if (key == "memory") {
    if (!text(value, place, "a size such as 2GiB", word)) return true;
    auto const bytes = parse_size(word);
    if (bytes)
      to.memory_bytes = *bytes;
    else
      mistake(place, bytes.failure());
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
  if (!check_map(node, place, names_of(checkpoint_keys()))) return;
  for (auto const& entry : node) {
    auto const here = place.at(entry.first);
    auto const& key = entry.first.Scalar();
    std::string word;
    if (key == "keep") {
      read_count(entry.second, here, 1, to.retention.keep);
    } else if (key == "keep_every") {
      if (!text(entry.second, here, "a number, or a time such as 1h", word)) continue;
      if (auto const set = set_keep_every(word, to.retention); !set) mistake(here, set.failure());
    } else if (key == "quota") {
      if (!text(entry.second, here, "a size such as 10GiB", word)) continue;
      if (auto const bytes = parse_size(word)) {
        to.retention.quota_bytes = *bytes;
      } else {
        mistake(here, bytes.failure());
      }
    } else if (key == "partner") {
      read_truth(entry.second, here, to.checkpoint_partner);
    } else if (key == "compress") {
      read_truth(entry.second, here, to.checkpoint_compress);
    } else if (key == "every" && text(entry.second, here, "auto, never or a duration such as 10min", word)) {
      if (auto const set = set_checkpoint_every(word, to); !set) mistake(here, set.failure());
    }
  }
}

void WorkloadReader::read_truth(YAML::Node const& value, Place const& place, bool& to) {
  auto const word = value.IsScalar() ? value.Scalar() : std::string();
  if (word != "true" && word != "false") return mistake(place, "expected true or false");
  to = word == "true";
}

// A job's own count takes the place of the defaults'; 0: none of it.
void WorkloadReader::read_resources(YAML::Node const& node, Place const& place, JobSpec& to) {
  if (!check_free_map(node, place, "a map of names to counts, such as {gpu: 1}")) return;
  for (auto const& entry : node) {
    auto const here = place.at(entry.first);
    auto const& name = entry.first.Scalar();
    if (auto const named = check_word("a resource's name", name); !named) {
      mistake(here, named.failure());
      continue;
    }
    std::int32_t count = 0;
    read_count(entry.second, here, 0, count);
    to.resources[name] = count;
    if (count == 0) to.resources.erase(name);
  }
}

void WorkloadReader::read_labels(YAML::Node const& node, Place const& place, JobSpec& to) {
  to.labels.clear();
  auto const add = [&](YAML::Node const& item) {
    Place const here{item.Mark().line + 1, place.path};
    auto const word = item.IsScalar() ? item.Scalar() : std::string();
    if (auto const named = check_word("a label", word); !named) return mistake(here, named.failure());
    to.labels.push_back(word);
  };
  if (!node.IsSequence()) return add(node);
  for (auto const& item : node) add(item);
}

void WorkloadReader::read_group(YAML::Node const& value, Place const& place, std::string& to) {
  auto const word = value.IsScalar() ? value.Scalar() : std::string();
  if (auto const named = check_word("a group's name", word); !named) return mistake(place, named.failure());
  to = word;
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

void WorkloadReader::read_limit(YAML::Node const& value, Place const& place, Duration& to) {
  std::string word;
  if (!text(value, place, "a duration such as 6h, or never", word)) return;
  auto const limit = parse_duration(word);
  if (limit)
    to = *limit;
  else
    mistake(place, limit.failure());
}

void WorkloadReader::read_account(YAML::Node const& value, Place const& place, std::string& to) {
  if (!text(value, place, "an account's name", to)) return;
  if (!rules_ || accounts_.contains(to)) return;
  mistake(place, fmt::format("account '{}' is not among 'accounts'{}", to,
                             suggestion(to, {accounts_.begin(), accounts_.end()})));
}

void WorkloadReader::read_directory(YAML::Node const& value, Place const& place, std::string& to) {
  std::string word;
  if (!text(value, place, "a directory", word)) return;
  to = directory_from(directory_, word);
}

// A cwd that begins with an axis whose values are absolute paths doesn't count from the file's directory.
void WorkloadReader::free_directory(YAML::Node const& value, Place const& place, JobArray& job) {
  if (!value.IsScalar() || !value.Scalar().starts_with("%{")) return;
  auto const& word = value.Scalar();
  auto const absolute = [](std::string const& path) { return path.starts_with('/'); };
  for (auto const& axis : job.axes) {
    if (!word.starts_with(fmt::format("%{{{}}}", axis.name))) continue;
    auto const count = std::count_if(axis.values.begin(), axis.values.end(), absolute);
    if (count == 0) return;
    if (count == static_cast<std::ptrdiff_t>(axis.values.size()))
      job.spec.directory = word;
    else
      mistake(place, fmt::format("some values of axis '{}' are absolute paths and some are not", axis.name));
  }
}

}  // namespace godwit
