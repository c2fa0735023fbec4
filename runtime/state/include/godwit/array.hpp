// Array<T>: a job's bulk data, row-major, in the capsule's arena, from which it is sent and
// checkpointed without a copy. A handle: cheap to pass by reference, not copyable. Memory comes from
// Context::allocate (zeroed) in start(), or from the image on restore, and lives as long as the job.
// Part of the job author's interface: depends on the standard library only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "godwit/scalar.hpp"

namespace godwit {

class ArrayBase {
 public:
  ArrayBase(ArrayBase const&) = delete;
  ArrayBase& operator=(ArrayBase const&) = delete;

  [[nodiscard]] std::vector<std::uint64_t> const& shape() const { return shape_; }  // [] if unallocated
  [[nodiscard]] std::uint64_t size() const {                                        // elements
    if (data_ == nullptr) return 0;
    std::uint64_t n = 1;
    for (auto extent : shape_) n *= extent;
    return n;
  }
  [[nodiscard]] bool allocated() const { return data_ != nullptr; }

  // For the runtime: where the arena put it.
  void bind(void* data, std::vector<std::uint64_t> shape) {
    data_ = data;
    shape_ = std::move(shape);
  }
  [[nodiscard]] void* address() const { return data_; }

 protected:
  ArrayBase() = default;
  ~ArrayBase() = default;
  void* data_ = nullptr;
  std::vector<std::uint64_t> shape_;
};

template <PlainNumber T>
class Array final : public ArrayBase {
 public:
  [[nodiscard]] T* data() { return static_cast<T*>(data_); }
  [[nodiscard]] T const* data() const { return static_cast<T const*>(data_); }
  [[nodiscard]] std::span<T> span() { return {data(), size()}; }
  [[nodiscard]] std::span<T const> span() const { return {data(), size()}; }
  [[nodiscard]] T& operator[](std::uint64_t i) { return data()[i]; }
  [[nodiscard]] T const& operator[](std::uint64_t i) const { return data()[i]; }
  // Element [row, column] of a two-dimensional array.
  [[nodiscard]] T& operator()(std::uint64_t row, std::uint64_t column) {
    return data()[row * shape_[1] + column];
  }
  [[nodiscard]] T const& operator()(std::uint64_t row, std::uint64_t column) const {
    return data()[row * shape_[1] + column];
  }
};

}  // namespace godwit
