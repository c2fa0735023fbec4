// `godwit history`: what the store's ledger says about a job, or about the runtimes and the commands they
// were given. Reads the ledger itself: no runtime is needed, and one that is writing it isn't disturbed.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>

#include "app/godwit/chronicle.hpp"
#include "app/godwit/format.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/outcome.hpp"
#include "app/godwit/store_ledger.hpp"
#include "app/godwit/verbs.hpp"

namespace godwit::cli {
namespace {

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  auto const* last = text.data() + text.size();
  auto const [end, error] = std::from_chars(text.data(), last, number);
  return error == std::errc{} && end == last && number > 0 ? std::optional(number) : std::nullopt;
}

// There is no event of it: was there ever any?
Failure unknown_job(std::filesystem::path const& store, std::string const& word) {
  auto const ledger = read_ledger(store);
  if (ledger) {
    auto const named = ledger->identities().find(word);
    auto const number = number_of(word);
    if (named != ledger->identities().end() || (number && *number < ledger->next_job().value)) {
      auto const what = named == ledger->identities().end() ? word : fmt::format("{} ({})", named->second.job, word);
      return reject("job_forgotten", fmt::format("job {} is over, and its history is forgotten; 'godwit start --history' says how long it is "
                                                 "kept",
                                                 what));
    }
  }
  return reject("no_such_job", fmt::format("no such job: {}", word));
}

// "7", "7_3", "sweep", "sweep_3", "last".
Result<JobId> find_job(std::filesystem::path const& store, std::string const& word) {
  std::map<std::string, std::uint32_t> names;
  std::uint32_t newest = 0;
  auto const read = read_events(store, [&](LedgerEvent const& event) {
    auto const appeared = [&](JobId job, std::string const& name) {
      newest = job.number();
      if (!name.empty()) names[name] = newest;
    };
    if (auto const* submitted = std::get_if<log::Submitted>(&event)) {
      appeared(submitted->job, submitted->work.spec.name);
    } else if (auto const* cloned = std::get_if<log::Cloned>(&event)) {
      appeared(cloned->job, cloned->spec.name);
    } else if (auto const* recovered = std::get_if<log::Recovered>(&event)) {
      appeared(recovered->job, recovered->spec.name);
    }
  });
  if (!read) return read.failure();
  auto const of_text = [&](std::string const& text) -> std::optional<std::uint32_t> {
    if (auto const number = number_of(text)) return *number <= newest ? number : std::nullopt;
    if (text == "last" && newest > 0) return newest;
    auto const named = names.find(text);
    return named == names.end() ? std::nullopt : std::optional(named->second);
  };
  if (auto const whole = of_text(word)) return JobId{*whole};
  auto const bar = word.rfind('_');
  auto const element =
      bar == std::string::npos ? std::nullopt : number_of(std::string_view(word).substr(bar + 1));
  auto const array = bar == std::string::npos ? std::nullopt : of_text(word.substr(0, bar));
  if (element && array) return JobId::of_element(*array, *element);
  return unknown_job(store, word);
}

// What became of an array's elements, whose own events would be too many to tell.
struct Elements {
  std::map<std::string, std::uint64_t> counts;
  std::size_t named{0};
  bool any{false};
};

// Gathers the entries of one job; of a whole array also the failures among its elements.
class JobStory {
 public:
  explicit JobStory(JobId job) : job_(job) {}

  void take(LedgerEvent const& event) {
    auto entry = entry_of(event);
    if (entry.at.unix_ns > 0) now_ = entry.at;
    if (auto const* submitted = std::get_if<log::Submitted>(&event); submitted != nullptr) {
      if (submitted->job != job_.array()) return;
      exists_ = job_.element() <= (submitted->work.is_array() ? submitted->work.size() : 0);
      live_ = exists_;
      left_ = submitted->work.size();
      if (job_.element() > 0 && exists_) entry = entry_of_element(*submitted, job_);
    } else if (auto const* cancelled = std::get_if<log::ElementsCancelled>(&event); cancelled != nullptr) {
      if (!concerns(*cancelled)) return;
      if (job_.element() == 0) {
        for (auto const& [first, last] : cancelled->runs) left_ -= last - first + 1;
        live_ = left_ > 0;
        entries_.push_back(std::move(entry));
        return;
      }
      entry.job = job_;
      entry.what = "cancelled before it began" + (cancelled->reason.empty() ? "" : ": " + cancelled->reason);
      live_ = false;
    } else if (auto const* recovered = std::get_if<log::Recovered>(&event); recovered != nullptr) {
      if (recovered->job.array() != job_.array()) return;
      if (recovered->job == job_ || job_.element() == 0) exists_ = live_ = true;
      ++left_;
      if (recovered->job != job_) return;
    } else if (auto const* again = std::get_if<log::ElementsRetried>(&event); again != nullptr) {
      if (!concerns_runs(again->array, again->runs)) return;
      if (job_.element() == 0) {
        for (auto const& [first, last] : again->runs) left_ += last - first + 1;
      }
      entry.job = job_;
      live_ = true;
    } else if (entry.job && *entry.job != job_) {
      if (job_.element() > 0 || entry.job->array() != job_) return;
      if (std::holds_alternative<log::Ended>(event)) live_ = --left_ > 0;
      if (std::holds_alternative<log::Retried>(event)) live_ = ++left_ > 0;
      if (!worth_telling(entry)) return;
    } else if (!entry.job && !(live_ && concerns_all(event))) {
      return;
    }
    if (entry.host != no_rank && entry.job) host_ = entry.host;
    if (std::holds_alternative<log::Ended>(event) && entry.job == job_) live_ = false;
    if (std::holds_alternative<log::Retried>(event) && entry.job == job_) live_ = true;
    if (entry.at.unix_ns == 0) approximate_.push_back(entries_.size());
    if (entry.at.unix_ns == 0) entry.at = now_;
    entries_.push_back(std::move(entry));
  }

