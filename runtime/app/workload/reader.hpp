// Walks the YAML of one workload file and collects every mistake on the way. Internal to this folder;
// yaml-cpp's exceptions are caught by read_workload.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "job/spec.hpp"

namespace godwit {

class WorkloadReader {
 public:
  explicit WorkloadReader(std::filesystem::path const& file);

  void read(YAML::Node const& document);
  [[nodiscard]] std::vector<JobSpec> const& jobs() const { return jobs_; }
  [[nodiscard]] std::vector<std::string> const& mistakes() const { return mistakes_; }

 private:
  struct Place {  // where in the document: for messages
    int line;
    std::string path;  // "jobs.plate.args"
    [[nodiscard]] Place at(YAML::Node const& key) const;
  };

  void mistake(Place const& place, std::string_view what);
  // Is it a map? Its keys must be known and may stand once only; `later` are refused by name.
  bool check_map(YAML::Node const& node, Place const& place, std::vector<std::string> const& known,
                 std::vector<std::string> const& later = {});
  bool check_free_map(YAML::Node const& node, Place const& place, std::string_view expected);
  bool text(YAML::Node const& value, Place const& place, std::string_view expected, std::string& to);

  void read_accounts(YAML::Node const& node, Place const& place);
  void read_job(YAML::Node const& key, YAML::Node const& node, JobSpec const& defaults, Place const& place);
  // The keys that defaults and a job share; true if `key` is one of them.
  bool read_common(std::string const& key, YAML::Node const& value, Place const& place, JobSpec& to);
  void read_checkpoint(YAML::Node const& node, Place const& place, JobSpec& to);
  void read_pairs(YAML::Node const& node, Place const& place, std::map<std::string, std::string>& to);
  void read_count(YAML::Node const& value, Place const& place, std::int32_t least, std::int32_t& to);
  void read_account(YAML::Node const& value, Place const& place, std::string& to);
  void read_directory(YAML::Node const& value, Place const& place, std::string& to);

  std::filesystem::path file_;
  std::filesystem::path directory_;
  std::set<std::string> accounts_;
  bool accounts_given_{false};
  std::set<std::string> names_;
  std::vector<JobSpec> jobs_;
  std::vector<std::string> mistakes_;
};

}  // namespace godwit
