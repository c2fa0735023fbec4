// Identity: who a job was that has been forgotten, if it had a name: so that a workload file that is run again finds its jobs, and
// what came of them. One for each name, of the newest job that had it; a clone's isn't kept, for no file says it.
#pragma once

#include <string>
#include <vector>

#include "base/digest.hpp"
#include "job/array.hpp"
#include "job/counts.hpp"

namespace godwit {

// Of what a submission says, but for its plugin and what it waits for: equal for the same work.
[[nodiscard]] Digest digest_of_work(JobArray work);

struct Identity {
  JobId job;
  std::string type;
  std::uint64_t work{0};          // digest_of_work
  std::vector<Dependency> after;  // the ids count
  bool began{false};              // it, or an element of it, was granted once
  std::uint64_t finished{0}, failed{0}, cancelled{0};
  WallTime submitted, ended;

  [[nodiscard]] JobCounts counts() const;
  bool operator==(Identity const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & job & type & work & after & began & finished & failed & cancelled & submitted & ended;
  }
};

}  // namespace godwit
