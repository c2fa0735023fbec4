// Performance: one run of a Rehearsal, as a loop over what its capsules report.
//
// Each leg of the job is in a capsule of its own, a fresh process. Between two legs only the image is kept:
// the manifest and the arrays that it names; everything else that the next process finds is poison.
#pragma once

#include <deque>
#include <filesystem>
#include <optional>

#include "testing/rehearsal.hpp"

namespace godwit::testing {

class Performance {
 public:
  // `order` is of the first leg, without a capsule.
  Performance(ZygoteProcess zygote, std::filesystem::path const& store, CapsuleOrder order, Plan plan,
              Duration patience);

  struct End {
    Run run;        // without files and what was printed
    Manifest last;  // as of the end, if it finished
  };
  [[nodiscard]] Result<End> play();

 private:
  struct Image {
    Manifest manifest;
    Bytes encoded;
    std::vector<Bytes> arrays;  // as in the manifest
  };

  void begin_leg();
  [[nodiscard]] Result<CapsuleEvent> next();
  [[nodiscard]] Status enter(capsule::Prepared const&);
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
  Epoch epoch_{1};
  std::optional<Image> image_;  // from which the present leg began; none: from the start
  bool beyond_ = false;         // going on beyond an image, to be thrown away
  bool over_ = false;
  End end_;
};

}  // namespace godwit::testing