  [[nodiscard]] bool exists() const { return exists_; }
  [[nodiscard]] std::vector<Entry> const& entries() const { return entries_; }
  [[nodiscard]] bool is_approximate(std::size_t entry) const {
    return std::binary_search(approximate_.begin(), approximate_.end(), entry);
  }
  [[nodiscard]] Elements const& elements() const { return elements_; }

 private:
  using Runs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  [[nodiscard]] bool concerns(log::ElementsCancelled const& event) const { return concerns_runs(event.array, event.runs); }
  [[nodiscard]] bool concerns_runs(JobId array, Runs const& runs) const {
    if (array != job_.array() || job_.element() == 0) return array == job_.array();
    return std::any_of(runs.begin(), runs.end(), [&](auto const& run) {
      return run.first <= job_.element() && job_.element() <= run.second;
    });
  }
  // A new runtime frees every job; a lost host those it had.
  [[nodiscard]] bool concerns_all(LedgerEvent const& event) const {
    if (auto const* lost = std::get_if<log::HostLost>(&event)) return lost->host == host_;
    return std::holds_alternative<log::WorldBegan>(event);
  }
  // Of an element, in the story of its array.
  bool worth_telling(Entry const& entry) {
    elements_.any = true;
    ++elements_.counts[entry.event];
    bool const bad = entry.event == "failed" || entry.event == "crashed";
    return bad && elements_.named++ < failed_named_max;
  }

  JobId job_;
  bool exists_{false}, live_{false};
  std::uint64_t left_{0};  // elements that have not ended
  Rank host_{no_rank};
  WallTime now_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> approximate_;
  Elements elements_;
};

Json json_of_entry(Entry const& entry) {
  Json json{{"at", entry.at.unix_ns == 0 ? Json() : Json(spell_time_utc(entry.at))},
            {"event", entry.event},
            {"what", entry.what}};
  if (entry.job) json["job"] = json_of(*entry.job);
  if (entry.host != no_rank) json["host"] = entry.host.value;
  if (entry.epoch.value > 0) json["epoch"] = entry.epoch.value;
  if (!entry.who.empty()) json["who"] = entry.who;
  if (entry.event == "commanded") json["refusal"] = entry.refusal.empty() ? Json() : Json(entry.refusal);
  return json;
}

void print_story(JobStory const& story, JobId job) {
  Table table({{"TIME"}, {"JOB", Table::Align::right}, {"EPOCH", Table::Align::right}, {"WHAT"}});
  for (std::size_t i = 0; i < story.entries().size(); ++i) {
    auto const& entry = story.entries()[i];
    table.add({(story.is_approximate(i) ? "~" : "") + spell_time(entry.at),
               entry.job ? fmt::format("{}", *entry.job) : "–",
               entry.epoch.value == 0 ? "–" : fmt::format("{}", entry.epoch), entry.what});
  }
  fmt::print("{}", table.text());
  auto const& elements = story.elements();
  if (!elements.any) return;
  std::string counts;
  for (auto const& [event, count] : elements.counts) {
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", spell_count(count), event);
  }
  fmt::print("of its elements: {}; 'godwit history {}_1' tells one's\n", counts, job);
}

int history_of_job(Invocation const& invocation, std::string const& word) {
  auto const job = find_job(invocation.store(), word);
  if (!job) return invocation.complain(job.failure());
  JobStory story(*job);
  auto const read = read_events(invocation.store(), [&](LedgerEvent const& event) { story.take(event); });
  if (!read) return invocation.complain(read.failure());
  if (!story.exists()) return invocation.complain(unknown_job(invocation.store(), word));
  if (!invocation.json) {
    print_story(story, *job);
    return exit_done;
  }
  auto list = Json::array();
  for (std::size_t i = 0; i < story.entries().size(); ++i) {
    list.push_back(json_of_entry(story.entries()[i]));
    if (story.is_approximate(i)) list.back()["at_is_approximate"] = true;
  }
  print_json(list);
  return exit_done;
}

// Who gave which command when, and the runtimes that came and went.
int history_of_store(Invocation const& invocation) {
  std::vector<Entry> entries;
  auto const read = read_events(invocation.store(), [&](LedgerEvent const& event) {
    bool const told =
        std::holds_alternative<log::Commanded>(event) || std::holds_alternative<log::WorldBegan>(event) ||
        std::holds_alternative<log::WorldEnded>(event) || std::holds_alternative<log::HostLost>(event);
    if (told) entries.push_back(entry_of(event));
  });
  if (!read) return invocation.complain(read.failure());
  if (invocation.json) {
    auto list = Json::array();
    for (auto const& entry : entries) list.push_back(json_of_entry(entry));
    print_json(list);
    return exit_done;
  }
  Table table({{"TIME"}, {"WHO"}, {"WHAT"}});
  for (auto const& entry : entries) {
    table.add({spell_time(entry.at), entry.who.empty() ? "–" : entry.who,
               entry.what + (entry.refusal.empty() ? "" : " — refused: " + entry.refusal)});
  }
  fmt::print("{}", table.text());
  return exit_done;
}

}  // namespace

void add_history(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(
      app, invocation, "history", "What became of a job, or who gave which command; works without a runtime",
      "godwit history          # runtimes and commands\ngodwit history plate\ngodwit history 7_3");
  auto job = std::make_shared<std::string>();
  verb.add_option("JOB", *job, one_job_help)->type_name("");
  verb.callback([&invocation, job] {
    invocation.action = [&invocation, job] {
      return job->empty() ? history_of_store(invocation) : history_of_job(invocation, *job);
    };
  });
}

}  // namespace godwit::cli
