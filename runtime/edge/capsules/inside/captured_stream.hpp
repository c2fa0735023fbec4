// CapturedStream: what a job writes to stdout or stderr, made transactional. The descriptor leads to a
// memfd shared with the host; at safe points its new bytes go to their place (link/printed.hpp): appended to a file,
// which is made at the first byte, or to the host's pack as records. If the job crashes, the host saves what the memfd
// still holds, at the place that the marks in the ControlBlock give.
//
// Invariant of a packed stream: what isn't known to be durable is kept in memory, so that an image can carry it.
// One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "edge/capsules/inside/output_file.hpp"
#include "edge/capsules/link/control_block.hpp"
#include "edge/capsules/link/printed.hpp"

namespace godwit::inside {

class CapturedStream {
 public:
  CapturedStream(PrintedStream stream, int memfd, CaptureMarks& marks, std::filesystem::path store, JobId job,
                 PrintedPlace place, PackWriter& pack, bool fresh_file)
      : store_(std::move(store)),
        stream_(stream),
        memfd_(memfd),
        marks_(marks),
        job_(job),
        place_(std::move(place)),
        fresh_file_(fresh_file),
        pack_(pack) {}

  // For a new job: cuts off what an earlier attempt printed.
  [[nodiscard]] Status begin(Epoch epoch);
  // For a restored one: cuts back to the image's mark, or to nothing if it has none. If the image is another
  // job's (`of`), goes on from a copy of what that one printed. What this process has printed so far is dropped.
  [[nodiscard]] Status resume(Epoch epoch, JobId of, StreamMark const* mark);
  void goes_on_at(Epoch epoch) { epoch_ = epoch; }
  [[nodiscard]] Status take_back(Others others);  // the host's pack is its own

  [[nodiscard]] Status drain();  // takes what is new
  [[nodiscard]] Status flush();  // what was taken, to the file
  [[nodiscard]] Status sync();
  [[nodiscard]] std::optional<StreamMark> mark() const;  // none if nothing was ever printed
  [[nodiscard]] std::string last_lines() const;

 private:
  void publish();
  [[nodiscard]] Status write(char const* from, std::size_t bytes);
  [[nodiscard]] Status pack(char const* from, std::size_t bytes);
  [[nodiscard]] Status cut_pack(StreamMark const* mark);
  [[nodiscard]] Status copy_from(JobId of, StreamMark const& mark);
  [[nodiscard]] bool to_be_replaced() const;
  [[nodiscard]] bool is_there() const;
  [[nodiscard]] Status pack_start_of(JobId of, StreamMark const& mark);
  [[nodiscard]] std::uint64_t held() const;  // bytes ever put into the memfd
  [[nodiscard]] std::uint64_t packed_offset() const { return durable_ + tail_.size(); }

  std::filesystem::path store_;
  PrintedStream stream_;
  int memfd_;
  CaptureMarks& marks_;
  JobId job_;
  PrintedPlace place_;
  bool fresh_file_;  // a former holder may still write to the one that is there
  Epoch epoch_;
  std::unique_ptr<OutputFile> file_;
  std::uint64_t taken_ = 0;  // of the memfd; in the file, or the pack, are those that the marks say

  PackWriter& pack_;
  std::uint64_t durable_ = 0;
  Bytes tail_;
  std::string recent_;  // its end
};

}  // namespace godwit::inside
