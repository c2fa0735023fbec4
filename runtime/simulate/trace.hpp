// Trace: jobs as they came to some machine, to be served again by another policy. Read from the Standard
// Workload Format (https://www.cs.huji.ac.il/labs/parallel/workload/swf.html): a line of 18 numbers for each
// job, header lines that begin with ';'.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace godwit::simulate {

struct Job {
  Instant submit;  // since the first one
  Duration run{0};
  Duration estimate{0};  // of it, by its owner
  std::int32_t cores{1};
  std::uint32_t account{0};  // its place among the names
};

struct Trace {
  std::vector<Job> jobs;              // by submission
  std::vector<std::string> accounts;  // in order of their first job
  std::int32_t processors{0};         // of the machine, by MaxProcs; 0: not said
  std::uint64_t left_out{0};          // lines without running time or processors
};

enum class Charged : std::uint8_t { user, group, group_user };  // "user7", "group2", "group2/user7"

// Normalised: jobs without running time or processors are left out, no job has more processors than the
// machine, and no estimate is below the running time. `processors`: of the machine; 0: by the header. `name`
// is for complaints, which say line and column.
[[nodiscard]] Result<Trace> read_swf(std::string_view text, std::string_view name,
                                     std::int32_t processors = 0, Charged charged = Charged::user);

}  // namespace godwit::simulate
