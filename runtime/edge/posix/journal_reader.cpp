#include "edge/posix/journal_reader.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>

#include "base/archive.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/journal_format.hpp"

namespace godwit {
namespace {

Failure damaged(std::filesystem::path const& path, std::size_t offset, std::string_view what) {
  return data_lost(
      "ledger_damaged",
      fmt::format("{} is damaged at byte {}: {}. What happened after it isn't known any more, so no "
                  "runtime starts on this store; restore the file from a backup, or begin a new store",
                  path.string(), offset, what));
}

// "00000012.log" → 12
std::optional<Term> term_of(std::filesystem::path const& path) {
  auto const name = path.filename().string();
  Term term;
  auto const [end, error] = std::from_chars(name.data(), name.data() + name.size(), term.value);
  if (error != std::errc{} || end == name.data() || std::string_view(end) != ".log") return std::nullopt;
  return term;
}

struct LogRead {
  std::uint64_t records{0};
  std::size_t sound_bytes{0};  // up to a torn end
};

// At most `limit` records; what follows is left alone.
Result<LogRead> read_log(std::filesystem::path const& path, Term term, ByteView bytes, std::uint64_t limit,
                         std::function<Status(Term, ByteView)> const& each) {
  auto const expected = journal::header(term);
  if (limit == 0 || bytes.size() < expected.size()) return LogRead{};  // the crash came before the header was whole
  if (!std::equal(expected.begin(), expected.end(), bytes.begin())) {
    return damaged(path, 0, "this is no header of a ledger of this term and format version");
  }
  LogRead log{0, expected.size()};
  while (log.sound_bytes < bytes.size() && log.records < limit) {
    auto const rest = bytes.subspan(log.sound_bytes);
    auto const payload = journal::record_at(rest);
    if (!payload) {
      if (journal::any_record_in(rest.subspan(1))) {
        return damaged(path, log.sound_bytes, "this record doesn't have its checksum, and sound ones follow");
      }
      break;
    }
    if (auto taken = each(term, *payload); !taken) {
      return damaged(path, log.sound_bytes, taken.failure().context);
    }
    log.sound_bytes += journal::record_head_bytes + payload->size();
    ++log.records;
  }
  return log;
}

// A file that isn't there is an empty one: a candidate may have given up before it was made.
Result<std::string> text_of(std::filesystem::path const& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return std::string();
  return read_file(path, std::numeric_limits<std::size_t>::max() - 1);
}

// What the first record of a log says about the older ones; none: it begins no term.
std::optional<std::vector<log::Seal>> seals_in(ByteView record) {
  auto const event = decode<LedgerEvent>(record);
  if (!event) return std::nullopt;
  if (auto const* world = std::get_if<log::WorldBegan>(&*event)) return world->seals;
  if (auto const* begun = std::get_if<log::TermBegan>(&*event)) return begun->seals;
  return std::nullopt;
}

constexpr std::uint64_t all_records = std::numeric_limits<std::uint64_t>::max();

// Which logs count, and how many records of each: what the newest one that begins a term says. Where none does,
// nothing was ever decided.
Result<std::vector<log::Seal>> what_counts(std::filesystem::path const& ledger, std::vector<Term> const& terms) {
  for (auto term = terms.rbegin(); term != terms.rend(); ++term) {
    auto const path = journal_path(ledger, *term);
    auto const text = text_of(path);
    if (!text) return text.failure();
    std::optional<std::vector<log::Seal>> seals;
    auto const first = read_log(path, *term, view_of(*text), 1, [&](Term, ByteView record) -> Status {
      seals = seals_in(record);
      return Done{};
    });
    if (!first) return first.failure();
    if (!seals) continue;
    seals->push_back({*term, all_records});
    return *std::move(seals);
  }
  std::vector<log::Seal> all;
  for (auto const term : terms) all.push_back({term, all_records});
  return all;
}

}  // namespace

Result<std::vector<Term>> terms_in(std::filesystem::path const& ledger) {
  std::vector<Term> terms;
  std::error_code error;
  for (std::filesystem::directory_iterator each(ledger, error), end; !error && each != end;
       each.increment(error)) {
    if (auto const term = term_of(each->path())) terms.push_back(*term);
  }
  if (error) {
    return retry_later("io_error", fmt::format("listing {}: {}", ledger.string(), error.message()));
  }
  std::sort(terms.begin(), terms.end());
  return terms;
}

std::filesystem::path journal_path(std::filesystem::path const& ledger, Term term) {
  return ledger / fmt::format("{:08}.log", term);
}

Result<JournalRead> read_journal(std::filesystem::path const& ledger,
                                 std::function<Status(Term, ByteView)> const& each, JournalUse use) {
  auto const terms = terms_in(ledger);
  if (!terms) return terms.failure();
  return read_journal(ledger, *terms, each, use);
}

Result<JournalRead> read_journal(std::filesystem::path const& ledger, std::vector<Term> const& terms,
                                 std::function<Status(Term, ByteView)> const& each, JournalUse use) {
  auto const counting = what_counts(ledger, terms);
  if (!counting) return counting.failure();
  JournalRead journal;
  if (!terms.empty()) journal.newest = terms.back();
  for (auto const& [term, limit] : *counting) {
    auto const path = journal_path(ledger, term);
    auto const text = text_of(path);
    if (!text) return text.failure();
    auto const log = read_log(path, term, view_of(*text), limit, each);
    if (!log) return log.failure();
    journal.records += log->records;
    journal.seals.push_back({term, log->records});
    if (limit != all_records) {
      if (log->records == limit) continue;
      return damaged(path, log->sound_bytes,
                     fmt::format("{} records were there when the next term began, and now {}", limit, log->records));
    }
    if (log->sound_bytes == text->size()) continue;
    journal.cut.push_back(fmt::format("{}: {} torn bytes at {}", path.string(), text->size() - log->sound_bytes,
                                      log->sound_bytes));
    bool const cut = use == JournalUse::take_over && term == terms.back();
    if (cut && ::truncate(path.c_str(), static_cast<off_t>(log->sound_bytes)) != 0) {
      return retry_later("io_error", fmt::format("cutting {}: {}", path.string(), errno_text(errno)));
    }
  }
  return journal;
}

}  // namespace godwit
