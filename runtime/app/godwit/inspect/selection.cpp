#include "app/godwit/inspect/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "edge/hdf5/checkpoint_file.hpp"

namespace godwit::inspect {
namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Version {  // "12", "5-12" or "latest"
  std::optional<std::uint64_t> epoch;
  std::optional<std::uint64_t> generation;  // none: the latest

  [[nodiscard]] bool matches(Chosen const& file) const {
    return (!epoch || file.epoch.value == *epoch) && (!generation || file.generation.value == *generation);
  }
};

std::optional<Version> version_of(std::string_view text) {
  if (text == "latest") return Version{};
  if (auto const generation = number_of(text)) return Version{{}, generation};
  auto const dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto const epoch = number_of(text.substr(0, dash));
  auto const generation = number_of(text.substr(dash + 1));
  if (!epoch || !generation) return std::nullopt;
  return Version{epoch, generation};
}

struct Target {
  std::string job;
  std::optional<Version> version;
};

Target parse(std::string const& text) {
  auto const colon = text.rfind(':');
  if (colon != std::string::npos) {
    if (auto const version = version_of(std::string_view(text).substr(colon + 1)))
      return {text.substr(0, colon), version};
  }
  if (auto const version = version_of(text); version && version->epoch) return {"", version};
  return {text, std::nullopt};
}

bool names_a_file(std::string const& target) {
  std::error_code ignored;
  return target.find('/') != std::string::npos || target.ends_with(".h5") ||
         fs::is_regular_file(target, ignored);
}

void add_checkpoints_of(JobId job, fs::path const& directory, std::vector<Chosen>& files) {
  std::error_code error;
  for (auto const& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".h5") continue;
    auto const version = version_of(entry.path().stem().string());
    if (!version || !version->epoch) continue;
    files.push_back({entry.path(), job, {*version->epoch}, {*version->generation}, false});
  }
}

// The jobs called so, as their newest readable checkpoints say.
std::set<JobId> jobs_called(std::string const& name, std::vector<Chosen> const& files) {
  std::set<JobId> seen, called;
  for (auto const& file : files) {
    if (seen.contains(file.job)) continue;
    auto const open = CheckpointFile::open(file.path);
    if (!open) continue;
    seen.insert(file.job);
    if (open->label().spec.name == name) called.insert(file.job);
  }
  return called;
}

template <class Items, class Spell>
std::string enumerate(Items const& items, Spell spell_item) {
  constexpr std::size_t shown_max = 12;
  std::string text;
  std::size_t shown = 0;
  for (auto const& item : items) {
    if (shown++ == shown_max) return text + ", …";
    text += (text.empty() ? "" : ", ") + spell_item(item);
  }
  return text;
}

Failure no_such_job(fs::path const& store, std::string const& job, std::vector<Chosen> const& files) {
  std::set<JobId> jobs;
  for (auto const& file : files) jobs.insert(file.job);
  if (jobs.empty())
    return reject("no_such_job", fmt::format("{}: there are no checkpoints in {}", job, store.string()));
  return reject(
      "no_such_job",
      fmt::format("{}: no such job among the checkpoints in {}; jobs there: {}", job, store.string(),
                  enumerate(jobs, [](JobId id) { return fmt::to_string(id.value); })));
}

Result<JobId> find_job(fs::path const& store, std::string const& job, std::vector<Chosen> const& files) {
  if (auto const number = number_of(job)) {
    if (std::ranges::any_of(files, [&](auto const& file) { return file.job.value == *number; }))
      return JobId{*number};
    return no_such_job(store, job, files);
  }
  if (job == "last" && !files.empty()) return files.back().job;
  auto const called = jobs_called(job, files);
  if (called.empty()) return no_such_job(store, job, files);
  if (called.size() > 1) {
    return reject("ambiguous",
                  fmt::format("{}: several jobs have that name: {}; give the number", job,
                              enumerate(called, [](JobId id) { return fmt::to_string(id.value); })));
  }
  return *called.begin();
}

}  // namespace

std::string spell(Chosen const& chosen) {
  if (chosen.job.value == 0) return chosen.path.string();
  if (!chosen.shared) return fmt::format("{}:{}", chosen.job, chosen.generation);
  return fmt::format("{}:{}-{}", chosen.job, chosen.epoch, chosen.generation);
}

Result<std::vector<Chosen>> checkpoints_in(fs::path const& store) {
  std::error_code error;
  std::vector<Chosen> files;
  if (!fs::is_directory(store, error)) {
    return reject("no_store", fmt::format("{}: no store there; name it with --store DIR", store.string()));
  }
  for (auto const& entry : fs::directory_iterator(store / "jobs", error)) {
    if (auto const job = number_of(entry.path().filename().string())) {
      add_checkpoints_of({*job}, entry.path() / "checkpoints", files);
    }
  }
  std::ranges::sort(files, [](Chosen const& one, Chosen const& other) {
    return std::tuple(one.job, other.epoch, other.generation) <
           std::tuple(other.job, one.epoch, one.generation);
  });
  std::map<std::pair<JobId, Generation>, int> holders;
  for (auto const& file : files) ++holders[{file.job, file.generation}];
  for (auto& file : files) file.shared = holders[{file.job, file.generation}] > 1;
  return files;
}

Result<std::vector<Chosen>> choose_all(fs::path const& store, std::string const& text) {
  if (names_a_file(text)) return std::vector<Chosen>{{text, {}, {}, {}, false}};
  auto files = checkpoints_in(store);
  if (!files) return files.failure();
  auto const target = parse(text);
  if (target.job.empty()) {  // EPOCH-GENERATION of whichever job
    std::erase_if(*files, [&](auto const& file) { return !target.version->matches(file); });
    if (files->empty())
      return reject("no_such_generation", fmt::format("{}: no job has that generation", text));
    if (files->size() > 1) {
      return reject("ambiguous",
                    fmt::format("{}: several jobs have that generation: {}", text,
                                enumerate(*files, [](Chosen const& file) { return spell(file); })));
    }
    return files;
  }
  auto const job = find_job(store, target.job, *files);
  if (!job) return job.failure();
  std::erase_if(*files, [&](auto const& file) { return file.job != *job; });
  if (!target.version) return files;
  auto const at =
      std::ranges::find_if(*files, [&](auto const& file) { return target.version->matches(file); });
  if (at == files->end()) {
    return reject("no_such_generation",
                  fmt::format("{}: job {} has no such generation; it has {}", text, *job,
                              enumerate(*files, [](Chosen const& file) { return spell(file); })));
  }
  return std::vector<Chosen>{*at};
}

Result<Chosen> choose_one(fs::path const& store, std::string const& target) {
  auto files = choose_all(store, target);
  if (!files) return files.failure();
  return std::move(files->front());
}

}  // namespace godwit::inspect
