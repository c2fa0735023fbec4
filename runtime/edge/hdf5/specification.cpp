#include "edge/hdf5/specification.hpp"

#include <nlohmann/json.hpp>

namespace godwit {
namespace {

using Json = nlohmann::json;

// The names once, for both directions.
template <class Each>
void walk(CheckpointLabel& label, Each each) {
  auto& spec = label.spec;
  each("cores", spec.cores);
  each("memory_bytes", spec.memory_bytes);
  each("environment", spec.environment);
  each("resources", spec.resources);
  each("labels", spec.labels);
  each("host", spec.host.value);
  each("priority", spec.priority);
  each("together", spec.together);
  each("apart", spec.apart);
  each("checkpoint_auto", spec.checkpoint_auto);
  each("checkpoint_partner", spec.checkpoint_partner);
  each("checkpoint_compress", spec.checkpoint_compress);
  each("keep", spec.retention.keep);
  each("keep_every_nth", spec.retention.every_nth);
  each("quota_bytes", spec.retention.quota_bytes);
  each("crash_limit", spec.crash_limit);
  each("host_loss_limit", spec.host_loss_limit);
  each("stdout_path", spec.stdout_path);
  each("stderr_path", spec.stderr_path);
  each("clone_of", label.clone_of.value);
  auto const duration = [&](char const* name, Duration& value) {
    auto count = std::int64_t{value.count()};
    each(name, count);
    value = Duration{count};
  };
  duration("checkpoint_every_ns", spec.checkpoint_every);
  duration("keep_every_ns", spec.retention.every);
  duration("step_limit_ns", spec.step_limit);
  duration("time_limit_ns", spec.time_limit);
}

}  // namespace

std::string specification_of(CheckpointLabel const& label) {
  Json json = Json::object();
  auto copy = label;
  walk(copy, [&](char const* name, auto& value) { json[name] = value; });
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

void take_specification(std::string const& text, CheckpointLabel& label) {
  auto const json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return;
  walk(label, [&](char const* name, auto& value) {
    auto const at = json.find(name);
    if (at == json.end()) return;
    try {
      value = at->template get<std::remove_reference_t<decltype(value)>>();
    } catch (Json::exception const&) {
    }
  });
}

}  // namespace godwit
