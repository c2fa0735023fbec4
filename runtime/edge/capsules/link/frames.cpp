#include "edge/capsules/link/frames.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
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
constexpr std::size_t fds_max = 4;

// As recv() and send() do, with descriptors.
ssize_t receive(int socket, Bytes& room, std::vector<UniqueFd>& fds) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * fds_max)> control{};
  iovec data{room.data(), read_bytes};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto const got = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  auto const error = errno;
  for (auto* part = got < 0 ? nullptr : CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= part->cmsg_len; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
      UniqueFd owned(fd);
      if (fds.size() < fds_max) fds.push_back(std::move(owned));
    }
  }
  errno = error;
  return got;
}

ssize_t send_with(int socket, ByteView bytes, std::vector<int> const& fds) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * fds_max)> control{};
  iovec data{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    invariant(fds.size() <= fds_max, "more descriptors than a reader takes");
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    auto* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(part), fds.data(), sizeof(int) * fds.size());
  }
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

bool FrameReader::fill(int socket) {
  for (std::size_t turn = 0; turn < turns_max;) {
    if (room_.size() < read_bytes) room_.resize(read_bytes);
    auto const got = receive(socket, room_, fds_);
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
    auto const put = send_with(socket, ByteView(pending_).subspan(sent_), attached_);
    if (put < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    attached_.clear();
    sent_ += static_cast<std::size_t>(put);
  }
  sent_ = 0;
  pending_.clear();
  if (pending_.capacity() > compact_bytes) pending_.shrink_to_fit();
  return true;
}

}  // namespace godwit
