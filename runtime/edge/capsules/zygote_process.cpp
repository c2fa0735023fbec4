#include "edge/capsules/zygote_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace godwit {

namespace {

Failure no_zygote(std::filesystem::path const& program, int error) {
  return reject("no_zygote", fmt::format("cannot start {}: {}", program.native(), std::strerror(error)));
}

Failure zygote_gone() {
  return peer_lost("zygote_gone", "the process that starts capsules has ended: restart this host");
}

}  // namespace

Result<ZygoteProcess> ZygoteProcess::launch(std::filesystem::path const& program) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return no_zygote(program, errno);
  UniqueFd ours(ends[0]);
  UniqueFd const theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);

  // Its socket is its standard input: any other number might be taken.
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  auto const name = program.native();
  std::array<char*, 3> arguments{const_cast<char*>(name.c_str()), const_cast<char*>("--zygote"), nullptr};
  pid_t pid = 0;
  auto const error = ::posix_spawn(&pid, name.c_str(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return no_zygote(program, error);
  return ZygoteProcess(std::move(ours), pid);
}

ZygoteProcess::~ZygoteProcess() {
  if (!socket_) return;  // moved from
  socket_.reset();
  ::waitpid(pid_, nullptr, 0);
}

Status ZygoteProcess::spawn(CapsuleId capsule, zygote::CapsuleFds const& fds) {
  return send(zygote::Spawn{capsule}, fds.in_order());
}

Status ZygoteProcess::kill(CapsuleId capsule) {
  return send(zygote::Kill{capsule}, {});
}

Status ZygoteProcess::send(zygote::Request const& request, std::span<int const> fds) {
  auto packet = encode(request);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 8)> control{};
  iovec data{packet.data(), packet.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    auto* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) >= 0) return Done{};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return retry_later("zygote_busy", "the zygote is busy");
    return zygote_gone();
  }
}

Result<std::optional<zygote::Notice>> ZygoteProcess::receive() {
  std::array<std::byte, zygote::packet_bytes_max> bytes;
  for (;;) {
    auto const got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::optional<zygote::Notice>{};
    if (got <= 0) return zygote_gone();
    auto notice = decode<zygote::Notice>(ByteView(bytes.data(), static_cast<std::size_t>(got)));
    if (!notice) return notice.failure();
    return std::optional<zygote::Notice>(*notice);
  }
}

}  // namespace godwit
