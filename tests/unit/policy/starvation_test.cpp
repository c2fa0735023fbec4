// Nobody starves: neither an account that waits, nor a large request behind small ones.
#include <gtest/gtest.h>

#include <random>

#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

// Accounts of small jobs keep the cluster full. Returns after how long that job was placed.
Duration served_after(Cluster& cluster, JobId job, std::vector<std::string> const& rivals, Duration at_most,
                      int seed) {
  std::mt19937 random(static_cast<unsigned>(seed));
  auto const begin = cluster.now;
  std::map<std::string, int> in_line;
  while (cluster.waiting.contains(job) && cluster.now - begin < at_most) {
    for (auto const& rival : rivals) {
      for (; in_line[rival] < 20; ++in_line[rival]) {
        cluster.submit(rival, cores(1), std::chrono::seconds(1 + random() % 20));
      }
    }
    for (auto const placed : cluster.place()) --in_line[cluster.jobs[placed].request.account];
    cluster.tick();
  }
  return cluster.now - begin;
}

class Starvation : public testing::TestWithParam<std::string> {};

TEST_P(Starvation, NotOfALargeRequestBehindOthersSmallOnes) {
  for (int seed = 1; seed <= 5; ++seed) {
    Cluster cluster(GetParam());
    cluster.hosts(3, 8);
    for (int i = 0; i < 24; ++i) cluster.submit("many", cores(1), std::chrono::seconds(1 + i % 20));
    cluster.place();
    auto const large = cluster.submit("large", cores(8), 5s);
    EXPECT_LT(served_after(cluster, large, {"many", "more"}, 1000s, seed), 120s) << "seed " << seed;
  }
}

TEST_P(Starvation, NotOfALargeRequestBehindItsOwnAccountsSmallOnes) {
  for (int seed = 1; seed <= 5; ++seed) {
    Cluster cluster(GetParam());
    cluster.hosts(1, 8);
    for (int i = 0; i < 8; ++i) cluster.submit("many", cores(1), std::chrono::seconds(1 + i));
    cluster.place();
    auto const large = cluster.submit("many", cores(8), 5s);
    EXPECT_LT(served_after(cluster, large, {"many", "more"}, 1000s, seed), 200s) << "seed " << seed;
  }
}

TEST_P(Starvation, NotOfAnAccount) {
  // By decay nobody counts for less than half a core: below a core one's share isn't served until others ran
  // for hours.
  auto const others = GetParam() == "decay" ? 2 : 5;
  for (int seed = 1; seed <= 3; ++seed) {
    Cluster cluster(GetParam(), {{.path = "many", .shares = others}, {.path = "more", .shares = others}});
    cluster.hosts(2, 4);
    std::mt19937 random(static_cast<unsigned>(seed));
    std::map<std::string, int> in_line;
    for (int second = 0; second < 300; ++second) {
      for (auto const* rival : {"many", "more"}) {
        for (; in_line[rival] < 20; ++in_line[rival])
          cluster.submit(rival, cores(1), std::chrono::seconds(1 + random() % 20));
      }
      for (auto const placed : cluster.place()) --in_line[cluster.jobs[placed].request.account];
      cluster.tick();
    }
    auto const one = cluster.submit("small", cores(1), 5s);
    EXPECT_LT(served_after(cluster, one, {"many", "more"}, 1000s, seed), 200s) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, Starvation,
                         testing::Values("up-down", "fair-tree", "round-robin", "decay"),
                         [](auto const& one) {
                           std::string name = one.param;
                           std::erase(name, '-');
                           return name;
                         });

// ---- reservations, step by step

struct Passed {
  Cluster cluster{"up-down", {}, {.patience = 10s}};
  JobId large;

  Passed() {
    cluster.hosts(2, 4);
    for (int i = 0; i < 7; ++i) cluster.submit("many", cores(1), 1000s);  // 4 on host 1, 3 on host 2
    cluster.place();
    large = cluster.submit("large", cores(4), 1000s);
  }
};

TEST(Reservation, IsMadeForWhoIsPassedOverForTooLong) {
  Passed passed;
  auto& cluster = passed.cluster;
  for (int second = 0; second < 30; ++second) cluster.tick();
  EXPECT_FALSE(cluster.scheduler.why_waiting(passed.large).reserved) << "nobody has passed it yet";
  auto const small = cluster.submit("many", cores(1), 1000s);
  EXPECT_EQ(cluster.place(), (std::vector<JobId>{small}));
  for (int second = 0; second < 9; ++second) cluster.tick();
  EXPECT_FALSE(cluster.scheduler.why_waiting(passed.large).reserved);
  cluster.tick();
  EXPECT_EQ(cluster.scheduler.why_waiting(passed.large).reserved, Rank{1}) << "all are as full: the first";
}

TEST(Reservation, NothingStartsThereButWhatIsAhead) {
  Passed passed;
  auto& cluster = passed.cluster;
  cluster.submit("many", cores(1), 1000s);
  cluster.place();
  for (int second = 0; second < 10; ++second) cluster.tick();
  auto const reserved = *cluster.scheduler.why_waiting(passed.large).reserved;
  std::vector<JobId> there;
  for (auto const& [id, job] : cluster.jobs) {
    if (job.host == reserved) there.push_back(id);
  }
  cluster.end(there[0]);
  auto const behind = cluster.submit("many", cores(1), 1000s);
  EXPECT_EQ(cluster.place(), std::vector<JobId>{});
  auto const why = cluster.scheduler.why_waiting(behind);
  EXPECT_EQ(why.what, Waiting::For::room);
  EXPECT_EQ(why.hosts.front(), "host 1: is kept for job 8");
  auto const ahead = cluster.submit("ahead", cores(1), 1000s);
  cluster.scheduler.set_scores({{"ahead", -900'000}});
  EXPECT_EQ(cluster.place(), (std::vector<JobId>{ahead}));
  for (int second = 0; second < 10; ++second) cluster.tick();  // for as long again
  cluster.end(there[1]);
  cluster.submit("ahead", cores(1), 1000s);
  cluster.scheduler.set_scores({{"ahead", -900'000}});
  EXPECT_EQ(cluster.place(), std::vector<JobId>{}) << "not for ever";
  cluster.end(there[2]);
  cluster.end(there[3]);
  cluster.end(ahead);
  EXPECT_EQ(cluster.place().size(), 1u);
  EXPECT_EQ(cluster.jobs[passed.large].host, reserved);
}

TEST(Reservation, EndsWithItsRequest) {
  Passed passed;
  auto& cluster = passed.cluster;
  cluster.submit("many", cores(1), 1000s);
  cluster.place();
  for (int second = 0; second < 10; ++second) cluster.tick();
  cluster.scheduler.leave(passed.large);
  cluster.end(JobId{1});
  cluster.submit("many", cores(1), 1000s);
  EXPECT_EQ(cluster.place().size(), 1u);
}

TEST(Reservation, IsElsewhereWhenItsHostIsGone) {
  Passed passed;
  auto& cluster = passed.cluster;
  cluster.submit("many", cores(1), 1000s);
  cluster.place();
  for (int second = 0; second < 10; ++second) cluster.tick();
  cluster.scheduler.set_host(Rank{1}, {.cores = 4}, false);
  cluster.tick();
  EXPECT_EQ(cluster.scheduler.why_waiting(passed.large).reserved, Rank{2});
}

}  // namespace
}  // namespace godwit::policy
