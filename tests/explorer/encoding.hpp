// How worlds are written down to be told apart: a byte per number, all of which are small here; ranks as
// `names` has them, so that a world can be written down as if its hosts were numbered otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/panic.hpp"
#include "explorer/packet.hpp"

namespace godwit::explorer {

using Names = std::vector<std::uint8_t>;  // by rank; of 0 it is 0

inline void put(Bytes& bytes, std::uint64_t number) {
  invariant(number < 256, "numbers are small in small worlds");
  bytes.push_back(static_cast<std::byte>(number));
}
inline void put(Bytes& bytes, Rank rank, Names const& names) {
  bytes.push_back(
      static_cast<std::byte>(rank == no_rank ? 255 : names.at(static_cast<std::size_t>(rank.value))));
}
inline void put(Bytes& bytes, Packet const& packet, Names const& names) {
  put(bytes, static_cast<std::uint64_t>(packet.kind));
  put(bytes, packet.job.value);
  put(bytes, packet.epoch.value);
  put(bytes, packet.target_epoch.value);
  put(bytes, packet.thaw_epoch.value);
  put(bytes, packet.source, names);
  put(bytes, static_cast<std::uint64_t>(packet.ending) | (packet.target_fenced ? 16U : 0U) |
                 (packet.by_source ? 32U : 0U) | (packet.torn ? 64U : 0U));
  put(bytes, packet.held.size());
  for (auto const& held : packet.held) {
    put(bytes, held.job.value);
    put(bytes, held.epoch.value);
    put(bytes, static_cast<std::uint64_t>(held.phase));
    put(bytes, held.target_epoch.value);
  }
  put(bytes, packet.term.value);
}

}  // namespace godwit::explorer
