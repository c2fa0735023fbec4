// New jobs: their types are looked up, their arguments checked, and all of them are taken or none.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "job/nearest.hpp"

namespace godwit::allocator {

namespace {

// "job 2 of 3 ("plate"): " — or nothing, where there is no doubt.
std::string which(std::vector<JobSpec> const& jobs, std::size_t index) {
  if (jobs.size() == 1) return {};
  auto const& name = jobs[index].name;
  if (name.empty()) return fmt::format("job {} of {}: ", index + 1, jobs.size());
  return fmt::format("job {} of {} (\"{}\"): ", index + 1, jobs.size(), name);
}

bool same_work(JobSpec a, JobSpec const& b) {
  a.plugin_digest = b.plugin_digest;
  return a == b;
}

Failure with_suggestion(Failure why, std::string const& type, TypesFound const& all) {
  if (!all.types) return why;
  std::vector<std::string> known;
  for (auto const& found : *all.types) known.push_back(found.name);
  if (std::ranges::find(known, type) != known.end()) return why;  // there, but it can't be loaded
  if (auto const near = nearest_name(type, known); !near.empty()) {
    auto const first_line = std::min(why.context.find('\n'), why.context.size());
    why.context.insert(first_line, fmt::format(": did you mean '{}'?", near));
  }
  return why;
}

bool looks_like_a_reference(std::string const& name) {
  return name == "last" || name == "all" || name.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

void Allocator::Core::look_up(CommandId command, std::string const& type, std::optional<Failure> unknown) {
  auto const request = new_request();
  lookups.emplace(request, Lookup{command, type, unknown});
  out->push_back(FindTypes{request, unknown ? std::string{} : type});
}

void Allocator::Core::submit(CommandReceived const& event, cmd::Submit const& command) {
  PendingSubmit pending{event.id, event.who, command, {}, {}};
  for (auto const& array : command.jobs) {
    if (array.is_array()) return refuse(event.id, reject("array", "arrays of jobs are not supported yet"));
    pending.wanted.insert(array.spec.type);
  }
  auto const types = pending.wanted;
  auto const& kept = submits.emplace(event.id, std::move(pending)).first->second;
  if (kept.wanted.empty()) {
    submits.erase(event.id);
    return refuse(event.id, reject("empty", "there is no job in this submission"));
  }
  for (auto const& type : types) look_up(event.id, type);
}

void Allocator::Core::list_types(CommandId command, std::string const& type) {
  look_up(command, type);
}

void Allocator::Core::on(TypesFound const& event) {
  auto const at = lookups.find(event.request);
  if (at == lookups.end()) return;
  auto const lookup = std::move(at->second);
  lookups.erase(at);

  if (lookup.unknown) {  // the list of all, for a suggestion
    submits.erase(lookup.command);
    return refuse(lookup.command, with_suggestion(*lookup.unknown, lookup.type, event));
  }
  auto const pending = submits.find(lookup.command);
  if (!event.types && !lookup.type.empty()) {
    if (pending != submits.end()) {
      // One answer is enough: what else is on its way about this submission comes to nothing.
      std::erase_if(lookups, [&](auto const& other) { return other.second.command == lookup.command; });
    }
    return look_up(lookup.command, lookup.type, event.types.failure());
  }
  if (pending != submits.end()) return found_for_submit(lookup, event);
  if (!event.types) return refuse(lookup.command, event.types.failure());
  reply(lookup.command, cmd::Types{*event.types});
}

void Allocator::Core::found_for_submit(Lookup const& lookup, TypesFound const& found) {
  auto& pending = submits.at(lookup.command);
  for (auto const& type : *found.types) {
    if (type.name == lookup.type) pending.types.emplace(type.name, type);
  }
  pending.wanted.erase(lookup.type);
  if (!pending.wanted.empty()) return;
  auto done = std::move(pending);
  submits.erase(lookup.command);
  accept_submit(done);
}

std::optional<Failure> Allocator::Core::fault_of(JobSpec const& spec, PendingSubmit const& pending) const {
  auto const type = pending.types.find(spec.type);
  if (type == pending.types.end()) {
    return reject("no_such_type", fmt::format("no job type '{}'; `godwit types` lists them", spec.type));
  }
  if (auto const checked = check_arguments(type->second, spec.arguments); !checked) return checked.failure();
  if (!spec.name.empty() && looks_like_a_reference(spec.name)) {
    return reject("bad_name",
                  fmt::format("a job can't be named '{}': a number, 'last' and 'all' stand for other "
                              "jobs; choose a name with a letter in it",
                              spec.name));
  }
  if (spec.cores < 1)
    return reject("bad_cores", fmt::format("cores is {}: a job needs at least one", spec.cores));
  if (spec.host != no_rank) {
    if (!hosts.contains(spec.host)) {
      return reject("no_such_host", fmt::format("host {} does not exist: {}", spec.host, known_hosts()));
    }
    if (hosts.at(spec.host).presence == Presence::dead) {
      return reject("host_not_alive", fmt::format("host {} is not alive", spec.host));
    }
  }
  return std::nullopt;
}

void Allocator::Core::accept_submit(PendingSubmit& pending) {
  std::vector<JobSpec> specs;
  for (auto& array : pending.submit.jobs) specs.push_back(std::move(array.spec));
  auto const refuse_one = [&](std::size_t index, Failure why) {
    why.context = which(specs, index) + why.context;
    refuse(pending.command, std::move(why));
  };

  // First everything is decided, then everything is done.
  cmd::Submitted answer;
  std::map<std::string, JobId> fresh_names;
  std::map<JobId, JobSpec const*> fresh;
  auto next = ledger.next_job();
  auto const known_as = [&](std::string const& name) -> std::optional<JobId> {
    if (name.empty()) return std::nullopt;
    if (auto const at = fresh_names.find(name); at != fresh_names.end()) return at->second;
    if (auto const at = names.find(name); at != names.end()) return at->second;
    return std::nullopt;
  };
  for (std::size_t i = 0; i < specs.size(); ++i) {
    auto& spec = specs[i];
    if (auto fault = fault_of(spec, pending)) return refuse_one(i, std::move(*fault));
    spec.plugin_digest = pending.types.at(spec.type).plugin_digest;
    if (auto const known = pending.submit.adopt ? known_as(spec.name) : std::nullopt) {
      auto const& old = fresh.contains(*known) ? *fresh.at(*known) : record_of(*known)->spec;
      if (!same_work(old, spec)) {
        return refuse_one(
            i, reject("name_taken", fmt::format("name '{}' is taken by job {} with other arguments; "
                                                "choose another name or another store",
                                                spec.name, *known)));
      }
      answer.jobs.push_back(*known);
      answer.adopted.push_back(true);
      continue;
    }
    if (!spec.name.empty()) fresh_names[spec.name] = next;
    fresh.emplace(next, &spec);
    answer.jobs.push_back(next);
    answer.adopted.push_back(false);
    next = next.next();
  }
  for (auto const& [job, spec] : fresh) {
    journal(log::Submitted{job, *spec, wall});
    if (!spec->name.empty()) names[spec->name] = job;
    reseat(job);
  }
  if (fresh.size() == 1) {
    auto const& record = *record_of(fresh.begin()->first);
    note(Level::info, record.job, {},
         fmt::format("{}: submit {} → {}", pending.who, record.spec.type, called(record)));
  } else {
    note(Level::info, {}, {},
         fmt::format("{}: submit → {} new jobs, {} known already", pending.who, fresh.size(),
                     specs.size() - fresh.size()));
  }
  reply(pending.command, std::move(answer));
}

}  // namespace godwit::allocator
