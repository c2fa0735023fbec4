#include "edge/capsules/inside/method_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <exception>
#include <stdexcept>

namespace godwit::inside {

Result<std::string> MethodTable::call(std::string const& method,
                                      std::vector<std::string> const& arguments) const {
  auto const found = methods_.find(method);
  if (found == methods_.end()) {
    std::vector<std::string> names;
    for (auto const& [name, entry] : methods_) names.push_back(name);
    return reject("no_such_method", names.empty() ? fmt::format("no method '{}': the job has none", method)
                                                  : fmt::format("no method '{}': the job has {}", method,
                                                                fmt::join(names, ", ")));
  }
  auto const& [help, arity, handler] = found->second;
  if (arguments.size() != arity) {
    return reject("bad_call", fmt::format("{} takes {} argument{}, not {}", method, arity,
                                          arity == 1 ? "" : "s", arguments.size()));
  }
  try {
    return handler(arguments);
  } catch (std::invalid_argument const& error) {
    return reject("bad_call", error.what());
  } catch (std::exception const& error) {
    return reject("call_failed", fmt::format("{}: {}", method, error.what()));
  } catch (...) {
    return reject("call_failed", fmt::format("{}: an exception that isn't a std::exception", method));
  }
}

std::vector<MethodInfo> MethodTable::list() const {
  std::vector<MethodInfo> infos;
  for (auto const& [name, method] : methods_) {
    infos.push_back({name, method.help, static_cast<std::uint32_t>(method.arity)});
  }
  return infos;
}

void MethodTable::on_method(std::string_view name, std::string_view help, std::size_t arity,
                            Handler handler) {
  methods_.insert_or_assign(std::string(name), Method{std::string(help), arity, std::move(handler)});
}

}  // namespace godwit::inside
