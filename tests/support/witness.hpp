// Reads what capsules wrote under GODWIT_WITNESS, and checks that no job ever had two runners.
//
// Steps that a job did again after a crash are legitimate: they are repeats of what no image had. A run
// in which nothing died has none, and there every step must occur exactly once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace godwit::testing {

// One run of consecutive steps by one process; none if last < first.
struct Testimony {
  std::string job;  // "7", or an array's element "7_3"
  std::uint64_t epoch{0};
  std::uint64_t first{0}, last{0};
  std::int64_t begin_ns{0}, end_ns{0};
  std::string runner;  // host and pid
};

enum class Repeats { allowed, forbidden };

// Every line of every DIR/*.witness; lines that can't be read are reported as faults.
std::vector<Testimony> read_witness(std::filesystem::path const& directory, std::vector<std::string>& faults);

// What is wrong; empty if nothing. Overlap: two runners, or two epochs, of one job at one instant. An epoch
// must have one runner; a higher one begins later. With repeats forbidden, steps must count 1, 2, 3, …; those
// of a clone from where its first runner found it.
std::vector<std::string> check_witness(std::vector<Testimony> testimonies, Repeats repeats,
                                       std::set<std::string> const& clones = {});

// Both.
std::vector<std::string> faults_of_witness(std::filesystem::path const& directory, Repeats repeats);

}  // namespace godwit::testing
