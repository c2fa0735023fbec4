// New jobs, once their types are known: all of them are taken or none. First everything is decided, what
// is adopted, what replaces a waiting job of the same name, what is refused; then everything is done.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "job/arguments.hpp"

namespace godwit::allocator {

namespace {

// "job 2 of 3 ("plate"): " — or nothing, where there is no doubt.
std::string which(std::vector<JobArray> const& jobs, std::size_t index) {
  if (jobs.size() == 1) return {};
  auto const& name = jobs[index].spec.name;
  if (name.empty()) return fmt::format("job {} of {}: ", index + 1, jobs.size());
  return fmt::format("job {} of {} (\"{}\"): ", index + 1, jobs.size(), name);
}

// But for what it waits for: by then that may be another job of the same name.
bool same_work(JobArray const& a, JobArray b) {
  b.spec.plugin_digest = a.spec.plugin_digest;
  b.spec.after = a.spec.after;
  return a == b;
}

// Would be taken for a number, for elements of one, or for the elements in a state.
bool looks_like_a_reference(std::string_view name) {
  if (name == "last" || name == "all" || name.find('@') != name.npos) return true;
  auto const bar = name.rfind('_');
  auto const base = name.substr(0, bar);
  if (base != "last" && base.find_first_not_of("0123456789") != base.npos) return false;
  return bar == name.npos || name.find_first_not_of("0123456789-", bar + 1) == name.npos;
}

}  // namespace

std::optional<Failure> Allocator::Core::fault_of(JobArray& array, PendingSubmit const& pending) const {
  auto const& spec = array.spec;
  auto const type = pending.types.find(spec.type);
  if (type == pending.types.end()) {
    return reject("no_such_type", fmt::format("no job type '{}'; `godwit types` lists them", spec.type));
  }
  if (auto const bound = bind_array(type->second, array); !bound) return bound.failure();
  if (!spec.name.empty() && looks_like_a_reference(spec.name)) {
    return reject("bad_name",
                  fmt::format("a job can't be named '{}': numbers, elements like 7_3, 'last', 'all' and @ stand "
                              "for other jobs; choose another name",
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
  if (auto const why = undescribed.empty() ? scheduler.never_fits(demand_of(spec)) : std::nullopt) {
    return reject("never_fits", fmt::format("no host can ever take it: {}", *why));
  }
  return std::nullopt;
}

JobArray Allocator::Core::work_of(JobId job) const {
  auto const* array = ledger.array(job);
  return array != nullptr ? *array->work : JobArray(record_of(job)->spec);
}

// Was it, or an element of it, ever granted?
bool Allocator::Core::has_started(JobId job) const {
  auto const* array = ledger.array(job);
  if (array == nullptr) return record_of(job)->newest_epoch > Epoch{};
  std::uint64_t never = array->untouched.size();
  for (auto const& [first, run] : array->cancelled) never += std::uint64_t{run.last} - first + 1;
  return never < array->size;
}

// What becomes of one of them, once that is known of those that it waits for.
Result<Decision> Allocator::Core::decide_one(std::vector<JobArray> const& jobs, std::size_t index,
                                             std::vector<Decision> const& made) const {
  auto decision = made[index];
  auto const& array = jobs[index];
  auto const old = names.find(array.spec.name);
  if (array.spec.name.empty() || old == names.end()) return decision;
  auto const* identity = ledger.forgotten(old->second);
  auto const known = identity == nullptr ? work_of(old->second) : JobArray();
  auto const& after = identity == nullptr ? known.spec.after : identity->after;
  bool same = after.size() == array.spec.after.size() &&
              (identity == nullptr ? same_work(known, array) : identity->work == digest_of_work(array).value);
  for (std::size_t k = 0; same && k < array.spec.after.size(); ++k) {
    auto const& place = decision.after[k];
    auto const id = place ? made[*place].known : std::optional(array.spec.after[k].id);
    same = id == after[k].id && array.spec.after[k].until == after[k].until;
  }
  if (same) {
    decision.known = old->second;
  } else if (identity != nullptr && !identity->began) {
    return decision;  // it came to nothing: its name is free
  } else if (identity != nullptr || has_started(old->second)) {
    auto const counts = ledger.counts(old->second);
    return reject("name_taken",
                  fmt::format("name '{}' is taken by job {}, which is another job and has started already{}; "
                              "choose another name or another store",
                              array.spec.name, old->second,
                              counts.all() > 1 ? fmt::format(" ({} of {} elements wait)", counts.waiting, counts.all())
                                               : ""));
  } else {
    decision.replaced = old->second;
  }
  return decision;
}

Result<std::vector<Decision>> Allocator::Core::decide(std::vector<JobArray>& jobs, bool adopt) const {
  std::vector<Decision> made(jobs.size());
  auto const order = order_by_dependence(jobs, made);
  if (!order) return order.failure();
  std::map<std::string, std::size_t> first_of;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto const& name = jobs[i].spec.name;
    if (!adopt || name.empty()) continue;
    auto const [at, fresh] = first_of.try_emplace(name, i);
    if (fresh) continue;
    if (!(jobs[at->second] == jobs[i])) {
      return reject("name_taken", which(jobs, i) + fmt::format("name '{}' stands twice in this submission, for "
                                                               "different jobs",
                                                               name));
    }
    made[i].twin = at->second;
  }
  for (auto const i : *order) {
    if (!adopt || made[i].twin) continue;
    auto decision = decide_one(jobs, i, made);
    if (!decision) {
      auto why = decision.failure();
      why.context = which(jobs, i) + why.context;
      return why;
    }
    made[i] = std::move(*decision);
  }
  auto next = ledger.next_job();
  for (auto& decision : made) {
    decision.job = decision.twin    ? made[*decision.twin].job
                   : decision.known ? *decision.known
                                    : std::exchange(next, next.next());
  }
  return made;
}

void Allocator::Core::take_in(JobId job, JobArray array) {
  auto const name = array.spec.name;
  journal(log::Submitted{job, std::move(array), wall});
  if (!name.empty()) names[name] = job;
}

// Stands in line, or waits for others: of the same submission, too, so all of them are known by now.
void Allocator::Core::queue_up(JobId job) {
  note_partners_wanted(spec_of(job));
  hold_back(job);
  if (ledger.array(job) != nullptr) {
    line_up(job);
  } else {
    reseat(job);
  }
}

void Allocator::Core::accept_submit(PendingSubmit& pending) {
  auto& jobs = pending.submit.jobs;
  CommandReceived const asked{pending.command, pending.who, {}};
  auto const types = pending.types.size() == 1 ? pending.types.begin()->first + " " : "";
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (auto fault = fault_of(jobs[i], pending)) {
      fault->context = which(jobs, i) + fault->context;
      return refuse_command(asked, fmt::format("submit {}({} jobs)", types, jobs.size()), std::move(*fault));
    }
    jobs[i].spec.plugin_digest = pending.types.at(jobs[i].spec.type).plugin_digest;
  }
  auto const decisions = decide(jobs, pending.submit.adopt);
  if (!decisions) {
    return refuse_command(asked, fmt::format("submit {}({} jobs)", types, jobs.size()), decisions.failure());
  }

  cmd::Submitted answer;
  std::vector<JobId> fresh;
  std::string first;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto const& decision = (*decisions)[i];
    answer.jobs.push_back(decision.job);
    answer.adopted.push_back(decision.known || decision.twin);
    if (decision.known || decision.twin) continue;
    auto& array = jobs[i];
    for (std::size_t k = 0; k < array.spec.after.size(); ++k) {
      if (auto const place = decision.after[k]) array.spec.after[k].id = (*decisions)[*place].job;
    }
    auto const type = array.spec.type;
    take_in(decision.job, std::move(array));
    auto const* of = ledger.array(decision.job);
    auto const name = of != nullptr ? called(*of) : called(*record_of(decision.job));
    fresh.push_back(decision.job);
    if (fresh.size() == 1) {
      first = fmt::format("{} → {}{}", type, name, of != nullptr ? fmt::format(", {} elements", of->size) : "");
    }
    if (!decision.replaced) continue;
    note(Level::info, decision.job, {},
         fmt::format("job {} of the same name had not started, and is cancelled: it has changed, {} takes its "
                     "place",
                     *decision.replaced, name));
    cancel_waiting(*decision.replaced,
                   fmt::format("it was changed, and submitted again as job {}", decision.job));
  }
  for (auto const job : fresh) queue_up(job);
  auto const text = fresh.size() == 1 ? fmt::format("submit {}", first)
                               : fmt::format("submit → {} new jobs, {} known already", fresh.size(),
                                             jobs.size() - fresh.size());
  note(Level::info, fresh.size() == 1 ? fresh.front() : JobId{}, {}, fmt::format("{}: {}", pending.who, text));
  commanded(asked, text);
  reply(pending.command, std::move(answer));
}

}  // namespace godwit::allocator
