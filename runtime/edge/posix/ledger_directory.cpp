#include "edge/posix/ledger_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "edge/posix/file.hpp"
#include "edge/posix/journal_log.hpp"
#include "edge/posix/journal_reader.hpp"

namespace godwit {
namespace {

// An empty log, if there is none: this number is nobody's then.
Status claim(std::filesystem::path const& ledger, Term term) {
  auto const path = journal_path(ledger, term);
  UniqueFd const file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (file || errno == EEXIST) return Done{};
  return retry_later("io_error", fmt::format("creating {}: {}", path.string(), errno_text(errno)));
}

Result<OpenedLedger> open_term(std::filesystem::path const& ledger, Term term, std::uint64_t log_bytes_min, WakeGroup& wake) {
  auto terms = terms_in(ledger);
  if (!terms) return terms.failure();
  for (auto below = terms->empty() ? Term{1} : terms->back().next(); below < term; below = below.next()) {
    if (auto claimed = claim(ledger, below); !claimed) return claimed.failure();
    terms->push_back(below);
  }
  if (!terms->empty() && terms->back() >= term) {
    return reject("term_taken", fmt::format("there is a log of term {} already", terms->back()));
  }
  auto journal = JournalLog::create(ledger, term);
  if (!journal) return journal.failure();
  OpenedLedger opened;
  opened.term = term;
  auto const read = read_journal(
      ledger, *terms,
      {[&](Term of, ByteView record) -> Status {
         opened.records.emplace_back(of, Bytes(record.begin(), record.end()));
         return Done{};
       },
       [&](ByteView part) -> Status {
         opened.base.emplace_back(part.begin(), part.end());
         return Done{};
       }},
      JournalUse::look);
  if (!read) return read.failure();
  (*journal)->set_log_bytes_min(log_bytes_min);
  (*journal)->follows_on(read->base_bytes, read->log_bytes);
  for (auto const& seal : read->seals) opened.seals.emplace_back(seal.term, seal.records);
  wake.add((*journal)->wait_fd());
  opened.journal = *std::move(journal);
  return opened;
}

}  // namespace

LedgerDirectory::LedgerDirectory(std::filesystem::path ledger, std::uint64_t log_bytes_min)
    : ledger_(std::move(ledger)), log_bytes_min_(log_bytes_min), done_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  invariant(static_cast<bool>(done_), "eventfd failed");
  wake_.add(done_.get());
}

LedgerDirectory::~LedgerDirectory() {
  if (thread_.joinable()) thread_.join();
}

void LedgerDirectory::open(RequestId request, Term term) {
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this, request, term] {
    auto result = open_term(ledger_, term, log_bytes_min_, wake_);
    {
      std::lock_guard const lock(mutex_);
      opened_.push_back({request, std::move(result)});
    }
    (void)!::eventfd_write(done_.get(), 1);
  });
}

std::vector<LedgerOpened> LedgerDirectory::poll() {
  eventfd_t count = 0;
  (void)!::eventfd_read(done_.get(), &count);
  std::lock_guard const lock(mutex_);
  return std::exchange(opened_, {});
}

}  // namespace godwit
