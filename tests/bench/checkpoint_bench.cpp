// Checkpoint figures: a checkpoint of the given size, request to durable, against plain write + fsync of
// the same bytes to the same file system, and its stopped time (until Staged) against a memcpy of the same
// bytes. Both sides from and into touched memory, in interleaved pairs; medians.
//
//   godwit-bench-checkpoint [--mib N] [--pairs N] [--directory DIR] [--compressed]
//
// With --compressed instead: bytes and time of a compressed one against those of one that isn't, of random numbers and of smooth
// ones (sines, as a solved plate has).
//
// One JSON object a line: name value unit reference ratio asked holds, and the spread of the ratio
// (quartiles over the pairs).
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/random.hpp"
#include "edge/hdf5/hdf5_store.hpp"

namespace godwit {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Times {
  double copy{0};     // memcpy
  double plain{0};    // write + fsync
  double stopped{0};  // request to Staged
  double durable{0};  // request to Written
  std::uint64_t bytes{0};  // of the file
};

double quantile(std::vector<double> values, double at) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(at * static_cast<double>(values.size() - 1) + 0.5)];
}

class Bench {
 public:
  Bench(std::filesystem::path directory, std::uint64_t bytes)
      : directory_(std::move(directory)), pages_(bytes), target_(bytes), store_({.store = directory_}) {
    Random random(1);
    for (std::size_t at = 0; at + 8 <= bytes; at += 8) {
      auto const word = random();
      std::memcpy(pages_.data() + at, &word, 8);
    }
    std::memset(target_.data(), 1, target_.size());
    store_.reserve({1}, bytes);
    wait_for<stored::Reserved>();
  }

  void make_smooth() {
    auto const side = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(pages_.size() / 8)));
    for (std::uint64_t i = 0; i * 8 + 8 <= pages_.size(); ++i) {
      auto const value = std::sin(static_cast<double>(i % side) * 3 / static_cast<double>(side)) *
                         std::sin(static_cast<double>(i / side) * 2 / static_cast<double>(side));
      std::memcpy(pages_.data() + i * 8, &value, 8);
    }
  }
  Times one(std::uint64_t number, bool compress) {
    Times times;
    ::sync();
    checkpoint(times, number, compress);
    return times;
  }

  Times pair(std::uint64_t number) {
    Times times;
    auto const turns =
        number % 2 == 0 ? std::array{0, 1} : std::array{1, 0};  // neither side always goes first
    for (auto const turn : turns) {
      ::sync();
      if (turn == 0)
        plain(times);
      else
        checkpoint(times, number);
    }
    return times;
  }

 private:
  void plain(Times& times) {
    auto begin = Clock::now();
    std::memcpy(target_.data(), pages_.data(), pages_.size());
    times.copy = seconds_since(begin);

    auto const path = directory_ / "plain";
    begin = Clock::now();
    int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
    for (std::size_t done = 0; done < pages_.size();) {
      auto const n = ::write(file, pages_.data() + done, pages_.size() - done);
      invariant(n > 0, "the plain write failed");
      done += static_cast<std::size_t>(n);
    }
    invariant(::fsync(file) == 0, "the plain fsync failed");
    times.plain = seconds_since(begin);
    ::close(file);
    std::filesystem::remove(path);
  }

  void checkpoint(Times& times, std::uint64_t number, bool compress = false) {
    Manifest manifest;
    manifest.type = "bench";
    manifest.arena_bytes = pages_.size();
    manifest.arrays.push_back({"pages", Scalar::f64, {pages_.size() / 8}, 0, pages_.size()});
    CheckpointLabel label;
    label.job = {1};
    label.epoch = {1};
    label.generation = {number + 1};
    label.spec.type = "bench";
    label.spec.checkpoint_compress = compress;
    auto encoded = encode(manifest);

    auto const begin = Clock::now();
    store_.write({number + 2}, label, std::move(encoded), pages_, {CapsuleId{number}});
    wait_for<stored::Staged>();
    times.stopped = seconds_since(begin);
    auto const written = wait_for<stored::Written>();
    times.durable = seconds_since(begin);
    invariant(written.image.ok(), written.image.ok() ? "" : written.image.failure().context);
    times.bytes = written.bytes;
    std::filesystem::remove(directory_ / written.image->path);
  }

  template <class Event>
  Event wait_for() {
    for (;;) {
      for (auto& event : store_.poll()) events_.push_back(std::move(event));
      for (auto it = events_.begin(); it != events_.end(); ++it) {
        if (auto* const found = std::get_if<Event>(&*it)) {
          auto event = std::move(*found);
          events_.erase(it);
          return event;
        }
      }
      pollfd ready{store_.wait_fd(), POLLIN, 0};
      ::poll(&ready, 1, -1);
    }
  }

  std::filesystem::path directory_;
  Bytes pages_;
  Bytes target_;
  std::vector<StoreEvent> events_;
  Hdf5CheckpointStore store_;
};

