#include "edge/capsules/zygote/zygote.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "edge/capsules/inside/run_capsule.hpp"
#include "edge/capsules/link/build.hpp"
#include "edge/capsules/link/scratch.hpp"

namespace godwit::zygote {

namespace {

struct Packet {
  std::size_t size{0};  // 0: the peer is gone
  std::array<std::byte, packet_bytes_max> bytes{};
  std::vector<UniqueFd> fds;
};

Packet receive(int socket) {
  Packet packet;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 8)> control{};
  iovec data{packet.bytes.data(), packet.bytes.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got > 0) packet.size = static_cast<std::size_t>(got);
  for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + CMSG_LEN(sizeof(int)) <= part->cmsg_len; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
      packet.fds.emplace_back(fd);
    }
  }
  return packet;
}

UniqueFd watch_children() {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &children, nullptr);
  return UniqueFd(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
}

void remove_scratch(CapsuleId capsule) {
  auto const directory = scratch_directory(::getpid(), capsule);
  std::error_code ignored;
  if (!std::filesystem::exists(directory, ignored) || ::fork() != 0) return;
  std::filesystem::remove_all(directory, ignored);  // may take long: not in the zygote
  ::_exit(0);
}

}  // namespace

void Zygote::run() {
  for (int const signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE}) ::signal(signal, SIG_IGN);
  auto const greeting = std::string(build_greeting) + link_build();
  ::send(socket_.get(), greeting.data(), greeting.size(), MSG_NOSIGNAL);
  auto const children = watch_children();
  std::array<pollfd, 2> watched{pollfd{socket_.get(), POLLIN, 0}, pollfd{children.get(), POLLIN, 0}};
  for (;;) {
    ::poll(watched.data(), watched.size(), -1);
    if (watched[1].revents != 0) {
      signalfd_siginfo info{};
      while (::read(children.get(), &info, sizeof info) > 0) {
      }
      reap();
    }
    if (watched[0].revents != 0 && !serve()) break;
  }
  end_all();
}

bool Zygote::serve() {
  auto const packet = receive(socket_.get());
  if (packet.size == 0) return false;
  auto const request = decode<Request>(ByteView(packet.bytes.data(), packet.size));
  if (!request) return false;
  if (auto const* kill = std::get_if<Kill>(&*request)) {
    on(*kill);
  } else if (packet.fds.size() == CapsuleFds{}.in_order().size()) {
    auto const& fds = packet.fds;
    on(std::get<Spawn>(*request), {fds[0].get(), fds[1].get(), fds[2].get(), fds[3].get(), fds[4].get()});
  } else {
    tell(NotSpawned{std::get<Spawn>(*request).capsule, EMFILE});  // descriptors were lost on the way
  }
  return true;
}

void Zygote::on(Spawn const& spawn, CapsuleFds const& fds) {
  auto const self = ::getpid();
  auto const pid = ::fork();
  if (pid == 0) inside::run_capsule(fds, self);
  if (pid < 0) return tell(NotSpawned{spawn.capsule, errno});
  capsules_.emplace(pid, spawn.capsule);
  tell(Spawned{spawn.capsule, pid});
}

void Zygote::on(Kill const& kill) {
  for (auto const& [pid, capsule] : capsules_) {
    if (capsule != kill.capsule) continue;
    ::kill(-pid, SIGKILL);  // what the job started; a capsule just forked leads no group yet
    ::kill(pid, SIGKILL);
  }
}

void Zygote::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    auto const found = capsules_.find(info.si_pid);
    if (found != capsules_.end()) ::kill(-info.si_pid, SIGKILL);  // while its id can't be another's
    int status = 0;
    ::waitpid(info.si_pid, &status, 0);
    if (found == capsules_.end()) continue;
    tell(Exited{found->second, status});
    remove_scratch(found->second);
    capsules_.erase(found);
  }
}

void Zygote::end_all() {
  for (auto const& [pid, capsule] : capsules_) {
    ::kill(-pid, SIGKILL);
    ::kill(pid, SIGKILL);
  }
  while (!capsules_.empty()) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0) return;
    reap();
  }
}

void Zygote::tell(Notice const& notice) {
  auto const packet = encode(notice);
  ::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL);
}

}  // namespace godwit::zygote
