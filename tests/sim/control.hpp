// SimControl: users' commands on their way to the allocator, and the answers. SimCatalogue: the one type of job.
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "port/control.hpp"
#include "sim/work.hpp"

namespace godwit::sim {

class SimControl final : public Control {
 public:
  std::function<void()> on_command = [] {};
  std::function<void(CommandId, Answer const&)> on_answer = [](CommandId, Answer const&) {};

  void give(CommandId id, Command command) {
    given_.push_back({id, "user", std::move(command)});
    on_command();
  }
  std::vector<CommandReceived> poll() override { return std::exchange(given_, {}); }
  void answer(CommandId id, Answer answer) override { on_answer(id, answer); }
  [[nodiscard]] bool flushed() const override { return true; }

 private:
  std::vector<CommandReceived> given_;
};

class SimCatalogue final : public Catalogue {
 public:
  std::function<void()> on_found = [] {};

  void find(RequestId request, std::string type) override {
    TypesFound found{request, std::vector{Work::type()}};
    if (!type.empty() && type != "work") found.types = reject("no_such_type", "no type " + type);
    found_.push_back(std::move(found));
    on_found();
  }
  std::vector<TypesFound> poll() override { return std::exchange(found_, {}); }

 private:
  std::vector<TypesFound> found_;
};

}  // namespace godwit::sim
