#include "edge/capsules/inside/plugin.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <string_view>

namespace godwit::inside {

Result<Plugin> Plugin::load(std::filesystem::path const& path) {
  auto const refuse = [&](char const* code, std::string const& why) {
    return reject(code, fmt::format("cannot use plugin {}: {}", path.native(), why));
  };
  auto* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::string why = ::dlerror();
    if (auto const prefix = path.native() + ": "; why.starts_with(prefix)) why.erase(0, prefix.size());
    return refuse("plugin_not_loadable", why);
  }
  auto const* const descriptor = static_cast<PluginDescriptor const*>(::dlsym(library, "godwit_plugin"));
  if (descriptor == nullptr || descriptor->magic != plugin_magic) {
    return refuse("not_a_plugin",
                  "it names no job type: put GODWIT_JOB(Class, \"type\", version) into its source");
  }
  if (descriptor->interface_version != plugin_interface_version) {
    return refuse("plugin_interface",
                  fmt::format("built for interface version {}, this Godwit has {}: rebuild it",
                              descriptor->interface_version, plugin_interface_version));
  }
  if (std::string_view(descriptor->compiler) != __VERSION__) {
    return refuse("plugin_compiler", fmt::format("built by compiler {}, this Godwit by {}: rebuild it",
                                                 descriptor->compiler, __VERSION__));
  }
  return Plugin(descriptor, ::dlsym(library, "godwit_steps_vary") != nullptr);
}

}  // namespace godwit::inside
