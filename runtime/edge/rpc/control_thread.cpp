#include "edge/rpc/control_thread.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "edge/posix/file.hpp"
#include "edge/posix/identity.hpp"
#include "edge/rpc/socket.hpp"

namespace godwit::rpc {
namespace {

constexpr std::uint64_t mark_wake = 1, mark_unix = 2, mark_tcp = 3;
constexpr int code_refused = -32000;

Instant boot_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return {std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec};
}

// Compares all of it whatever differs, so that time tells nothing.
bool same_token(std::string_view given, std::string_view token) {
  unsigned difference = given.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto const byte = given.empty() ? '\0' : given[i % given.size()];
    difference |= static_cast<unsigned char>(byte) ^ static_cast<unsigned char>(token[i]);
  }
  return difference == 0;
}

// What a TCP client says of itself goes to logs: no control characters, not long.
std::string tidy(std::string who) {
  who.resize(std::min<std::size_t>(who.size(), 128));
  std::erase_if(who, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return who.empty() ? "someone" : who;
}

void ring(UniqueFd const& bell) {
  (void)!::eventfd_write(bell.get(), 1);
}
// Out of descriptors: the listener stays readable, so take a breath instead of spinning.
void breathe_if_starved() {
  if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS) return;
  timespec const breath{0, 50'000'000};
  ::nanosleep(&breath, nullptr);
}
void silence(UniqueFd const& bell) {
  eventfd_t count = 0;
  (void)!::eventfd_read(bell.get(), &count);
}

}  // namespace

Result<std::unique_ptr<ControlThread>> ControlThread::start(Settings settings) {
  std::unique_ptr<ControlThread> self(new ControlThread(std::move(settings)));
  self->epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  self->wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  self->arrived_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  auto const& listeners = self->settings_;
  for (auto [fd, mark] : {std::pair{self->wake_.get(), mark_wake},
                          {listeners.unix_listener.get(), mark_unix},
                          {listeners.tcp_listener.get(), mark_tcp}}) {
    epoll_event event{EPOLLIN, {.u64 = mark}};
    if (::epoll_ctl(self->epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return retry_later("io_error", "the control socket: " + errno_text(errno));
    }
  }
  self->thread_ = std::thread([raw = self.get()] { raw->run(); });
  ::pthread_setname_np(self->thread_.native_handle(), "godwit-control");
  return self;
}

ControlThread::~ControlThread() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard const lock(mutex_);
    stop_ = true;
  }
  ring(wake_);
  thread_.join();
}

std::vector<CommandReceived> ControlThread::take_commands() {
  silence(arrived_);
  std::lock_guard const lock(mutex_);
  return std::exchange(received_, {});
}

void ControlThread::give_answer(CommandId id, Answer answer) {
  {
    std::lock_guard const lock(mutex_);
    answers_.emplace_back(id, std::move(answer));
  }
  ring(wake_);
}

bool ControlThread::flushed() const {
  std::lock_guard const lock(mutex_);
  return answers_.empty() && !unsent_;
}

void ControlThread::run() {
  for (;;) {
    std::array<epoll_event, 32> events{};
    bool const stallable = std::any_of(clients_.begin(), clients_.end(), [](auto const& each) {
      return each.second.stalled_since().has_value();
    });
    int const count = ::epoll_wait(epoll_.get(), events.data(), events.size(), stallable ? 1000 : -1);
    invariant(count >= 0 || errno == EINTR, "control: epoll_wait failed");
    for (int i = 0; i < count; ++i) {
      auto const mark = events[i].data.u64;
      if (mark == mark_wake) {
        silence(wake_);
      } else if (mark == mark_unix) {
        accept_unix();
      } else if (mark == mark_tcp) {
        accept_tcp();
      } else {
        serve(mark, events[i].events);
      }
    }
    if (!take_answers()) return;
    drop_stalled();
    std::lock_guard const lock(mutex_);
    unsent_ = std::any_of(clients_.begin(), clients_.end(),
                          [](auto const& each) { return each.second.has_unsent(); });
  }
}

bool ControlThread::take_answers() {
  std::vector<std::pair<CommandId, Answer>> answers;
  {
    std::lock_guard const lock(mutex_);
    if (stop_) return false;
    answers.swap(answers_);
    unsent_ = unsent_ || !answers.empty();
  }
  for (auto const& [command, answer] : answers) {
    auto const asked = asked_.extract(command);
    if (asked.empty()) continue;  // its client has gone
    auto const client = clients_.find(asked.mapped().client);
    if (client == clients_.end()) continue;
    --client->second.pending;
    bool alive = client->second.write(encode_answer(asked.mapped().id, answer), boot_now());
    alive = alive && serve_lines(client->first, client->second);  // it may have been at its limit
    settle(client->first, alive);
  }
  return true;
}

