#include "edge/capsules/inside/host_link.hpp"

#include <poll.h>

#include <algorithm>
#include <ctime>

namespace godwit::inside {

bool HostLink::push(capsule_wire::Report const& report) {
  auto const frame = encode(report);
  if (frame.size() > frame_bytes_max) return false;
  writer_.push(frame);
  return true;
}

bool HostLink::send(capsule_wire::Report const& report, std::vector<int> fds) {
  if (!flush()) return false;
  writer_.attach(std::move(fds));
  return push(report) && flush();
}

bool HostLink::flush() {
  while (writer_.flush(socket_.get())) {
    if (writer_.empty()) return true;
    pollfd writable{socket_.get(), POLLOUT, 0};
    ::poll(&writable, 1, -1);
  }
  return false;
}

bool HostLink::receive() {
  return reader_.fill(socket_.get()) && !broken_;
}

std::optional<capsule_wire::Command> HostLink::next() {
  auto frame = reader_.next();
  if (!frame) broken_ = true;
  if (!frame || !*frame) return std::nullopt;
  auto command = decode<capsule_wire::Command>(**frame);
  if (!command) {
    broken_ = true;
    return std::nullopt;
  }
  return std::move(*command);
}

void HostLink::wait(std::optional<Duration> at_most) {
  pollfd readable{socket_.get(), POLLIN, 0};
  if (!at_most) {
    ::poll(&readable, 1, -1);
    return;
  }
  auto const ns = std::max<std::int64_t>(at_most->count(), 0);
  timespec const timeout{ns / 1'000'000'000, ns % 1'000'000'000};
  ::ppoll(&readable, 1, &timeout, nullptr);
}

}  // namespace godwit::inside
