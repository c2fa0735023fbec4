// What a move costs: for how long the job stands still, and how much copying it takes. Modelled from the size of its image and
// from how earlier moves to the same host went; with a known dirty rate, as pre-copy, whose rounds shrink geometrically
// (Clark et al. 2005; the model of Nathan et al. 2015): round i moves M·rⁱ, r = dirty rate / bandwidth.
//
// Integers only: the same figures give the same cost everywhere.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace godwit::policy {

// The way from one host to another, as far as it is known.
struct Way {
  std::uint64_t bytes_per_s{std::uint64_t{1} << 30};
  Duration overhead{20ms};  // for which a job stands still beside the copying

  bool operator==(Way const&) const = default;
};

struct ImageSize {
  std::uint64_t bytes{0};
  std::uint64_t dirty_bytes_per_s{0};  // while it runs; 0: unknown, and so it is stopped and copied
  std::uint64_t working_bytes{0};      // written all the time: no round is smaller
};

struct MoveCost {
  std::uint64_t bytes{0};  // sent, all rounds together
  Duration copying{0};     // of them all
  Duration stopped{0};
  std::int32_t rounds{1};

  // In time that the job loses: while pages are copied and it runs, it is slower by an eighth (an assumption: links and
  // cores are shared with what does the copying).
  [[nodiscard]] Duration whole() const { return stopped + (copying > stopped ? (copying - stopped) / 8 : Duration{0}); }
};

inline constexpr std::int32_t rounds_max = 8;            // as in p.haul and go-criu
inline constexpr std::uint64_t last_round_bytes = 256 << 10;  // 64 pages: no further round is worth it

[[nodiscard]] MoveCost cost_of(ImageSize const& image, Way const& way);

// How moves went. The newest counts a quarter, the others fade. What was never tried is taken to be like the rest.
class Ways {
 public:
  struct Moved {
    std::uint64_t bytes{0};
    Duration transfer{0}, stopped{0};
  };
  // `near`: both on one node, where no network is between them.
  void learn(Rank to, bool near, Moved const& figures);
  [[nodiscard]] Way to(Rank host, bool near) const;

 private:
  std::map<std::pair<Rank, bool>, Way> known_;
  std::map<bool, Way> typical_;
};

}  // namespace godwit::policy
