// What an array of many elements costs the allocator: memory while they wait, and what it allocates for each
// job from the submission to the last end (time is for benchmarks). Hosts that answer at once; each test
// prints what it measured.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>

#include "allocator/allocator.hpp"
#include "unit/allocation_count.hpp"

namespace godwit::allocator {
namespace {

constexpr WallTime start_of_day{1'700'000'000'000'000'000};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Two hosts that run each job in no time, one after another.
class Mill {
 public:
  explicit Mill(int hosts) : hosts_(hosts), queues_(static_cast<std::size_t>(hosts) + 1) {
    step(Began{Term{1}, hosts + 1, Duration{0}});
  }
  void join(int slots) {
    for (int rank = 1; rank <= hosts_; ++rank)
      step(Received{Rank{rank}, msg::Hello{rank, "node", 4, {slots, 0, {}, {}}}, Term{1}});
  }
  void submit(JobArray array) {
    JobType type;
    type.name = array.spec.type;
    type.parameters = {{"seed", "", ParameterKind::text, std::nullopt}};
    step(CommandReceived{CommandId{1}, "anna", cmd::Submit{{std::move(array)}}});
    step(TypesFound{sought_, std::vector{type}});
  }
  void step(Event const& event) {
    effects_.clear();
    now_ = now_ + 5us;
    allocator_.step(now_, start_of_day, event, effects_);
    for (auto& effect : effects_) {
      if (auto* send = std::get_if<Send>(&effect)) {
        if (auto* start = std::get_if<msg::StartJob>(&send->message))
          queues_[static_cast<std::size_t>(send->to.value)].emplace_back(start->job, start->epoch);
      } else if (auto* find = std::get_if<FindTypes>(&effect)) {
        sought_ = find->request;
      } else if (auto* reply = std::get_if<Reply>(&effect)) {
        answer_ = std::move(reply->answer);
      }
    }
  }
  // Until nobody has anything to do. How many ended.
  std::uint64_t run() {
    std::uint64_t ended = 0;
    for (bool any = true; any;) {
      any = false;
      for (std::size_t rank = 1; rank < queues_.size(); ++rank) {
        if (queues_[rank].empty()) continue;
        any = true;
        auto const [job, epoch] = queues_[rank].front();
        queues_[rank].pop_front();
        Rank const host{static_cast<std::int32_t>(rank)};
        step(Received{host, msg::JobStarted{job, epoch, std::nullopt, 0, false, {}}, Term{1}});
        step(Received{host, msg::JobEnded{job, epoch, {}}, Term{1}});
        ++ended;
      }
    }
    return ended;
  }
  void forget_effects() { effects_ = {}; }
  [[nodiscard]] Answer const& answer() const { return answer_; }
  [[nodiscard]] Ledger const& ledger() const { return allocator_.ledger(); }

 private:
  int hosts_;
  Allocator allocator_{Settings{}, Ledger{}};
  Instant now_{1'000'000'000};
  Effects effects_;
  RequestId sought_;
  Answer answer_;
  std::vector<std::deque<std::pair<JobId, Epoch>>> queues_;
};

JobArray sweep(std::uint32_t size) {
  JobSpec spec;
  spec.type = "nothing";
  spec.name = "sweep";
  spec.directory = "/home/anna";
  Axis seed;
  seed.name = "seed";
  seed.count = size;
  return {spec, {seed}};
}

TEST(AllocatorScale, AMillionWaitingElementsAreCheapAndQuicklyTaken) {
  constexpr std::uint32_t size = 1'000'000;
  {
    Mill mill(2);
    auto const before = live_bytes();
    auto const before_all = allocated_bytes();
    mill.submit(sweep(size));
    mill.forget_effects();
    auto const bytes = live_bytes() - before;
    EXPECT_TRUE(std::holds_alternative<cmd::Submitted>(mill.answer()));
    EXPECT_EQ(mill.ledger().counts().waiting, size);
    EXPECT_LT(bytes, 20'000U);
    EXPECT_LT(allocated_bytes() - before_all, 100'000U) << "its elements aren't looked at one by one";
    std::printf("a range of %u: %zu bytes in all\n", size, bytes);
  }
  auto lines = sweep(1);
  lines.axes[0].count = 0;
  for (std::uint32_t i = 0; i < size; ++i)
    lines.axes[0].values.push_back("systems/run-" + std::to_string(i) + "/input");
  Mill mill(2);
  auto const before = live_bytes();
  mill.submit(lines);
  mill.forget_effects();
  auto const bytes = live_bytes() - before;
  EXPECT_EQ(mill.ledger().counts().waiting, size);
  EXPECT_LT(bytes, 200ULL * size) << "with a value of its own for each";
  std::printf("%u values: %.0f bytes each\n", size, static_cast<double>(bytes) / size);
}

double allocated_per_job(std::uint32_t size) {
  Mill mill(2);
  mill.join(4);
  auto const before = live_bytes(), before_all = allocated_bytes();
  auto const start = std::chrono::steady_clock::now();
  mill.submit(sweep(size));
  mill.step(CommandReceived{CommandId{2}, "anna", cmd::Wait{{"1"}}});
  EXPECT_EQ(mill.run(), size);
  auto const took = 1e6 * seconds_since(start) / size;
  EXPECT_EQ(mill.ledger().counts().finished, size);
  EXPECT_TRUE(std::holds_alternative<cmd::Jobs>(mill.answer())) << "the wait is answered";
  mill.forget_effects();
  auto const bytes = static_cast<double>(live_bytes() - before) / size;
  EXPECT_LT(bytes, size < 20'000 ? 1000.0 : 100.0);
  auto const allocated = static_cast<double>(allocated_bytes() - before_all) / size;
  std::printf("%u jobs: %.0f bytes allocated for each, %.0f of them kept once ended; %.2f µs each\n", size,
              allocated, bytes, took);
  return allocated;
}

// With a sanitizer each costs half a millisecond.
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint32_t a_lot = 40'000;
#else
constexpr std::uint32_t a_lot = 200'000;
#endif

TEST(AllocatorScale, AJobCostsTheSameHoweverManyThereAre) {
  auto const few = allocated_per_job(20'000), many = allocated_per_job(a_lot);
  EXPECT_LT(many, 1.05 * few);
}

TEST(AllocatorScale, CancellingManyLooksAtNoneOfThem) {
  Mill mill(2);
  mill.join(4);
  mill.submit(sweep(200'000));
  auto const before = allocated_bytes();
  mill.step(CommandReceived{CommandId{2}, "anna", cmd::Cancel{"1"}});
  EXPECT_LT(allocated_bytes() - before, 100'000U);
  EXPECT_EQ(mill.ledger().counts().cancelled, 200'000U - 8);
}

}  // namespace
}  // namespace godwit::allocator
