// Starts has the first and the latest starts of those that are left, whoever has gone in between.
#include "policy/starts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "base/random.hpp"

namespace godwit::policy {
namespace {

Instant at(std::int64_t ns) { return Instant{ns}; }

TEST(Starts, AreAsASetWouldHaveThem) {
  Random random(1);
  Starts starts;
  std::set<std::pair<Instant, JobId>> model;
  std::int64_t now = 0;
  std::uint64_t last_job = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto const drawn = random.below(20);
    bool const grows = i % 2000 < 1000;
    if (drawn < (grows ? 12u : 5u)) {
      now += static_cast<std::int64_t>(random.below(2));  // some at one instant
      auto const job = JobId{++last_job};
      starts.insert(at(now), job);
      model.emplace(at(now), job);
    } else if (drawn == 19) {  // moved: it counts from when it came to where it is now
      auto const since = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(now) + 1));
      auto const job = JobId{++last_job};
      starts.insert(at(since), job);
      model.emplace(at(since), job);
    } else if (!model.empty()) {
      auto one = model.begin();
      std::advance(one, static_cast<std::ptrdiff_t>(random.below(std::min<std::uint64_t>(model.size(), 20))));
      starts.erase(one->first, one->second);
      if (random.below(4) == 0) starts.erase(one->first, one->second);  // gone already
      if (random.below(8) == 0) {
        starts.insert(one->first, one->second);  // and back at that instant
      } else {
        model.erase(one);
      }
    }
    ASSERT_EQ(starts.first(), model.empty() ? for_ever : model.begin()->first) << "after " << i << " changes";
    if (i % 16 != 0) continue;
    auto const by = at(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(now) + 2)));
    std::vector<JobId> jobs, expected;
    static_cast<void>(starts.latest_that(by, [&](JobId job) {
      jobs.push_back(job);
      return false;
    }));
    for (auto one = model.rbegin(); one != model.rend(); ++one) {
      if (one->first <= by) expected.push_back(one->second);
    }
    ASSERT_EQ(jobs, expected) << "after " << i << " changes";
  }
}

TEST(Starts, OfThoseThatWillDoTheLatestIsFound) {
  Starts starts;
  for (int i = 1; i <= 5; ++i) starts.insert(at(i), JobId{static_cast<std::uint64_t>(i)});
  starts.erase(at(4), JobId{4});
  auto const is_even = [](JobId job) { return job.value % 2 == 0; };
  EXPECT_EQ(starts.latest_that(at(5), is_even), JobId{2});
  EXPECT_EQ(starts.latest_that(at(1), is_even), std::nullopt);
}

}  // namespace
}  // namespace godwit::policy
