#include "unit/allocation_count.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> counted{0};
std::atomic<std::size_t> live{0};
}  // namespace

void* operator new(std::size_t size) {
  counted += size;
  if (void* memory = std::malloc(size > 0 ? size : 1)) {
    live += malloc_usable_size(memory);
    return memory;
  }
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::nothrow_t const&) noexcept {  // as std::stable_sort wants it
  try {
    return operator new(size);
  } catch (std::bad_alloc const&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept {
  live -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}
void operator delete(void* memory, std::nothrow_t const&) noexcept {
  operator delete(memory);
}

namespace godwit {
std::size_t allocated_bytes() {
  return counted;
}
std::size_t live_bytes() {
  return live;
}
}  // namespace godwit
