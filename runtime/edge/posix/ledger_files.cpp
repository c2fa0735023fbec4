#include "edge/posix/ledger_files.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace godwit {
namespace {

struct Named {
  SegmentId id;
  std::string_view kind;  // ".log"
};

std::optional<Named> named(std::string_view name) {
  Named named;
  auto const* const last = name.data() + name.size();
  auto [end, error] = std::from_chars(name.data(), last, named.id.term.value);
  if (error != std::errc{} || end == name.data()) return std::nullopt;
  if (end != last && *end == '-') {
    auto const* const begin = end + 1;
    auto const segment = std::from_chars(begin, last, named.id.segment);
    if (segment.ec != std::errc{} || segment.ptr == begin || named.id.segment == 0) return std::nullopt;
    end = segment.ptr;
  }
  named.kind = std::string_view(end, static_cast<std::size_t>(last - end));
  return named;
}

std::filesystem::path path_of(std::filesystem::path const& ledger, SegmentId id, char const* kind) {
  return ledger / (id.segment == 0 ? fmt::format("{:08}{}", id.term, kind) : fmt::format("{:08}-{}{}", id.term, id.segment, kind));
}

}  // namespace

std::vector<Term> LedgerFiles::terms() const {
  std::vector<Term> all;
  for (auto const& [term, segments] : logs) {
    if (segments.contains(0)) all.push_back(term);
  }
  return all;
}

Result<LedgerFiles> ledger_files(std::filesystem::path const& ledger) {
  LedgerFiles files;
  std::error_code error;
  for (std::filesystem::directory_iterator each(ledger, error), end; !error && each != end; each.increment(error)) {
    auto const name = each->path().filename().string();
    auto const one = named(name);
    if (!one) continue;
    if (one->kind == ".log") files.logs[one->id.term].insert(one->id.segment);
    if (one->kind == ".snapshot") files.snapshots.insert(one->id);
    if (one->kind == ".draft") files.drafts.insert(one->id);
  }
  if (error) return retry_later("io_error", fmt::format("listing {}: {}", ledger.string(), error.message()));
  return files;
}

std::vector<std::filesystem::path> paths_of(std::filesystem::path const& ledger, LedgerFiles const& files) {
  std::vector<std::filesystem::path> all;
  for (auto const& [term, segments] : files.logs) {
    for (auto const segment : segments) all.push_back(segment_path(ledger, {term, segment}));
  }
  for (auto const& id : files.snapshots) all.push_back(snapshot_path(ledger, id));
  for (auto const& id : files.drafts) all.push_back(draft_path(ledger, id));
  return all;
}

std::filesystem::path journal_path(std::filesystem::path const& ledger, Term term) {
  return path_of(ledger, {term, 0}, ".log");
}
std::filesystem::path segment_path(std::filesystem::path const& ledger, SegmentId id) {
  return path_of(ledger, id, ".log");
}
std::filesystem::path snapshot_path(std::filesystem::path const& ledger, SegmentId id) {
  return path_of(ledger, id, ".snapshot");
}
std::filesystem::path draft_path(std::filesystem::path const& ledger, SegmentId id) {
  return path_of(ledger, id, ".draft");
}

}  // namespace godwit
