#include "app/godwit/json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/godwit/format.hpp"

namespace godwit::cli {
namespace {

Json json_of_time(WallTime at) {
  return at.unix_ns == 0 ? Json() : Json(spell_time_utc(at));
}
Json json_of_rank(Rank rank) {
  return rank == no_rank ? Json() : Json(rank.value);
}
double in_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

Json json_of_image(msg::ImageName const& image) {
  return {{"epoch", image.epoch.value}, {"generation", image.generation.value}, {"path", image.path}};
}

Json json_of_progress(Progress const& progress) {
  return {{"done", progress.done}, {"total", progress.total}, {"unit", progress.unit}};
}

// What was asked for beyond the defaults.
void add_wishes(JobSpec const& spec, Json& json) {
  json["cores"] = spec.cores;
  if (spec.memory_bytes > 0) json["memory_bytes"] = spec.memory_bytes;
  if (!spec.resources.empty()) json["resources"] = spec.resources;
  if (!spec.labels.empty()) json["labels"] = spec.labels;
  if (spec.priority != 0) json["priority"] = spec.priority;
  if (!spec.together.empty()) json["together"] = spec.together;
  if (!spec.apart.empty()) json["apart"] = spec.apart;
  if (spec.checkpoint_auto) json["checkpoint_every_ms"] = "auto";
  if (spec.checkpoint_every.count() > 0) json["checkpoint_every_ms"] = in_ms(spec.checkpoint_every);
  if (spec.time_limit.count() > 0) json["time_limit_ms"] = in_ms(spec.time_limit);
  if (spec.step_limit.count() > 0) json["step_limit_ms"] = in_ms(spec.step_limit);
  json["crash_limit"] = spec.crash_limit;
  json["host_loss_limit"] = spec.host_loss_limit;
  if (spec.max_failed >= 0) json["max_failed"] = spec.max_failed;
  if (!spec.stdout_path.empty()) json["stdout"] = spec.stdout_path;
  if (!spec.stderr_path.empty()) json["stderr"] = spec.stderr_path;
  if (!spec.environment.empty()) json["environment"] = spec.environment;
  if (!spec.after.empty()) json["after"] = json_list(spec.after);
}

Json ranks_of(std::vector<Rank> const& ranks) {
  auto list = Json::array();
  for (auto const rank : ranks) list.push_back(rank.value);
  return list;
}

Json json_of_outcome(Outcome const& outcome) {
  return {{"ending", to_string(outcome.ending)},
          {"reason", outcome.reason},
          {"log_tail", outcome.log_tail},
          {"steps", outcome.steps}};
}

}  // namespace

char const* to_string(Ending ending) {
  switch (ending) {
    case Ending::finished:
      return "finished";
    case Ending::failed:
      return "failed";
    case Ending::cancelled:
      return "cancelled";
    case Ending::crashed:
      return "crashed";
  }
  return "unknown";
}

char const* to_string(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::text:
      return "text";
    case ParameterKind::integer:
      return "integer";
    case ParameterKind::real:
      return "number";
    case ParameterKind::boolean:
      return "true/false";
  }
  return "unknown";
}

Json json_of(JobId job) {
  return job.element() == 0 ? Json(job.number()) : Json(fmt::format("{}", job));
}

Json json_of(cmd::JobCounts const& counts) {
  return {{"all", counts.all()},           {"waiting", counts.waiting},   {"running", counts.running},
          {"suspended", counts.suspended}, {"finished", counts.finished}, {"failed", counts.failed},
          {"cancelled", counts.cancelled}, {"stranded", counts.stranded},   {"held", counts.held}};
}

Json json_of(Axis const& axis) {
  Json json{{"name", axis.name}, {"size", axis.size()}, {"argument", axis.argument}};
  if (axis.count > 0)
    json["range"] = {{"first", axis.first}, {"step", axis.step}};
  else
    json["values"] = axis.values;
  return json;
}

Json json_of(Dependency const& one) {
  return {{"job", one.id.value == 0 ? Json(one.job) : json_of(one.id)},
          {"until", one.until == Dependency::Until::ended ? "ended" : "finished"}};
}

Json json_of(cmd::HeldRow const& row) {
  return {{"job", json_of(row.job)},
          {"epoch", row.epoch.value},
          {"type", row.type},
          {"name", row.name},
          {"state", row.state},
          {"steps", row.steps},
          {"progress", json_of_progress(row.progress)},
          {"arena_bytes", row.arena_bytes},
          {"step_age_ms", in_ms(row.step_age)}};
}

Json json_of(cmd::JobRow const& row) {
  Json json{{"job", json_of(row.job)},
            {"type", row.spec.type},
            {"name", row.spec.name},
            {"state", godwit::to_string(row.state)},
            {"host", json_of_rank(row.host)},
            {"steps", row.steps},
            {"progress", json_of_progress(row.progress)},
            {"arguments", row.spec.arguments},
            {"account", row.spec.account},
            {"directory", row.spec.directory},
            {"epoch", row.epoch.value},
            {"moves", row.moves},
            {"crashes", row.crashes},
            {"copy_at", json_of_rank(row.copy_at)},
            {"submitted", json_of_time(row.submitted)},
            {"started", json_of_time(row.started)},
            {"ended", json_of_time(row.ended)},
            {"newest_image", row.newest_image ? json_of_image(*row.newest_image) : Json()},
            {"outcome", is_ended(row.state) ? json_of_outcome(row.outcome) : Json()}};
  if (row.step_p50.count() > 0) {
    json["step_p50_ms"] = in_ms(row.step_p50);
    json["step_p99_ms"] = in_ms(row.step_p99);
  }
  add_wishes(row.spec, json);
  if (row.elements) {
    json["elements"] = json_of(*row.elements);
    json["axes"] = json_list(row.axes);
  }
  if (!row.images.empty()) {
    auto images = Json::array();
    for (auto const& image : row.images) images.push_back(json_of_image(image));
    json["images"] = images;
  }
  return json;
}

