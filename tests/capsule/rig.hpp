// Rig: hosts without MPI. Each Host is a real CapsuleService with its own zygote on one shared store;
// jobs are prepared, run, moved and ended through the port alone, waiting for events with a generous bound.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "edge/capsules/capsule_service.hpp"
#include "edge/capsules/plugin_catalogue.hpp"
#include "port/capsules.hpp"

namespace godwit::testing {

// A directory of its own that goes with it.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(Scratch const&) = delete;
  Scratch& operator=(Scratch const&) = delete;
  [[nodiscard]] std::filesystem::path const& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string const& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string read_file(std::filesystem::path const& path);  // "" if there is none
void write_file(std::filesystem::path const& path, std::string const& text);

ZygoteProcess launch_zygote();

// A frozen job on its way.
struct Image {
  Bytes manifest;
  Bytes arena;
  [[nodiscard]] Manifest decoded() const;
};

class Host {
 public:
  explicit Host(std::filesystem::path const& store);

  CapsuleService& service() { return *service_; }

  // The next event of that kind about that capsule; fails the test if another kind of end comes first.
  template <class E>
  E expect(CapsuleId capsule);
  // Any next event about that capsule.
  CapsuleEvent next(CapsuleId capsule);

  // Lets the service do what is due, and keeps what it reports for later.
  void look();
  // Its process, once the zygote has said which; of a capsule that hasn't ended.
  int pid(CapsuleId capsule);
  // Whether the service says that poll() has something to do.
  bool wakes();

  Image freeze(CapsuleId capsule);
  void end(CapsuleId capsule);  // kill and forget
  void close() { service_.reset(); }

 private:
  void wait();
  std::unique_ptr<CapsuleService> service_;
  std::vector<CapsuleEvent> seen_;
};

class Rig {
 public:
  Rig();

  // Makes a built plugin known to the store; its digest.
  std::string publish(std::filesystem::path const& plugin) const;
  // An order for a job of a type from the build's own plugins.
  CapsuleOrder order(std::string const& type, std::map<std::string, std::string> arguments = {},
                     JobId job = {1});
  // The same with a plugin of the tests' own.
  CapsuleOrder fixture(std::string const& plugin, std::string const& type,
                       std::map<std::string, std::string> arguments = {}, JobId job = {1});

  CapsuleId start(Host& host, CapsuleOrder order, Epoch epoch = {1});
  CapsuleId prepare(Host& host, CapsuleOrder order);
  // Puts the image into a fresh capsule and restores it there.
  CapsuleId restore(Host& host, CapsuleOrder order, Image const& image, Epoch epoch);
  // Only as far as sending the restore command.
  CapsuleId send_restore(Host& host, CapsuleOrder order, Image const& image, Epoch epoch);

  [[nodiscard]] std::filesystem::path store() const { return scratch_ / "store"; }
  [[nodiscard]] std::filesystem::path work() const { return scratch_ / "work"; }
  [[nodiscard]] std::filesystem::path witness() const { return scratch_ / "witness"; }
  [[nodiscard]] std::string printed(std::string const& stream, JobId job = {1}) const;

 private:
  Scratch scratch_;
  CapsuleId newest_{0};
};

// Directories of the build.
std::filesystem::path built_plugins();
std::filesystem::path fixture_plugins();

// Processes whose parent chain leads here; waits until there are none, up to a generous bound.
std::vector<int> descendants();
bool all_gone(std::vector<int> const& pids);

// ---- implementation of the template

CapsuleId capsule_of(CapsuleEvent const& event);
std::string describe(CapsuleEvent const& event);
bool is_end(CapsuleEvent const& event);

template <class E>
E Host::expect(CapsuleId capsule) {
  for (;;) {
    auto event = next(capsule);
    if (auto* const wanted = std::get_if<E>(&event)) return std::move(*wanted);
    if (is_end(event)) {
      ADD_FAILURE() << "unexpected: " << describe(event);
      return {};
    }
  }
}

}  // namespace godwit::testing
