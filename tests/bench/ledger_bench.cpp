// What a ledger costs that remembers short jobs, with its log made shorter as it grows, and without: bytes in the store, how long an opener
// reads, how long the allocator's thread is held up by it, and how long a record takes to be durable meanwhile. The allocator is
// this loop: 100 jobs at a time, each submitted, granted, started and ended; the next when those are durable.
#include <fmt/format.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <vector>

#include "base/archive.hpp"
#include "edge/posix/journal_log.hpp"
#include "edge/posix/journal_reader.hpp"
#include "ledger/ledger.hpp"

namespace godwit {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t jobs_at_once = 100;

double ms(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

struct Figures {
  std::uint64_t bytes{0}, files{0}, compactions{0};
  double turn_max{0};                 // of the loop's thread, in the journal
  double durable_p50{0}, durable_p99{0}, durable_max{0};
  double written{0}, opened{0};       // seconds, ms
  std::size_t remembered{0};
};

class Run {
 public:
  Run(std::filesystem::path directory, std::uint64_t history, bool compacts) : directory_(std::move(directory)), history_(history) {
    std::filesystem::create_directories(directory_);
    log_ = *JournalLog::create(directory_, Term{1});
    if (!compacts) log_->set_log_bytes_min(~std::uint64_t{0});
    add(log::WorldBegan{Term{1}, 3, {}, {}, {}});
  }

  Figures take(std::uint64_t jobs) {
    auto const began = Clock::now();
    for (std::uint64_t done = 0; done < jobs; done += jobs_at_once) {
      for (std::uint64_t i = 0; i < jobs_at_once; ++i) job();
      auto const since = Clock::now();
      turn([&] { log_->may_compact(); });
      wait();
      durable_.push_back(ms(Clock::now() - since));
    }
    Figures figures;
    figures.written = ms(Clock::now() - began) / 1000;
    while (log_->is_busy()) ::poll(nullptr, 0, 10);
    figures.compactions = log_->compactions();
    log_.reset();
    std::ranges::sort(durable_);
    figures.turn_max = turn_max_;
    figures.durable_p50 = durable_[durable_.size() / 2];
    figures.durable_p99 = durable_[durable_.size() * 99 / 100];
    figures.durable_max = durable_.back();
    for (auto const& each : std::filesystem::directory_iterator(directory_)) {
      figures.bytes += each.file_size();
      ++figures.files;
    }
    auto const opening = Clock::now();
    Ledger ledger;
    auto const read = read_journal(directory_, {[&](Term, ByteView record) -> Status { return ledger.apply(*decode<LedgerEvent>(record)); },
                                                [&](ByteView part) { return ledger.restore(part); }});
    figures.opened = ms(Clock::now() - opening);
    invariant(read.ok(), read.ok() ? "" : read.failure().context);
    figures.remembered = ledger.jobs().size();
    return figures;
  }

 private:
  template <class Does>
  void turn(Does does) {
    auto const since = Clock::now();
    does();
    turn_max_ = std::max(turn_max_, ms(Clock::now() - since));
  }
  void add(LedgerEvent const& event) {
    auto bytes = encode(event);
    turn([&] { last_ = log_->append(std::move(bytes)); });
  }
  void job() {
    JobId const job{next_++};
    WallTime const at{static_cast<std::int64_t>(next_) * 1'000'000};
    JobSpec spec;
    spec.type = "noop";
    spec.account = "ada";
    spec.directory = "/home/ada/project";
    add(log::Submitted{job, spec, at});
    add(log::Granted{job, Epoch{1}, Rank{1}, at, {}});
    add(log::Started{job, Epoch{1}, {}, false, at});
    add(log::Ended{job, Epoch{1}, {}, at});
    if (job.value > history_) forgotten_.push_back({job.value - history_});
    if (forgotten_.size() == jobs_at_once) add(log::Forgotten{std::exchange(forgotten_, {}), {}, at});
  }
  void wait() {
    for (;;) {
      Result<JournalPosition> durable = JournalPosition{0};
      turn([&] { durable = log_->durable(); });
      if (*durable == last_) return;
      pollfd waiting{log_->wait_fd(), POLLIN, 0};
      ::poll(&waiting, 1, 100);
    }
  }

  std::filesystem::path directory_;
  std::uint64_t history_;
  std::unique_ptr<JournalLog> log_;
  JournalPosition last_{0};
  std::uint64_t next_{1};
  std::vector<JobId> forgotten_;
  std::vector<double> durable_;
  double turn_max_{0};
};

}  // namespace
}  // namespace godwit

int main(int argc, char** argv) {
  CLI::App app{"What a ledger costs that remembers short jobs"};
  std::string directory;
  std::uint64_t jobs = 100'000;
  app.add_option("directory", directory, "Where: it must not exist")->required();
  app.add_option("--jobs", jobs, "How many in all (100000)");
  CLI11_PARSE(app, argc, argv);
  auto const place = std::filesystem::path(directory);
  struct Case {
    char const* name;
    std::uint64_t history;
    bool compacts;
  };
  auto const all = jobs + 1;
  for (auto const& [name, history, compacts] : {Case{"the log alone, all remembered", all, false}, Case{"made shorter, all remembered", all, true},
                                                Case{"the log alone, 1000 remembered", 1000, false}, Case{"made shorter, 1000 remembered", 1000, true}}) {
    godwit::Run run(place / std::to_string(history) / (compacts ? "with" : "without"), history, compacts);
    auto const figures = run.take(jobs);
    fmt::print("{}: {} jobs in {:.1f} s: {} bytes in {} files, {} remembered; opened in {:.0f} ms; {} compactions; at most {:.2f} ms of the "
               "loop's thread at once; 400 records durable in {:.2f} ms (p50), {:.2f} (p99), {:.2f} (most)\n",
               name, jobs, figures.written, figures.bytes, figures.files, figures.remembered, figures.opened, figures.compactions,
               figures.turn_max, figures.durable_p50, figures.durable_p99, figures.durable_max);
  }
  std::filesystem::remove_all(place);
  return 0;
}