std::int32_t free_cores_of(cmd::HostRow const& row) {
  return std::max(0, row.has.cores - row.taken_cores);
}

namespace {

Json load_as_json(NodeLoad const& load) {
  auto const share = [](auto const& permille) { return permille ? Json(static_cast<double>(*permille) / 1000) : Json(); };
  return {{"average", static_cast<double>(load.load_milli) / 1000},
          {"run_queue", load.run_queue ? Json(*load.run_queue) : Json()},
          {"busy_cores", share(load.busy_milli)},
          {"memory_bytes", load.memory_bytes},
          {"memory_free_bytes", load.memory_free_bytes},
          {"cpu_stalled", share(load.cpu_stall_permille)},
          {"memory_stalled", share(load.memory_stall_permille)}};
}

}  // namespace

Json json_of(cmd::HostRow const& row) {
  return {{"host", row.host.value},
          {"pid", row.pid},
          {"node", row.node},
          {"state", row.state},
          {"load", static_cast<double>(row.load.load_milli) / 1000},
          {"node_load", load_as_json(row.load)},
          {"jobs", row.jobs},
          {"cores", row.cores},
          {"slots", row.has.cores},
          {"taken_cores", row.taken_cores},
          {"free_cores", free_cores_of(row)},
          {"memory_bytes", row.has.memory_bytes},
          {"resources", row.has.resources},
          {"labels", row.has.labels},
          {"drained", row.drained},
          {"standby", row.standby},
          {"manager", row.manager == no_rank ? Json() : Json(row.manager.value)},
          {"heard_ms", in_ms(row.heard)}};
}

Json json_of(cmd::ShareRow const& row) {
  auto const in_cores = [](std::int64_t millicores) { return static_cast<double>(millicores) / 1000; };
  return {{"account", row.path},
          {"shares", row.shares},
          {"entitled_cores", in_cores(row.entitled_millicores)},
          {"running_cores", in_cores(row.running_millicores)},
          {"waiting", row.waiting},
          {"index", row.index},
          {"trend", row.trend},
          {"standing", row.standing},
          {"used_core_seconds", static_cast<double>(row.usage_core_us) / 1e6},
          {"cores_max", row.cores_max == 0 ? Json() : Json(row.cores_max)},
          {"hosts", ranks_of(row.hosts)},
          {"served_next", row.served_next == 0 ? Json() : Json(row.served_next)},
          {"at_cap", row.at_cap},
          {"declared", row.declared}};
}

Json json_of(cmd::Explanation const& row) {
  auto decisions = Json::array();
  for (auto const& [at, what] : row.decisions) decisions.push_back({{"at", spell_time_utc(at)}, {"what", what}});
  return {{"job", json_of(row.job)},
          {"state", godwit::to_string(row.state)},
          {"sentences", row.sentences},
          {"facts", row.facts},
          {"decisions", decisions}};
}

Json json_of(cmd::Drained const& drained) {
  auto leaving = Json::array(), staying = Json::array();
  for (auto const job : drained.leaving) leaving.push_back(json_of(job));
  for (auto const& [job, why] : drained.staying)
    staying.push_back({{"job", json_of(job)}, {"error", json_of(why)}});
  return {
      {"host", drained.host.value}, {"drained", drained.drained}, {"leaving", leaving}, {"staying", staying}};
}

Json json_of(cmd::Act const& act) {
  Json json{{"job", json_of(act.job)}, {"done", !act.failure.has_value()}, {"what", act.what}};
  if (act.failure) json["error"] = json_of(*act.failure);
  if (act.from != no_rank) json["from"] = act.from.value;
  if (act.to != no_rank) json["to"] = act.to.value;
  if (act.move) {
    json["bytes"] = act.move->bytes;
    json["stopped_ms"] = in_ms(act.move->stopped);
    json["transfer_ms"] = in_ms(act.move->transfer);
  }
  if (act.checkpoint) {
    json["bytes"] = act.checkpoint->bytes;
    json["stopped_ms"] = in_ms(act.checkpoint->stopped);
    json["durable_ms"] = in_ms(act.checkpoint->durable);
  }
  if (act.image) json["image"] = json_of_image(*act.image);
  if (act.clone) json["clone"] = json_of(*act.clone);
  if (!act.removed.empty()) {
    json["removed"] = Json::array();
    for (auto const& image : act.removed) json["removed"].push_back(json_of_image(image));
    json["removed_bytes"] = act.removed_bytes;
  }
  if (!act.answer.empty()) json["answer"] = act.answer;
  json["total_ms"] = in_ms(act.total);
  return json;
}

Json json_of(JobType const& type) {
  auto parameters = Json::array();
  for (auto const& parameter : type.parameters) {
    parameters.push_back({{"name", parameter.name},
                          {"kind", to_string(parameter.kind)},
                          {"default", parameter.fallback ? Json(*parameter.fallback) : Json()},
                          {"required", !parameter.fallback.has_value()},
                          {"help", parameter.help}});
  }
  auto methods = Json::array();
  for (auto const& method : type.methods) {
    methods.push_back({{"name", method.name}, {"arguments", method.arity}, {"help", method.help}});
  }
  return {{"type", type.name},          {"state_version", type.state_version},
          {"plugin", type.plugin_path}, {"plugin_digest", type.plugin_digest},
          {"parameters", parameters},   {"methods", methods}};
}

Json json_of(Failure const& failure) {
  return {{"code", failure.code}, {"message", failure.context}};
}

void print_json(Json const& document) {
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace godwit::cli
