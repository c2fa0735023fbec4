#include "capsule/rig.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include "base/digest.hpp"

namespace godwit::testing {

namespace {

constexpr int patience_ms = 60'000;

}  // namespace

Scratch::Scratch() {
  auto pattern = (std::filesystem::temp_directory_path() / "godwit-test-XXXXXX").native();
  path_ = ::mkdtemp(pattern.data());
}
Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(std::filesystem::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write_file(std::filesystem::path const& path, std::string const& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::filesystem::path built_plugins() {
  return GODWIT_BUILT_PLUGINS;
}
std::filesystem::path fixture_plugins() {
  return GODWIT_FIXTURE_PLUGINS;
}

ZygoteProcess launch_zygote() {
  auto zygote = ZygoteProcess::launch(GODWIT_CAPSULE_PROGRAM);
  invariant(zygote.ok(), "the zygote can't be started");
  return std::move(*zygote);
}

Manifest Image::decoded() const {
  auto decoded_manifest = decode<Manifest>(manifest);
  invariant(decoded_manifest.ok(), "a manifest that can't be decoded");
  return *decoded_manifest;
}

CapsuleId capsule_of(CapsuleEvent const& event) {
  return std::visit([](auto const& one) { return one.capsule; }, event);
}

bool is_end(CapsuleEvent const& event) {
  return std::holds_alternative<capsule::Ended>(event) || std::holds_alternative<capsule::Died>(event) ||
         std::holds_alternative<capsule::Failed>(event);
}

std::string describe(CapsuleEvent const& event) {
  static constexpr char const* names[] = {"Prepared", "Running",   "Frozen", "Suspended", "Resumed",
                                          "Called",   "WantsMove", "Ended",  "Died",      "Failed"};
  std::string text = names[event.index()];
  if (auto const* ended = std::get_if<capsule::Ended>(&event)) text += ": " + ended->outcome.reason;
  if (auto const* died = std::get_if<capsule::Died>(&event))
    text += ": " + died->outcome.reason + "\n" + died->outcome.log_tail;
  if (auto const* failed = std::get_if<capsule::Failed>(&event)) text += ": " + failed->why.context;
  return text;
}

// ---- Host

Host::Host(std::filesystem::path const& store)
    : service_(std::make_unique<CapsuleService>(launch_zygote(), CapsuleService::Settings{store})) {}

void Host::wait() {
  pollfd readable{service_->wait_fd(), POLLIN, 0};
  invariant(::poll(&readable, 1, patience_ms) > 0, "no event from any capsule in a minute");
  look();
}

void Host::look() {
  for (auto& event : service_->poll()) seen_.push_back(std::move(event));
}

int Host::pid(CapsuleId capsule) {
  for (int i = 0; i < patience_ms && service_->pid(capsule) == 0; ++i) {
    look();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  invariant(service_->pid(capsule) > 0, "the capsule's process is unknown after a minute");
  return service_->pid(capsule);
}

bool Host::wakes() {
  pollfd readable{service_->wait_fd(), POLLIN, 0};
  return ::poll(&readable, 1, 0) > 0;
}

CapsuleEvent Host::next(CapsuleId capsule) {
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  look();
  for (;;) {
    for (auto at = seen_.begin(); at != seen_.end(); ++at) {
      if (capsule_of(*at) != capsule) continue;
      auto event = std::move(*at);
      seen_.erase(at);
      return event;
    }
    invariant(std::chrono::steady_clock::now() < deadline, "no event from this capsule in a minute");
    wait();
  }
}

Image Host::freeze(CapsuleId capsule) {
  service_->freeze(capsule);
  auto frozen = expect<capsule::Frozen>(capsule);
  auto const arena = service_->arena(capsule, frozen.arena_bytes);
  return {std::move(frozen.manifest), Bytes(arena.begin(), arena.end())};
}

void Host::end(CapsuleId capsule) {
  service_->kill(capsule);
  service_->forget(capsule);
}

// ---- Rig

Rig::Rig() {
  std::filesystem::create_directories(store() / "plugins");
  std::filesystem::create_directories(work());
}

std::string Rig::publish(std::filesystem::path const& plugin) const {
  auto const digest = to_hex(digest_of(to_bytes(read_file(plugin))));
  std::filesystem::copy_file(plugin, store() / "plugins" / (digest + ".so"),
                             std::filesystem::copy_options::skip_existing);
  return digest;
}

CapsuleOrder Rig::order(std::string const& type, std::map<std::string, std::string> arguments, JobId job) {
  CapsuleOrder made;
  made.capsule = newest_ = newest_.next();
  made.job = job;
  made.spec.type = type;
  made.spec.arguments = std::move(arguments);
  made.spec.directory = work().native();
  made.spec.plugin_digest = publish(built_plugins() / (type + ".so"));
  made.host = Rank{1};
  return made;
}

CapsuleOrder Rig::fixture(std::string const& plugin, std::string const& type,
                          std::map<std::string, std::string> arguments, JobId job) {
  CapsuleOrder made;
  made.capsule = newest_ = newest_.next();
  made.job = job;
  made.spec.type = type;
  made.spec.arguments = std::move(arguments);
  made.spec.directory = work().native();
  made.spec.plugin_digest = publish(fixture_plugins() / (plugin + ".so"));
  made.host = Rank{1};
  return made;
}

CapsuleId Rig::prepare(Host& host, CapsuleOrder order) {
  auto const capsule = order.capsule;
  host.service().prepare(std::move(order));
  host.expect<capsule::Prepared>(capsule);
  return capsule;
}

CapsuleId Rig::start(Host& host, CapsuleOrder order, Epoch epoch) {
  auto const capsule = prepare(host, std::move(order));
  host.service().start(capsule, epoch);
  host.expect<capsule::Running>(capsule);
  return capsule;
}

CapsuleId Rig::send_restore(Host& host, CapsuleOrder order, Image const& image, Epoch epoch) {
  order.capsule = newest_ = newest_.next();
  order.arena_bytes = image.arena.size();
  auto const capsule = prepare(host, std::move(order));
  auto const arena = host.service().arena(capsule, image.arena.size());
  if (!image.arena.empty()) std::memcpy(arena.data(), image.arena.data(), image.arena.size());
  host.service().restore(capsule, epoch, image.manifest);
  return capsule;
}

CapsuleId Rig::restore(Host& host, CapsuleOrder order, Image const& image, Epoch epoch) {
  auto const capsule = send_restore(host, std::move(order), image, epoch);
  host.expect<capsule::Running>(capsule);
  return capsule;
}

std::string Rig::printed(std::string const& stream, JobId job) const {
  return read_file(store() / "jobs" / fmt::format("{}", job) / stream);
}

// ---- processes

std::vector<int> descendants() {
  std::multimap<int, int> children;
  for (auto const& entry : std::filesystem::directory_iterator("/proc")) {
    auto const name = entry.path().filename().native();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    auto const stat = read_file(entry.path() / "stat");
    auto const after_name = stat.rfind(')');
    if (after_name == std::string::npos) continue;
    std::istringstream rest(stat.substr(after_name + 1));
    std::string state;
    int parent = 0;
    if (rest >> state >> parent) children.emplace(parent, std::stoi(name));
  }
  std::vector<int> found;
  std::vector<int> todo{::getpid()};
  while (!todo.empty()) {
    auto const [from, to] = children.equal_range(todo.back());
    todo.pop_back();
    for (auto at = from; at != to; ++at) {
      found.push_back(at->second);
      todo.push_back(at->second);
    }
  }
  return found;
}

bool all_gone(std::vector<int> const& pids) {
  for (int i = 0; i < patience_ms / 10; ++i) {
    bool any = false;
    for (auto const pid : pids) any = any || ::kill(pid, 0) == 0;
    if (!any) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace godwit::testing
