// RoundMemory: the port Rounds. Buffers are kept between rounds, for fresh memory costs several times a copy; what is
// gathered never takes more than `bytes_max` of them together, what is held for rounds that come in isn't bounded
// here: their partner has said yes to them.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "edge/capsules/mailbox.hpp"
#include "edge/capsules/worker.hpp"
#include "port/rounds.hpp"

namespace godwit {

class RoundMemory final : public Rounds {
 public:
  explicit RoundMemory(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  ~RoundMemory() override;

  [[nodiscard]] int wait_fd() const { return mail_.fd(); }

  void gather(RequestId round, std::span<std::byte const> arena, WrittenPages* written, bool whole) override;
  [[nodiscard]] std::span<std::byte> hold(RequestId round, std::uint64_t bytes) override;
  [[nodiscard]] std::span<std::byte> memory(RequestId round) override;
  void scatter(RequestId round, std::vector<msg::PageRange> ranges, std::span<std::byte> arena) override;
  void release(RequestId round) override;
  void abandon(RequestId round) override;
  std::vector<RoundEvent> poll() override { return mail_.take(); }

 private:
  using Memory = std::span<std::byte>;
  struct Round {
    Memory buffer;  // at least `bytes`
    std::uint64_t bytes{0};
    bool was_gathered{false};
  };

  Memory take(std::uint64_t bytes);
  void give_back(Memory buffer);
  void gathered(RequestId round, std::span<std::byte const> arena, std::vector<msg::PageRange> ranges);

  std::uint64_t const bytes_max_;
  std::mutex mutex_;  // over what follows
  std::map<RequestId, Round> rounds_;
  std::vector<Memory> idle_;
  std::uint64_t gathered_bytes_{0};
  Mailbox<RoundEvent> mail_;
  Worker worker_;  // last: ends first
};

}  // namespace godwit
