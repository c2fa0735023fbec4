#include "app/godwitd/workload_control.hpp"

#include <fmt/format.h>

#include <iterator>
#include <limits>

namespace godwit {
namespace {

constexpr auto myself = "the command line of godwitd";
constexpr CommandId own_command{std::numeric_limits<std::uint64_t>::max()};

}  // namespace

WorkloadControl::WorkloadControl(Control& users, Log& log, Workload workload) : users_(users), log_(log) {
  if (!workload.jobs.empty()) workload_ = std::move(workload);
}

std::vector<CommandReceived> WorkloadControl::poll() {
  auto commands = users_.poll();
  if (workload_) {
    std::vector<CommandReceived> own;
    if (workload_->accounts)
      own.push_back({own_command, myself, cmd::SetAccounts{*std::move(workload_->accounts)}});
    own.push_back({own_command, myself, cmd::Submit{std::move(workload_->jobs), true}});
    commands.insert(commands.begin(), std::make_move_iterator(own.begin()),
                    std::make_move_iterator(own.end()));
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
