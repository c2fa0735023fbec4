// ZygoteProcess: this process's end of a zygote, the small single-threaded program from which capsules
// are forked. It must be launched before MPI_Init: forking a process that has called it isn't safe,
// and forking a small one is ten times faster than exec.
//
// Invariant: the zygote, and every capsule with it, ends when this object is destroyed or its process
// dies, however it dies. One thread at a time.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <span>
#include <variant>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "edge/capsules/link/zygote_wire.hpp"

namespace godwit {

class ZygoteProcess {
 public:
  // Starts `program` (godwit-capsule) as a zygote, and waits until it says that it is of this build. Fails if
  // it isn't there, can't be run, or is of another build.
  // `kept`: a descriptor that it and its capsules hold as well, for as long as they live.
  [[nodiscard]] static Result<ZygoteProcess> launch(std::filesystem::path const& program, std::optional<int> kept = {});
  ~ZygoteProcess();
  ZygoteProcess(ZygoteProcess&&) noexcept = default;
  ZygoteProcess& operator=(ZygoteProcess&&) = delete;

  // Readable when receive() has something.
  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] pid_t pid() const { return pid_; }

  // Forks a capsule that holds copies of these descriptors. retry_later if the zygote is busy: nothing was
  // sent.
  [[nodiscard]] Status spawn(CapsuleId capsule, zygote::CapsuleFds const& fds);
  [[nodiscard]] Status kill(CapsuleId capsule);
  // The next notice, if any; peer_lost once the zygote is gone. Never blocks.
  [[nodiscard]] Result<std::optional<zygote::Notice>> receive();

 private:
  ZygoteProcess(UniqueFd socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}
  Status send(zygote::Request const& request, std::span<int const> fds);

  UniqueFd socket_;
  pid_t pid_;
};

}  // namespace godwit
