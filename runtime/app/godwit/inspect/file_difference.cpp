#include "app/godwit/inspect/file_difference.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "app/godwit/inspect/difference.hpp"

namespace godwit::inspect {
namespace {

constexpr std::uint64_t piece_bytes = 1 << 20;

// An output as it was at a checkpoint: on the disk as far as it was durable, then the image's tail.
class Output {
 public:
  Output(CheckpointFile const& file, StreamMark const& mark) : mark_(mark), path_(path_of(file, mark)) {}
  ~Output() {
    if (file_ >= 0) ::close(file_);
  }
  Output(Output const&) = delete;
  Output& operator=(Output const&) = delete;

  [[nodiscard]] std::filesystem::path const& path() const { return path_; }
  [[nodiscard]] Status read(std::uint64_t at, std::span<std::byte> into) {
    while (!into.empty()) {
      if (at >= mark_.synced) {
        auto const within = at - mark_.synced;
        if (within + into.size() > mark_.tail.size())
          return reject("unreadable",
                        fmt::format("the checkpoint doesn't hold the end of {}", path_.string()));
        std::copy_n(mark_.tail.begin() + static_cast<std::ptrdiff_t>(within), into.size(), into.begin());
        return Done{};
      }
      auto const part = into.first(std::min<std::uint64_t>(into.size(), mark_.synced - at));
      auto const n = read_disk(at, part);
      if (!n) return n.failure();
      at += *n;
      into = into.subspan(*n);
    }
    return Done{};
  }

 private:
  Result<std::size_t> read_disk(std::uint64_t at, std::span<std::byte> into) {
    if (file_ < 0) file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    auto const n = file_ < 0 ? -1 : ::pread(file_, into.data(), into.size(), static_cast<off_t>(at));
    if (n > 0) return static_cast<std::size_t>(n);
    auto const* const what = n == 0 ? "shorter than the checkpoint says" : std::strerror(errno);
    return reject("unreadable", fmt::format("{}: {}", path_.string(), what));
  }

  StreamMark const& mark_;
  std::filesystem::path path_;
  int file_ = -1;
};

// How far both are the same within [from, to).
Result<std::uint64_t> common(Output& a, Output& b, std::uint64_t from, std::uint64_t to) {
  Bytes one, other;
  while (from < to) {
    one.resize(std::min(to - from, piece_bytes));
    other.resize(one.size());
    if (auto status = a.read(from, one); !status) return status.failure();
    if (auto status = b.read(from, other); !status) return status.failure();
    auto const same = common_bytes(one, other);
    from += same;
    if (same < one.size()) break;
  }
  return from;
}

}  // namespace

std::filesystem::path path_of(CheckpointFile const& file, StreamMark const& mark) {
  std::filesystem::path path(mark.path);
  if (path.is_absolute()) return path;
  // STORE/jobs/<job>/checkpoints/<file>
  return std::filesystem::absolute(file.path()).parent_path().parent_path().parent_path().parent_path() /
         path;
}

FileDifference compare_files(CheckpointFile const& file_a, StreamMark const& a, CheckpointFile const& file_b,
                             StreamMark const& b) {
  using Verdict = FileDifference::Verdict;
  FileDifference difference{.offset_a = a.offset, .offset_b = b.offset};
  auto const shorter = std::min(a.offset, b.offset);
  auto const verdict_at_end = a.offset == b.offset ? Verdict::same : Verdict::moved;
  Output one(file_a, a), other(file_b, b);
  bool const one_path = one.path().lexically_normal() == other.path().lexically_normal();
  if (a.mode != b.mode) {
    difference.verdict = Verdict::differs;
    return difference;
  }
  if (a.mode == StreamMode::input) {
    difference.same_to = shorter;
    difference.verdict = one_path ? verdict_at_end : Verdict::differs;
    return difference;
  }
  auto const from = one_path ? std::min({a.synced, b.synced, shorter}) : 0;
  auto const same_to = common(one, other, from, shorter);
  if (!same_to) {
    difference.same_to = from;
    difference.verdict = Verdict::unreadable;
    difference.why = same_to.failure().context;
    return difference;
  }
  difference.same_to = *same_to;
  difference.verdict = *same_to < shorter ? Verdict::differs : verdict_at_end;
  return difference;
}

}  // namespace godwit::inspect
