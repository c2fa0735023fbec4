// CapturedStream: what a job writes to stdout or stderr, made transactional. The descriptor leads to a
// memfd shared with the host; at safe points its new bytes are appended to STORE/jobs/<id>/<name>, which
// is made at the first byte. If the job crashes, the host saves what the memfd still holds, at the place
// that the marks in the ControlBlock give. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "edge/capsules/inside/output_file.hpp"
#include "edge/capsules/link/control_block.hpp"

namespace godwit::inside {

class CapturedStream {
 public:
  CapturedStream(std::string name, int memfd, CaptureMarks& marks)
      : name_(std::move(name)), memfd_(memfd), marks_(marks) {}

  // For a new job: cuts off what an earlier attempt printed.
  [[nodiscard]] Status begin(std::filesystem::path const& store, JobId job);
  // For a restored one: cuts back to the image's mark, or to nothing if it has none. If the image is another
  // job's, goes on from a copy of what that one printed. What this process has printed so far is dropped.
  [[nodiscard]] Status resume(std::filesystem::path const& store, JobId job, StreamMark const* mark);

  [[nodiscard]] Status drain();
  [[nodiscard]] Status sync();
  [[nodiscard]] std::optional<StreamMark> mark() const;  // none if nothing was ever printed

 private:
  void place(std::filesystem::path const& store, JobId job);
  [[nodiscard]] std::uint64_t held() const;  // bytes ever put into the memfd

  std::string name_;
  int memfd_;
  CaptureMarks& marks_;
  std::filesystem::path path_;
  std::string path_in_store_;
  std::unique_ptr<OutputFile> file_;
};

}  // namespace godwit::inside
