// CheckpointFile: reads one checkpoint file. Needs no runtime and no MPI.
//
// open() trusts nothing: the seal is checked, then the head's digest, and only then does HDF5 parse the
// file; then that the files that hold parts of it are there, and are those. What open() returns is whole but
// for the arrays' bytes, which verify(), load() and statistics() read block by block, checking digests. HDF5
// is closed again by then. An object may be used by any one thread at a time; open() and export_field() call
// HDF5, whose own lock keeps threads apart.
//
// Failure codes: "not_hdf5", "not_a_checkpoint", "truncated", "damaged", "newer_format" (data or format),
// "unreadable" (the file can't be opened or read). Contexts don't name the file: the caller does.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "edge/hdf5/ancestor.hpp"
#include "edge/hdf5/places.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit {

struct LogText {
  std::string stream;
  std::string text;
};

struct ArrayStatistics {
  std::uint64_t elements{0};
  std::uint64_t nan{0};
  double min{0}, mean{0}, max{0};  // of what isn't NaN; meaningless if all are
};

class CheckpointFile {
 public:
  [[nodiscard]] static Result<CheckpointFile> open(std::filesystem::path const& path);
  ~CheckpointFile();
  CheckpointFile(CheckpointFile&&) noexcept;
  CheckpointFile& operator=(CheckpointFile&&) noexcept;
  CheckpointFile(CheckpointFile const&) = delete;
  CheckpointFile& operator=(CheckpointFile const&) = delete;

  [[nodiscard]] std::filesystem::path const& path() const;
  // Files of before 0.2 keep no environment, memory limit or other wishes of the job: those parts are defaults.
  [[nodiscard]] CheckpointLabel const& label() const;
  [[nodiscard]] Manifest const& manifest() const;
  [[nodiscard]] Bytes const& encoded_manifest() const;
  [[nodiscard]] std::vector<LogText> const& logs() const;
  [[nodiscard]] WallTime time() const;                // when it was written
  [[nodiscard]] std::string const& software() const;  // godwit's version that wrote it
  [[nodiscard]] std::uint32_t format() const;
  [[nodiscard]] std::uint64_t file_bytes() const;   // its own
  [[nodiscard]] std::uint64_t whole_bytes() const;  // with what lies in others
  [[nodiscard]] Digest root() const;
  // All that it needs, the parent first, a full one last; none: it is a full one itself.
  [[nodiscard]] std::vector<Ancestor> const& ancestors() const;
  [[nodiscard]] std::vector<std::uint64_t> const& blocks(std::size_t array) const;  // digests, per MiB

  // Reads everything and compares every digest.
  [[nodiscard]] Status verify() const;
  // Puts the arrays into the arena by their offsets, in the image's byte order, checking digests on the way.
  // On failure the arena holds whatever had been read.
  [[nodiscard]] Status load(std::span<std::byte> arena) const;
  // The bytes of manifest().arrays[array], a MiB at a time, each checked before, numbers in this machine's
  // byte order: for several files side by side. The file must outlive it.
  class BlockReader {
   public:
    BlockReader(CheckpointFile const& file, std::size_t array) : file_(file), array_(array) {}
    [[nodiscard]] Result<ByteView> next();  // good until the next call; empty at the end

   private:
    CheckpointFile const& file_;
    std::size_t array_;
    std::size_t block_ = 0;
    Bytes buffer_;
  };
  // Hands out all of them.
  template <class F>  // F(ByteView)
  [[nodiscard]] Status for_each_block(std::size_t array, F&& each) const {
    BlockReader reader(*this, array);
    for (;;) {
      auto const block = reader.next();
      if (!block) return block.failure();
      if (block->empty()) return Done{};
      each(*block);
    }
  }
  [[nodiscard]] Result<ArrayStatistics> statistics(std::size_t array) const;

  // The same checkpoint as a file of its own, which needs no other; `to` must not exist yet. Of format 4 on.
  [[nodiscard]] Status write_whole(std::filesystem::path const& to) const;
  // An HDF5 file of one field's dataset alone; `to` must not exist yet.
  [[nodiscard]] Status export_field(std::string const& field, std::filesystem::path const& to) const;

 private:
  struct Core;
  explicit CheckpointFile(std::unique_ptr<Core> core);
  [[nodiscard]] Status read_places(std::size_t array, std::uint64_t from, std::span<std::byte> into) const;
  [[nodiscard]] Status read_chunks(std::size_t array, std::uint64_t file, std::uint64_t from, std::span<std::byte> into) const;
  [[nodiscard]] Status expand_chunk(std::size_t array, std::size_t row) const;
  [[nodiscard]] Status export_array(std::size_t array, std::filesystem::path const& to) const;
  [[nodiscard]] Status read_block(std::size_t array, std::size_t block, std::span<std::byte> into) const;

  std::unique_ptr<Core> core_;
};

}  // namespace godwit
