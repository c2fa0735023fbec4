#include "support/witness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

namespace godwit::testing {

namespace {

std::string spell(Testimony const& t) {
  return fmt::format("epoch {} steps {}–{} by {} from {} to {}", t.epoch, t.first, t.last, t.runner,
                     t.begin_ns, t.end_ns);
}

void check_overlaps(std::string const& job, std::vector<Testimony> const& runs, std::vector<std::string>& faults) {
  Testimony const* latest = nullptr;  // the one that ends last so far
  for (auto const& run : runs) {
    if (latest != nullptr && run.begin_ns < latest->end_ns) {
      faults.push_back(fmt::format("job {}: two runners at once: {}; {}", job, spell(*latest), spell(run)));
    }
    if (latest != nullptr && run.epoch < latest->epoch) {
      faults.push_back(
          fmt::format("job {}: an older epoch ran later: {}; {}", job, spell(*latest), spell(run)));
    }
    if (latest == nullptr || run.end_ns >= latest->end_ns) latest = &run;
  }
}

void check_runners(std::string const& job, std::vector<Testimony> const& runs, std::vector<std::string>& faults) {
  std::map<std::uint64_t, std::string> runner_of;
  for (auto const& run : runs) {
    auto const [place, fresh] = runner_of.try_emplace(run.epoch, run.runner);
    if (!fresh && place->second != run.runner) {
      faults.push_back(
          fmt::format("job {}: epoch {} had two runners: {}, {}", job, run.epoch, place->second, run.runner));
    }
  }
}

void check_steps(std::string const& job, std::vector<Testimony> const& runs, std::uint64_t done, Repeats repeats,
                 std::vector<std::string>& faults) {
  for (auto const& run : runs) {
    if (run.last < run.first) continue;
    if (run.first > done + 1) {
      faults.push_back(
          fmt::format("job {}: steps {}–{} were never done: {}", job, done + 1, run.first - 1, spell(run)));
    } else if (run.first <= done && repeats == Repeats::forbidden) {
      faults.push_back(fmt::format("job {}: step {} was done twice: {}", job, run.first, spell(run)));
    }
    done = run.last;
  }
}

}  // namespace

std::vector<Testimony> read_witness(std::filesystem::path const& directory,
                                    std::vector<std::string>& faults) {
  std::vector<Testimony> testimonies;
  std::error_code error;
  for (auto const& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".witness") continue;
    // As far as it is now: of a process that runs on the last line grows until there is another, which would be read without its steps.
    auto left = entry.file_size(error);
    std::ifstream file(entry.path());
    for (std::string line; left > 0 && std::getline(file, line);) {
      left -= std::min<std::uintmax_t>(left, line.size() + 1);
      std::istringstream words(line);
      Testimony t;
      std::string pid, host;
      if (words >> t.job >> t.epoch >> t.first >> t.last >> t.begin_ns >> t.end_ns >> pid >> host) {
        t.runner = fmt::format("{} ({})", entry.path().filename().native(), pid);
        testimonies.push_back(std::move(t));
      } else {
        faults.push_back(fmt::format("{}: unreadable line '{}'", entry.path().native(), line));
      }
    }
  }
  if (error) faults.push_back(fmt::format("{}: {}", directory.native(), error.message()));
  return testimonies;
}

std::vector<std::string> check_witness(std::vector<Testimony> testimonies, Repeats repeats,
                                       std::set<std::string> const& clones) {
  std::vector<std::string> faults;
  std::map<std::string, std::vector<Testimony>> by_job;
  for (auto& t : testimonies) by_job[t.job].push_back(std::move(t));
  for (auto& [job, runs] : by_job) {
    std::ranges::sort(runs, {}, [](Testimony const& t) { return std::tie(t.begin_ns, t.epoch, t.first); });
    check_overlaps(job, runs, faults);
    check_runners(job, runs, faults);
    check_steps(job, runs, clones.contains(job) ? runs.front().first - 1 : 0, repeats, faults);
  }
  return faults;
}

std::vector<std::string> faults_of_witness(std::filesystem::path const& directory, Repeats repeats) {
  std::vector<std::string> faults;
  auto const testimonies = read_witness(directory, faults);
  for (auto& fault : check_witness(testimonies, repeats)) faults.push_back(std::move(fault));
  return faults;
}

}  // namespace godwit::testing
