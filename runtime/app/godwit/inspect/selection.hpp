// Which checkpoint files there are in a store, and which of them a word on the command line means.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "edge/hdf5/checkpoint_file.hpp"

namespace godwit::inspect {

struct Chosen {
  std::filesystem::path path;
  JobId job;  // as the file's place in the store says; 0 for a path
  Epoch epoch;
  Generation generation;
  bool shared{false};  // another epoch of the job has this generation too: an orphan branch
};

// Every checkpoint in the store, by job, the newest first: the highest epoch, in it the highest generation.
[[nodiscard]] Result<std::vector<Chosen>> checkpoints_in(std::filesystem::path const& store);

// One file. Failure codes: "no_store", "no_such_job", "no_such_generation", "ambiguous".
[[nodiscard]] Result<Chosen> choose_one(std::filesystem::path const& store, std::string const& target);
// All checkpoints of a job where the target names no generation; else the one; of an array, the one of each
// element that has it. Never empty.
[[nodiscard]] Result<std::vector<Chosen>> choose_all(std::filesystem::path const& store,
                                                     std::string const& target);

// A job's file as the user wrote its path: without the job's directory, if it lies below.
[[nodiscard]] std::string path_text(CheckpointFile const& file, std::string const& path);
[[nodiscard]] std::string spell(Chosen const& chosen);  // "7:12", "7:5-12" if shared, or the path

}  // namespace godwit::inspect
