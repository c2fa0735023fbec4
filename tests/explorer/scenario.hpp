// Scenario: how large a world is explored, what may go wrong in it, and which defect it is given on purpose.
//
// Each fault and each command has a budget: the explorer takes them at every point at which they could come,
// so a budget of one host death means "one host dies, at any point whatever".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace godwit::explorer {

struct Budget {
  std::uint8_t moves{2};
  std::uint8_t cancels{0};
  std::uint8_t refusals{0};     // a target can't prepare, verify or restore; a source finds no safe point
  std::uint8_t finishes{0};     // a job comes to its end by itself; after that it may also run for ever
  std::uint8_t crashes{0};      // of a job's process
  std::uint8_t host_deaths{0};  // proven: its process has ended
  std::uint8_t allocator_deaths{
      0};  // between two steps, or within one: part of what it appended is lost, nothing is sent
  std::uint8_t cut_offs{0};  // a host is given up, and lives: its lease runs out some time later
  auto operator<=>(Budget const&) const = default;
};

// What a naive implementation would do. The explorer must find what comes of each.
enum class Defect : std::uint8_t {
  none,
  thaws_by_itself,       // after the commit frame too, when the answer takes long
  thaws_overtaken,       // likewise, and so late that the job has come back meanwhile
  ignores_epochs,        // obeys what a message says about a job, whatever epoch it is about
  obeys_old_terms,       // a host does what a former allocator sent before it ended
  fences_at_once,        // the allocator doesn't wait for the lease of a host that it has given up
  renews_with_stale,     // an answer to a heart-beat of before the lease ran out renews the lease
  sends_before_durable,  // the allocator's messages leave before what they rest on is durable
  forgets_reports,       // a host doesn't repeat to a new allocator what the former one hadn't confirmed
  trusts_silence,        // a new allocator grants a job again without asking the host that has it
};
[[nodiscard]] std::optional<Defect> defect_named(std::string_view name);
[[nodiscard]] char const* name_of(Defect defect);

struct Scenario {
  int hosts{3};
  int jobs{1};
  Budget budget;
  bool ring{false};  // moves go 1 → 2 → 3 → 1 only, and the first host to be granted a job is 1
  Defect defect{Defect::none};
};

}  // namespace godwit::explorer
