// Walks the YAML of one workload file and collects every mistake on the way. Internal to this folder;
// yaml-cpp's exceptions are caught by read_workload. reader.cpp knows the document, reader_keys.cpp the
// keys of a job, reader_accounts.cpp those of an account.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "job/account.hpp"
#include "job/array.hpp"

namespace godwit {

class WorkloadReader {
 public:
  explicit WorkloadReader(std::filesystem::path const& file);

  void read(YAML::Node const& document);
  void read_only_accounts(YAML::Node const& document);
  [[nodiscard]] std::optional<std::vector<AccountRule>> const& accounts() const { return rules_; }
  [[nodiscard]] std::vector<JobArray> const& jobs() const { return jobs_; }
  [[nodiscard]] std::vector<std::string> const& mistakes() const { return mistakes_; }

 private:
  struct Place {  // where in the document: for messages
    int line;
    std::string path;  // "jobs.plate.args"
    [[nodiscard]] Place at(YAML::Node const& key) const;
  };
  struct Waiting {  // a job's `after`, to be looked at when all names are known
    Place place;
    std::size_t job, dependency;  // of jobs_, of its spec.after
  };

  // reader.cpp
  void mistake(Place const& place, std::string_view what);
  void mistake(Place const& place, Failure const& failure);  // each of its lines is one
  // Is it a map? Its keys must be known and may stand once only; `later` are refused by name.
  bool check_map(YAML::Node const& node, Place const& place, std::vector<std::string> const& known,
                 std::vector<std::string> const& later = {});
  bool check_free_map(YAML::Node const& node, Place const& place, std::string_view expected);
  bool text(YAML::Node const& value, Place const& place, std::string_view expected, std::string& to);
  void read_version(YAML::Node const& document, Place const& top);
  void read_job(YAML::Node const& key, YAML::Node const& node, JobSpec const& defaults, Place const& place);
  void check_job(YAML::Node const& node, JobArray const& job, Place const& place);
  void check_words(std::map<std::string, std::string> const& texts, JobArray const& job, Place const& place);
  void check_dependencies();

  // reader_accounts.cpp
  void read_accounts(YAML::Node const& node, Place const& place);
  void read_rule(YAML::Node const& node, Place const& place, AccountRule& to);
  void read_owned(YAML::Node const& node, Place const& place, AccountRule& to);

  // reader_keys.cpp
  void read_axes(YAML::Node const& node, Place const& place, std::vector<Axis>& to);
  void read_axis(YAML::Node const& node, Place const& place, Axis& to);
  void read_after(YAML::Node const& node, Place const& place, JobSpec& to);
  // The keys that defaults and a job share; true if `key` is one of them.
  bool read_common(std::string const& key, YAML::Node const& value, Place const& place, JobSpec& to);
  void read_checkpoint(YAML::Node const& node, Place const& place, JobSpec& to);
  void read_truth(YAML::Node const& value, Place const& place, bool& to);
  void read_resources(YAML::Node const& node, Place const& place, JobSpec& to);
  void read_labels(YAML::Node const& node, Place const& place, JobSpec& to);
  void read_group(YAML::Node const& value, Place const& place, std::string& to);
  void read_pairs(YAML::Node const& node, Place const& place, std::map<std::string, std::string>& to);
  void read_count(YAML::Node const& value, Place const& place, std::int32_t least, std::int32_t& to);
  void read_limit(YAML::Node const& value, Place const& place, Duration& to);
  void read_account(YAML::Node const& value, Place const& place, std::string& to);
  void read_directory(YAML::Node const& value, Place const& place, std::string& to);
  void free_directory(YAML::Node const& value, Place const& place, JobArray& job);

  std::filesystem::path file_;
  std::filesystem::path directory_;
  std::set<std::string> accounts_;
  std::optional<std::vector<AccountRule>> rules_;
  std::map<Rank, std::string> owners_;
  std::vector<std::string> names_;  // of the jobs
  std::vector<Waiting> waiting_;
  std::vector<JobArray> jobs_;
  std::vector<std::string> mistakes_;
};

}  // namespace godwit
