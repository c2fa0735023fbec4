#include "app/godwitd/workload_control.hpp"

#include <fmt/format.h>

#include <limits>

namespace godwit {
namespace {

constexpr CommandId own_command{std::numeric_limits<std::uint64_t>::max()};

}  // namespace

WorkloadControl::WorkloadControl(Control& users, Log& log, std::vector<JobArray> workload)
    : users_(users), log_(log) {
  if (!workload.empty()) workload_ = std::move(workload);
}

std::vector<CommandReceived> WorkloadControl::poll() {
  auto commands = users_.poll();
  if (workload_) {
    commands.insert(commands.begin(),
                    {own_command, "the command line of godwitd", cmd::Submit{*std::move(workload_), true}});
    workload_.reset();
  }
  return commands;
}

void WorkloadControl::answer(CommandId id, Answer answer) {
  if (id != own_command) return users_.answer(id, std::move(answer));
  if (auto const* refusal = std::get_if<cmd::Refusal>(&answer)) {
    log_.write({Level::severe, {}, {}, "the workload was refused: " + refusal->why.context});
  } else if (auto const* submitted = std::get_if<cmd::Submitted>(&answer)) {
    log_.write(
        {Level::info, {}, {}, fmt::format("the workload's {} jobs are submitted", submitted->jobs.size())});
  }
}

}  // namespace godwit
