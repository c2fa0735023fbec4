// References: "7", "7_3", "7_1-20", "7@failed", a name in the number's place, "last", "all".
// A job that is named exactly so comes first, whatever its name looks like.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "allocator/core.hpp"
#include "job/nearest.hpp"

namespace godwit::allocator {

namespace {

struct StateWord {
  char const* word;
  JobState state;
};
constexpr StateWord state_words[] = {
    {"waiting", JobState::waiting},     {"running", JobState::running}, {"suspended", JobState::suspended},
    {"finished", JobState::finished},   {"failed", JobState::failed},   {"cancelled", JobState::cancelled},
    {"stranded", JobState::stranded},   {"held", JobState::held},
};

Result<JobState> state_called(std::string_view word) {
  std::vector<std::string> known;
  for (auto const& one : state_words) {
    if (word == one.word) return one.state;
    known.emplace_back(one.word);
  }
  auto const near = nearest_name(word, known);
  return reject("bad_reference", fmt::format("@{}: jobs are {}{}", word, fmt::join(known, ", "),
                                             near.empty() ? "" : fmt::format(" (did you mean @{}?)", near)));
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto const [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Range {
  std::uint64_t first{0}, last{0};
};
std::optional<Range> range(std::string_view text) {
  auto const dash = text.find('-');
  auto const first = number(text.substr(0, dash));
  auto const last = dash == text.npos ? first : number(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  return Range{*first, *last};
}

}  // namespace

Failure Allocator::Core::no_such_job(std::string_view reference) const {
  auto const given = number(reference.substr(0, reference.rfind('_')));
  JobId const job{given.value_or(0)};
  bool const was = job.value > 0 && job < ledger.next_job() && ledger.counts(job).all() == 0;
  if (was) {
    return reject("job_forgotten", fmt::format("no such job: {} any more: it is over, and the runtime has forgotten it (--history)", job));
  }
  return reject("no_such_job", fmt::format("no such job: {}", reference));
}

// The single job or array that is called so.
std::optional<JobId> Allocator::Core::named(std::string_view reference) const {
  if (auto const at = names.find(reference); at != names.end()) return at->second;
  JobId job;
  if (reference == "last") {
    if (!ledger.jobs().empty()) job = ledger.jobs().rbegin()->first.array();
    if (!ledger.arrays().empty()) job = std::max(job, ledger.arrays().rbegin()->first);
  } else if (auto const given = number(reference); given && *given < ledger.next_job().value) {
    job.value = *given;
  }
  bool const known = record_of(job) != nullptr || ledger.array(job) != nullptr || ledger.forgotten(job) != nullptr;
  return known ? std::optional(job) : std::nullopt;
}

Choice Allocator::Core::whole(JobId job) const {
  Choice choice{job, {}, true};
  if (auto const* array = ledger.array(job)) choice.elements.insert(1, array->size);
  return choice;
}

JobCounts Allocator::Core::counts_of(Choice const& choice) const {
  if (choice.whole || choice.elements.empty()) return ledger.counts(choice.job);
  return ledger.counts(choice.job, choice.elements);
}

Result<Selection> Allocator::Core::resolve(cmd::JobReference const& reference, Past with) const {
  auto selection = resolve_any(reference);
  if (!selection || with == Past::included) return selection;
  for (auto const& choice : selection->choices) {
    if (auto const* identity = ledger.forgotten(choice.job)) {
      return reject("job_forgotten", fmt::format("job {} ({}) is over, and the runtime has forgotten all but its name (--history)", choice.job,
                                                 identity->type));
    }
  }
  return selection;
}

Result<Selection> Allocator::Core::resolve_any(cmd::JobReference const& reference) const {
  std::string_view text = reference;
  std::optional<JobState> state;
  if (auto const at = text.rfind('@'); at != text.npos && !names.contains(text)) {
    auto const word = state_called(text.substr(at + 1));
    if (!word) return word.failure();
    state = *word;
    text = text.substr(0, at);
  }
  Selection selection;
  if (text == "all") {
    for (auto const& [job, record] : ledger.jobs()) {
      if (job.element() == 0) selection.choices.push_back(whole(job));
    }
    for (auto const& [job, array] : ledger.arrays()) selection.choices.push_back(whole(job));
    std::ranges::sort(selection.choices, {}, &Choice::job);
  } else if (auto const job = named(text)) {
    selection.choices.push_back(whole(*job));
    selection.one = ledger.array(*job) == nullptr;
  } else if (text == "last") {
    return reject("no_such_job", "no such job: last (there is none yet)");
  } else {
    auto const bar = text.rfind('_');
    auto const base = bar == text.npos ? std::nullopt : named(text.substr(0, bar));
    auto const part = base ? range(text.substr(bar + 1)) : std::nullopt;
    if (!part) return no_such_job(reference);
    auto const* array = ledger.array(*base);
    if (array == nullptr) return reject("not_an_array", fmt::format("job {} is not an array", *base));
    if (part->first < 1 || part->last > array->size || part->first > part->last) {
      return reject("no_such_element", fmt::format("no such elements: {}; array {} has elements 1..{}", reference,
                                                   *base, array->size));
    }
    Choice choice{*base, {}, false};
    choice.elements.insert(static_cast<std::uint32_t>(part->first), static_cast<std::uint32_t>(part->last));
    selection.one = part->first == part->last;
    selection.choices.push_back(std::move(choice));
  }
  if (!state) return selection;
  selection.one = false;
  std::erase_if(selection.choices, [&](Choice& choice) {
    if (choice.elements.empty()) return ledger.counts(choice.job).of(*state) == 0;
    choice.whole = false;
    choice.elements = ledger.in_state(choice.job, *state).within(choice.elements);
    return choice.elements.empty();
  });
  return selection;
}

// Several references together; none: all jobs.
Result<Selection> Allocator::Core::resolve_all(std::vector<cmd::JobReference> const& references, Past with) const {
  if (references.empty()) return resolve("all");
  std::map<JobId, Choice> together;
  bool one = references.size() == 1;
  for (auto const& reference : references) {
    auto found = resolve(reference, with);
    // Of several, one without a name that is forgotten by now is no reason to tell nothing of the others.
    if (!found && with == Past::included && references.size() > 1 && found.failure().code == "job_forgotten") continue;
    if (!found) return found.failure();
    one = one && found->one;
    for (auto& choice : found->choices) {
      auto const [at, fresh] = together.try_emplace(choice.job, choice);
      if (fresh) continue;
      at->second.whole = at->second.whole || choice.whole;
      for (auto const& [first, last] : choice.elements.runs()) at->second.elements.insert(first, last);
    }
  }
  Selection selection;
  selection.one = one;
  for (auto& [job, choice] : together) selection.choices.push_back(std::move(choice));
  return selection;
}

}  // namespace godwit::allocator
