// Performance: one run of a Rehearsal, as a loop over what its capsules report.
//
// Each leg of the job is in a capsule of its own, a fresh process. Between two legs only the image is kept:
// the manifest and the arrays that it names; everything else that the next process finds is poison.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>

#include "testing/rehearsal.hpp"

namespace godwit::testing {

class Performance {
 public:
  // `order` is of the first leg, without a capsule.
  Performance(ZygoteProcess zygote, std::filesystem::path const& store, CapsuleOrder order, Plan plan,
              Duration patience);
  // A job that has forgotten how far it is would never end: it is given up after so many steps.
  void give_up_after(std::uint64_t steps) { steps_max_ = steps; }

  void ask_whether(std::function<bool()> interrupted) { interrupted_ = std::move(interrupted); }

  [[nodiscard]] Result<Run> play();  // without files and what was printed

 private:
  struct Image {
    Manifest manifest;
    Bytes encoded;
    std::vector<Bytes> arrays;  // as in the manifest
  };

  void begin_leg();
  [[nodiscard]] Result<CapsuleEvent> next();
  [[nodiscard]] Status enter(capsule::Prepared const& prepared);
  void leave();
  [[nodiscard]] Status take(capsule::Frozen& frozen);
  void take(capsule::Ended& ended);
  void end(std::string outcome, std::uint64_t steps);
  [[nodiscard]] Result<Image> image_of(Bytes encoded);

  CapsuleService service_;
  std::deque<CapsuleEvent> heard_;
  CapsuleOrder order_;
  Plan plan_;
  Duration patience_;
  std::function<bool()> interrupted_;
  std::uint64_t steps_max_ = std::numeric_limits<std::uint64_t>::max();
  Epoch epoch_{1};
  std::optional<Image> image_;  // from which the present leg began; none: from the start
  bool beyond_ = false;         // going on beyond an image, to be thrown away
  bool over_ = false;
  Run run_;
};

}  // namespace godwit::testing
