#include "edge/rpc/server.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <span>

#include "edge/posix/file.hpp"
#include "edge/posix/identity.hpp"
#include "edge/rpc/control_thread.hpp"
#include "edge/rpc/socket.hpp"

namespace godwit::rpc {
namespace {

std::string random_hex(std::size_t bytes) {
  std::array<unsigned char, 64> raw{};
  invariant(bytes <= raw.size() && ::getrandom(raw.data(), bytes, 0) == static_cast<ssize_t>(bytes),
            "the kernel gives no random bytes");
  std::string text;
  for (auto const byte : std::span(raw).first(bytes)) text += fmt::format("{:02x}", byte);
  return text;
}

// Ours, and closed to everyone else.
bool is_private(char const* directory) {
  struct stat status {};
  return ::stat(directory, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
         (status.st_mode & 077) == 0;
}

constexpr char const* own_socket_name = "control.sock";

// A short path (sun_path holds 107 bytes) in a directory that no one else can enter.
Result<std::string> choose_socket_path() {
  auto const* const runtime = std::getenv("XDG_RUNTIME_DIR");  // once, at start
  if (runtime != nullptr && is_private(runtime)) {
    auto path = fmt::format("{}/godwit-{}.sock", runtime, random_hex(8));
    if (path.size() < 100) return path;
  }
  std::string directory = "/tmp/godwit-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) {
    return retry_later("io_error", "making a directory for the control socket in /tmp: " + errno_text(errno));
  }
  return directory + "/" + own_socket_name;
}

void remove_socket(std::string const& path) {
  ::unlink(path.c_str());
  // The directory only if choose_socket_path() made it: XDG_RUNTIME_DIR isn't ours to remove.
  std::filesystem::path const socket = path;
  if (socket.filename() == own_socket_name && socket.parent_path().parent_path() == "/tmp") {
    ::rmdir(socket.parent_path().c_str());
  }
}

// What a runtime that was killed left on this node.
void clean_up_after(std::filesystem::path const& store) {
  auto const old = read_access(store);
  if (!old || old->node != node_name() || old->unix_socket.find("/godwit-") == std::string::npos) return;
  if (!connect_unix(old->unix_socket)) remove_socket(old->unix_socket);
}

}  // namespace

struct ControlServer::Core {
  Settings settings;
  Access access;
  std::unique_ptr<ControlThread> thread;
  bool published = false;

  ~Core() {
    if (published) remove_access(settings.store, access);
    thread.reset();
    if (!access.unix_socket.empty()) remove_socket(access.unix_socket);
  }
};

ControlServer::ControlServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
ControlServer::~ControlServer() = default;

Result<std::unique_ptr<ControlServer>> ControlServer::open(Settings settings) {
  clean_up_after(settings.store);
  auto core = std::make_unique<Core>();
  auto& access = core->access;
  auto tcp = listen_tcp(settings.listen);
  if (!tcp) return tcp.failure();
  auto path = choose_socket_path();
  if (!path) return path.failure();
  access.unix_socket = *path;
  auto local = listen_unix(*path);
  if (!local) return local.failure();

  access.term = settings.term;
  access.node = node_name();
  access.pid = ::getpid();
  access.boot_id = boot_id();
  bool const everywhere = settings.listen.empty() || settings.listen == "0.0.0.0" || settings.listen == "::";
  access.addresses = everywhere ? own_addresses() : std::vector{settings.listen};
  access.port = tcp->port;
  access.token = random_hex(32);
  core->settings = settings;

  auto thread = ControlThread::start({std::move(*local), std::move(tcp->fd), access.token, settings.term,
                                      settings.clients_max, settings.stall_patience});
  if (!thread) return thread.failure();
  core->thread = std::move(*thread);
  if (auto written = write_access(settings.store, access); !written) return written.failure();
  core->published = true;
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(core)));
}

int ControlServer::wait_fd() const { return core_->thread->wait_fd(); }
Access const& ControlServer::access() const { return core_->access; }
std::vector<CommandReceived> ControlServer::poll() { return core_->thread->take_commands(); }
void ControlServer::answer(CommandId id, Answer answer) { core_->thread->give_answer(id, std::move(answer)); }
bool ControlServer::flushed() const { return core_->thread->flushed(); }

}  // namespace godwit::rpc
