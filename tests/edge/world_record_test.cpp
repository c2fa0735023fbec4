// Shows what a world remembers of those before it: whose end is proven needn't be waited for, whose isn't is
// handed on from world to world until its lease is out, also through a world that ended cleanly or died at
// once. With processes of this node (one that has ended, and this test) and invented ones of another.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/world/world_record.hpp"
#include "edge/posix/file.hpp"
#include "edge/scratch.hpp"

namespace godwit {
namespace {

constexpr Duration lease = 16s, whole = 17s;  // with the sixteenth that clocks may differ

Process dead_process() {
  pid_t const child = ::fork();
  if (child == 0) ::_exit(0);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return {child, "here", "boot"};
}

Process const live{::getpid(), "here", "boot"};
Process const elsewhere{7, "there", "other boot"};

// One world after the other on the same store.
class WorldRecord : public ::testing::Test {
 protected:
  // A world begins, of these processes; what it has to wait.
  Duration begin(std::vector<Process> const& processes, bool all_quiesced) {
    remnants_ = read_remnants(scratch_.path(), all_quiesced, lease, here_);
    record(processes);
    return leases_left(remnants_, here_);
  }
  void record(std::vector<Process> const& processes) {
    EXPECT_TRUE(record_world(scratch_.path(), Term{1}, lease, processes, remnants_));
  }
  void write(std::string_view text) { EXPECT_TRUE(replace_file(scratch_.path() / "world.json", text, 0644)); }
  void pass(Duration time) { here_.now = here_.now + time; }

  testing::Scratch scratch_;
  Here here_{"here", "boot", Instant{1'000'000'000'000}};
  std::vector<Remnant> remnants_;
};

TEST_F(WorldRecord, OnlyWhatIsProvenToHaveEndedIsNotWaitedFor) {
  EXPECT_EQ(begin({dead_process()}, true), Duration{0}) << "the first world";
  EXPECT_EQ(begin({live}, false), Duration{0}) << "all have ended";
  EXPECT_EQ(begin({{live.pid, "here", "an earlier boot"}}, false), whole) << "one lives";
  EXPECT_EQ(begin({elsewhere}, true), whole) << "which it does still";
}

TEST_F(WorldRecord, AZygoteThatLivesMayHaveCapsules) {
  Process process = dead_process();
  process.zygote = live.pid;
  begin({process}, true);
  EXPECT_EQ(begin({dead_process()}, false), whole);
  pass(whole);
  EXPECT_EQ(begin({}, false), Duration{0});
}

TEST_F(WorldRecord, AnEarlierBootIsAProof) {
  begin({{live.pid, "here", "an earlier boot"}}, true);
  EXPECT_EQ(begin({}, false), Duration{0});
}

TEST_F(WorldRecord, WhoseEndIsNotProvenIsHandedOn) {
  begin({elsewhere}, true);
  EXPECT_EQ(begin({dead_process()}, false), whole);
  pass(1s);  // that world dies before it has waited the lease out
  EXPECT_EQ(begin({dead_process()}, false), whole - 1s);
  pass(1s);
  EXPECT_EQ(begin({dead_process()}, false), whole - 2s);
}

TEST_F(WorldRecord, ACleanEndProvesNothingAboutEarlierWorlds) {
  begin({elsewhere}, true);
  begin({dead_process()}, false);
  pass(1s);
  EXPECT_EQ(begin({dead_process()}, true), whole - 1s);
}

TEST_F(WorldRecord, IsForgottenWhenItsLeaseIsOut) {
  begin({elsewhere}, true);
  begin({dead_process()}, false);
  pass(whole - 1ns);
  EXPECT_EQ(still_leased(remnants_, here_).size(), 1u);
  pass(1ns);
  EXPECT_EQ(still_leased(remnants_, here_).size(), 0u);
  EXPECT_EQ(begin({dead_process()}, false), Duration{0});
  EXPECT_TRUE(remnants_.empty());
}

TEST_F(WorldRecord, InstantsOfAnotherBootTellNothing) {
  begin({elsewhere}, true);
  begin({dead_process()}, false);
  here_ = {"third", "third boot", here_.now};
  pass(10 * whole);
  EXPECT_EQ(begin({}, false), whole);
  // What was found over on the first node can be told there.
  here_ = {"here", "boot", here_.now};
  EXPECT_EQ(begin({}, true), Duration{0});
}

TEST_F(WorldRecord, AWorldThatWaitedLeavesNothingToItsSuccessors) {
  begin({elsewhere}, true);
  begin({dead_process()}, false);
  pass(whole);
  remnants_ = still_leased(remnants_, here_);  // as it does when it ends
  record({dead_process()});
  here_ = {"third", "third boot", here_.now};
  EXPECT_EQ(begin({}, true), Duration{0});
}

TEST_F(WorldRecord, ReadsVersionOne) {
  write(R"({"version": 1, "term": 3, "lease_ns": 16000000000,
            "ranks": [{"pid": 7, "node": "there", "boot_id": "other boot"}]})");
  EXPECT_EQ(begin({}, true), Duration{0});
  write(R"({"version": 1, "term": 3, "lease_ns": 16000000000,
            "ranks": [{"pid": 7, "node": "there", "boot_id": "other boot"}]})");
  EXPECT_EQ(begin({}, false), whole);
}

TEST_F(WorldRecord, ReadsVersionTwo) {
  write(R"({"version": 2, "term": 3, "lease_ns": 16000000000, "ranks": [],
            "before": [{"pid": 7, "node": "there", "boot_id": "other boot", "lease_ns": 32000000000,
                        "found_boot": "boot", "found_ns": 999000000000}]})");
  EXPECT_EQ(begin({}, true), 2 * whole - 1s);
}

TEST_F(WorldRecord, WhereThereIsNoTellingItWaits) {
  EXPECT_EQ(begin({}, false), whole) << "no file, though a world was there";
  pass(1s);
  EXPECT_EQ(begin({}, true), whole - 1s);
  pass(whole);
  write("{\"version\": 2, \"ran");
  EXPECT_EQ(begin({}, true), whole) << "whom it named is unknown";
}

}  // namespace
}  // namespace godwit
