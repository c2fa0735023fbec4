#include "app/godwit/json.hpp"

#include <fmt/format.h>

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

// 7, or "7_3" for an element of an array.
Json json_of_job(JobId job) {
  return job.element() == 0 ? Json(job.number()) : Json(fmt::format("{}", job));
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

Json json_of(cmd::JobRow const& row) {
  Json json{
      {"job", json_of_job(row.job)},
      {"type", row.spec.type},
      {"name", row.spec.name},
      {"state", godwit::to_string(row.state)},
      {"host", json_of_rank(row.host)},
      {"steps", row.steps},
      {"progress", {{"done", row.progress.done}, {"total", row.progress.total}, {"unit", row.progress.unit}}},
      {"arguments", row.spec.arguments},
      {"account", row.spec.account},
      {"directory", row.spec.directory},
      {"epoch", row.epoch.value},
      {"moves", row.moves},
      {"crashes", row.crashes},
      {"submitted", json_of_time(row.submitted)},
      {"started", json_of_time(row.started)},
      {"ended", json_of_time(row.ended)},
      {"newest_image", row.newest_image ? json_of_image(*row.newest_image) : Json()},
      {"outcome", is_ended(row.state) ? json_of_outcome(row.outcome) : Json()}};
  if (row.step_p50.count() > 0) {
    json["step_p50_ms"] = in_ms(row.step_p50);
    json["step_p99_ms"] = in_ms(row.step_p99);
  }
  if (!row.images.empty()) {
    auto images = Json::array();
    for (auto const& image : row.images) images.push_back(json_of_image(image));
    json["images"] = images;
  }
  return json;
}

Json json_of(cmd::HostRow const& row) {
  return {{"host", row.host.value},
          {"pid", row.pid},
          {"node", row.node},
          {"state", row.state},
          {"load", static_cast<double>(row.load_milli) / 1000},
          {"jobs", row.jobs},
          {"cores", row.cores},
          {"slots", row.slots},
          {"heard_ms", in_ms(row.heard)}};
}

Json json_of(cmd::Act const& act) {
  Json json{{"job", json_of_job(act.job)}, {"done", !act.failure.has_value()}, {"what", act.what}};
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
