// `godwit inspect verify`: every digest of every file that was asked for.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "app/godwit/inspect/selection.hpp"
#include "app/godwit/inspect/verbs.hpp"
#include "base/figures.hpp"
#include "edge/hdf5/checkpoint_file.hpp"

namespace godwit::inspect {
namespace {

struct Verdict {
  std::optional<Failure> failure;
  std::uint64_t bytes{0};
  Duration took{0};

  [[nodiscard]] int exit_code() const {
    if (!failure) return exit_good;
    return failure->code == "unreadable" || failure->code == "no_memory" ? exit_unreadable : exit_bad;
  }
};

Verdict verdict_on(std::filesystem::path const& path) {
  auto const begin = std::chrono::steady_clock::now();
  Verdict verdict;
  auto const file = CheckpointFile::open(path);
  auto const status = file ? file->verify() : Status(file.failure());
  if (!status) verdict.failure = status.failure();
  if (file) verdict.bytes = file->file_bytes();
  verdict.took = std::chrono::steady_clock::now() - begin;
  return verdict;
}

Json verdict_json(Chosen const& chosen, Verdict const& verdict) {
  Json entry{{"checkpoint", spell(chosen)}, {"path", chosen.path.string()}, {"verified", !verdict.failure}};
  if (verdict.failure)
    entry["error"] = {{"code", verdict.failure->code}, {"message", verdict.failure->context}};
  entry["bytes"] = verdict.bytes;
  entry["verify_ms"] = static_cast<double>(verdict.took.count()) / 1e6;
  return entry;
}

// The files that are meant; targets that mean none are complained of, and make the exit code 2.
std::vector<Chosen> choose(Asked const& asked, std::vector<std::string> const& targets, Json& entries,
                           int& code) {
  std::vector<Chosen> chosen;
  auto const add = [&](std::string const& target, Result<std::vector<Chosen>> const& found) {
    if (found) {
      chosen.insert(chosen.end(), found->begin(), found->end());
      return;
    }
    code = exit_unreadable;
    auto const& failure = found.failure();
    fmt::print(stderr, "godwit: {}\n", failure.context);
    entries.push_back({{"checkpoint", target},
                       {"verified", false},
                       {"error", {{"code", failure.code}, {"message", failure.context}}}});
  };
  if (targets.empty()) add("", checkpoints_in(asked.store));
  for (auto const& target : targets) add(target, choose_all(asked.store, target));
  return chosen;
}

// The whole store at a glance: a line for each that fails, and what there is altogether.
struct Tally {
  std::size_t good{0}, bad{0}, unreadable{0};
  std::uint64_t bytes{0};
  std::set<JobId> jobs, jobs_without;  // without: not one of its generations verifies

  void count(Chosen const& chosen, Verdict const& verdict) {
    bytes += verdict.bytes;
    auto& kind = !verdict.failure ? good : verdict.exit_code() == exit_unreadable ? unreadable : bad;
    ++kind;
    if (jobs.insert(chosen.job).second) jobs_without.insert(chosen.job);
    if (!verdict.failure) jobs_without.erase(chosen.job);
  }
  [[nodiscard]] Json json(Json failures) const {
    auto without = Json::array();
    for (auto const job : jobs_without) without.push_back(fmt::to_string(job));
    return {{"verified", good},        {"bad", bad},         {"unreadable", unreadable},
            {"jobs", jobs.size()},     {"bytes", bytes},     {"jobs_without_a_good_one", without},
            {"failures", std::move(failures)}};
  }
  [[nodiscard]] std::string text() const {
    auto line = fmt::format("{} of {} generations of {} job{} verify, {}", good, good + bad + unreadable, jobs.size(),
                            jobs.size() == 1 ? "" : "s", spell_bytes(bytes));
    if (!jobs_without.empty()) line += fmt::format("; of job{} {} none does", jobs_without.size() == 1 ? "" : "s",
                                                   fmt::join(jobs_without, ", "));
    return line;
  }
};

void print_failure(Chosen const& one, Verdict const& verdict) {
  fmt::print("{}  ✗ {}: {}\n", spell(one), one.path.string(), verdict.failure->context);
}

}  // namespace

int verify_all(Asked const& asked) {
  auto const found = checkpoints_in(asked.store);
  if (!found) return complain(asked, found.failure());
  int code = exit_good;
  Tally tally;
  auto failures = Json::array();
  for (auto const& one : *found) {
    auto const verdict = verdict_on(one.path);
    code = std::max(code, verdict.exit_code());
    tally.count(one, verdict);
    if (!verdict.failure) continue;
    if (asked.json) {
      failures.push_back(verdict_json(one, verdict));
    } else {
      print_failure(one, verdict);
    }
  }
  if (asked.json) {
    print_json(tally.json(std::move(failures)));
  } else {
    fmt::print("{}\n", found->empty() ? fmt::format("no checkpoints in {}", asked.store.string()) : tally.text());
  }
  return code;
}

int verify(Asked const& asked, std::vector<std::string> const& targets) {
  int code = exit_good;
  auto entries = Json::array();
  auto const chosen = choose(asked, targets, entries, code);
  for (auto const& one : chosen) {
    auto const verdict = verdict_on(one.path);
    code = std::max(code, verdict.exit_code());
    if (asked.json) {
      entries.push_back(verdict_json(one, verdict));
    } else if (verdict.failure) {
      print_failure(one, verdict);
    } else {
      fmt::print("{}  ✓ {}, {}\n", spell(one), spell_bytes(verdict.bytes), spell_duration(verdict.took));
    }
  }
  if (asked.json)
    print_json(entries);
  else if (chosen.empty() && code == exit_good)
    fmt::print("no checkpoints in {}\n", asked.store.string());
  return code;
}

}  // namespace godwit::inspect
