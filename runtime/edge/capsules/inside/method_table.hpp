// MethodTable: the methods that a job offers, and calls to them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "godwit/job.hpp"
#include "job/spec.hpp"

namespace godwit::inside {

class MethodTable final : public Methods {
 public:
  // The method's answer. An exception that leaves it is the caller's failure, not the job's.
  [[nodiscard]] Result<std::string> call(std::string const& method,
                                         std::vector<std::string> const& arguments) const;
  [[nodiscard]] std::vector<MethodInfo> list() const;

 private:
  struct Method {
    std::string help;
    std::size_t arity;
    Handler handler;
  };
  void on_method(std::string_view name, std::string_view help, std::size_t arity, Handler handler) override;
  std::map<std::string, Method> methods_;
};

}  // namespace godwit::inside
