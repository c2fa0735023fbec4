// `godwit inspect list`: a line per checkpoint. Files that can't be opened get one too, with the reason.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/godwit/format.hpp"
#include "app/godwit/inspect/selection.hpp"
#include "app/godwit/inspect/verbs.hpp"
#include "base/figures.hpp"
#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/layout.hpp"

namespace godwit::inspect {
namespace {

Json entry_json(Chosen const& chosen, Result<CheckpointFile> const& file) {
  Json entry{{"job", job_json(chosen.job)},
             {"epoch", chosen.epoch.value},
             {"generation", chosen.generation.value},
             {"path", chosen.path.string()}};
  if (!file) {
    entry["readable"] = false;
    entry["error"] = {{"code", file.failure().code}, {"message", file.failure().context}};
    return entry;
  }
  auto const& label = file->label();
  entry["readable"] = true;
  entry["type"] = label.spec.type;
  entry["name"] = label.spec.name;
  entry["account"] = label.spec.account;
  entry["parent"] = layout::parent_text(label);
  entry["host"] = label.host.value;
  entry["node"] = label.node;
  entry["steps"] = file->manifest().steps;
  entry["time"] = layout::time_text(file->time());
  entry["bytes"] = file->file_bytes();
  return entry;
}

std::vector<std::string> row_of(Chosen const& chosen, Result<CheckpointFile> const& file) {
  auto const name = spell(chosen);
  if (!file) return {name, "", "", "", "", "", "", "✗ " + file.failure().context};
  auto const& label = file->label();
  return {name,
          label.spec.type,
          label.spec.name,
          layout::parent_text(label),
          cli::spell_count(file->manifest().steps),
          cli::spell_time(file->time()),
          fmt::to_string(label.host.value),
          spell_bytes(file->file_bytes())};
}

}  // namespace

int list(Asked const& asked, std::string const& job) {
  auto const chosen = job.empty() ? checkpoints_in(asked.store) : choose_all(asked.store, job);
  if (!chosen) return complain(asked, chosen.failure());
  using Align = cli::Table::Align;
  cli::Table table({{"CHECKPOINT"},
                    {"TYPE"},
                    {"NAME"},
                    {"PARENT"},
                    {"STEPS", Align::right},
                    {"WRITTEN"},
                    {"HOST", Align::right},
                    {"SIZE"}});
  auto entries = Json::array();
  for (auto const& one : *chosen) {
    auto const file = CheckpointFile::open(one.path);
    if (asked.json)
      entries.push_back(entry_json(one, file));
    else
      table.add(row_of(one, file));
  }
  if (asked.json)
    print_json(entries);
  else if (chosen->empty())
    fmt::print("no checkpoints in {}\n", asked.store.string());
  else
    fmt::print("{}", table.text());
  return exit_good;
}

}  // namespace godwit::inspect
