// Several intervals told at once come to the same as one after the other: two schedulers with one history, of which one
// hears of each interval and the other only of how many there were.
#include <gtest/gtest.h>

#include <random>

#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

// A user's own may look at everything: this one's scores depend on the siblings' of the interval before.
class Envious final : public Policy {
 public:
  [[nodiscard]] std::string_view name() const override { return "envious"; }
  [[nodiscard]] std::int64_t after_interval(Standing const& standing, Duration) const override {
    auto const others = standing.sibling_score - standing.score;
    return (standing.score * 3 + others + standing.running_millicores + standing.waiting * 100) % 1'000'003;
  }
  [[nodiscard]] std::int64_t key(Standing const& standing) const override {
    return standing.score == 0 ? 0 : standing.score - standing.sibling_score / 2;
  }
};

std::unique_ptr<Policy> policy_of(std::string const& name) {
  return name == "envious" ? std::make_unique<Envious>() : policy_named(name);
}

class Twins {
 public:
  Twins(std::string const& policy, unsigned seed)
      : random_(seed), each_(tuning(seed), policy_of(policy), rules()), at_once_(tuning(seed), policy_of(policy), rules()) {
    for (std::int32_t host = 1; host <= hosts; ++host) both([&](auto& one) { one.set_host(Rank{host}, {.cores = 4 + host}, true); });
  }

  void something() {
    for (auto count = below(4); count > 0; --count) submit();
    for (auto count = below(3); count > 0 && !running_.empty(); --count) end();
    place();
    if (below(20) == 0) close_or_open();
    pass(1 + below(below(5) == 0 ? 200 : 4));
  }

  void check() {
    auto const &a = each_.tree(), &b = at_once_.tree();
    ASSERT_EQ(a.size(), b.size());
    for (Node node = 0; node < a.size(); ++node) {
      auto const &x = a[node].standing, &y = b[node].standing;
      EXPECT_EQ(x.score, y.score) << a[node].path;
      EXPECT_EQ(x.sibling_score, y.sibling_score) << a[node].path;
      EXPECT_EQ(x.entitled_millicores, y.entitled_millicores) << a[node].path;
    }
    EXPECT_EQ(each_.order(), at_once_.order());
    EXPECT_EQ(each_.heads(), at_once_.heads());
    EXPECT_EQ(each_.kept(), at_once_.kept());
    kept_ += each_.kept().size();
  }
  [[nodiscard]] std::size_t kept() const { return kept_; }
  [[nodiscard]] std::size_t placed() const { return placed_; }

 private:
  static constexpr std::int32_t hosts = 3;

  static Tuning tuning(unsigned seed) {
    Tuning tuning;
    tuning.patience = std::chrono::milliseconds(500 + seed * 2700);  // not whole intervals
    return tuning;
  }
  static ShareTree rules() { return tree_of({{.path = "chem", .shares = 3}, {.path = "chem/anna", .cores_max = 6}}); }
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  template <class What>
  void both(What what) {
    what(each_);
    what(at_once_);
  }

  void submit() {
    static std::vector<std::string> const accounts{"chem/anna", "chem/ben", "phys/carl", "phys/dora", "emil"};
    Request request{.job = JobId{++submitted_}, .account = accounts[below(accounts.size())]};
    request.demand = cores(static_cast<std::int32_t>(below(4) == 0 ? 5 + below(3) : 1 + below(2)));
    requests_[request.job] = request;
    both([&](auto& one) { one.wait(request); });
  }
  void end() {
    auto at = running_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(running_.size())));
    both([&](auto& one) { one.release(at->first, at->second); });
    running_.erase(at);
  }
  void place() {
    while (true) {
      auto const placement = each_.next(now_), other = at_once_.next(now_);
      ASSERT_EQ(placement.has_value(), other.has_value());
      if (!placement) return;
      ASSERT_EQ(placement->job, other->job);
      ASSERT_EQ(placement->host, other->host);
      both([&](auto& one) {
        one.leave(placement->job);
        one.occupy(requests_.at(placement->job), placement->host, now_);
      });
      running_[placement->job] = placement->host;
      ++placed_;
    }
  }
  void close_or_open() {
    Rank const host{static_cast<std::int32_t>(1 + below(hosts))};
    bool const open = below(3) > 0;
    both([&](auto& one) { one.set_host(host, {.cores = 4 + host.value}, open); });
  }
  void pass(std::uint64_t count) {
    for (std::uint64_t passed = 0; passed < count; ++passed) {
      now_ = now_ + 1s;
      each_.interval(now_);
    }
    at_once_.intervals(now_, static_cast<std::int64_t>(count));
  }

  std::mt19937_64 random_;
  Scheduler each_, at_once_;
  Instant now_;
  std::uint64_t submitted_{0};
  std::map<JobId, Request> requests_;
  std::map<JobId, Rank> running_;
  std::size_t kept_{0}, placed_{0};
};

class Intervals : public testing::TestWithParam<std::string> {};

TEST_P(Intervals, AtOnceComeToTheSame) {
  std::size_t kept = 0;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    Twins twins(GetParam(), seed);
    for (int step = 0; step < 150 && !HasFailure(); ++step) {
      twins.something();
      twins.check();
    }
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    EXPECT_GT(twins.placed(), 20U);
    kept += twins.kept();
  }
  EXPECT_GT(kept, 0U);
}

INSTANTIATE_TEST_SUITE_P(Policies, Intervals, testing::Values("up-down", "fair-tree", "decay", "round-robin", "envious"),
                         [](auto const& of) {
                           std::string name = of.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace godwit::policy
