// A channel hands on what was said in order, each once, whatever becomes of the parcels: two ends whose parcels travel by
// routes that overtake each other, and of which one loses all that it carries when the route changes.
#include "custody/channel.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/random.hpp"

namespace godwit::custody {
namespace {

std::string text_of(Bytes const& bytes) { return {reinterpret_cast<char const*>(bytes.data()), bytes.size()}; }

std::vector<std::string> taken(Channel& channel, std::uint64_t number, std::string const& text) {
  std::vector<std::string> all;
  for (auto const& bytes : channel.take(number, to_bytes(text))) all.push_back(text_of(bytes));
  return all;
}

TEST(Channel, NumbersAndKeepsUntilItIsConfirmed) {
  Channel channel;
  EXPECT_EQ(channel.put(to_bytes("a")), 1U);
  EXPECT_EQ(channel.put(to_bytes("b")), 2U);
  EXPECT_EQ(channel.put(to_bytes("c")), 3U);
  channel.confirm(2);
  ASSERT_EQ(channel.unconfirmed().size(), 1U);
  EXPECT_EQ(channel.unconfirmed().front().number, 3U);
  channel.confirm(1);  // an older confirmation that comes late
  EXPECT_EQ(channel.unconfirmed().size(), 1U);
}

TEST(Channel, WaitsForWhatIsMissing) {
  Channel channel;
  EXPECT_TRUE(taken(channel, 3, "c").empty());
  EXPECT_TRUE(taken(channel, 2, "b").empty());
  EXPECT_EQ(channel.seen(), 0U);
  EXPECT_EQ(taken(channel, 1, "a"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(channel.seen(), 3U);
}

TEST(Channel, HearsNothingTwice) {
  Channel channel;
  EXPECT_EQ(taken(channel, 1, "a").size(), 1U);
  EXPECT_TRUE(taken(channel, 1, "a").empty());
  EXPECT_TRUE(taken(channel, 3, "c").empty());
  EXPECT_TRUE(taken(channel, 3, "c").empty());
  EXPECT_EQ(taken(channel, 2, "b"), (std::vector<std::string>{"b", "c"}));
}

// One direction, and its confirmations on the way back. Routes are queues; a lossy one forgets what it carries when it
// isn't used any more.
class Pair {
 public:
  explicit Pair(std::uint64_t seed) : random_(seed) {}

  void say() { send(from_.put(to_bytes(std::to_string(++said_)))); }
  void change_route() {
    bool const lost = random_.below(2) == 0;
    if (lost) routes_[route_].clear();
    route_ = 1 + random_.below(3);
    for (auto const& kept : from_.unconfirmed()) send(kept.number);
  }
  void arrive(std::size_t route) {
    auto& queue = routes_[route];
    if (queue.empty()) return;
    auto const number = queue.front();
    queue.pop_front();
    for (auto const& text : taken(to_, number, std::to_string(number))) {
      ASSERT_EQ(text, std::to_string(++heard_));
    }
    if (random_.below(3) == 0) from_.confirm(to_.seen());
  }
  void run(int turns) {
    for (int turn = 0; turn < turns; ++turn) {
      auto const what = random_.below(10);
      if (what < 4) say();
      else if (what < 9) arrive(1 + random_.below(3));
      else change_route();
    }
    change_route();
    for (int left = 0; left < 4 * turns; ++left) arrive(1 + static_cast<std::size_t>(left % 3));
  }
  [[nodiscard]] std::uint64_t said() const { return said_; }
  [[nodiscard]] std::uint64_t heard() const { return heard_; }
  void confirm() { from_.confirm(to_.seen()); }
  [[nodiscard]] std::size_t kept() const { return from_.unconfirmed().size(); }

 private:
  void send(std::uint64_t number) { routes_[route_].push_back(number); }

  Random random_;
  Channel from_, to_;
  std::map<std::size_t, std::deque<std::uint64_t>> routes_;
  std::size_t route_{1};
  std::uint64_t said_{0}, heard_{0};
};

TEST(Channel, SurvivesChangesOfRouteWithLosses) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Pair pair(seed);
    pair.run(300);
    EXPECT_EQ(pair.heard(), pair.said()) << "seed " << seed;
    pair.confirm();
    EXPECT_EQ(pair.kept(), 0U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace godwit::custody
