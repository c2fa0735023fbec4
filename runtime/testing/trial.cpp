#include <fmt/format.h>

#include <stdexcept>

#include "godwit/testing.hpp"
#include "testing/places.hpp"
#include "testing/rehearsal.hpp"

namespace godwit::testing {

struct Trial::Core {
  Piece piece;
  std::optional<Rehearsal> rehearsal;  // made at the first run

  Piece& change() {
    if (rehearsal)
      throw std::logic_error("godwit::testing::Trial: give its files and settings before its first run");
    return piece;
  }
  Run run(Plan const& plan) {
    if (plan.every == 0) throw std::invalid_argument("godwit::testing::Trial: every 0 steps");
    if (!rehearsal) rehearsal.emplace(piece);
    auto run = rehearsal->run(plan);
    if (!run) throw std::runtime_error(fmt::format("{}: {}", piece.type, run.failure().context));
    return *std::move(run);
  }
};

Trial::Trial(std::string type, std::map<std::string, std::string> arguments)
    : core_(std::make_unique<Core>()) {
  core_->piece.type = std::move(type);
  core_->piece.arguments = std::move(arguments);
  core_->piece.capsule_program = capsule_program();
  core_->piece.plugins = plugin_directories();
}
Trial::~Trial() = default;

Trial& Trial::plugins(std::filesystem::path const& directory) {
  auto& all = core_->change().plugins;
  all.insert(all.begin(), std::filesystem::absolute(directory));
  return *this;
}
Trial& Trial::file(std::string const& name, std::string const& contents) {
  core_->change().files[name] = contents;
  return *this;
}
Trial& Trial::copy(std::filesystem::path const& from, std::string name) {
  if (name.empty()) name = from.filename().native();
  core_->change().copies[name] = std::filesystem::absolute(from);
  return *this;
}
Trial& Trial::environment(std::string const& name, std::string const& value) {
  core_->change().environment[name] = value;
  return *this;
}
Trial& Trial::patience(std::chrono::milliseconds for_one_step) {
  core_->change().patience = for_one_step;
  return *this;
}
Trial& Trial::keep(std::filesystem::path const& directory) {
  core_->change().keep = std::filesystem::absolute(directory);
  return *this;
}

Run Trial::undisturbed() {
  return core_->run({Plan::Kind::undisturbed});
}
Run Trial::moved_every_step() {
  return core_->run({Plan::Kind::moves, 1});
}
Run Trial::moved_every(std::uint64_t steps) {
  return core_->run({Plan::Kind::moves, steps});
}
Run Trial::restarted_every(std::uint64_t steps) {
  return core_->run({Plan::Kind::restarts, steps});
}

}  // namespace godwit::testing
