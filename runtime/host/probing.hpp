// What a host remembers of its probing: how hosts find by themselves another one that takes a job, or has one to give, is
// policy/probing.hpp's; here is the round that is under way. Private to this folder.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/random.hpp"
#include "host/host.hpp"
#include "message/message.hpp"
#include "policy/probing.hpp"

namespace godwit::host {

struct ProbingState {
  explicit ProbingState(ProbingSettings const& settings, Rank self)
      : probing(settings.tuning, {}), random(settings.seed * 31 + static_cast<std::uint64_t>(self.value)) {}

  policy::Probing probing;
  Random random;
  std::vector<Rank> others;           // as Probing knows them
  std::optional<RequestId> question;  // of the round: answers to older ones are of no interest
  Rank asked{no_rank};
  bool gives{false};                  // it is a job of ours that the round is about
  std::optional<RequestId> patience;  // for the answer
  std::map<JobId, Instant> offered;   // jobs of ours, when last
  std::optional<Instant> taking;      // since it agreed to take one, which hasn't come yet
};

}  // namespace godwit::host
