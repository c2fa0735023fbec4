#include "edge/capsules/link/frames.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

namespace godwit {

namespace {

using Length = std::uint32_t;
constexpr std::size_t read_bytes = std::size_t{64} << 10;
constexpr std::size_t turns_max = 64;  // then others get their turn
constexpr std::size_t compact_bytes = std::size_t{1} << 20;

}  // namespace

bool FrameReader::fill(int socket) {
  for (std::size_t turn = 0; turn < turns_max;) {
    if (room_.size() < read_bytes) room_.resize(read_bytes);
    auto const got = ::recv(socket, room_.data(), read_bytes, MSG_DONTWAIT);
    auto const error = errno;
    if (got == 0) return false;
    if (got > 0) {
      buffer_.insert(buffer_.end(), room_.begin(), room_.begin() + got);
      if (static_cast<std::size_t>(got) < read_bytes) return true;
      ++turn;
      continue;
    }
    if (error == EINTR) continue;
    return error == EAGAIN || error == EWOULDBLOCK;
  }
  return true;
}

Result<std::optional<Bytes>> FrameReader::next() {
  auto const available = buffer_.size() - taken_;
  Length length = 0;
  if (available < sizeof length) return std::optional<Bytes>{};
  std::memcpy(&length, buffer_.data() + taken_, sizeof length);
  if (length > frame_bytes_max) {
    return data_lost("malformed",
                     fmt::format("a frame of {} bytes; at most {} are allowed", length, frame_bytes_max));
  }
  if (available - sizeof length < length) return std::optional<Bytes>{};
  auto const first = buffer_.begin() + static_cast<std::ptrdiff_t>(taken_ + sizeof length);
  Bytes frame(first, first + length);
  taken_ += sizeof length + length;
  if (taken_ == buffer_.size()) {
    buffer_.clear();
    if (buffer_.capacity() > compact_bytes) buffer_.shrink_to_fit();
    taken_ = 0;
  } else if (taken_ > compact_bytes) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  return std::optional<Bytes>{std::move(frame)};
}

void FrameWriter::push(Bytes const& frame) {
  invariant(frame.size() <= frame_bytes_max, "a frame longer than its reader accepts");
  auto const length = static_cast<Length>(frame.size());
  auto const before = pending_.size();
  pending_.resize(before + sizeof length + frame.size());
  std::memcpy(pending_.data() + before, &length, sizeof length);
  if (!frame.empty()) std::memcpy(pending_.data() + before + sizeof length, frame.data(), frame.size());
}

bool FrameWriter::flush(int socket) {
  while (sent_ < pending_.size()) {
    auto const put =
        ::send(socket, pending_.data() + sent_, pending_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    sent_ += static_cast<std::size_t>(put);
  }
  sent_ = 0;
  pending_.clear();
  if (pending_.capacity() > compact_bytes) pending_.shrink_to_fit();
  return true;
}

}  // namespace godwit
