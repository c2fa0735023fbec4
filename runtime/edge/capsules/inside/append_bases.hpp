// AppendBases: where the appended part of a job's outputs began, kept in STORE/jobs/<id>/append. A job that
// crashes before its first image starts again from nothing, and cuts the files back to these lengths
// instead of appending its first lines twice. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace godwit::inside {

class AppendBases {
 public:
  explicit AppendBases(std::filesystem::path file) : file_(std::move(file)) {}

  [[nodiscard]] std::optional<std::uint64_t> of(std::filesystem::path const& output);
  // Durable when it returns.
  [[nodiscard]] Status record(std::filesystem::path const& output, std::uint64_t base);

 private:
  void read();  // at the first use: most jobs append to nothing

  std::filesystem::path file_;
  bool read_ = false;
  std::map<std::string, std::uint64_t> bases_;
};

}  // namespace godwit::inside
