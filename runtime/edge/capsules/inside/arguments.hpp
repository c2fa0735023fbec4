// A job's parameters walked in two ways: bound to the arguments that the user gave, or listed for help
// and submit-time checks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "godwit/job.hpp"
#include "job/spec.hpp"

namespace godwit::inside {

class ArgumentBinder final : public Parameters {
 public:
  explicit ArgumentBinder(std::map<std::string, std::string> const& arguments) : arguments_(arguments) {}
  // After the walk: the first missing, malformed or unknown argument, if any.
  [[nodiscard]] Status finish();

 private:
  void on_parameter(ParameterAccess access) override;
  void refuse(std::string why);

  std::map<std::string, std::string> const& arguments_;
  std::set<std::string, std::less<>> known_;
  Status status_{Done{}};
};

class ParameterLister final : public Parameters {
 public:
  [[nodiscard]] std::vector<ParameterInfo> take() { return std::move(parameters_); }

 private:
  void on_parameter(ParameterAccess access) override;
  std::vector<ParameterInfo> parameters_;
};

}  // namespace godwit::inside
