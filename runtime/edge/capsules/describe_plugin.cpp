#include "edge/capsules/describe_plugin.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <csignal>

#include "edge/capsules/capsule_process.hpp"
#include "edge/capsules/last_words.hpp"
#include "edge/capsules/link/clock.hpp"

namespace godwit {

namespace {

constexpr std::uint64_t no_arena = 4096;

std::string cannot_use(std::filesystem::path const& plugin, std::string const& why) {
  return fmt::format("cannot use plugin {}: {}", plugin.native(), why);
}

// How the process ended, as the plugin's fault or as somebody else's.
Failure ended(std::filesystem::path const& plugin, int status) {
  auto const why = cannot_use(plugin, "its process " + how_it_ended(status));
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return reject("plugin_died", why);
  return retry_later("plugin_killed", why + ", by somebody else, or because memory is short");
}

// Notices about other capsules are of those that were described before.
std::optional<Failure> hear_end(std::filesystem::path const& plugin, ZygoteProcess& zygote, CapsuleId capsule) {
  for (;;) {
    auto const notice = zygote.receive();
    if (!notice) return retry_later("plugin_unknown", cannot_use(plugin, notice.failure().context));
    if (!*notice) return std::nullopt;
    if (auto const* exited = std::get_if<zygote::Exited>(&**notice);
        exited != nullptr && exited->capsule == capsule) {
      return ended(plugin, exited->status);
    }
    if (std::holds_alternative<zygote::NotSpawned>(**notice))
      return retry_later("plugin_unknown", cannot_use(plugin, "no process could be forked"));
  }
}

std::optional<Result<JobType>> hear_report(CapsuleProcess& process) {
  auto const open = process.receive();
  auto report = process.next();
  if (!report) return Result<JobType>(report.failure());
  if (*report) {
    if (auto* const described = std::get_if<capsule_wire::Described>(&**report)) {
      return Result<JobType>(std::move(described->type));
    }
    if (auto* const failed = std::get_if<capsule_wire::Failed>(&**report))
      return Result<JobType>(failed->why);
  }
  if (!open) process.hang_up();
  return std::nullopt;
}

}  // namespace

Result<JobType> describe_plugin(ZygoteProcess& zygote, CapsuleId capsule, std::filesystem::path const& plugin,
                                Duration patience) {
  auto created = CapsuleProcess::create(no_arena);
  if (!created) return created.failure();
  auto& process = **created;
  if (auto status = process.spawn(zygote, capsule); !status) return status.failure();
  process.send(capsule_wire::Describe{plugin.native()});

  auto const deadline = boot_now() + patience;
  std::optional<Failure> end;
  for (auto left = patience; left > 0ns; left = deadline - boot_now()) {
    if (process.socket() >= 0) {
      if (auto described = hear_report(process)) return *described;
    }
    if (end) return *end;
    std::array<pollfd, 2> watched{pollfd{zygote.fd(), POLLIN, 0}, pollfd{process.socket(), POLLIN, 0}};
    ::poll(watched.data(), watched.size(), static_cast<int>(left / 1ms) + 1);
    if (watched[0].revents != 0) end = hear_end(plugin, zygote, capsule);
  }
  [[maybe_unused]] auto const told = zygote.kill(capsule);
  return reject("plugin_died", cannot_use(plugin, fmt::format("it did not describe itself within {} s", patience / 1s)));
}

}  // namespace godwit
