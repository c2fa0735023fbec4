// WorkloadControl: the users' commands, and before them one of our own: the workload that godwitd was
// given on its command line. Jobs that the store knows already by name are adopted.
#pragma once

#include <optional>
#include <vector>

#include "app/workload/workload.hpp"
#include "port/control.hpp"
#include "port/world.hpp"

namespace godwit {

class WorkloadControl final : public Control {
 public:
  WorkloadControl(Control& users, Log& log, Workload workload);

  std::vector<CommandReceived> poll() override;
  void answer(CommandId id, Answer answer) override;
  [[nodiscard]] bool flushed() const override { return users_.flushed(); }

 private:
  Control& users_;
  Log& log_;
  std::optional<Workload> workload_;
};

}  // namespace godwit
