// How a job's file differs between two checkpoints, as far as each of them had read or written it.
//
// What a checkpoint holds of an output is its `tail`; the bytes before are those on the disk now. Two
// checkpoints of the same path share them: a restore cuts the file back, so what both call durable is the
// same run of bytes. Files are read in bounded pieces; an input's contents are not.
#pragma once

#include <cstdint>
#include <string>

#include "edge/hdf5/checkpoint_file.hpp"

namespace godwit::inspect {

struct FileDifference {
  enum class Verdict { same, moved, differs, unreadable };

  Verdict verdict{Verdict::same};
  std::uint64_t same_to{0};  // bytes both begin with
  std::uint64_t offset_a{0}, offset_b{0};
  std::string why;  // of unreadable
};

// `a` and `b` are streams of one name in the two files. moved: the shorter is the beginning of the longer.
[[nodiscard]] FileDifference compare_files(CheckpointFile const& file_a, StreamMark const& a,
                                           CheckpointFile const& file_b, StreamMark const& b);

// Where a stream's file is: captured ones lie in the store, found from the checkpoint's own place.
[[nodiscard]] std::filesystem::path path_of(CheckpointFile const& file, StreamMark const& mark);

}  // namespace godwit::inspect
