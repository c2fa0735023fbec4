// Packet: one message between roles of the explored world. The kinds and fields are those of
// message/message.hpp; what doesn't bear on custody (specs, figures, page ranges) is left out, so that worlds
// are small and comparable.
#pragma once

#include <string>
#include <vector>

#include "base/archive.hpp"
#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "job/spec.hpp"
#include "message/message.hpp"

namespace godwit::explorer {

// One end of a channel: a host is its rank; the allocator of a term is a place of its own, whatever its rank.
using Place = std::int32_t;
inline constexpr Place first_allocator_place = 100;
[[nodiscard]] constexpr Place place_of(Rank host) {
  return host.value;
}
[[nodiscard]] constexpr Place place_of(Term term) {
  return first_allocator_place + static_cast<Place>(term.value);
}
[[nodiscard]] constexpr bool is_allocator(Place place) {
  return place >= first_allocator_place;
}

struct Packet {
  enum class Kind : std::uint8_t {
    welcome,          // allocator → host
    start_job,        //
    prepare_arrival,  //
    cancel_job,       //
    heartbeat_seen,   //
    abandon_move,     // allocator or source → target; allocator → source
    arrival_ready,    // target → source
    round,            // source → target
    commit,           //
    accepted,         // target → source and allocator
    refused,          //
    departed,         // host → allocator
    stayed,           //
    job_started,      //
    job_ended,        //
    order_done,       //
    holdings,         //
  };
  Kind kind{};
  JobId job;
  Epoch epoch;
  Epoch target_epoch, thaw_epoch;
  Rank source{no_rank};                         // prepare_arrival
  Ending ending{};                              // job_ended
  bool target_fenced{false}, by_source{false};  // abandon_move
  bool torn{false};                             // commit: what arrives isn't what was sent
  std::vector<msg::Held> held;                  // holdings
  Term term;                                    // the sender's
};

// What a host says to the allocator and says again to the next one until it is confirmed.
[[nodiscard]] bool is_report(Packet const& packet);
[[nodiscard]] std::string describe(Packet const& packet);

struct Addressed {
  Place to{};
  Packet packet;
};
using Sends = std::vector<Addressed>;

}  // namespace godwit::explorer
