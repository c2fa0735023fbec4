// Streams: the declared inputs and outputs of the job in this process, by name. One thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "edge/capsules/inside/append_bases.hpp"
#include "edge/capsules/inside/input_file.hpp"
#include "edge/capsules/inside/output_file.hpp"

namespace godwit::inside {

class Streams {
 public:
  // Relative paths start at `directory`; `suffix` is added to the paths of outputs. `fresh_files`: a former holder of
  // the job may still write, so an output goes on in a new file that takes the old one's place.
  Streams(std::filesystem::path directory, std::string suffix, AppendBases bases, bool fresh_files)
      : directory_(std::move(directory)),
        suffix_(std::move(suffix)),
        bases_(std::move(bases)),
        fresh_files_(fresh_files) {}

  // Where an output that is declared with this path goes.
  void make_directories(std::filesystem::path const& path) const;
  [[nodiscard]] std::filesystem::path place_of(std::filesystem::path const& path) const;

  [[nodiscard]] Status open(std::string const& name, Input& stream, std::filesystem::path const& path);
  [[nodiscard]] Status open(std::string const& name, Output& stream, std::filesystem::path const& path,
                            Output::Mode mode);
  [[nodiscard]] Status reopen(StreamMark const& mark, Input& stream);
  [[nodiscard]] Status reopen(StreamMark const& mark, Output& stream);
  // The mark is of another job, whose file stays with it: its own goes on from a copy.
  [[nodiscard]] Status copy(StreamMark const& mark, Output& stream, std::filesystem::path const& path);

  [[nodiscard]] Status take_back(Others others);  // others may have opened the outputs meanwhile
  [[nodiscard]] Status flush();
  [[nodiscard]] Status sync();
  // The stream's mark, after flush(); none if it was never opened.
  [[nodiscard]] std::optional<StreamMark> mark(std::string_view name) const;

 private:
  using Opened = std::variant<std::unique_ptr<InputFile>, std::unique_ptr<OutputFile>>;
  [[nodiscard]] Status freshen(std::string const& name, std::filesystem::path const& path, std::uint64_t bytes);
  template <class Act>
  Status each_output(Act const& act);
  template <class Stream, class File>
  Status bind(std::string const& name, Stream& stream, Result<std::unique_ptr<File>> file);

  std::filesystem::path directory_;
  std::string suffix_;
  AppendBases bases_;
  bool fresh_files_;
  std::map<std::string, Opened, std::less<>> opened_;
};

}  // namespace godwit::inside
