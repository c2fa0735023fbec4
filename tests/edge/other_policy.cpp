// A policy from another time: its descriptor begins as all do, and names a version that never was.
#include <cstdint>

extern "C" __attribute__((visibility("default"))) struct {
  std::uint32_t magic;
  std::uint32_t interface_version;
} const godwit_policy{0x70776467, 99};
