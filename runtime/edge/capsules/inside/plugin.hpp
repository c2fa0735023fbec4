// Plugin: a job type loaded from a shared object into this process, once and for good. Loading runs the
// plugin's static initialisers: only capsules do it.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "godwit/job.hpp"

namespace godwit::inside {

class Plugin {
 public:
  // Fails, saying why and what to do, if it isn't a shared object, isn't a Godwit plugin, or was built for
  // another interface version or by another compiler.
  [[nodiscard]] static Result<Plugin> load(std::filesystem::path const& path);

  [[nodiscard]] std::string type() const { return descriptor_->type; }
  [[nodiscard]] std::uint32_t state_version() const { return descriptor_->state_version; }
  [[nodiscard]] bool steps_vary() const { return steps_vary_; }  // see GODWIT_STEPS_VARY
  [[nodiscard]] std::unique_ptr<Job> make() const { return std::unique_ptr<Job>(descriptor_->make()); }

 private:
  Plugin(PluginDescriptor const* descriptor, bool steps_vary)
      : descriptor_(descriptor), steps_vary_(steps_vary) {}
  PluginDescriptor const* descriptor_;
  bool steps_vary_;
};

}  // namespace godwit::inside
