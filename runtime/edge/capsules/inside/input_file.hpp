// InputFile: a buffered input whose offset, as the job sees it, travels in the image. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "godwit/stream.hpp"
#include "state/manifest.hpp"

namespace godwit::inside {

class InputFile final : public InputChannel {
 public:
  [[nodiscard]] static Result<std::unique_ptr<InputFile>> open(std::string name, std::filesystem::path path);
  // At the image's offset; data_lost if the file ends before it.
  [[nodiscard]] static Result<std::unique_ptr<InputFile>> reopen(StreamMark const& mark);

  std::size_t read(char* to, std::size_t size) override;  // throws StreamError
  bool line(std::string& to) override;                    // throws StreamError
  [[nodiscard]] std::uint64_t offset() const override { return offset_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }

  [[nodiscard]] StreamMark mark() const;

 private:
  InputFile(UniqueFd file, std::string name, std::filesystem::path path, std::uint64_t size);
  bool refill();  // false at the end

  UniqueFd file_;
  std::string name_;
  std::filesystem::path path_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::vector<char> buffer_;
  std::size_t from_ = 0, to_ = 0;  // what of the buffer the job hasn't had
};

}  // namespace godwit::inside
