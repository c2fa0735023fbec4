// OutputFile: a transactional output. It keeps in memory the bytes that aren't known to be durable, so
// that an image can carry them: whatever file system, crash or host comes between, the file can be made
// again as it was at the safe point.
//
// Invariants: durable ≤ written ≤ offset; the tail holds exactly [durable, offset) and at most about
// `tail_bytes_max`, because write() makes the file durable when it grows beyond. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "godwit/stream.hpp"
#include "state/manifest.hpp"

namespace godwit::inside {

// Leaves a job's step through the stream's interface; its text names path and reason.
struct StreamError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class OutputFile final : public OutputChannel {
 public:
  static constexpr std::size_t tail_bytes_max = std::size_t{1} << 20;

  // A new or truncated file, or with StreamMode::append one that goes on at its end.
  [[nodiscard]] static Result<std::unique_ptr<OutputFile>> open(std::string name, std::filesystem::path path,
                                                                StreamMode mode);
  // The file as it was at the image's safe point: cut back to what was durable, the tail written again.
  // data_lost if it is shorter than that.
  [[nodiscard]] static Result<std::unique_ptr<OutputFile>> reopen(StreamMark const& mark,
                                                                  std::filesystem::path path);

  // As it was when it was left, after others may have opened it: cut back to what is durable, the tail written again.
  // Where they may be there still, that is a new file, which takes the name.
  [[nodiscard]] Status take_back(Others others);

  void write(char const* from, std::size_t size) override;  // throws StreamError
  [[nodiscard]] std::uint64_t offset() const override { return durable_ + tail_.size(); }

  [[nodiscard]] Status flush();           // to the file, where other processes see it
  [[nodiscard]] Status sync();            // and to the disk
  [[nodiscard]] StreamMark mark() const;  // after flush()

 private:
  OutputFile(UniqueFd file, std::string name, std::filesystem::path path, StreamMode mode,
             std::uint64_t durable)
      : file_(std::move(file)),
        name_(std::move(name)),
        path_(std::move(path)),
        mode_(mode),
        durable_(durable) {}
  [[nodiscard]] Failure failed(char const* doing) const;

  UniqueFd file_;
  std::string name_;
  std::filesystem::path path_;
  StreamMode mode_;
  std::uint64_t durable_;
  Bytes tail_;
  std::size_t tail_written_ = 0;
  bool directory_synced_ = false;
};

}  // namespace godwit::inside
