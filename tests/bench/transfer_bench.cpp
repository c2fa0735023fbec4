// How fast the transport moves pages, against a bare MPI transfer of the same bytes between the same two
// ranks, in turns, from prefaulted memfd mappings on both sides; and how long a small frame takes there
// and back. The transport is polled as the node's loop does: naps included.
//
//   mpirun -n 2 godwit-bench-transfer [BYTES] [PAIRS]
// Prints one JSON object a line, with the keys of scripts/bench.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <boost/mpi/collectives.hpp>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "edge/mpi/mpi_transport.hpp"
#include "edge/posix/boot_clock.hpp"
#include "edge/posix/fd_sleeper.hpp"

namespace {

using namespace godwit;

constexpr int bare_tag = 7;

std::span<std::byte> prefaulted(std::size_t bytes) {
  int const fd = ::memfd_create("transfer", MFD_CLOEXEC);
  invariant(fd >= 0 && ::ftruncate(fd, static_cast<off_t>(bytes)) == 0, "no memfd");
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  invariant(memory != MAP_FAILED, "no mapping");
  ::close(fd);
  std::memset(memory, 0x5a, bytes);
  return {static_cast<std::byte*>(memory), bytes};
}

// The node's loop, with nothing but a transport.
class Loop final : public TransportEvents {
 public:
  explicit Loop(MpiTransport& transport) : transport_(transport), sleeper_({transport.bell_fd(), transport.wait_fd()}) {}

  template <class Condition>
  void run_until(Condition condition) {
    for (;;) {
      bool const busy = transport_.poll(*this);
      if (condition()) return;
      sleeper_.sleep(1s, busy);
    }
  }
  void on(FrameReceived event) override { frames.push_back(std::move(event.frame)); }
  void on(PagesSent) override { ++sent; }
  void on(PagesReceived) override { ++received; }
  void on(PeerDied) override { std::abort(); }

  Bytes next_frame() {
    run_until([this] { return !frames.empty(); });
    auto frame = std::move(frames.front());
    frames.erase(frames.begin());
    return frame;
  }

  std::vector<Bytes> frames;
  int sent = 0, received = 0;

 private:
  MpiTransport& transport_;
  FdSleeper sleeper_;
};

class Bench {
 public:
  Bench(MpiWorld const& world, std::size_t bytes)
      : world_(world), transport_(*new MpiTransport(world)), loop_(transport_), memory_(prefaulted(bytes)) {}

  // Both sides; seconds, on rank 0: from the first byte until the other's word that it has them all.
  double bare() {
    meet();
    auto const begin = clock_.now();
    auto* const first = reinterpret_cast<char*>(memory_.data());
    auto const size = static_cast<int>(memory_.size());
    if (self() == 0) {
      world_.pages().send(1, bare_tag, static_cast<char const*>(first), size);
      world_.pages().recv(1, bare_tag, first, 1);
    } else {
      world_.pages().recv(0, bare_tag, first, size);
      world_.pages().send(0, bare_tag, static_cast<char const*>(first), 1);
    }
    return seconds(clock_.now() - begin);
  }
  double ours() {
    meet();
    auto const begin = clock_.now();
    auto const stream = stream_ = stream_.next();
    if (self() == 0) {
      transport_.send_pages(Rank{1}, stream, {memory_});
      loop_.run_until([this, wanted = loop_.sent + 1] { return loop_.sent == wanted; });
      (void)loop_.next_frame();
    } else {
      transport_.receive_pages(Rank{0}, stream, {memory_});
      loop_.run_until([this, wanted = loop_.received + 1] { return loop_.received == wanted; });
      transport_.send(Rank{0}, to_bytes("done"));
      loop_.run_until([this] { return !transport_.poll(loop_); });
    }
    return seconds(clock_.now() - begin);
  }
  double round_trip() {
    auto const begin = clock_.now();
    if (self() == 0) transport_.send(Rank{1}, Bytes(64));
    (void)loop_.next_frame();
    if (self() != 0) transport_.send(Rank{0}, Bytes(64));
    return seconds(clock_.now() - begin);
  }
  void meet() const { world_.frames().barrier(); }
  [[nodiscard]] int self() const { return world_.self().value; }

 private:
  static double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

  MpiWorld const& world_;
  MpiTransport& transport_;
  BootClock clock_;
  Loop loop_;
  std::span<std::byte> memory_;
  StreamId stream_{1};
};

double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

void report(Bench& bench, double bytes, int pairs) {
  std::vector<double> bare, ours, ratios, trips;
  for (int i = -1; i < pairs; ++i) {
    auto const reference = bytes / bench.bare() / 1e9;
    auto const value = bytes / bench.ours() / 1e9;
    if (i < 0) continue;  // the first touches what the others find warm
    bare.push_back(reference);
    ours.push_back(value);
    ratios.push_back(value / reference);
  }
  for (int i = 0; i < 200; ++i) trips.push_back(bench.round_trip() * 1e6);
  if (bench.self() != 0) return;
  auto const ratio = quantile(ratios, 0.5);
  fmt::print(
      R"({{"name":"transfer of {} MiB","value":{:.3f},"unit":"GB/s","reference":{{"name":"bare MPI","value":{:.3f},"unit":"GB/s"}},"ratio":{:.3f},"asked":"≥ 0.8 ×","holds":{},"pairs":{},"spread":[{:.3f},{:.3f}]}})"
      "\n",
      static_cast<std::int64_t>(bytes) >> 20, quantile(ours, 0.5), quantile(bare, 0.5), ratio, ratio >= 0.8,
      pairs, quantile(ratios, 0.25), quantile(ratios, 0.75));
  fmt::print(
      R"({{"name":"frame of 64 B there and back","value":{:.1f},"unit":"µs","reference":null,"ratio":null,"asked":null,"holds":null,"pairs":200,"spread":[{:.1f},{:.1f}]}})"
      "\n",
      quantile(trips, 0.5), quantile(trips, 0.25), quantile(trips, 0.99));
}

}  // namespace

int main(int argc, char** argv) {
  auto world = MpiWorld::join(argc, argv);
  if (!world || world->ranks() != 2) {
    fmt::print(stderr, "godwit-bench-transfer: run it with mpirun -n 2\n");
    return 2;
  }
  auto const bytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::size_t{256} << 20;
  int const pairs = argc > 2 ? std::atoi(argv[2]) : 15;
  Bench bench(*world, bytes);
  report(bench, static_cast<double>(bytes), pairs);
  std::fflush(nullptr);
  ::_exit(0);
}
