// Memory as a job's arena is: a memfd mapping, touched, so that no page fault is timed.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace godwit::bench {

inline char* prefaulted(std::size_t bytes) {
  int const fd = memfd_create("godwit-bench", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(bytes)) != 0) std::abort();
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) std::abort();
  close(fd);
  std::memset(memory, 0x5a, bytes);
  return static_cast<char*>(memory);
}

}  // namespace godwit::bench
