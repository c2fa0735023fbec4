// CapsuleService: the port Capsules on real processes, forked by a zygote.
//
// Each capsule has a socket for commands and reports, and shared memory: a control block, the arena,
// and one memfd each for what the job writes to stdout and stderr. All slow work (touching and unmapping
// memory, saving the last output of a crashed job) is done on threads of the service; the loop thread
// never waits. When the service is destroyed all its capsules end.
// Loop thread only. `wait_fd` becomes readable when poll() has something to do.
#pragma once

#include <filesystem>
#include <memory>

#include "edge/capsules/zygote_process.hpp"
#include "base/time.hpp"
#include "port/capsules.hpp"

namespace godwit {

class CapsuleService final : public Capsules {
 public:
  // Plugins are STORE/plugins/<digest>.so; what a job prints goes where link/printed.hpp says.
  // A process whose job finished and left nothing behind waits for another job of the same plugin, account,
  // directory, environment, memory limit and cores: at most `idle_max` at once, and not for ever.
  struct Settings {
    std::filesystem::path store;
    std::string pack{"host"};  // STORE/output/<pack>.pack takes what array elements print; no other host's
    std::size_t idle_max{8};
    Duration idle_patience{10s};
  };

  CapsuleService(ZygoteProcess zygote, Settings settings);
  ~CapsuleService() override;
  CapsuleService(CapsuleService const&) = delete;
  CapsuleService& operator=(CapsuleService const&) = delete;

  [[nodiscard]] int wait_fd() const;  // for a sleeper to poll
  // The capsule's process, 0 if there is none (yet, or any more). For tests and notes.
  [[nodiscard]] pid_t pid(CapsuleId capsule) const;

  // Whether the type of the job says that its number of steps depends on time; known once it is prepared.
  [[nodiscard]] bool steps_vary(CapsuleId capsule) const;

  [[nodiscard]] bool keep(CapsuleId capsule, std::uint64_t memory_bytes, std::uint64_t arena_bytes) override;
  void prepare(CapsuleOrder order) override;
  void start(CapsuleId capsule, Epoch epoch) override;
  void restore(CapsuleId capsule, Epoch epoch, Bytes manifest) override;
  void freeze(CapsuleId capsule) override;
  // The same, but not before the job has completed so many steps and waited as long as the last one asked.
  void freeze_at(CapsuleId capsule, std::uint64_t steps);
  void thaw(CapsuleId capsule, Epoch epoch, Others others = Others::none) override;
  // The same, to be frozen again as by freeze_at().
  void thaw_until(CapsuleId capsule, Epoch epoch, std::uint64_t steps);
  void suspend(CapsuleId capsule) override;
  void resume(CapsuleId capsule) override;
  void call(CapsuleId capsule, RequestId request, std::string method,
            std::vector<std::string> arguments) override;
  void kill(CapsuleId capsule) override;
  void forget(CapsuleId capsule) override;
  [[nodiscard]] std::span<std::byte> arena(CapsuleId capsule, std::uint64_t bytes) override;
  [[nodiscard]] WrittenPages* written_pages(CapsuleId capsule) override;
  [[nodiscard]] CapsuleReport report(CapsuleId capsule) const override;
  void set_lease(Instant until) override;
  std::vector<CapsuleEvent> poll() override;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace godwit