void ControlThread::accept_unix() {
  UniqueFd socket(::accept4(settings_.unix_listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return breathe_if_starved();
  auto const peer = peer_of(socket.get());
  if (!peer || (peer->user != ::geteuid() && peer->user != 0)) {
    auto const line = encode_error(
        {"null", code_refused, reject("not_yours", "this runtime belongs to " + user_name(::geteuid()))});
    (void)!::send(socket.get(), (line + "\n").data(), line.size() + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  admit(std::move(socket), fmt::format("{}@{} (pid {})", user_name(peer->user), node_name(), peer->pid),
        true);
}

void ControlThread::accept_tcp() {
  UniqueFd socket(::accept4(settings_.tcp_listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return breathe_if_starved();
  admit(std::move(socket), {}, false);
}

void ControlThread::admit(UniqueFd socket, std::string who, bool authenticated) {
  auto const known = static_cast<int>(std::count_if(
      clients_.begin(), clients_.end(), [](auto const& each) { return each.second.authenticated(); }));
  auto const strangers = static_cast<int>(clients_.size()) - known;
  // Strangers have places of their own: they can't keep those who are known out.
  if ((authenticated ? known : strangers) >= settings_.clients_max) {
    auto const line = encode_error(
        {"null", code_refused, retry_later("too_many_clients", "too many clients at once: try again later")});
    (void)!::send(socket.get(), (line + "\n").data(), line.size() + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  auto const client = next_client_++;
  int const fd = socket.get();
  auto const at =
      clients_.try_emplace(client, std::move(socket), std::move(who), authenticated, boot_now()).first;
  epoll_event event{EPOLLIN, {.u64 = client}};
  at->second.watched = EPOLLIN;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) clients_.erase(at);
}

void ControlThread::serve(std::uint64_t client, std::uint32_t events) {
  auto const at = clients_.find(client);
  if (at == clients_.end()) return;
  auto& connection = at->second;
  bool alive = true;
  if ((events & EPOLLOUT) != 0) alive = connection.flush(boot_now());
  if (alive && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    alive = connection.read() && serve_lines(client, connection);
  }
  settle(client, alive);
}

bool ControlThread::serve_lines(std::uint64_t client, Connection& connection) {
  while (!connection.closing() && connection.pending < Connection::pending_max) {
    auto const line = connection.take_line();
    if (!line) break;
    if (!serve_line(client, connection, *line)) return false;
  }
  if (!connection.closing() && connection.line_too_long()) {
    connection.close_after_flush();
    return connection.write(encode_error({"null", code_refused, reject("too_long", "this line is too long")}),
                            boot_now());
  }
  return true;
}

bool ControlThread::serve_line(std::uint64_t client, Connection& connection, std::string const& line) {
  auto decoded = decode_request(line);
  auto* const request = std::get_if<Request>(&decoded);
  if (request != nullptr && std::holds_alternative<Authenticate>(request->call)) {
    return serve_authentication(connection, *request);
  }
  if (!connection.authenticated()) {
    connection.close_after_flush();
    return connection.write(
        encode_error(
            {"null", code_refused, reject("not_authenticated", "the first line must be authenticate")}),
        boot_now());
  }
  if (request == nullptr) return connection.write(encode_error(std::get<BadRequest>(decoded)), boot_now());

  auto const command = next_command_;
  next_command_ = next_command_.next();
  asked_[command] = {client, request->id};
  ++connection.pending;
  {
    std::lock_guard const lock(mutex_);
    received_.push_back({command, connection.who(), std::move(std::get<Command>(request->call))});
  }
  ring(arrived_);
  return true;
}

bool ControlThread::serve_authentication(Connection& connection, Request const& request) {
  auto const& given = std::get<Authenticate>(request.call);
  if (!connection.authenticated() && !same_token(given.token, settings_.token)) {
    connection.close_after_flush();
    return connection.write(
        encode_error(
            {request.id, code_refused,
             reject("wrong_token", "this is not the token of this runtime: read access.json again")}),
        boot_now());
  }
  if (!connection.authenticated()) connection.authenticate(tidy(given.who));
  return connection.write(encode_answer(request.id, cmd::Pong{settings_.term, 0}), boot_now());
}

void ControlThread::settle(std::uint64_t client, bool alive) {
  auto const at = clients_.find(client);
  if (at == clients_.end()) return;
  if (!alive) return drop(client);
  watch(client, at->second);
}

void ControlThread::drop(std::uint64_t client) {
  clients_.erase(client);  // closing the socket takes it out of epoll
  std::erase_if(asked_, [client](auto const& each) { return each.second.client == client; });
}

void ControlThread::drop_stalled() {
  std::vector<std::uint64_t> stalled;
  auto const now = boot_now();
  for (auto const& [client, connection] : clients_) {
    auto const since = connection.stalled_since();
    if (since && now - *since > settings_.stall_patience) stalled.push_back(client);
  }
  for (auto const client : stalled) drop(client);
}

void ControlThread::watch(std::uint64_t client, Connection& connection) {
  std::uint32_t wanted = 0;
  bool const full = !connection.closing() && connection.pending >= Connection::pending_max;
  if (!full && !connection.has_unsent()) wanted |= EPOLLIN;
  if (connection.has_unsent()) wanted |= EPOLLOUT;
  if (wanted == connection.watched) return;
  epoll_event event{wanted, {.u64 = client}};
  connection.watched = wanted;
  invariant(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd(), &event) == 0,
            "control: epoll_ctl failed");
}

}  // namespace godwit::rpc
