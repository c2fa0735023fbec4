#include "edge/capsules/capsule_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>

namespace godwit {

Result<std::unique_ptr<CapsuleProcess>> CapsuleProcess::create(std::uint64_t arena_bytes_max) {
  std::unique_ptr<CapsuleProcess> process(new CapsuleProcess());
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return retry_later("no_socket", fmt::format("cannot create a socket pair: {}", std::strerror(errno)));
  }
  process->socket_ = UniqueFd(ends[0]);
  process->capsule_socket_ = UniqueFd(ends[1]);
  ::fcntl(process->socket_.get(), F_SETFL, O_NONBLOCK);

  Failure why;
  auto const make = [&why](char const* name, std::uint64_t bytes, UniqueFd& fd, SharedMemory* mapped) {
    auto created = SharedMemory::create(name, bytes);
    if (!created) return why = created.failure(), false;
    fd = std::move(*created);
    if (mapped == nullptr) return true;
    auto mapping = SharedMemory::map(fd.get());
    if (!mapping) return why = mapping.failure(), false;
    *mapped = std::move(*mapping);
    return true;
  };
  if (!make("godwit-control", sizeof(ControlBlock), process->control_fd_, &process->control_) ||
      !make("godwit-arena", arena_bytes_max, process->arena_fd_, &process->arena_) ||
      !make("godwit-stdout", 0, process->out_, nullptr) ||
      !make("godwit-stderr", 0, process->err_, nullptr)) {
    return why;
  }
  for (auto const* file : {&process->out_, &process->err_}) ::fcntl(file->get(), F_SETFL, O_APPEND);
  process->block_ = new (process->control_.data()) ControlBlock;
  process->pages_ = std::make_unique<ArenaPages>(*process->block_);
  return process;
}

Status CapsuleProcess::spawn(ZygoteProcess& zygote, CapsuleId capsule) {
  zygote::CapsuleFds const fds{capsule_socket_.get(), control_fd_.get(), arena_fd_.get(), out_.get(),
                               err_.get()};
  auto status = zygote.spawn(capsule, fds);
  if (!status) return status;
  capsule_socket_.reset();
  control_fd_.reset();
  arena_fd_.reset();
  return status;
}

void CapsuleProcess::renew() {
  block_ = new (control_.data()) ControlBlock;
  pages_->renew();
}

void CapsuleProcess::watch(capsule_wire::Watched const& watched) {
  auto fds = reader_.take_fds();
  if (fds.size() != 2 || watched.bytes != arena_.size()) return;
  pages_->watch({std::move(fds[0]), std::move(fds[1]), watched.start, watched.bytes});
}

void CapsuleProcess::send(Bytes const& encoded) {
  if (!socket_) return;
  writer_.push(encoded);
  flush();
}

void CapsuleProcess::flush() {
  [[maybe_unused]] auto const there = writer_.flush(socket_.get());  // if it is gone, its end will be told
  block_->wanted.store(1, std::memory_order_release);
}

Result<std::optional<capsule_wire::Report>> CapsuleProcess::next() {
  auto frame = reader_.next();
  if (!frame) return frame.failure();
  if (!*frame) return std::optional<capsule_wire::Report>{};
  auto report = decode<capsule_wire::Report>(**frame);
  if (!report) return report.failure();
  return std::optional<capsule_wire::Report>(std::move(*report));
}

}  // namespace godwit