struct Asked {
  double ratio;
  bool at_least;
};

void print(std::string const& name, std::vector<double> const& values, std::vector<double> const& references,
           char const* unit, Asked asked, std::vector<double> const& ratios) {
  auto const ratio = quantile(ratios, 0.5);
  bool const holds = asked.at_least ? ratio >= asked.ratio : ratio <= asked.ratio;
  fmt::print(R"({{"name": "{}", "value": {:.4g}, "unit": "{}", "reference": {:.4g}, "ratio": {:.3f}, )"
             R"("asked": "{} {}", "holds": {}, "spread": [{:.3f}, {:.3f}], "pairs": {}}})"
             "\n",
             name, quantile(values, 0.5), unit, quantile(references, 0.5), ratio,
             asked.at_least ? ">=" : "<=", asked.ratio, holds, quantile(ratios, 0.25), quantile(ratios, 0.75),
             ratios.size());
}

int run(std::filesystem::path const& directory, std::uint64_t mib, std::uint64_t pairs) {
  auto const bytes = mib << 20;
  Bench bench(directory, bytes);
  bench.pair(0);  // warms up
  std::vector<double> rate, plain_rate, rate_ratio, stopped, copy, stopped_ratio;
  for (std::uint64_t i = 1; i <= pairs; ++i) {
    auto const times = bench.pair(i);
    rate.push_back(static_cast<double>(bytes) / times.durable / 1e6);
    plain_rate.push_back(static_cast<double>(bytes) / times.plain / 1e6);
    rate_ratio.push_back(times.plain / times.durable);
    stopped.push_back(times.stopped * 1e3);
    copy.push_back(times.copy * 1e3);
    stopped_ratio.push_back(times.stopped / times.copy);
  }
  print(fmt::format("checkpoint {} MiB: request to durable, against write + fsync", mib), rate, plain_rate,
        "MB/s", {0.8, true}, rate_ratio);
  print(fmt::format("checkpoint {} MiB: stopped, against memcpy", mib), stopped, copy, "ms", {1.5, false},
        stopped_ratio);
  return 0;
}

int run_compressed(std::filesystem::path const& directory, std::uint64_t mib, std::uint64_t pairs) {
  Bench bench(directory, mib << 20);
  std::uint64_t number = 1;
  for (auto const* what : {"random", "smooth"}) {
    if (what == std::string_view("smooth")) bench.make_smooth();
    (void)bench.one(number++, false);
    std::vector<double> plain, compressed;
    std::uint64_t plain_bytes = 0, compressed_bytes = 0;
    for (std::uint64_t i = 0; i < pairs; ++i) {
      auto const one = bench.one(number++, false);
      auto const other = bench.one(number++, true);
      plain.push_back(one.durable);
      compressed.push_back(other.durable);
      plain_bytes = one.bytes;
      compressed_bytes = other.bytes;
    }
    fmt::print(R"({{"name": "compressed checkpoint of {} MiB, {} numbers", "bytes": {}, "bytes_plain": {}, "seconds": {:.3f}, )"
               R"("seconds_plain": {:.3f}, "pairs": {}}})"
               "\n",
               mib, what, compressed_bytes, plain_bytes, quantile(compressed, 0.5), quantile(plain, 0.5), pairs);
  }
  return 0;
}

}  // namespace
}  // namespace godwit

int main(int argc, char** argv) {
  std::uint64_t mib = 256;
  std::uint64_t pairs = 15;
  std::string parent = std::filesystem::temp_directory_path();
  CLI::App app("Checkpoint figures, one JSON object a line");
  app.add_option("--mib", mib, "size of the job's state");
  app.add_option("--pairs", pairs, "measurements of each kind");
  app.add_option("--directory", parent, "on the file system to be measured");
  bool compressed = false;
  app.add_flag("--compressed", compressed, "compressed checkpoints against others");
  CLI11_PARSE(app, argc, argv);

  auto pattern = parent + "/godwit-bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    fmt::print(stderr, "{}: {}\n", parent, std::strerror(errno));
    return 1;
  }
  auto const code = compressed ? godwit::run_compressed(pattern, mib, pairs) : godwit::run(pattern, mib, pairs);
  std::filesystem::remove_all(pattern);
  return code;
}
