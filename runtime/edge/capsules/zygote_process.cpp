#include "edge/capsules/zygote_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "edge/capsules/last_words.hpp"
#include "edge/capsules/link/build.hpp"
#include "edge/capsules/link/clock.hpp"

namespace godwit {

namespace {

Failure no_zygote(std::filesystem::path const& program, int error) {
  return reject("no_zygote", fmt::format("cannot start {}: {}", program.native(), std::strerror(error)));
}

Failure zygote_gone() {
  return peer_lost("zygote_gone", "the process that starts capsules has ended: restart this host");
}

constexpr Duration greeting_patience = 20s;  // the program may have to come from a slow filesystem

// The build that the zygote says it is of; empty if it ends, or is silent.
std::string hear_build(int socket) {
  auto const deadline = boot_now() + greeting_patience;
  for (auto left = greeting_patience; left > 0ns; left = deadline - boot_now()) {
    pollfd readable{socket, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(left / 1ms) + 1) <= 0) continue;
    std::array<char, zygote::packet_bytes_max> bytes;
    auto const got = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    std::string const said(bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    return said.starts_with(build_greeting) ? said.substr(build_greeting.size()) : std::string();
  }
  return {};
}

// The wait status of a child that should end by itself soon, and is ended if it doesn't.
int end_of(pid_t pid) {
  int status = 0;
  for (int i = 0; i < 100; ++i) {
    if (::waitpid(pid, &status, WNOHANG) != 0) return status;
    std::this_thread::sleep_for(10ms);
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, &status, 0);
  return status;
}

Failure other_build(std::filesystem::path const& program, std::string const& said, int status) {
  auto const its = said.empty() ? fmt::format("doesn't say which build it is of, and {}", how_it_ended(status))
                                : fmt::format("is of build {}", said);
  return reject("other_build",
                fmt::format("{} {}, but this program is of build {}: build both with scripts/build, or "
                            "install Godwit again",
                            program.native(), its, link_build()));
}

}  // namespace

Result<ZygoteProcess> ZygoteProcess::launch(std::filesystem::path const& program, std::optional<int> kept) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return no_zygote(program, errno);
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);

  // Its socket is its standard input: any other number might be taken.
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  if (kept) ::posix_spawn_file_actions_adddup2(&actions, *kept, *kept);  // glibc takes its close-on-exec away
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  auto const name = program.native();
  auto build = link_build();
  auto kept_word = kept ? std::to_string(*kept) : std::string();
  std::array<char*, 5> arguments{const_cast<char*>(name.c_str()), const_cast<char*>("--zygote"), build.data(),
                                 kept ? kept_word.data() : nullptr, nullptr};
  pid_t pid = 0;
  auto const error = ::posix_spawn(&pid, name.c_str(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return no_zygote(program, error);
  theirs.reset();
  if (auto const said = hear_build(ours.get()); said != build) {
    ours.reset();
    return other_build(program, said, end_of(pid));
  }
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
