#include "app/godwit/chronicle.hpp"

#include <fmt/format.h>

#include "app/godwit/format.hpp"
#include "app/godwit/outcome.hpp"
#include "base/figures.hpp"

namespace godwit::cli {
namespace {

std::string spell_image(log::ImageKey image) {
  return fmt::format("generation {} (of epoch {})", image.generation, image.epoch);
}

std::string spell_spec(JobSpec const& spec) {
  auto text = spec.type;
  for (auto const& part : {spell_arguments(spec), spec.name.empty() ? "" : fmt::format("named {}", spec.name),
                           spec.account.empty() ? "" : fmt::format("for {}", spec.account)}) {
    if (!part.empty()) text += (text == spec.type ? " " : ", ") + part;
  }
  return text;
}

std::string spell_ending(Outcome const& outcome) {
  auto const steps = fmt::format("{} step{}", spell_count(outcome.steps), outcome.steps == 1 ? "" : "s");
  switch (outcome.ending) {
    case Ending::finished:
      return "finished after " + steps;
    case Ending::failed:
      return fmt::format("failed after {}: {}", steps, outcome.reason);
    case Ending::cancelled:
      return outcome.reason.empty() ? "cancelled after " + steps
                                    : fmt::format("cancelled after {}: {}", steps, outcome.reason);
    case Ending::crashed:
      return fmt::format("crashed after {}: {}", steps, outcome.reason);
  }
  return "ended";
}

std::string spell_runs(std::vector<std::pair<std::uint32_t, std::uint32_t>> const& runs) {
  std::string which;
  for (auto const& [first, last] : runs) {
    which += which.empty() ? "" : ", ";
    which += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
    if (which.size() > 60) return which + ", …";
  }
  return which;
}

char const* ending_word(Ending ending) {
  switch (ending) {
    case Ending::finished:
      return "finished";
    case Ending::failed:
      return "failed";
    case Ending::cancelled:
      return "cancelled";
    case Ending::crashed:
      return "failed";
  }
  return "ended";
}

struct Teller {
  Entry operator()(log::WorldBegan const& e) const {
    return {
        .at = e.at,
        .event = "world_began",
        .what = fmt::format("runtime {} began with {} host{}", e.term, e.ranks - 1, e.ranks == 2 ? "" : "s")};
  }
  Entry operator()(log::WorldEnded const& e) const {
    return {.at = e.at, .event = "world_ended", .what = fmt::format("runtime {} ended in order", e.term)};
  }
  Entry operator()(log::HostLost const& e) const {
    return {.at = e.at,
            .host = e.host,
            .event = "host_lost",
            .what = fmt::format("host {} {}", e.host, e.proven ? "died" : "was given up: it didn't answer")};
  }
  Entry operator()(log::TermBegan const& e) const {
    return {.at = e.at,
            .host = e.allocator,
            .event = "term_began",
            .what = fmt::format("rank {} took over as the allocator, term {}", e.allocator, e.term)};
  }
  Entry operator()(log::HostFenced const& e) const {
    return {.at = e.at,
            .host = e.host,
            .event = "host_fenced",
            .what = fmt::format("host {} runs nothing any more: its jobs go on elsewhere", e.host)};
  }
  Entry operator()(log::Released const& e) const {
    return {.at = e.at, .job = e.job, .event = "released", .what = "released: it waits for a host again"};
  }
  Entry operator()(log::Submitted const& e) const {
    auto const spec = spell_spec(e.work.spec);
    return {.at = e.at,
            .job = e.job,
            .event = "submitted",
            .what = e.work.is_array() ? fmt::format("submitted: {} jobs [{}]: {}", spell_count(e.work.size()),
                                                    spell_axes(e.work.axes), spec)
                                      : "submitted: " + spec};
  }
  Entry operator()(log::Cloned const& e) const {
    auto const from =
        e.image ? fmt::format("generation {}", e.image->image.generation) : std::string("its beginning");
    return {.at = e.at,
            .job = e.job,
            .event = "cloned",
            .what = fmt::format("cloned from job {}, {}: {}", e.of, from, spell_spec(e.spec))};
  }
  Entry operator()(log::Granted const& e) const {
    return {e.at, e.job, e.host, e.epoch, "granted", fmt::format("given to host {}", e.host), {}, {}};
  }
  Entry operator()(log::Decided const& e) const {
    return {.at = e.at, .job = e.job, .event = "decided", .what = e.what};
  }
  Entry operator()(log::GrantedToGroup const& e) const {
    return {e.at,    e.job, e.manager, e.epoch, "granted", fmt::format("given to the group of host {}", e.manager),
            {},      {}};
  }
  Entry operator()(log::HandedOn const& e) const {
    auto what = e.host == no_rank ? std::string("given back by its group: it waits") : fmt::format("handed on to host {}", e.host);
    return {e.at, e.job, e.host, e.epoch, e.host == no_rank ? "given_back" : "handed_on", std::move(what), {}, {}};
  }
  Entry operator()(log::Started const& e) const {
    return {.at = e.at,
            .job = e.job,
            .epoch = e.epoch,
            .event = "started",
            .what = (e.from ? "went on from " + spell_image(*e.from)
                            : std::string("started from its beginning")) +
                    (e.suspended ? ", suspended" : "")};
  }
  Entry operator()(log::Intent const& e) const {
    return {e.at,         e.job,
            e.source,     e.target_epoch,
            "move_began", fmt::format("is to move from host {} to host {}", e.source, e.target),
            {},           {}};
  }
  Entry operator()(log::Moved const& e) const {
    return {e.at, e.job, e.host, e.epoch, "moved", fmt::format("moved to host {}", e.host), {}, {}};
  }
  Entry operator()(log::Stayed const& e) const {
    return {.job = e.job, .epoch = e.epoch, .event = "stayed", .what = "stayed where it was: " + e.why};
  }
  Entry operator()(log::Checkpointed const& e) const {
    return {.at = e.at,
            .job = e.job,
            .epoch = e.image.epoch,
            .event = "checkpointed",
            .what = fmt::format("checkpoint written: generation {}, {}", e.image.generation,
                                spell_bytes(e.bytes))};
  }
  Entry operator()(log::Suspended const& e) const {
    return {.job = e.job, .epoch = e.epoch, .event = "suspended", .what = "suspended"};
  }
  Entry operator()(log::Resumed const& e) const {
    return {.job = e.job, .epoch = e.epoch, .event = "resumed", .what = "resumed"};
  }
  Entry operator()(log::Crashed const& e) const {
    return {.at = e.at,
            .job = e.job,
            .epoch = e.epoch,
            .event = "crashed",
            .what = spell_ending(e.outcome) + "; it is to be started again"};
  }
  Entry operator()(log::Ended const& e) const {
    return {.at = e.at,
            .job = e.job,
            .epoch = e.epoch,
            .event = ending_word(e.outcome.ending),
            .what = spell_ending(e.outcome)};
  }
  Entry operator()(log::ElementsCancelled const& e) const {
    return {.at = e.at,
            .job = e.array,
            .event = "cancelled",
            .what = fmt::format("cancelled before they began: elements {}{}", spell_runs(e.runs),
                                e.reason.empty() ? "" : ": " + e.reason)};
  }
  Entry operator()(log::ElementsRetried const& e) const {
    return {.at = e.at,
            .job = e.array,
            .event = "retried",
            .what = fmt::format("to be tried after all: elements {}", spell_runs(e.runs))};
  }
  Entry operator()(log::Retried const& e) const {
    return {.at = e.at,
            .job = e.job,
            .event = "retried",
            .what = e.afresh ? "retried, from its beginning: it waits for a host again" : "retried: it waits for a host again"};
  }
  Entry operator()(log::Pruned const& e) const {
    std::string which;
    for (auto const& image : e.images) which += fmt::format("{}{}", which.empty() ? "" : ", ", image.generation);
    return {.at = e.at,
            .job = e.job,
            .event = "pruned",
            .what = fmt::format("generations thrown away: {}; {} left", which.empty() ? "none" : which,
                                spell_bytes(e.left_bytes))};
  }
  Entry operator()(log::Recovered const& e) const {
    auto const from = e.lineage.empty() ? std::string("no generation") : spell_image(e.lineage.front());
    return {.at = e.at,
            .job = e.job,
            .event = "recovered",
            .what = fmt::format("found in its checkpoints, after the ledger was lost: {}; {}", from, spell_spec(e.spec))};
  }
  Entry operator()(log::Forgotten const& e) const {
    return {.at = e.at,
            .event = "forgotten",
            .what = fmt::format("{} job{} that ended long ago forgotten", e.jobs.size(), e.jobs.size() == 1 ? "" : "s")};
  }
  Entry operator()(log::Parked const& e) const {
    return {.at = e.at, .job = e.job, .epoch = e.epoch, .event = "parked", .what = "taken off its host, to wait"};
  }
  Entry operator()(log::AccountsSet const& e) const {
    return {.at = e.at,
            .event = "accounts_set",
            .what = fmt::format("{} account rule{}", e.rules.size(), e.rules.size() == 1 ? "" : "s")};
  }
  Entry operator()(log::Scores const& e) const {
    return {.at = e.at, .event = "scores", .what = fmt::format("how {} accounts stand", e.scores.size())};
  }
  Entry operator()(log::Drained const& e) const {
    return {.at = e.at,
            .host = e.host,
            .event = e.drained ? "drained" : "undrained",
            .what = fmt::format("host {} takes {}", e.host, e.drained ? "no jobs any more" : "jobs again")};
  }
  Entry operator()(log::Commanded const& e) const {
    return {.at = e.at, .event = "commanded", .what = e.text, .who = e.who, .refusal = e.refusal};
  }
};

}  // namespace

Entry entry_of(LedgerEvent const& event) {
  return std::visit(Teller{}, event);
}

Entry entry_of_element(log::Submitted const& array, JobId element) {
  return {
      .at = array.at,
      .job = element,
      .event = "submitted",
      .what = fmt::format("submitted, {} of {}: {}", spell_count(element.element()),
                          spell_count(array.work.size()), spell_spec(array.work.element(element.element())))};
}

}  // namespace godwit::cli
