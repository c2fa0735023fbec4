#include "edge/policies/policy_plugin.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace godwit {

bool is_policy_file(std::string_view text) {
  return text.find('/') != text.npos || text.ends_with(".so");
}

std::string not_a_runs_policy(std::string const& text) {
  for (auto const* name : {"up-down", "fair-tree", "fcfs"}) {
    if (text == name) return {};
  }
  if (is_policy_file(text)) return {};
  return fmt::format("'{}' is neither up-down, fair-tree or fcfs nor a file such as ./mine.so", text);
}

Result<PolicyPlugin> load_policy(std::filesystem::path const& path) {
  auto const refuse = [&](char const* code, std::string const& why) {
    return reject(code, fmt::format("cannot use policy {}: {}", path.native(), why));
  };
  std::error_code error;
  auto const file = std::filesystem::absolute(path, error);  // a bare name would be looked for among the system's libraries
  if (!std::filesystem::exists(file, error)) return refuse("no_such_file", "there is no such file");
  auto* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::string why = ::dlerror();
    if (auto const prefix = file.native() + ": "; why.starts_with(prefix)) why.erase(0, prefix.size());
    return refuse("policy_not_loadable", why);
  }
  auto const* const descriptor =
      static_cast<policy::PolicyDescriptor const*>(::dlsym(library, "godwit_policy"));
  if (descriptor == nullptr || descriptor->magic != policy::policy_magic) {
    return refuse("not_a_policy", "it names no policy: put GODWIT_POLICY(Class) into its source");
  }
  if (descriptor->interface_version != policy::policy_interface_version) {
    return refuse("policy_interface", fmt::format("built for interface version {}, this Godwit has {}: rebuild it",
                                                  descriptor->interface_version, policy::policy_interface_version));
  }
  if (std::string_view(descriptor->compiler) != __VERSION__) {
    return refuse("policy_compiler", fmt::format("built by compiler {}, this Godwit by {}: rebuild it",
                                                 descriptor->compiler, __VERSION__));
  }
  auto const name = std::string(std::unique_ptr<policy::Policy>(descriptor->make())->name());
  auto const taken = policy::policy_names();
  if (name.empty() || std::ranges::find(taken, name) != taken.end()) {
    return refuse("policy_name", fmt::format("its name is '{}': give it one of its own", name));
  }
  return PolicyPlugin{name, descriptor->make};
}

}  // namespace godwit
