// The JSON names of every command's and answer's members, once for both directions. must() marks what a
// command can't do without; the rest have the struct's own defaults. Internal to this folder.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "edge/rpc/codec.hpp"
#include "edge/rpc/json_visitor.hpp"
#include "message/command.hpp"

namespace godwit::rpc {

template <class E, std::size_t N>
struct Words {
  std::array<char const*, N> words;  // by number

  [[nodiscard]] std::string name_of(E value) const {
    auto const index = static_cast<std::size_t>(value);
    return index < N ? words[index] : "unknown";
  }
  bool parse_to(std::string_view word, E& value) const {
    auto const found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) return false;
    value = static_cast<E>(found - words.begin());
    return true;
  }
};

#define GODWIT_SPELLING(E, N, ...)                                                        \
  template <>                                                                             \
  struct Spelling<E> {                                                                    \
    static constexpr Words<E, N> words{{__VA_ARGS__}};                                    \
    static std::string name(E value) { return words.name_of(value); }                     \
    static bool parse(std::string_view word, E& value) { return words.parse_to(word, value); } \
  };
GODWIT_SPELLING(Reaction, 4, "reject", "retry_later", "peer_lost", "data_lost")
GODWIT_SPELLING(ParameterKind, 4, "text", "integer", "real", "boolean")
GODWIT_SPELLING(Ending, 4, "finished", "failed", "cancelled", "crashed")
GODWIT_SPELLING(Dependency::Until, 2, "finished", "ended")
GODWIT_SPELLING(JobState, 10, "WAITING", "STARTING", "RUNNING", "MIGRATING", "SUSPENDED", "FINISHED", "FAILED",
                "CANCELLED", "STRANDED", "HELD")
#undef GODWIT_SPELLING

template <class V>
void fields(V& v, Authenticate& a) {
  v.must("token", a.token), v("who", a.who);
}

}  // namespace godwit::rpc

