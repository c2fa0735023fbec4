// Line is in the order of its places, whoever has come and gone before.
#include "policy/line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

#include "base/random.hpp"
#include "policy/scheduler_state.hpp"

namespace godwit::policy {
namespace {

TEST(Line, IsAsAMapWouldBe) {
  Random random(1);
  std::vector<Entry> entries(3000);
  std::map<LinePlace, Entry*> model;
  std::vector<LinePlace> gone;
  Line line;
  std::uint64_t last_job = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto const drawn = random.below(20);
    bool const grows = i % 2000 < 1000;
    if (drawn < (grows ? 12u : 4u)) {
      LinePlace place{random.below(8) == 0 ? 1 : 0, JobId{++last_job}};
      if (!gone.empty() && random.below(8) == 0) {  // it waits again
        place = gone.back();
        gone.pop_back();
      }
      auto& entry = entries[random.below(entries.size())];
      line.insert(place, entry);
      model.emplace(place, &entry);
    } else if (!model.empty()) {
      auto one = model.begin();
      if (random.below(3) == 0) std::advance(one, static_cast<std::ptrdiff_t>(random.below(model.size())));
      line.erase(one->first);
      if (random.below(4) == 0) line.erase(one->first);  // gone already
      gone.push_back(one->first);
      model.erase(one);
    }
    ASSERT_EQ(line.empty(), model.empty());
    ASSERT_EQ(line.first(), model.empty() ? nullptr : model.begin()->second) << "after " << i << " changes";
    if (i % 16 != 0) continue;
    std::vector<Entry const*> order, expected;
    static_cast<void>(line.first_that([&](Entry const& entry) {
      order.push_back(&entry);
      return false;
    }));
    for (auto const& [place, entry] : model) expected.push_back(entry);
    ASSERT_EQ(order, expected) << "after " << i << " changes";
    if (model.empty()) continue;
    auto const before = random.below(model.size());
    auto const at = std::next(model.begin(), static_cast<std::ptrdiff_t>(before));
    ASSERT_EQ(line.count_before(at->first), before);
    ASSERT_EQ(line.first_that([&](Entry const& entry) { return &entry == at->second; }), at->second);
  }
}

}  // namespace
}  // namespace godwit::policy
