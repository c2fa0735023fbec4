#include "edge/rpc/connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "edge/rpc/codec.hpp"

namespace godwit::rpc {
namespace {

constexpr std::size_t stranger_line_bytes_max = 4096;

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

Connection::Connection(UniqueFd socket, std::string who, bool authenticated, Instant now)
    : socket_(std::move(socket)), who_(std::move(who)), authenticated_(authenticated), progress_(now) {}

void Connection::authenticate(std::string who) {
  authenticated_ = true;
  who_ = std::move(who);
}

bool Connection::read() {
  char piece[65536];
  auto const got = ::recv(socket_.get(), piece, sizeof piece, MSG_DONTWAIT);
  if (got < 0) return would_block();
  if (got == 0) return false;
  if (!closing_) in_.append(piece, static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> Connection::take_line() {
  auto const end = in_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = in_.size();
    return std::nullopt;
  }
  auto line = in_.substr(0, end);
  in_.erase(0, end + 1);
  searched_ = 0;
  if (in_.empty()) in_.shrink_to_fit();
  return line;
}

bool Connection::line_too_long() const {
  return searched_ > (authenticated_ ? line_bytes_max : stranger_line_bytes_max);
}

bool Connection::write(std::string line, Instant now) {
  line += '\n';
  if (out_.empty()) progress_ = now;
  out_.push_back(std::move(line));
  return flush(now);
}

bool Connection::flush(Instant now) {
  while (!out_.empty()) {
    auto const& line = out_.front();
    auto const sent =
        ::send(socket_.get(), line.data() + sent_, line.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return would_block();
    progress_ = now;
    sent_ += static_cast<std::size_t>(sent);
    if (sent_ < line.size()) continue;
    out_.pop_front();
    sent_ = 0;
  }
  if (closing_ && !std::exchange(told_end_, true)) ::shutdown(socket_.get(), SHUT_WR);
  return true;
}

void Connection::close_after_flush() {
  closing_ = true;
  in_ = {};
  searched_ = 0;
}

std::optional<Instant> Connection::stalled_since() const {
  if (out_.empty() && authenticated_ && !closing_) return std::nullopt;
  return progress_;
}

}  // namespace godwit::rpc
