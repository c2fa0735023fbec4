#include "edge/capsules/process_memory.hpp"

#include <fmt/format.h>

#include <fstream>
#include <string>

namespace godwit {

// Not VmRSS: that counts the libraries too, which it shares with everybody.
std::uint64_t memory_of(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/status", process));
  std::uint64_t kib = 0;
  for (std::string key; in >> key;) {
    std::uint64_t amount = 0;
    if (key == "RssAnon:" || key == "RssShmem:" || key == "VmSwap:") {
      in >> amount;
      kib += amount;
    }
    in.ignore(1 << 12, '\n');
  }
  return kib << 10;
}

}  // namespace godwit
