#include "policy/probing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace godwit::policy {
namespace {

using Question = Probe::Question;

constexpr std::int32_t doublings_max = 4;

constexpr std::array<std::pair<Heuristic, std::string_view>, 4> heuristics{
    {{Heuristic::random, "random"},
     {Heuristic::sender, "sender"},
     {Heuristic::receiver, "receiver"},
     {Heuristic::symmetric, "symmetric"}}};

}  // namespace

Result<Heuristic> heuristic_of(std::string_view name) {
  for (auto const& [heuristic, known] : heuristics) {
    if (name == known) return heuristic;
  }
  return reject("no_such_heuristic",
                fmt::format("no heuristic '{}': there are random, sender, receiver and symmetric", name));
}

std::string_view to_string(Heuristic heuristic) {
  return heuristics[static_cast<std::size_t>(heuristic)].second;
}

Probing::Probing(ProbingTuning tuning, std::vector<Rank> others)
    : tuning_(tuning), others_(std::move(others)) {}

std::optional<Probe> Probing::arrived(std::int64_t before, Instant now, Random& random) {
  if (tuning_.heuristic == Heuristic::receiver || before < tuning_.threshold) return std::nullopt;
  return begin(tuning_.heuristic == Heuristic::random ? Question::take_this : Question::take, now, random);
}

std::optional<Probe> Probing::ended(std::int64_t left, Instant now, Random& random) {
  bool const receives = tuning_.heuristic == Heuristic::receiver || tuning_.heuristic == Heuristic::symmetric;
  if (!receives || left >= tuning_.threshold) return std::nullopt;
  return begin(Question::give, now, random);
}

std::optional<Probe> Probing::begin(Question what, Instant now, Random& random) {
  if (asks() || others_.empty() || tuning_.probe_limit < 1 || now < not_before_) return std::nullopt;
  question_ = what;
  return ask(random);
}

// One that this round hasn't asked, each as likely; it goes to the front, with those that it has.
Probe Probing::ask(Random& random) {
  std::swap(others_[asked_], others_[asked_ + random.below(others_.size() - asked_)]);
  return {others_[asked_++], question_};
}

std::optional<Probe> Probing::refused(Instant now, Random& random) {
  if (!asks()) return std::nullopt;
  auto const limit = std::min(others_.size(), static_cast<std::size_t>(tuning_.probe_limit));
  if (asked_ < limit) return ask(random);
  asked_ = 0;
  not_before_ = now + tuning_.back_off * (1 << in_vain_);
  in_vain_ = std::min(in_vain_ + 1, doublings_max);
  return std::nullopt;
}

void Probing::agreed() {
  asked_ = 0;
  in_vain_ = 0;
}

bool Probing::answers(Question what, std::int64_t here) const {
  switch (what) {
    case Question::take:
      return here < tuning_.threshold;
    case Question::give:
      return here > tuning_.threshold;
    case Question::take_this:
      break;
  }
  return true;
}

void Probing::set_others(std::vector<Rank> others) {
  others_ = std::move(others);
  asked_ = 0;
}

}  // namespace godwit::policy
