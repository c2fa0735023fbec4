// The ledger's logs: what a crash or a bad disk left of them, and records that are sound but say what no runtime would.
// An input is some terms' records, a log each, with a torn end; or, if it isn't, the bytes of one log after its header.
#include "fuzz/fuzz.hpp"

#include "base/archive.hpp"
#include "edge/posix/journal_format.hpp"
#include "edge/posix/journal_reader.hpp"
#include "fuzz/logs.hpp"
#include "ledger/ledger.hpp"

namespace godwit {
namespace {

std::filesystem::path fresh_directory() {
  auto const ledger = fuzz::scratch() / "ledger";
  std::filesystem::remove_all(ledger);
  std::filesystem::create_directory(ledger);
  return ledger;
}

void put_logs(std::filesystem::path const& ledger, ByteView input) {
  auto const logs = decode<fuzz::Logs>(input);
  if (!logs) {
    auto bytes = journal::head_of(journal::SegmentHead{Term{1}, 0, 0});
    bytes.insert(bytes.end(), input.begin(), input.end());
    return fuzz::put_file(journal_path(ledger, Term{1}), bytes);
  }
  for (auto const& log : *logs) {
    auto bytes = journal::head_of(journal::SegmentHead{log.term, 0, 0});
    for (auto const& record : log.records) {
      if (!record.empty()) journal::append_record(bytes, record);
    }
    bytes.insert(bytes.end(), log.torn.begin(), log.torn.end());
    fuzz::put_file(journal_path(ledger, log.term), bytes);
  }
}

struct Told {
  bool sound{false};
  std::vector<Bytes> records;
  std::size_t cut{0};
};

Told read_all(std::filesystem::path const& ledger, JournalUse use) {
  Told told;
  auto const read = read_journal(
      ledger,
      [&](Term, ByteView record) -> Status {
        told.records.emplace_back(record.begin(), record.end());
        return Done{};
      },
      use);
  told.sound = read.ok();
  if (read) {
    fuzz::require(read->records == told.records.size(), "records are miscounted");
    told.cut = read->cut.size();
  } else {
    fuzz::require(!read.failure().context.empty(), "a refusal without a reason");
  }
  return told;
}

// An event that is refused leaves the ledger as it was.
void fold(std::vector<Bytes> const& records) {
  Ledger ledger;
  for (auto const& record : records) {
    auto const event = decode<LedgerEvent>(record);
    if (!event) continue;
    auto const encoded = encode(*event);
    auto const again = decode<LedgerEvent>(encoded);
    fuzz::require(again.ok() && encode(*again) == encoded, "an event was read as another");
    auto const before = ledger;
    auto const applied = ledger.apply(*event);
    if (!applied) fuzz::require(ledger == before, "a refused event changed the ledger");
  }
  for (auto const& [job, record] : ledger.jobs()) fuzz::require(ledger.state(job) == record.state, "two states of one job");
  (void)ledger.electorate();
}

}  // namespace
}  // namespace godwit

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace godwit;
  godwit::fuzz::InputLimit const limit;
  auto const ledger = fresh_directory();
  put_logs(ledger, fuzz::bytes_of(data, size));
  auto const looked = read_all(ledger, JournalUse::look);
  auto const taken = read_all(ledger, JournalUse::take_over);
  fuzz::require(looked.sound == taken.sound && looked.records == taken.records, "who looks sees something else");
  if (!taken.sound) return 0;
  auto const again = read_all(ledger, JournalUse::take_over);
  fuzz::require(again.sound && again.records == taken.records && again.cut <= taken.cut, "cutting a torn end changed the records");
  fold(taken.records);
  return 0;
}
