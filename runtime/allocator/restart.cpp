// Restart: a new job goes on from an old generation of another one, whatever has become of that, as a clone does; with
// other arguments, or the newest plugin of its type, if that is wanted.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {

std::string spell_wish(cmd::Restart const& command) {
  auto text = fmt::format("restart {}", command.job);
  if (command.generation > 0) text += fmt::format(" --from {}", command.generation);
  if (command.latest) text += " --plugin latest";
  for (auto const& [name, value] : command.arguments) text += fmt::format(" {}={}", name, value);
  return text;
}

}  // namespace

// Which of its generations is meant: of its lineage, for what isn't in it may be of a branch that never counted.
Result<log::ImageOf> Allocator::Core::generation_of(JobRecord const& record, cmd::Restart const& command) const {
  std::vector<log::ImageOf> all;
  for (auto const& key : record.lineage) all.push_back({record.job, key});
  if (record.origin) all.push_back(*record.origin);
  if (all.empty()) {
    return reject("no_image", fmt::format("{} has no generation to restart from: {}", called(record),
                                          is_ended(record.state) ? "submit it again"
                                                                 : fmt::format("'godwit checkpoint {}' writes one, once "
                                                                               "it runs",
                                                                               record.job)));
  }
  if (command.generation == 0) return all.front();
  std::string known;
  for (auto const& one : all) {
    bool const meant = one.image.generation.value == command.generation &&
                       (command.epoch == 0 || one.image.epoch.value == command.epoch);
    if (meant) return one;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", one.image.generation);
  }
  return reject("no_such_generation", fmt::format("{} has no generation {} in its lineage; it has {}", called(record),
                                                  command.generation, known));
}

void Allocator::Core::restart(CommandReceived const& event, cmd::Restart const& command) {
  auto const text = spell_wish(command);
  auto const selection = resolve(command.job);
  if (!selection) return refuse_command(event, text, selection.failure());
  if (!selection->one) {
    return refuse_command(event, text,
                          reject("not_one_job", fmt::format("{} is more than one job: name one, or one element of an "
                                                            "array such as {}_1",
                                                            command.job, command.job)));
  }
  auto const& choice = selection->choices.front();
  auto const job = choice.elements.empty() ? choice.job : JobId::of_element(choice.job.number(), choice.elements.front());
  if (auto const at = prunings.find(job); at != prunings.end() && !at->second.trial) {  // what is being thrown away isn't known yet
    at->second.waiting.emplace_back(event.id, event.who, command);
    return;
  }
  auto const record = *ledger.record(job);
  auto const image = generation_of(record, command);
  if (!image) return refuse_command(event, text, image.failure());
  PendingRestart pending{event.who, text, job, *image, record.spec, command.latest};
  pending.spec.after.clear();  // it had begun
  for (auto const& [name, value] : command.arguments) pending.spec.arguments.insert_or_assign(name, value);
  if (!command.latest && command.arguments.empty()) return make_restart(event.id, pending);
  auto const request = new_request();
  auto const& spec = pending.spec;
  auto const type = command.latest ? spec.type : fmt::format("{}@{}", spec.type, spec.plugin_digest);
  restarts.emplace(request, std::pair{event.id, std::move(pending)});
  out->push_back(FindTypes{request, type});
}

// False: it was no restart that asked.
bool Allocator::Core::found_for_restart(TypesFound const& event) {
  auto const at = restarts.find(event.request);
  if (at == restarts.end()) return false;
  auto [command, pending] = std::move(at->second);
  restarts.erase(at);
  CommandReceived const asked{command, pending.who, {}};
  auto const refused = [&](Failure why) {
    refuse_command(asked, pending.text, std::move(why));
    return true;
  };
  if (!event.types) return refused(event.types.failure());
  auto const type = std::ranges::find(*event.types, pending.spec.type, &JobType::name);
  if (type == event.types->end()) {
    return refused(reject("no_such_type", fmt::format("no job type '{}'; `godwit types` lists them", pending.spec.type)));
  }
  if (auto const checked = check_arguments(*type, pending.spec.arguments); !checked) return refused(checked.failure());
  if (pending.latest) pending.spec.plugin_digest = type->plugin_digest;
  make_restart(command, pending);
  return true;
}

void Allocator::Core::make_restart(CommandId command, PendingRestart const& pending) {
  auto const job = ledger.next_job();
  auto spec = pending.spec;
  if (!spec.name.empty()) spec.name += fmt::format(".clone-{}", job);
  note(Level::info, pending.of, {}, fmt::format("{}: {} → job {}", pending.who, pending.text, job));
  commanded({command, pending.who, {}}, fmt::format("{} → job {}", pending.text, job));
  journal(log::Cloned{job, pending.of, pending.image, std::move(spec), false, wall});
  auto const& name = record_of(job)->spec.name;
  if (!name.empty()) names[name] = job;
  note_heir(*record_of(job));
  queue_up(job);
  tickets.emplace(command, Ticket{std::vector<cmd::Act>(1), 1});
  clones.emplace(job, AwaitedClone{Asked{command, 0, now}, pending.of, true, std::nullopt, pending.image.image.generation});
  if (serving()) grant_all();
}

}  // namespace godwit::allocator
