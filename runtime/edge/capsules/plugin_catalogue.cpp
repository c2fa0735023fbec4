#include "edge/capsules/plugin_catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "edge/capsules/describe_plugin.hpp"
#include "edge/capsules/mailbox.hpp"
#include "edge/capsules/plugin_store.hpp"
#include "edge/capsules/worker.hpp"
#include "job/nearest.hpp"

namespace godwit {

namespace {

// What tells that a file hasn't changed.
struct FileMark {
  std::uint64_t device{0}, inode{0}, size{0};
  std::int64_t modified_ns{0}, changed_ns{0};
  bool operator==(FileMark const&) const = default;
};

std::optional<FileMark> mark_of(std::filesystem::path const& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  auto const ns = [](timespec const& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return FileMark{info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), ns(info.st_mtim),
                  ns(info.st_ctim)};
}

std::vector<std::filesystem::path> plugins_in(std::filesystem::path const& directory) {
  std::vector<std::filesystem::path> plugins;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".so") plugins.push_back(at->path());
  }
  std::ranges::sort(plugins);
  return plugins;
}

constexpr int tries = 3;  // of one look at a plugin whose process is killed

// Not the plugin's fault, so another look may find otherwise: a full store, too little memory.
bool is_passing(Result<JobType> const& type) {
  return !type && type.failure().reaction == Reaction::retry_later;
}

}  // namespace

struct PluginCatalogue::Core {
  struct Known {
    FileMark mark;
    Result<JobType> type;
  };

  Core(ZygoteProcess its_zygote, Settings its_settings)
      : settings(std::move(its_settings)), store(settings.store), zygote(std::move(its_zygote)) {}

  [[nodiscard]] Result<std::vector<JobType>> find(std::string const& type);
  [[nodiscard]] Result<std::vector<JobType>> find_build(std::string const& type, std::string const& digest);
  [[nodiscard]] Result<JobType> describe(std::filesystem::path const& copy);
  Result<JobType> const& look_at(std::filesystem::path const& plugin, FileMark const& mark);
  [[nodiscard]] Failure unknown(std::string const& type, std::vector<JobType> const& types,
                                std::vector<Failure> const& failures) const;

  Settings settings;
  PluginStore store;
  ZygoteProcess zygote;
  CapsuleId newest{0};
  std::map<std::filesystem::path, Known> known;  // the worker's
  Mailbox<TypesFound> found;
  Worker worker;  // last: it ends before what it uses
};

Result<JobType> PluginCatalogue::Core::describe(std::filesystem::path const& copy) {
  for (auto left = tries;; --left) {
    newest = newest.next();
    auto type = describe_plugin(zygote, newest, copy, settings.patience);
    if (left == 1 || !is_passing(type)) return type;
  }
}

Result<JobType> const& PluginCatalogue::Core::look_at(std::filesystem::path const& plugin,
                                                      FileMark const& mark) {
  auto const place = known.find(plugin);
  if (place != known.end() && place->second.mark == mark && !is_passing(place->second.type) &&
      store.holds(place->second.type)) {
    return place->second.type;
  }
  auto type = store.keep(plugin, [&](std::filesystem::path const& copy) { return describe(copy); });
  return known.insert_or_assign(plugin, Known{mark, std::move(type)}).first->second.type;
}

// That very build, as the store keeps it since a job was submitted with it.
Result<std::vector<JobType>> PluginCatalogue::Core::find_build(std::string const& type, std::string const& digest) {
  auto const plugin = settings.store / "plugins" / (digest + ".so");
  auto const mark = mark_of(plugin);
  if (!mark) {
    return reject("no_such_plugin", fmt::format("the plugin that '{}' was submitted with isn't in the store any more: {}", type,
                                                plugin.native()));
  }
  auto const& described = look_at(plugin, *mark);
  if (!described) return described.failure();
  return std::vector{*described};
}

Result<std::vector<JobType>> PluginCatalogue::Core::find(std::string const& type) {
  if (auto const at = type.find('@'); at != type.npos) return find_build(type.substr(0, at), type.substr(at + 1));
  std::vector<JobType> types;
  std::vector<Failure> failures;
  for (auto const& directory : settings.directories) {
    for (auto const& plugin : plugins_in(directory)) {
      auto const mark = mark_of(plugin);
      if (!mark) continue;
      auto const& described = look_at(plugin, *mark);
      if (!described) {
        failures.push_back(described.failure());
      } else if (std::ranges::find(types, described->name, &JobType::name) == types.end()) {
        types.push_back(*described);
      }
    }
  }
  std::ranges::sort(types, {}, &JobType::name);
  if (type.empty()) return types;
  auto const wanted = std::ranges::find(types, type, &JobType::name);
  if (wanted == types.end()) return unknown(type, types, failures);
  return std::vector{*wanted};
}

Failure PluginCatalogue::Core::unknown(std::string const& type, std::vector<JobType> const& types,
                                       std::vector<Failure> const& failures) const {
  std::vector<std::string> names, places;
  for (auto const& known_type : types) names.push_back(known_type.name);
  for (auto const& directory : settings.directories) places.push_back(directory.native());
  auto const near = nearest_name(type, names);
  auto text = fmt::format("no job type '{}'{}; there is {} (plugins are looked for in {})", type,
                          near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")),
                          fmt::join(places, ", "));
  for (auto const& failure : failures) text += "\n" + failure.context;
  return reject("no_such_type", std::move(text));
}

PluginCatalogue::PluginCatalogue(ZygoteProcess zygote, Settings settings)
    : core_(std::make_unique<Core>(std::move(zygote), std::move(settings))) {}
PluginCatalogue::~PluginCatalogue() = default;

int PluginCatalogue::wait_fd() const {
  return core_->found.fd();
}

void PluginCatalogue::find(RequestId request, std::string type) {
  core_->worker.post([core = core_.get(), request, type = std::move(type)] {
    core->found.put({request, core->find(type)});
  });
}

std::vector<TypesFound> PluginCatalogue::poll() {
  return core_->found.take();
}

}  // namespace godwit
