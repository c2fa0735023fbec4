#include "edge/capsules/inside/arguments.hpp"

#include <fmt/format.h>

#include <utility>

namespace godwit::inside {

void ArgumentBinder::on_parameter(ParameterAccess access) {
  known_.emplace(access.name);
  auto const found = arguments_.find(std::string(access.name));
  if (found == arguments_.end() && !access.fallback) {
    return refuse(fmt::format("argument '{}' is missing ({})", access.name, access.help));
  }
  auto const& text = found == arguments_.end() ? *access.fallback : found->second;
  if (access.parse(access.object, text)) return;
  static constexpr char const* wanted[] = {"text", "an integer in range", "a number", "true or false"};
  refuse(fmt::format("argument '{}': '{}' is not {}", access.name, text,
                     wanted[static_cast<std::size_t>(access.kind)]));
}

Status ArgumentBinder::finish() {
  for (auto const& [name, value] : arguments_) {
    if (!known_.contains(name)) refuse(fmt::format("unknown argument '{}'", name));
  }
  return status_;
}

void ArgumentBinder::refuse(std::string why) {
  if (status_) status_ = reject("bad_arguments", std::move(why));
}

void ParameterLister::on_parameter(ParameterAccess access) {
  parameters_.push_back({std::string(access.name), std::string(access.help), access.kind, access.fallback});
}

}  // namespace godwit::inside
