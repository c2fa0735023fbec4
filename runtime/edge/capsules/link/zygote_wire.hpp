// What host and zygote say to each other: one encoded variant per packet of a SOCK_SEQPACKET socket.
// Spawn carries the descriptors of the new capsule in the order of CapsuleFds.
#pragma once

#include <array>
#include <cstdint>
#include <variant>

#include "base/archive.hpp"
#include "base/ids.hpp"

namespace godwit::zygote {

// Borrowed descriptors of one capsule.
struct CapsuleFds {
  int socket{-1};   // its end of the link
  int control{-1};  // ControlBlock
  int arena{-1};
  int out{-1};  // takes what the job writes to stdout
  int err{-1};

  [[nodiscard]] std::array<int, 5> in_order() const { return {socket, control, arena, out, err}; }
};

struct Spawn {
  CapsuleId capsule;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& capsule;
  }
};
struct Kill {  // with its process group
  CapsuleId capsule;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& capsule;
  }
};
using Request = std::variant<Spawn, Kill>;

struct Spawned {
  CapsuleId capsule;
  std::int32_t pid{0};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& capsule& pid;
  }
};
struct NotSpawned {
  CapsuleId capsule;
  std::int32_t error{0};  // errno
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& capsule& error;
  }
};
struct Exited {
  CapsuleId capsule;
  std::int32_t status{0};  // as waitpid gives it
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& capsule& status;
  }
};
using Notice = std::variant<Spawned, NotSpawned, Exited>;

inline constexpr std::size_t packet_bytes_max = 256;

}  // namespace godwit::zygote
