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

// "7", or "7_3" for an element of an array.
std::optional<JobId> job_of(std::string_view text) {
  auto const bar = text.find('_');
  auto const number = number_of(text.substr(0, bar));
  if (!number || *number > 0xffffffff) return std::nullopt;
  if (bar == std::string_view::npos) return JobId{*number};
  auto const element = number_of(text.substr(bar + 1));
  if (!element || *element == 0 || *element > 0xffffffff) return std::nullopt;
  return JobId::of_element(static_cast<std::uint32_t>(*number), static_cast<std::uint32_t>(*element));
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

std::string spell_job(JobId job) {
  return fmt::to_string(job);
}

Failure no_such_job(fs::path const& store, std::string const& job, std::vector<Chosen> const& files) {
  std::set<JobId> jobs;
  for (auto const& file : files) jobs.insert(file.job);
  if (jobs.empty())
    return reject("no_such_job", fmt::format("{}: there are no checkpoints in {}", job, store.string()));
  return reject("no_such_job", fmt::format("{}: no such job among the checkpoints in {}; jobs there: {}", job,
                                           store.string(), enumerate(jobs, spell_job)));
}

// One job, or the elements of one array that have checkpoints.
Result<std::set<JobId>> find_jobs(fs::path const& store, std::string const& text,
                                  std::vector<Chosen> const& files) {
  auto wanted = job_of(text);
  if (text == "last" && !files.empty()) wanted = files.back().job.array();
  if (!wanted) {
    auto const called = jobs_called(text, files);
    if (called.empty()) return no_such_job(store, text, files);
    if (called.size() > 1 && called.begin()->array() != called.rbegin()->array()) {
      return reject("ambiguous", fmt::format("{}: several jobs have that name: {}; give the number", text,
                                             enumerate(called, spell_job)));
    }
    return called;
  }
  std::set<JobId> found;
  for (auto const& file : files) {
    if (file.job == *wanted || file.job.array() == *wanted) found.insert(file.job);
  }
  if (found.empty()) return no_such_job(store, text, files);
  return found;
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
    if (auto const job = job_of(entry.path().filename().string())) {
      add_checkpoints_of(*job, entry.path() / "checkpoints", files);
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
  auto const jobs = find_jobs(store, target.job, *files);
  if (!jobs) return jobs.failure();
  std::erase_if(*files, [&](auto const& file) { return !jobs->contains(file.job); });
  if (!target.version) return files;
  std::map<JobId, Chosen> matching;  // the newest of each
  for (auto const& file : *files) {
    if (target.version->matches(file)) matching.emplace(file.job, file);
  }
  if (matching.empty()) {
    return reject("no_such_generation",
                  fmt::format("{}: job {} has no such generation; it has {}", text, target.job,
                              enumerate(*files, [](Chosen const& file) { return spell(file); })));
  }
  std::vector<Chosen> chosen;
  for (auto& [job, file] : matching) chosen.push_back(std::move(file));
  return chosen;
}

std::string path_text(CheckpointFile const& file, std::string const& path) {
  auto const prefix = file.label().spec.directory + "/";
  return prefix.size() > 1 && path.starts_with(prefix) ? path.substr(prefix.size()) : path;
}

Result<Chosen> choose_one(fs::path const& store, std::string const& target) {
  auto files = choose_all(store, target);
  if (!files) return files.failure();
  std::set<JobId> jobs;
  for (auto const& file : *files) jobs.insert(file.job);
  if (jobs.size() > 1) {
    return reject("ambiguous", fmt::format("{}: job {} is an array; name one of its elements: {}", target,
                                           jobs.begin()->array(), enumerate(jobs, spell_job)));
  }
  return std::move(files->front());
}

}  // namespace godwit::inspect
