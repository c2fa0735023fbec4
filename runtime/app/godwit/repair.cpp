// `godwit repair`: a ledger that was lost, or is damaged, is made again from the checkpoint files alone. Each job that has any
// waits, with the lineage that its files tell of. The former logs are put aside. The new log takes its place at the very end,
// so that who is killed before that finds a store as it was, or without a ledger, and repairs again.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "app/godwit/inspect/selection.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/store_ledger.hpp"
#include "app/godwit/verbs.hpp"
#include "base/archive.hpp"
#include "checkpoint/retention.hpp"
#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/journal_log.hpp"
#include "edge/posix/journal_reader.hpp"
#include "edge/posix/store_directory.hpp"
#include "edge/rpc/client.hpp"

namespace godwit::cli {
namespace {

namespace fs = std::filesystem;

// Grants after the last checkpoint were written down nowhere else: so many epochs are left out for them.
constexpr std::uint64_t epochs_unseen = 1000;
constexpr Duration patience = 30s;

struct RepairOptions {
  std::vector<std::string> jobs;
  bool dry_run{false}, force{false};
};

struct Findings {
  std::vector<log::Recovered> jobs;
  std::vector<std::string> unreadable;  // files, and why
  std::vector<JobId> without;           // directories of jobs without any
};

WallTime wall_now() {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

std::optional<JobId> job_of_directory(std::string const& name) {
  JobId job;
  auto const [end, error] = std::from_chars(name.data(), name.data() + name.size(), job.value);
  bool const whole = error == std::errc{} && end == name.data() + name.size();
  return whole && job.value > 0 && job.value <= 0xffffffff ? std::optional(job) : std::nullopt;
}

// Of one job's files, newest first. None: not one of them can be read.
std::optional<log::Recovered> recover(JobId job, std::vector<inspect::Chosen> const& files, WallTime at, Findings& found) {
  std::vector<checkpoint::Branch> branches;
  std::map<checkpoint::ImageId, CheckpointLabel> labels;
  for (auto const& file : files) {
    auto const open = CheckpointFile::open(file.path);
    if (!open) {
      found.unreadable.push_back(fmt::format("{}: {}", file.path.string(), open.failure().context));
      continue;
    }
    auto const& label = open->label();
    if (label.job != job || label.epoch != file.epoch || label.generation != file.generation) {
      found.unreadable.push_back(fmt::format("{}: it is {}:{}-{}, and doesn't belong there", file.path.string(), label.job,
                                             label.epoch, label.generation));
      continue;
    }
    checkpoint::Branch branch{{file.epoch, file.generation}, {}};
    if (label.parent) branch.parent = {label.parent->epoch, label.parent->generation};
    branches.push_back(branch);
    labels.emplace(branch.id, label);
  }
  auto const lineage = checkpoint::lineage_of(branches);
  if (lineage.empty()) return std::nullopt;
  auto const& newest = labels.at(lineage.front());
  log::Recovered recovered;
  recovered.job = job;
  recovered.spec = newest.spec;
  recovered.clone_of = newest.clone_of;
  for (auto const& [epoch, generation] : lineage) recovered.lineage.push_back({epoch, generation});
  recovered.newest_epoch = Epoch{files.front().epoch.value + epochs_unseen};
  recovered.at = at;
  return recovered;
}

Result<Findings> look_through(fs::path const& store) {
  auto const files = inspect::checkpoints_in(store);
  if (!files) return files.failure();
  std::map<JobId, std::vector<inspect::Chosen>> by_job;
  for (auto const& file : *files) by_job[file.job].push_back(file);
  Findings found;
  auto const at = wall_now();
  std::map<JobId, std::uint32_t> sizes;  // of arrays, as far as is known
  for (auto const& [job, some] : by_job) {
    if (auto recovered = recover(job, some, at, found)) {
      sizes[job.array()] = std::max(sizes[job.array()], job.element());
      found.jobs.push_back(*std::move(recovered));
    }
  }
  JobId highest{0};
  std::error_code error;
  for (fs::directory_iterator each(store / "jobs", error), end; !error && each != end; each.increment(error)) {
    auto const name = each->path().filename().string();
    auto const job = job_of_directory(name.substr(0, name.find('_')));
    if (!job) continue;
    highest = std::max(highest, *job);
    if (!sizes.contains(*job)) found.without.push_back(*job);
  }
  std::ranges::sort(found.without);
  found.without.erase(std::unique(found.without.begin(), found.without.end()), found.without.end());
  for (auto& job : found.jobs) {
    job.size = sizes.at(job.job.array());
    job.next_job = highest.next();
  }
  return found;
}

// Is there nothing to repair? The reason why not to.
Status needs_repair(fs::path const& store, bool force) {
  if (auto const client = rpc::Client::connect(store)) {
    return reject("store_in_use", fmt::format("a runtime uses store {} (rank 0 is pid {} on {}): stop it with 'godwit stop' "
                                              "first",
                                              store.string(), client->runtime().pid, client->runtime().node));
  }
  std::error_code error;
  if (force || !fs::is_directory(store / "ledger", error)) return Done{};
  auto const ledger = read_ledger(store);
  if (!ledger || (ledger->jobs().empty() && ledger->arrays().empty())) return Done{};
  return reject("not_damaged", fmt::format("the ledger of {} can be read, and knows of jobs: there is nothing to repair. With "
                                           "--force it is made again from the checkpoints all the same, and forgets what they "
                                           "don't tell",
                                           store.string()));
}

// Higher than any that a former runtime can have had.
Term next_term(fs::path const& store) {
  Term term{0};
  if (auto const terms = terms_in(store / "ledger"); terms && !terms->empty()) term = terms->back();
  for (auto const* name : {"ledger/world.json", "verdict.json", "access.json"}) {
    auto const text = read_file(store / name, 1 << 20);
    if (!text) continue;
    auto const json = Json::parse(*text, nullptr, false);
    if (!json.is_object() || !json.contains("term") || !json["term"].is_number_unsigned()) continue;
    term = std::max(term, Term{json["term"].get<std::uint64_t>()});
  }
  return term.next();
}

Status write_log(fs::path const& directory, Term term, std::vector<log::Recovered> const& jobs) {
  auto journal = JournalLog::create(directory, term);
  if (!journal) return journal.failure();
  (*journal)->append(encode(LedgerEvent(log::WorldBegan{term, 1, wall_now(), {}, {}})));
  JournalPosition last = 1;
  for (auto const& job : jobs) last = (*journal)->append(encode(LedgerEvent(job)));
  for (auto const deadline = std::chrono::steady_clock::now() + patience;;) {
    auto const durable = (*journal)->durable();
    if (!durable) return durable.failure();
    if (*durable >= last) return Done{};
    if (std::chrono::steady_clock::now() > deadline) {
      return retry_later("ledger_io", fmt::format("{} doesn't become durable", directory.string()));
    }
    ::usleep(10'000);
  }
}

// Returns where the former logs are, if there were any.
Result<fs::path> replace_ledger(fs::path const& store, std::vector<log::Recovered> const& jobs) {
  auto const ledger = store / "ledger";
  auto const term = next_term(store);
  auto const draft = ledger / fmt::format(".repair-{}", ::getpid());
  auto const failed = [](std::error_code const& error, fs::path const& path) {
    return retry_later("io_error", fmt::format("{}: {}", path.string(), error.message()));
  };
  std::error_code error;
  fs::create_directories(draft, error);
  if (error) return failed(error, draft);
  if (auto const written = write_log(draft, term, jobs); !written) return written.failure();
  fs::path aside;
  auto const files = ledger_files(ledger);
  if (!files) return files.failure();
  auto const former = paths_of(ledger, *files);
  if (!former.empty()) {
    aside = ledger / fmt::format("before-{}", term);
    fs::create_directories(aside, error);
    if (error) return failed(error, aside);
  }
  for (auto const& path : former) {
    fs::rename(path, aside / path.filename(), error);
    if (error) return failed(error, path);
  }
  if (!former.empty()) {
    if (auto const synced = sync_directory(aside); !synced) return synced.failure();
  }
  if (auto const synced = sync_directory(ledger); !synced) return synced.failure();
  fs::rename(journal_path(draft, term), journal_path(ledger, term), error);
  if (error) return failed(error, journal_path(draft, term));
  fs::remove(draft, error);
  if (auto const synced = sync_directory(ledger); !synced) return synced.failure();
  return aside;
}

Json json_of_job(log::Recovered const& job) {
  auto generations = Json::array();
  for (auto const& key : job.lineage) generations.push_back({{"epoch", key.epoch.value}, {"generation", key.generation.value}});
  return {{"job", json_of(job.job)}, {"type", job.spec.type}, {"name", job.spec.name}, {"generations", generations}};
}

void print_found(Findings const& found) {
  for (auto const& text : found.unreadable) fmt::print(stderr, "godwit: set aside: {}\n", text);
  for (auto const& job : found.jobs) {
    fmt::print("job {} {}{}: goes on from generation {}, {} in all\n", job.job, job.spec.type,
               job.spec.name.empty() ? "" : fmt::format(" \"{}\"", job.spec.name), job.lineage.front().generation,
               job.lineage.size());
  }
  if (!found.without.empty()) {
    fmt::print("no checkpoint that can be read: job{} {}; what hadn't finished of them must be submitted again\n",
               found.without.size() == 1 ? "" : "s", fmt::join(found.without, ", "));
  }
}

int repair(Invocation const& invocation, RepairOptions const& options) {
  auto const store = invocation.store();
  std::error_code error;
  if (!fs::is_directory(store / "jobs", error)) {
    return invocation.complain(reject("no_store", fmt::format("{} is no store: there are no jobs in it", store.string())),
                               exit_usage);
  }
  if (auto const needed = needs_repair(store, options.force); !needed) return invocation.complain(needed.failure());
  std::optional<StoreDirectory> directory;
  if (!options.dry_run) {
    auto made = StoreDirectory::make(store);
    if (!made) return invocation.complain(made.failure());
    directory = std::move(*made);
    if (auto const locked = directory->lock(); !locked) return invocation.complain(locked.failure());
  }
  auto found = look_through(store);
  if (!found) return invocation.complain(found.failure());
  if (!options.jobs.empty()) {
    std::erase_if(found->jobs, [&](log::Recovered const& job) {
      return std::ranges::none_of(options.jobs, [&](std::string const& word) {
        return word == fmt::format("{}", job.job) || word == fmt::format("{}", job.job.array()) ||
               (!job.spec.name.empty() && word == job.spec.name);
      });
    });
  }
  if (found->jobs.empty()) {
    return invocation.complain(reject("nothing_found", fmt::format("there is no checkpoint in {} that the ledger could be made "
                                                                   "from: it is left as it is",
                                                                   store.string())));
  }
  fs::path aside;
  if (!options.dry_run) {
    auto const replaced = replace_ledger(store, found->jobs);
    if (!replaced) return invocation.complain(replaced.failure());
    aside = *replaced;
  }
  if (invocation.json) {
    auto jobs = Json::array();
    for (auto const& job : found->jobs) jobs.push_back(json_of_job(job));
    print_json({{"dry_run", options.dry_run}, {"jobs", jobs}, {"set_aside", found->unreadable}, {"former_logs", aside.string()}});
    return exit_done;
  }
  print_found(*found);
  if (options.dry_run) {
    fmt::print("nothing was changed\n");
  } else {
    fmt::print("the ledger was made again{}; 'godwit start' goes on with it\n",
               aside.empty() ? "" : fmt::format(", the former logs are in {}", aside.string()));
  }
  return exit_done;
}

}  // namespace

void add_repair(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "repair", "Make a lost or damaged ledger again, from the checkpoints alone",
                        "godwit repair --dry-run\ngodwit repair\ngodwit repair plate 9    # these jobs only");
  auto options = std::make_shared<RepairOptions>();
  verb.add_option("JOB", options->jobs, "7, an array's element 7_3, or a name: these only; else all that have checkpoints")
      ->type_name("");
  verb.add_flag("--dry-run", options->dry_run, "Say what would be found, and change nothing");
  verb.add_flag("--force", options->force, "Also where the ledger can be read");
  verb.footer(
      "\nEach job waits, and goes on from its newest generation that verifies. Checkpoints don't tell which jobs had ended:\n"
      "those go on from their last one, too, unless jobs are named. Nothing is known of jobs without one, of an array's\n"
      "elements without one, of accounts, and of what was to come after what." +
      verb.get_footer());
  verb.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return repair(invocation, *options); };
  });
}

}  // namespace godwit::cli
