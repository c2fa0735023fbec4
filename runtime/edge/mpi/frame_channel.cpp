#include "edge/mpi/frame_channel.hpp"

#include <boost/mpi/exception.hpp>
#include <utility>

#include "base/panic.hpp"

namespace godwit {
namespace {

constexpr int frame_tag = 1;
constexpr std::size_t frame_bytes_max = std::size_t{1} << 30;

char* chars(Bytes& bytes) {
  return reinterpret_cast<char*>(bytes.data());
}

}  // namespace

FrameChannel::~FrameChannel() {
  for (auto& [peer, traffic] : peers_) give_up(peer);
}

void FrameChannel::send(Rank to, Bytes frame) {
  invariant(to.value >= 0 && to.value < comm_.size(), "a frame to a rank that doesn't exist");
  invariant(frame.size() <= frame_bytes_max, "a frame of more than 1 GiB");
  auto& traffic = peers_[to];
  if (traffic.given_up) return;
  auto& transfer = traffic.out.emplace_back();
  transfer.buffer = std::move(frame);
  try {
    transfer.request = comm_.isend(to.value, frame_tag, static_cast<char const*>(chars(transfer.buffer)),
                                   static_cast<int>(transfer.buffer.size()));
  } catch (boost::mpi::exception const&) {
    give_up(to);  // an MPI that notices deaths: what proves it comes by other ways
  }
}

bool FrameChannel::progress() {
  bool moved = false;
  // Iprobe looks for a match before it lets messages in: the first call may only have let one in.
  while (probe() || probe()) moved = true;
  for (auto& [peer, traffic] : peers_) {
    moved = test(traffic.in) || moved;
    while (!traffic.in.empty() && traffic.in.front().done) {
      if (!traffic.given_up) arrived_.push_back({peer, std::move(traffic.in.front().buffer)});
      traffic.in.pop_front();
    }
    moved = test(traffic.out) || moved;
    std::erase_if(traffic.out, [](Transfer const& transfer) { return transfer.done; });
  }
  return moved;
}

bool FrameChannel::probe() {
  try {
    auto const found = comm_.iprobe(boost::mpi::any_source, frame_tag);
    if (!found) return false;
    auto const size = found->count<char>();
    invariant(size.has_value() && *size >= 0, "a frame without a size");
    auto& transfer = peers_[Rank{found->source()}].in.emplace_back();
    transfer.buffer.resize(static_cast<std::size_t>(*size));
    transfer.request = comm_.irecv(found->source(), frame_tag, chars(transfer.buffer), *size);
    return true;
  } catch (boost::mpi::exception const&) {
    return false;
  }
}

bool FrameChannel::test(std::deque<Transfer>& transfers) {
  bool moved = false;
  for (auto& transfer : transfers) {
    if (transfer.done) continue;
    try {
      transfer.done = transfer.request.test().has_value();
    } catch (boost::mpi::exception const&) {
      continue;  // its peer is dead; give_up() will clear it away
    }
    moved = moved || transfer.done;
  }
  return moved;
}

std::vector<FrameChannel::Arrived> FrameChannel::take_arrived() {
  return std::exchange(arrived_, {});
}

void FrameChannel::give_up(Rank peer) {
  auto& traffic = peers_[peer];
  traffic.given_up = true;
  for (auto* const transfers : {&traffic.out, &traffic.in}) {
    for (auto& transfer : *transfers) {
      if (!transfer.done) abandoned_.keep(std::move(transfer.request), std::move(transfer.buffer));
    }
    transfers->clear();
  }
}

bool FrameChannel::in_flight() const {
  for (auto const& [peer, traffic] : peers_) {
    if (!traffic.out.empty() || !traffic.in.empty()) return true;
  }
  return false;
}

}  // namespace godwit
