// CapsuleProcess: the host's side of one capsule: its socket, and the memory shared with it. Outlives the
// process, because the arena may still be being sent. Loop thread only.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "edge/capsules/arena_pages.hpp"
#include "edge/capsules/link/control_block.hpp"
#include "edge/capsules/link/frames.hpp"
#include "edge/capsules/link/shared_memory.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "edge/capsules/link/wire.hpp"
#include "edge/capsules/zygote_process.hpp"

namespace godwit {

class CapsuleProcess {
 public:
  // Sockets and shared memory for a capsule still to be forked; the arena can grow to `arena_bytes_max`.
  [[nodiscard]] static Result<std::unique_ptr<CapsuleProcess>> create(std::uint64_t arena_bytes_max);

  // Once only; retry_later leaves everything as it was.
  [[nodiscard]] Status spawn(ZygoteProcess& zygote, CapsuleId capsule);

  // For the next job: the control block as it was at first. The capsule waits for its order.
  void renew();

  // Queues the command and sends what the socket takes.
  void send(capsule_wire::Command const& command) { send(encode(command)); }
  void send(Bytes const& encoded);
  void flush();  // when the socket can take more
  [[nodiscard]] bool unsent() const { return !writer_.empty(); }

  // Takes what has arrived; false once the capsule has closed its end, with everything it sent here.
  bool receive() { return reader_.fill(socket_.get()); }
  [[nodiscard]] Result<std::optional<capsule_wire::Report>> next();

  [[nodiscard]] int socket() const { return socket_.get(); }  // -1 once hung up
  void hang_up() { socket_.reset(); }

  // What came with a Watched, if it did.
  void watch(capsule_wire::Watched const& watched);
  [[nodiscard]] ArenaPages& written_pages() const { return *pages_; }

  [[nodiscard]] ControlBlock& block() const { return *block_; }
  [[nodiscard]] SharedMemory const& arena() const { return arena_; }
  [[nodiscard]] SharedMemory take_arena() { return std::move(arena_); }
  // The memfds behind stdout and stderr.
  [[nodiscard]] UniqueFd take_out() { return std::move(out_); }
  [[nodiscard]] UniqueFd take_err() { return std::move(err_); }

 private:
  CapsuleProcess() = default;

  UniqueFd socket_, capsule_socket_, control_fd_, arena_fd_, out_, err_;
  SharedMemory control_, arena_;
  ControlBlock* block_ = nullptr;
  std::unique_ptr<ArenaPages> pages_;
  FrameReader reader_;
  FrameWriter writer_;
};

}  // namespace godwit
