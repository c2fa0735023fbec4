// `godwit prune`: generations that needn't be kept are thrown away; by the runtime, where one runs, for it knows who is about
// to begin from which. Without one the ledger says that, and it is done here, with the store locked against a start on this node.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "app/godwit/acknowledge.hpp"
#include "app/godwit/store_ledger.hpp"
#include "app/godwit/submission.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"
#include "base/figures.hpp"
#include "edge/hdf5/pruning.hpp"
#include "edge/posix/store_directory.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::cli {
namespace {

struct PruneOptions {
  std::vector<std::string> jobs;
  std::int32_t keep{0};
  std::string keep_every, quota;
  bool dry_run{false};
};

msg::PruneJob order_of(Ledger const& ledger, JobRecord const& record, Retention const& retention, bool trial) {
  msg::PruneJob order;
  order.job = record.job;
  order.retention = retention;
  order.trial = trial;
  auto const name = [&](log::ImageKey const& key) {
    return msg::ImageName{key.epoch, key.generation, checkpoint_path(record.job, key.epoch, key.generation)};
  };
  for (auto const& key : record.lineage) order.lineage.push_back(name(key));
  for (auto const& [job, other] : ledger.jobs()) {
    bool const begins = !is_ended(other.state) && other.lineage.empty() && other.origin && other.origin->job == record.job;
    if (begins) order.pinned.push_back(name(other.origin->image));
  }
  return order;
}

cmd::Act act_of(msg::Pruned const& pruned, bool trial) {
  cmd::Act act;
  act.job = pruned.job;
  act.failure = pruned.failure;
  act.removed = pruned.removed;
  act.removed_bytes = pruned.removed_bytes;
  act.what = fmt::format("{} {} generation{}, {}; {} left, {}", trial ? "would lose" : "lost", pruned.removed.size(),
                         pruned.removed.size() == 1 ? "" : "s", spell_bytes(pruned.removed_bytes), pruned.left,
                         spell_bytes(pruned.left_bytes));
  return act;
}

Result<cmd::Acted> prune_here(std::filesystem::path const& store, cmd::Prune const& command) {
  auto const ledger = read_ledger(store);
  if (!ledger) return ledger.failure();
  auto directory = StoreDirectory::make(store);
  if (!directory) return directory.failure();
  if (auto locked = directory->lock(); !locked) return locked.failure();
  std::vector<JobId> jobs;
  for (auto const& word : command.jobs) {
    auto const some = find_jobs(*ledger, word);
    if (!some) return some.failure();
    jobs.insert(jobs.end(), some->begin(), some->end());
  }
  if (command.jobs.empty()) {
    for (auto const& [job, record] : ledger->jobs()) jobs.push_back(job);
  }
  cmd::Acted acted;
  for (auto const job : jobs) {
    auto const* record = ledger->find(job);
    if (record == nullptr || record->lineage.empty()) continue;
    auto const retention = command.retention.value_or(record->spec.retention);
    cmd::Act act;
    act.job = job;
    act.what = fmt::format("keeps all of its {} generations: it was submitted without a wish to keep fewer", record->lineage.size());
    if (!retention.keeps_all()) {
      act = act_of(prune_job(store, order_of(*ledger, *record, retention, command.trial)), command.trial);
    }
    acted.acts.push_back(std::move(act));
  }
  return acted;
}

int prune(Invocation const& invocation, PruneOptions const& options) {
  cmd::Prune command{options.jobs, std::nullopt, options.dry_run};
  if (options.keep > 0 || !options.keep_every.empty() || !options.quota.empty()) {
    Retention retention;
    auto const read = read_retention(options.keep, options.keep_every, options.quota, retention);
    if (!read) return invocation.complain(read.failure(), exit_usage);
    command.retention = retention;
  }
  auto acted = ask_once<cmd::Acted>(invocation, command);
  if (!acted && rpc::is_unreachable(acted.failure())) acted = prune_here(invocation.store(), command);
  if (!acted) return invocation.complain(acted.failure());
  if (acted->acts.empty() && !invocation.json) fmt::print("there are no generations\n");
  return acknowledge(invocation, *acted);
}

}  // namespace

void add_prune(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "prune", "Throw away checkpoints that needn't be kept; works without a runtime",
                        "godwit prune --dry-run\ngodwit prune sweep --keep 2 --keep-every 10\ngodwit prune --quota 10GiB");
  auto options = std::make_shared<PruneOptions>();
  verb.add_option("JOB", options->jobs, job_help)->type_name("");
  verb.add_option("--keep", options->keep, "The newest so many of each job; else what it was submitted with")
      ->type_name("N")
      ->check(at_least(1));
  verb.add_option("--keep-every", options->keep_every, "Of the older ones each Nth, too, or the first in each such time")
      ->type_name("N|TIME");
  verb.add_option("--quota", options->quota, "Most that all generations of a job may take")->type_name("SIZE");
  verb.add_flag("--dry-run", options->dry_run, "Say what would be thrown away, and leave it");
  verb.footer(
      "\nKept in any case: a job's newest generation that verifies, what it and the others that stay rest on, and what a\n"
      "clone is about to begin from. While a runtime runs it prunes by itself what was submitted with --keep or --quota." +
      verb.get_footer());
  verb.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return prune(invocation, *options); };
  });
}

}  // namespace godwit::cli
