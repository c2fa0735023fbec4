// CheckpointStore, Journal and Ledgers of tests/sim, on one simulated disk, under virtual time.
#include "contract/journal.hpp"
#include "contract/ledgers.hpp"
#include "contract/store.hpp"

#include "sim/ledgers.hpp"
#include "sim/store.hpp"

namespace godwit::contract {
namespace {

struct OneDisk {
  explicit OneDisk(std::uint64_t seed) : scheduler(seed), disk(seed, scheduler) {}
  sim::Scheduler scheduler;
  sim::SimDisk disk;
};

class SimStores final : public StoreRig, OneDisk {
 public:
  explicit SimStores(std::uint64_t seed)
      : OneDisk(seed), store_(disk, scheduler, seed, 1), elsewhere_(disk, scheduler, seed + 100, 2) {}
  CheckpointStore& store() override { return store_; }
  CheckpointStore& elsewhere() override { return elsewhere_; }
  bool let_pass() override { return scheduler.run_one(); }
  void damage(msg::ImageName const& image, Damage damage) override {
    if (damage == Damage::absent) {
      disk.images.erase(image.path);
    } else {
      disk.images.at(image.path).damaged = true;
    }
  }
  void obstruct(JobId, bool obstructed) override {
    disk.full_until = obstructed ? scheduler.now() + std::chrono::hours(1) : sim::Moment{0};
  }

 private:
  sim::SimStore store_, elsewhere_;
};

class SimLog final : public JournalRig, OneDisk {
 public:
  explicit SimLog(std::uint64_t seed) : OneDisk(seed), ledgers_(disk, scheduler, seed, 1) {
    ledgers_.on_journal = [this](sim::SimJournal& journal) { given_ = &journal; };
    auto opened = ledgers_.open_now(Term{1});
    EXPECT_TRUE(opened);
    if (opened) journal_ = std::move(opened->journal);
  }
  Journal& journal() override { return *journal_; }
  bool let_pass() override { return scheduler.run_one(); }
  std::vector<Bytes> survivors() override {
    auto const& log = disk.logs.at(Term{1});
    return {log.records.begin(), log.records.begin() + static_cast<std::ptrdiff_t>(log.durable)};
  }
  void break_disk() override { given_->break_off(); }

 private:
  sim::SimLedgers ledgers_;
  sim::SimJournal* given_{nullptr};
  std::unique_ptr<Journal> journal_;
};

class SimRanksLedgers final : public LedgersRig, OneDisk {
 public:
  explicit SimRanksLedgers(std::uint64_t seed)
      : OneDisk(seed), here_(disk, scheduler, seed, 1), elsewhere_(disk, scheduler, seed + 100, 2) {}
  Ledgers& here() override { return here_; }
  Ledgers& elsewhere() override { return elsewhere_; }
  bool let_pass() override { return scheduler.run_one(); }

 private:
  sim::SimLedgers here_, elsewhere_;
};

INSTANTIATE_TEST_SUITE_P(Sim, StoreContract, ::testing::ValuesIn(seeds<StoreRig, SimStores>()));
INSTANTIATE_TEST_SUITE_P(Sim, JournalContract, ::testing::ValuesIn(seeds<JournalRig, SimLog>()));
INSTANTIATE_TEST_SUITE_P(Sim, LedgersContract, ::testing::ValuesIn(seeds<LedgersRig, SimRanksLedgers>()));

}  // namespace
}  // namespace godwit::contract
