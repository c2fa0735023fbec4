// `godwit logs`: what a job wrote to stdout or stderr, read from the store.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <thread>

#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"

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
};

// A number is taken as it is when no runtime answers: logs outlive it.
Result<Found> find_job(Invocation const& invocation, std::string const& job) {
  auto const jobs = ask_once<cmd::Jobs>(invocation, cmd::ShowJob{job});
  if (jobs && jobs->rows.size() != 1) {
    return reject("not_one_job", fmt::format("'{}' stands for {} jobs; name one", job, jobs->rows.size()));
  }
  if (jobs) return Found{jobs->rows.front().job, is_ended(jobs->rows.front().state)};
  if (!rpc::is_unreachable(jobs.failure())) return jobs.failure();
  Found found{{}, true};
  auto const* last = job.data() + job.size();
  auto const [end, error] = std::from_chars(job.data(), last, found.job.value);
  if (error != std::errc{} || end != last) return jobs.failure();
  auto const directory = invocation.store() / "jobs" / job;
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) return jobs.failure();
  return found;
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

int logs(Invocation const& invocation, LogOptions const& options) {
  auto found = find_job(invocation, options.job);
  if (!found) return invocation.complain(found.failure());
  auto const number = std::to_string(found->job.value);
  auto const file = invocation.store() / "jobs" / number / (options.from_stderr ? "stderr" : "stdout");
  std::uint64_t offset = 0;
  for (int round = 0;; ++round) {
    auto const copied = copy_from(file, offset);
    if (!copied) return invocation.complain(copied.failure());
    offset = *copied;
    if (!options.follow || found->ended) return exit_done;
    std::this_thread::sleep_for(100ms);
    if (round % 5 != 4) continue;
    found = find_job(invocation, number);  // if the job has ended: one more round for its last bytes
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
