// Journal in memory: record by record becomes durable as time passes.
#include "contract/journal.hpp"

#include "support/fake_rank0.hpp"

namespace godwit::contract {
namespace {

class Memory final : public JournalRig {
 public:
  Journal& journal() override { return journal_; }
  bool let_pass() override {
    bool const more = journal_.synced() < journal_.records.size();
    journal_.sync_one();
    return more;
  }
  std::vector<Bytes> survivors() override {
    auto records = journal_.records;
    records.resize(journal_.synced());
    return records;
  }
  void break_disk() override { journal_.broken = true; }

 private:
  test::FakeJournal journal_;
};

INSTANTIATE_TEST_SUITE_P(Simulated, JournalContract,
                         ::testing::Values(Adapter<JournalRig>{"memory", [] { return std::make_unique<Memory>(); }}));

}  // namespace
}  // namespace godwit::contract
