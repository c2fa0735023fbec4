// PluginStore: STORE/plugins/<digest>.so, one file per content, never changed once published. One thread.
#pragma once

#include <filesystem>
#include <functional>

#include "base/result.hpp"
#include "job/spec.hpp"

namespace godwit {

class PluginStore {
 public:
  using Describe = std::function<Result<JobType>(std::filesystem::path const& copy)>;

  explicit PluginStore(std::filesystem::path const& store) : directory_(store / "plugins") {}

  // Copies the plugin; if `describe` finds the copy good, publishes it (fsync, rename) under its digest.
  // The type's digest and path are filled in.
  [[nodiscard]] Result<JobType> keep(std::filesystem::path const& plugin, Describe const& describe);

  // Failures count as held: they need no file.
  [[nodiscard]] bool holds(Result<JobType> const& type) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace godwit
