// Probing: how a host finds by itself another one to give a job to, or to take one from, without asking the
// allocator (Eager, Lazowska & Zahorjan 1986). A round is begun by a job's arrival (sender-initiated) or end
// (receiver-initiated), asks a few other hosts one after the other, none of them twice, and ends with the
// first that agrees. Sender-initiated is better where most hosts are idle, receiver-initiated where most are
// busy; symmetric does both.
//
// It only says whom to ask next and what to answer; who uses it sends and moves. Integers only, randomness
// handed in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace godwit::policy {

enum class Heuristic : std::uint8_t { random, sender, receiver, symmetric };

[[nodiscard]] Result<Heuristic> heuristic_of(std::string_view name);
[[nodiscard]] std::string_view to_string(Heuristic heuristic);

struct ProbingTuning {
  Heuristic heuristic{Heuristic::symmetric};
  std::int32_t threshold{2};    // jobs at a host, running and waiting, from which it is loaded
  std::int32_t probe_limit{3};  // hosts that a round asks
  Duration back_off{
      0};  // after a round in which nobody agreed, and doubled up to 16 times by each further one
};

struct Probe {
  enum class Question : std::uint8_t {
    take,       // will you take a job of mine?
    take_this,  // here is one: it isn't a question (random)
    give,       // have you a waiting job for me?
  };
  Rank whom;
  Question what{};

  bool operator==(Probe const&) const = default;
};

class Probing {
 public:
  // `others`: the hosts that may be asked, without this one.
  Probing(ProbingTuning tuning, std::vector<Rank> others);

  // A job came to a host that had so many, or ended and left so many: whom to ask, if anybody. One round at a
  // time: what happens while one is under way begins none.
  [[nodiscard]] std::optional<Probe> arrived(std::int64_t before, Instant now, Random& random);
  [[nodiscard]] std::optional<Probe> ended(std::int64_t left, Instant now, Random& random);

  // The one asked last has refused, or is gone: whom to ask next; none: the round is over.
  [[nodiscard]] std::optional<Probe> refused(Instant now, Random& random);
  // It has agreed, or there is nothing left to ask for: the round is over.
  void agreed();

  // What a host with so many jobs answers.
  [[nodiscard]] bool answers(Probe::Question what, std::int64_t here) const;

  void set_others(std::vector<Rank> others);  // ends a round
  [[nodiscard]] bool asks() const { return asked_ > 0; }

 private:
  std::optional<Probe> begin(Probe::Question what, Instant now, Random& random);
  Probe ask(Random& random);

  ProbingTuning tuning_;
  std::vector<Rank> others_;  // in front, those that this round has asked
  std::size_t asked_{0};      // 0: no round is under way
  Probe::Question question_{};
  std::int32_t in_vain_{0};  // rounds, in a row
  Instant not_before_;
};

}  // namespace godwit::policy
