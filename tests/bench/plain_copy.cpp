// What a checkpoint is compared with: write + fsync of the same bytes to a new file on the same
// filesystem, and a memcpy of the same bytes, both from and to prefaulted memory. scripts/bench keeps it
// beside the runtime and asks for one measurement at a time.
//
//   godwit-bench-plain-copy BYTES
//   stdin, a line each: "write PATH" (the file is removed afterwards) or "memcpy"; stdout: seconds
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

#include "bench/prefaulted.hpp"

namespace {

using godwit::bench::prefaulted;

bool write_and_sync(std::string const& path, char const* from, std::size_t bytes) {
  int const fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  std::size_t at = 0;
  while (at < bytes) {
    auto const n = write(fd, from + at, bytes - at);
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  bool const synced = fsync(fd) == 0;
  close(fd);
  return synced && at == bytes;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t const bytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::size_t{256} << 20;
  char* source = prefaulted(bytes);
  char* target = prefaulted(bytes);
  std::string line;
  while (std::getline(std::cin, line)) {
    auto const begin = std::chrono::steady_clock::now();
    bool ok = true;
    std::string path;
    if (line == "memcpy") {
      std::memcpy(target, source, bytes);
      asm volatile("" : : "r"(target) : "memory");
    } else if (line.starts_with("write ")) {
      path = line.substr(6);
      ok = write_and_sync(path, source, bytes);
    } else {
      ok = false;
    }
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
    if (!path.empty()) unlink(path.c_str());
    if (!ok) {
      std::fprintf(stderr, "godwit-bench-plain-copy: '%s' failed: %s\n", line.c_str(), std::strerror(errno));
      return 1;
    }
    std::printf("%.9f\n", took.count());
    std::fflush(stdout);
  }
  return 0;
}
