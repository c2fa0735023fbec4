// JobContext: what the runtime offers the job in this process. One thread: the job's.
#pragma once

#include <optional>
#include <string>

#include "base/random.hpp"
#include "base/time.hpp"
#include "edge/capsules/inside/arena.hpp"
#include "edge/capsules/link/control_block.hpp"
#include "edge/capsules/link/wire.hpp"
#include "godwit/job.hpp"
#include "state/manifest.hpp"

namespace godwit::inside {

class JobContext final : public Context {
 public:
  JobContext(ControlBlock& block, Arena& arena, capsule_wire::Prepare const& order);

  // ---- for the job
  void progress(std::uint64_t done, std::uint64_t total, std::string_view unit) override;
  std::uint64_t random() override { return random_(); }
  [[nodiscard]] Duration now() const override;
  std::string const& scratch() override;
  [[nodiscard]] int cores() const override { return cores_; }
  [[nodiscard]] int host() const override { return host_; }
  [[nodiscard]] std::uint64_t job() const override { return job_.value; }
  void move_to(int host) override { move_to_ = host; }

  // ---- for the runtime
  void allow_allocation(bool allowed) { may_allocate_ = allowed; }
  [[nodiscard]] bool made_scratch() const { return scratch_made_; }
  void run_clock(bool running);  // stopped at first
  void save(Manifest& manifest) const;
  void load(Manifest const& manifest);
  [[nodiscard]] bool wants_move() const { return move_to_.has_value(); }
  [[nodiscard]] std::optional<int> take_move() { return std::exchange(move_to_, std::nullopt); }

 private:
  void allocate_array(Scalar scalar, ArrayBase& array, std::vector<std::uint64_t> shape) override;

  ControlBlock& block_;
  Arena& arena_;
  JobId job_;
  int host_;
  int cores_;
  std::string scratch_;
  bool scratch_made_ = false;
  bool may_allocate_ = false;
  Random random_;
  Progress progress_;
  Duration ran_{0};
  std::optional<Instant> running_since_;
  std::optional<int> move_to_;
};

}  // namespace godwit::inside
