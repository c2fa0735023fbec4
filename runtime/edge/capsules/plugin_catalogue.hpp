// PluginCatalogue: the port Catalogue on directories of plugins. Every *.so is described by a process of
// its own, forked by a zygote, so that a bad plugin harms nobody; answers are kept until the file changes,
// except those that the plugin isn't to blame for (a store that is full, a process that somebody killed).
// A plugin that can be used is copied to STORE/plugins/<digest>.so, from where capsules load it: a later
// build doesn't touch jobs under way.
//
// Directories come in order of precedence: the first plugin of a type hides later ones.
// find() and poll(): one thread. The work is done on a thread of the catalogue.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "edge/capsules/zygote_process.hpp"
#include "port/control.hpp"

namespace godwit {

class PluginCatalogue final : public Catalogue {
 public:
  struct Settings {
    std::vector<std::filesystem::path> directories;
    std::filesystem::path store;
    Duration patience{30s};  // for one plugin to describe itself
  };

  // The zygote is the catalogue's own, not one that a CapsuleService uses.
  PluginCatalogue(ZygoteProcess zygote, Settings settings);
  ~PluginCatalogue() override;
  PluginCatalogue(PluginCatalogue const&) = delete;
  PluginCatalogue& operator=(PluginCatalogue const&) = delete;

  [[nodiscard]] int wait_fd() const;  // readable when poll() has something

  void find(RequestId request, std::string type) override;
  std::vector<TypesFound> poll() override;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace godwit
