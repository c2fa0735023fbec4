// `godwit logs`: what a job wrote to stdout or stderr, read from the store.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include "app/godwit/store_ledger.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"
#include "edge/capsules/link/printed.hpp"

namespace godwit::cli {
namespace {

struct LogOptions {
  std::string job;
  bool follow{false};
  bool from_stderr{false};
};

struct Found {
  JobId job;
  bool ended{false};
  std::filesystem::path file;  // that its spec names; empty: the store's own
};

// "7" or "7_3".
std::optional<JobId> parse_job(std::string const& text) {
  std::uint32_t number = 0, element = 0;
  auto const* const last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, number);
  if (error == std::errc{} && end != last && *end == '_') {
    auto const [element_end, wrong] = std::from_chars(end + 1, last, element);
    if (element == 0) return std::nullopt;
    end = element_end;
    error = wrong;
  }
  if (error != std::errc{} || end != last || number == 0) return std::nullopt;
  return JobId::of_element(number, element);
}

std::filesystem::path file_of(JobSpec const& spec, bool from_stderr) {
  auto const& wanted = from_stderr ? spec.stderr_path : spec.stdout_path;
  return wanted.empty() ? std::filesystem::path() : std::filesystem::path(spec.directory) / wanted;
}

Failure not_one(std::string const& job, std::size_t jobs) {
  return reject("not_one_job", fmt::format("'{}' stands for {} jobs; name one", job, jobs));
}

// "plate_3", of whom nothing may be left but what it printed; the newest of that name.
std::optional<JobId> element_named(Ledger const& ledger, std::string const& word) {
  std::optional<JobId> found;
  for (auto const& [job, array] : ledger.arrays()) {
    auto const& name = array.work->spec.name;
    if (name.empty() || !word.starts_with(name + "_")) continue;
    auto const element = parse_job(fmt::format("{}{}", job.number(), word.substr(name.size())));
    if (element && element->element() != 0 && element->element() <= array.size) found = element;
  }
  return found;
}

Result<JobId> find_in(Ledger const& ledger, std::string const& word) {
  if (auto const number = parse_job(word)) return *number;
  if (auto const element = element_named(ledger, word)) return *element;
  auto const jobs = find_jobs(ledger, word);
  if (!jobs) return jobs.failure();
  std::set<JobId> arrays;  // of which some elements have no record
  for (auto const job : *jobs) arrays.insert(job.array());
  for (auto const& [job, array] : ledger.arrays()) {
    if (array.work->spec.name == word) arrays.insert(job);
  }
  if (arrays.size() != 1) return not_one(word, arrays.size());
  return *arrays.begin();
}

// Where no runtime answers the ledger says who that is. What was printed outlives that, too: a number is taken as it is.
Result<Found> find_here(Invocation const& invocation, std::string const& word, bool from_stderr, Failure unreachable) {
  auto const ledger = read_ledger(invocation.store());
  auto const number = parse_job(word);
  if (!number && !ledger) return unreachable;
  auto const job = ledger ? find_in(*ledger, word) : Result<JobId>(*number);
  if (!job) return job.failure();
  auto const* array = ledger ? ledger->array(*job) : nullptr;
  if (array != nullptr && job->element() == 0 && array->size > 1) return not_one(word, array->size);
  if (array != nullptr && job->element() != 0 && job->element() <= array->size)
    return Found{*job, true, file_of(array->work->element(job->element()), from_stderr)};
  if (auto const* record = ledger ? ledger->find(*job) : nullptr) return Found{*job, true, file_of(record->spec, from_stderr)};
  auto const directory = invocation.store() / "jobs" / fmt::format("{}", *job);
  std::error_code ignored;
  if (job->element() == 0 && !std::filesystem::is_directory(directory, ignored)) return unreachable;
  return Found{*job, true, {}};
}

Result<Found> find_job(Invocation const& invocation, std::string const& job, bool from_stderr) {
  auto const jobs = ask_once<cmd::Jobs>(invocation, cmd::ShowJob{job});
  if (!jobs && rpc::is_unreachable(jobs.failure())) return find_here(invocation, job, from_stderr, jobs.failure());
  if (!jobs) return jobs.failure();
  if (jobs->rows.size() != 1) return not_one(job, jobs->rows.size());
  auto const& row = jobs->rows.front();
  return Found{row.job, is_ended(row.state), file_of(row.spec, from_stderr)};
}

// Copies the file's bytes from `offset` on to stdout. Opened anew each time: a job that was restored
// writes the same bytes again, perhaps to a new file, so the offset stays good.
Result<std::uint64_t> copy_from(std::filesystem::path const& file, std::uint64_t offset) {
  int const in = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0 && errno == ENOENT) return offset;  // nothing written yet
  if (in < 0) return reject("unreadable_log", fmt::format("{}: {}", file.string(), std::strerror(errno)));
  std::array<char, 65536> buffer{};
  ssize_t taken = 0;
  while ((taken = ::pread(in, buffer.data(), buffer.size(), static_cast<off_t>(offset))) > 0) {
    std::fwrite(buffer.data(), 1, static_cast<std::size_t>(taken), stdout);
    offset += static_cast<std::uint64_t>(taken);
  }
  ::close(in);
  std::fflush(stdout);
  return offset;
}

// What an array element printed lies in the packs of the hosts that it ran on.
std::uint64_t copy_packed(std::filesystem::path const& store, JobId job, PrintedStream stream, std::uint64_t offset) {
  auto const text = packed_text(store, job, stream);
  if (text.size() > offset) std::fwrite(text.data() + offset, 1, text.size() - offset, stdout);
  std::fflush(stdout);
  return std::max<std::uint64_t>(offset, text.size());
}

Result<std::uint64_t> copy_printed(Invocation const& invocation, Found const& found, PrintedStream stream,
                                   std::uint64_t offset) {
  if (!found.file.empty()) return copy_from(found.file, offset);
  if (found.job.element() != 0) return copy_packed(invocation.store(), found.job, stream, offset);
  return copy_from(invocation.store() / printed_path(found.job, name_of(stream)), offset);
}

int logs(Invocation const& invocation, LogOptions const& options) {
  auto found = find_job(invocation, options.job, options.from_stderr);
  if (!found) return invocation.complain(found.failure());
  auto const number = fmt::format("{}", found->job);
  auto const stream = options.from_stderr ? PrintedStream::err : PrintedStream::out;
  std::uint64_t offset = 0;
  for (int round = 0;; ++round) {
    auto const copied = copy_printed(invocation, *found, stream, offset);
    if (!copied) return invocation.complain(copied.failure());
    offset = *copied;
    if (!options.follow || found->ended) return exit_done;
    std::this_thread::sleep_for(100ms);
    if (round % 5 != 4) continue;
    found = find_job(invocation, number, options.from_stderr);  // if the job has ended: one more round for its last bytes
    if (!found) return invocation.complain(found.failure());
  }
}

}  // namespace

void add_logs(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "logs", "What a job wrote to its stdout",
                        "godwit logs 7\ngodwit logs plate -f       # until it ends\ngodwit logs 7 --stderr");
  auto options = std::make_shared<LogOptions>();
  verb.add_option("JOB", options->job, one_job_help)->required()->type_name("");
  verb.add_flag("-f,--follow", options->follow, "Go on until the job has ended");
  verb.add_flag("--stderr", options->from_stderr, "Its stderr instead");
  verb.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return logs(invocation, *options); };
  });
}

}  // namespace godwit::cli
