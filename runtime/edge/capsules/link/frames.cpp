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
    auto const before = buffer_.size();
    buffer_.resize(before + read_bytes);
    auto const got = ::recv(socket, buffer_.data() + before, read_bytes, MSG_DONTWAIT);
    auto const error = errno;
    buffer_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0) return false;
    if (got > 0) {
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
  Bytes framed(sizeof length + frame.size());
  std::memcpy(framed.data(), &length, sizeof length);
  if (!frame.empty()) std::memcpy(framed.data() + sizeof length, frame.data(), frame.size());
  pending_.push_back(std::move(framed));
}

bool FrameWriter::flush(int socket) {
  while (!pending_.empty()) {
    auto const& first = pending_.front();
    auto const put = ::send(socket, first.data() + sent_, first.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    sent_ += static_cast<std::size_t>(put);
    if (sent_ == first.size()) {
      pending_.pop_front();
      sent_ = 0;
    }
  }
  return true;
}

}  // namespace godwit
