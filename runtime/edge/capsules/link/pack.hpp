// What array elements print, packed: STORE/output/<name>.pack, one file per host of a world, however many elements
// there are. A file is a sequence of records, each appended by one write: header, then bytes.
//
//   u64 magic, u64 job, u64 epoch, u64 offset, u32 stream (1 stdout, 2 stderr), u32 bytes, u64 digest of all but
//   itself; little-endian
//
// An element's text is its records in the order of their epochs: each epoch cuts the text back to the offset at
// which it begins, then its records follow one another. So a job that is restored, here or on another host, takes
// back what its image hasn't got, by a record that may be empty. A record that is torn is skipped.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

enum class PrintedStream : std::uint32_t { out = 1, err = 2 };

struct PackRecord {
  JobId job;
  Epoch epoch;
  PrintedStream stream{};
  std::uint64_t offset{0};
};

// Appends to one pack; made, with its directory, at the first record. Several processes of one node may append to
// the same. One thread.
class PackWriter {
 public:
  explicit PackWriter(std::filesystem::path path) : path_(std::move(path)) {}

  [[nodiscard]] std::filesystem::path const& path() const { return path_; }
  [[nodiscard]] Status append(PackRecord const& record, ByteView bytes);
  [[nodiscard]] Status sync();  // what was appended, by whomever

 private:
  [[nodiscard]] Status open();
  [[nodiscard]] Failure failed(char const* doing) const;

  std::filesystem::path path_;
  UniqueFd file_;
  Bytes buffer_;
};

// Reads what the packs of a store hold of one element: all there is now.
[[nodiscard]] std::string packed_text(std::filesystem::path const& store, JobId job, PrintedStream stream);

// STORE-relative.
inline constexpr char const* pack_directory = "output";

}  // namespace godwit