// Found by argument-dependent lookup, so each lies in the namespace of its struct.
namespace godwit {

template <class V>
void fields(V& v, Failure& f) {
  v.must("reaction", f.reaction), v.must("code", f.code), v.must("context", f.context);
}
template <class V>
void fields(V& v, Retention& r) {
  v("keep", r.keep), v("every_nth", r.every_nth), v("every_ns", r.every), v("quota_bytes", r.quota_bytes);
}
template <class V>
void fields(V& v, JobSpec& s) {
  v.must("type", s.type), v("arguments", s.arguments), v("name", s.name), v("account", s.account);
  v("directory", s.directory), v("environment", s.environment), v("cores", s.cores);
  v("memory_bytes", s.memory_bytes), v("host", s.host), v("resources", s.resources), v("labels", s.labels);
  v("priority", s.priority), v("together", s.together), v("apart", s.apart), v("checkpoint_every_ns", s.checkpoint_every);
  v("checkpoint_auto", s.checkpoint_auto), v("retention", s.retention);
  v("checkpoint_partner", s.checkpoint_partner), v("checkpoint_compress", s.checkpoint_compress), v("crash_limit", s.crash_limit);
  v("host_loss_limit", s.host_loss_limit), v("max_failed", s.max_failed);
  v("step_limit_ns", s.step_limit), v("time_limit_ns", s.time_limit), v("stdout_path", s.stdout_path);
  v("stderr_path", s.stderr_path), v("after", s.after), v("plugin_digest", s.plugin_digest);
}
template <class V>
void fields(V& v, NodeLoad& l) {
  v("load_milli", l.load_milli), v("run_queue", l.run_queue), v("busy_milli", l.busy_milli), v("cores_id", l.cores_id);
  v("memory_bytes", l.memory_bytes), v("memory_free_bytes", l.memory_free_bytes);
  v("cpu_stall_permille", l.cpu_stall_permille), v("memory_stall_permille", l.memory_stall_permille);
}
template <class V>
void fields(V& v, Capabilities& c) {
  v("cores", c.cores), v("memory_bytes", c.memory_bytes), v("resources", c.resources), v("labels", c.labels);
}
template <class V>
void fields(V& v, AccountRule& r) {
  v.must("path", r.path), v("shares", r.shares), v("hosts", r.hosts), v("cores_max", r.cores_max);
}
template <class V>
void fields(V& v, Dependency& d) {
  v.must("job", d.job), v("id", d.id), v("until", d.until);
}
template <class V>
void fields(V& v, Axis& a) {
  v.must("name", a.name), v("values", a.values), v("first", a.first), v("step", a.step), v("count", a.count);
  v("argument", a.argument);
}
template <class V>
void fields(V& v, JobArray& a) {
  v.must("spec", a.spec), v("axes", a.axes);
}
template <class V>
void fields(V& v, ParameterInfo& p) {
  v("name", p.name), v("help", p.help), v("kind", p.kind), v("fallback", p.fallback);
}
template <class V>
void fields(V& v, MethodInfo& m) {
  v("name", m.name), v("help", m.help), v("arity", m.arity);
}
template <class V>
void fields(V& v, JobType& t) {
  v("name", t.name), v("state_version", t.state_version), v("plugin_digest", t.plugin_digest);
  v("plugin_path", t.plugin_path), v("parameters", t.parameters), v("methods", t.methods);
}
template <class V>
void fields(V& v, Progress& p) {
  v("done", p.done), v("total", p.total), v("unit", p.unit);
}
template <class V>
void fields(V& v, Outcome& o) {
  v("ending", o.ending), v("reason", o.reason), v("log_tail", o.log_tail), v("steps", o.steps);
  v("running_time_ns", o.running_time);
}

template <class V>
void fields(V& v, std::pair<JobId, Failure>& unsaved) {
  v("job", unsaved.first), v("why", unsaved.second);
}
template <class V>
void fields(V& v, JobCounts& c) {
  v("waiting", c.waiting), v("running", c.running), v("suspended", c.suspended), v("finished", c.finished);
  v("failed", c.failed), v("cancelled", c.cancelled), v("stranded", c.stranded);
  v("held", c.held);
}

namespace msg {
template <class V>
void fields(V& v, ImageName& i) {
  v("epoch", i.epoch), v("generation", i.generation), v("path", i.path);
}
template <class V>
void fields(V& v, MoveFigures& m) {
  v("bytes", m.bytes), v("stopped_ns", m.stopped), v("transfer_ns", m.transfer);
}
template <class V>
void fields(V& v, CheckpointFigures& c) {
  v("bytes", c.bytes), v("stopped_ns", c.stopped), v("durable_ns", c.durable);
}
}  // namespace msg

namespace cmd {

template <class V>
void fields(V& v, Submit& c) {
  v.must("jobs", c.jobs), v("adopt", c.adopt);
}
template <class V>
void fields(V& v, ListJobs& c) {
  v("jobs", c.jobs), v("elements", c.elements), v("limit", c.limit);
}
template <class V>
void fields(V& v, Count& c) {
  v("jobs", c.jobs);
}
template <class V>
void fields(V& v, ListHeld& c) {
  v.must("host", c.host);
}
template <class V>
void fields(V& v, Clone& c) {
  v.must("job", c.job), v("host", c.host);
}
template <class V>
void fields(V&, ListHosts&) {}
template <class V>
void fields(V& v, ShowJob& c) {
  v.must("job", c.job);
}
template <class V>
void fields(V& v, Wait& c) {
  v("jobs", c.jobs);
}
template <class V>
void fields(V& v, Migrate& c) {
  v.must("job", c.job), v("host", c.host);
}
template <class V>
void fields(V& v, Checkpoint& c) {
  v.must("job", c.job);
}
template <class V>
void fields(V& v, Suspend& c) {
  v.must("job", c.job);
}
template <class V>
void fields(V& v, Resume& c) {
  v.must("job", c.job);
}
template <class V>
void fields(V& v, Cancel& c) {
  v.must("job", c.job);
}
template <class V>
void fields(V& v, Call& c) {
  v.must("job", c.job), v.must("method", c.method), v("arguments", c.arguments);
}
template <class V>
void fields(V& v, ListTypes& c) {
  v("type", c.type);
}
template <class V>
void fields(V&, Stop&) {}
template <class V>
void fields(V&, Ping&) {}
template <class V>
void fields(V& v, SetAccounts& c) {
  v.must("rules", c.rules);
}
template <class V>
void fields(V&, ListShares&) {}
template <class V>
void fields(V& v, Explain& c) {
  v.must("job", c.job);
}
template <class V>
void fields(V& v, Retry& c) {
  v.must("job", c.job), v("afresh", c.afresh);
}
template <class V>
void fields(V& v, Restart& c) {
  v.must("job", c.job), v("epoch", c.epoch), v("generation", c.generation), v("arguments", c.arguments);
  v("latest", c.latest);
}
template <class V>
void fields(V& v, Prune& c) {
  v("jobs", c.jobs), v("retention", c.retention), v("trial", c.trial);
}
template <class V>
void fields(V& v, Drain& c) {
  v.must("host", c.host), v("undrain", c.undrain);
}

template <class V>
void fields(V& v, HeldRow& r) {
  v("job", r.job), v("epoch", r.epoch), v("type", r.type), v("name", r.name), v("state", r.state);
  v("steps", r.steps), v("progress", r.progress), v("arena_bytes", r.arena_bytes), v("step_age_ns", r.step_age);
}
template <class V>
void fields(V& v, JobRow& r) {
  v("job", r.job), v("spec", r.spec), v("state", r.state), v("host", r.host), v("epoch", r.epoch);
  v("steps", r.steps), v("progress", r.progress), v("newest_image", r.newest_image), v("moves", r.moves);
  v("crashes", r.crashes), v("submitted_unix_ns", r.submitted), v("started_unix_ns", r.started);
  v("ended_unix_ns", r.ended), v("outcome", r.outcome), v("images", r.images);
  v("step_p50_ns", r.step_p50), v("step_p99_ns", r.step_p99), v("copy_at", r.copy_at), v("elements", r.elements), v("axes", r.axes);
}
template <class V>
void fields(V& v, HostRow& r) {
  v("host", r.host), v("pid", r.pid), v("node", r.node), v("state", r.state), v("cores", r.cores);
  v("has", r.has), v("taken_cores", r.taken_cores), v("load", r.load), v("jobs", r.jobs);
  v("drained", r.drained), v("standby", r.standby), v("manager", r.manager), v("heard_ns", r.heard);
}
template <class V>
void fields(V& v, Submitted& a) {
  v("jobs", a.jobs), v("adopted", a.adopted);
}
template <class V>
void fields(V& v, Jobs& a) {
  v("rows", a.rows), v("left_out", a.left_out);
}
template <class V>
void fields(V& v, Counts& a) {
  v("counts", a.counts);
}
template <class V>
void fields(V& v, Held& a) {
  v("host", a.host), v("rows", a.rows);
}
template <class V>
void fields(V& v, Hosts& a) {
  v("rows", a.rows);
}
template <class V>
void fields(V& v, Types& a) {
  v("types", a.types);
}
template <class V>
void fields(V& v, Pong& a) {
  v("term", a.term), v("hosts", a.hosts);
}
template <class V>
void fields(V& v, AccountsSet& a) {
  v("rules", a.rules);
}
template <class V>
void fields(V& v, ShareRow& r) {
  v("path", r.path), v("shares", r.shares), v("entitled_millicores", r.entitled_millicores);
  v("running_millicores", r.running_millicores), v("waiting", r.waiting), v("index", r.index),
      v("trend", r.trend), v("standing", r.standing);
  v("usage_core_us", r.usage_core_us), v("cores_max", r.cores_max), v("hosts", r.hosts);
  v("served_next", r.served_next), v("at_cap", r.at_cap), v("declared", r.declared);
}
template <class V>
void fields(V& v, Shares& a) {
  v("policy", a.policy), v("measure", a.measure), v("rows", a.rows), v("next", a.next);
}
template <class V>
void fields(V& v, Explanation::Decision& d) {
  v("at", d.at), v("what", d.what);
}
template <class V>
void fields(V& v, Explanation& r) {
  v("job", r.job), v("state", r.state), v("sentences", r.sentences), v("facts", r.facts), v("decisions", r.decisions);
}
template <class V>
void fields(V& v, Explained& a) {
  v("rows", a.rows), v("left_out", a.left_out);
}
template <class V>
void fields(V& v, Drained& a) {
  v("host", a.host), v("drained", a.drained), v("leaving", a.leaving), v("staying", a.staying);
}
template <class V>
void fields(V& v, Act& a) {
  v("job", a.job), v("failure", a.failure), v("what", a.what), v("move", a.move);
  v("checkpoint", a.checkpoint), v("image", a.image), v("from", a.from), v("to", a.to);
  v("clone", a.clone), v("removed", a.removed), v("removed_bytes", a.removed_bytes), v("total_ns", a.total), v("answer", a.answer);
}
template <class V>
void fields(V& v, Acted& a) {
  v("acts", a.acts);
}
template <class V>
void fields(V& v, Refusal& a) {
  v("why", a.why);
}
template <class V>
void fields(V& v, Stopped& a) {
  v("checkpointed", a.checkpointed), v("unsaved", a.unsaved);
}

}  // namespace cmd

}  // namespace godwit
