// A manager hands on what it was granted where there is room, under the present version only; gives back what it hasn't
// handed on; and lets what nobody waits for wait for more.
#include "manager/manager.hpp"

#include <gtest/gtest.h>

namespace godwit::manager {
namespace {

constexpr Rank me{2}, other{3};
constexpr Term term{4};
using Haste = msg::Parcel::Haste;

class Rig {
 public:
  Rig() { order(msg::Managed{me, 7, {me, other}, 200ms}); }

  void step(Event const& event) {
    effects_.clear();
    manager_.step(now_, event, effects_);
  }
  void order(Message message) {
    EXPECT_TRUE(manager_.wants(message));
    step(Ordered{term, std::move(message)});
  }
  void start(std::uint64_t job) {
    msg::StartJob start;
    start.job = JobId{job};
    start.epoch = Epoch{1};
    start.for_group = true;
    order(start);
  }
  void room(Rank from, std::int32_t free, std::uint64_t handed = 0, std::uint64_t version = 7) {
    step(Told{from, {term, version, free, handed}});
  }
  void carry(Haste haste) {
    msg::Parcel parcel;
    parcel.host = other;
    parcel.up = true;
    parcel.haste = haste;
    step(Carry{parcel});
  }
  void expect_version(std::uint64_t version) { version_ = version; }
  void wait(Duration time) { now_ = now_ + time; }

  // Of the last step: "1>3" a hand-on of job 1 to host 3, "<1" given back, "^" passed on.
  [[nodiscard]] std::string did() const {
    std::string text;
    for (auto const& effect : effects_) {
      if (auto const* send = std::get_if<Send>(&effect)) {
        auto const& handed = std::get<msg::HandOn>(send->message);
        EXPECT_EQ(handed.version, version_);
        EXPECT_EQ(handed.term, term);
        EXPECT_FALSE(handed.start.for_group);
        text += std::to_string(handed.start.job.number()) + ">" + std::to_string(send->to.value) + " ";
      } else if (auto const* say = std::get_if<Say>(&effect)) {
        for (auto const& one : std::get<msg::GivenBack>(say->message).jobs) {
          text += "<" + std::to_string(one.job.number()) + " ";
        }
      } else if (std::holds_alternative<Pass>(effect)) {
        text += "^ ";
      }
    }
    return text;
  }
  [[nodiscard]] std::optional<Duration> armed() const {
    for (auto const& effect : effects_) {
      if (auto const* arm = std::get_if<Arm>(&effect)) return arm->at - now_;
    }
    return std::nullopt;
  }

 private:
  Manager manager_{me};
  std::uint64_t version_{7};
  Instant now_{1'000'000'000};
  Effects effects_;
};

TEST(Manager, HandsOnWhereThereIsRoom) {
  Rig rig;
  rig.start(1);
  EXPECT_EQ(rig.did(), "");  // nobody has said yet that it knows of this version
  rig.room(other, 2);
  EXPECT_EQ(rig.did(), "1>3 ");
  rig.start(2);
  EXPECT_EQ(rig.did(), "2>3 ");
  rig.start(3);
  EXPECT_EQ(rig.did(), "");  // it is full, though it hasn't said so
  rig.room(other, 1, 1);     // it has heard of the first only
  EXPECT_EQ(rig.did(), "");
  rig.room(other, 1, 2);  // one is over
  EXPECT_EQ(rig.did(), "3>3 ");
  rig.room(me, 1);
  rig.start(4);
  EXPECT_EQ(rig.did(), "4>2 ");
}

TEST(Manager, CountsOnNobodyOfAnotherVersion) {
  Rig rig;
  rig.start(1);
  rig.room(other, 4, 0, 6);
  EXPECT_EQ(rig.did(), "");
  rig.room(Rank{9}, 4);
  EXPECT_EQ(rig.did(), "");
}

// The two hear of a new version by links of their own.
TEST(Manager, RemembersWhoWasFasterToHearOfIt) {
  Rig rig;
  rig.room(other, 1, 0, 8);
  rig.order(msg::Managed{me, 8, {me, other}, 200ms});
  rig.expect_version(8);
  rig.start(1);
  EXPECT_EQ(rig.did(), "1>3 ");
}

TEST(Manager, GivesBackWhatItHasNotHandedOn) {
  Rig rig;
  rig.room(other, 1);
  for (std::uint64_t job = 1; job <= 5; ++job) rig.start(job);
  rig.order(msg::Recall{2});
  EXPECT_EQ(rig.did(), "<5 <4 ");  // those that would wait longest
  rig.order(msg::CancelJob{RequestId{1}, JobId{2}, Epoch{1}});
  EXPECT_EQ(rig.did(), "<2 ");
  EXPECT_FALSE(Manager{me}.wants(msg::CancelJob{RequestId{1}, JobId{1}, Epoch{1}}));  // the host's
  rig.order(msg::Managed{no_rank, 8, {}, 0ms});
  EXPECT_EQ(rig.did(), "<3 ");
  rig.room(other, 5, 1, 8);
  EXPECT_EQ(rig.did(), "");
  rig.start(6);
  EXPECT_EQ(rig.did(), "<6 ");
}

TEST(Manager, ManagesNoGroupThatHasEndedAlready) {
  Rig rig;
  rig.order(msg::Managed{no_rank, 9, {}, 0ms});
  rig.order(msg::Managed{me, 8, {me, other}, 200ms});
  rig.room(other, 1, 0, 8);
  rig.start(1);
  EXPECT_EQ(rig.did(), "<1 ");
}

TEST(Manager, LetsWhatNobodyWaitsForWait) {
  Rig rig;
  rig.carry(Haste::none);
  EXPECT_EQ(rig.did(), "");
  EXPECT_EQ(rig.armed(), 200ms);
  rig.wait(150ms);
  rig.carry(Haste::none);
  EXPECT_EQ(rig.armed(), std::nullopt);
  rig.wait(50ms);
  rig.step(TimerFired{});
  EXPECT_EQ(rig.did(), "^ ^ ");
  rig.carry(Haste::soon);
  EXPECT_EQ(rig.armed(), 50ms);
}

TEST(Manager, HurriesWithNewsWhileACoreIsIdle) {
  Rig rig;
  rig.carry(Haste::news);
  EXPECT_EQ(rig.armed(), 200ms);  // all are busy, as far as is known
  rig.room(other, 1);
  EXPECT_EQ(rig.armed(), 100ms);
  rig.start(1);  // and so is this one now
  EXPECT_EQ(rig.did(), "1>3 ");
  EXPECT_EQ(rig.armed(), 200ms);
}

TEST(Manager, PassesOnAtOnceWhatItDoesNotManage) {
  Rig rig;
  rig.carry(Haste::none);
  rig.order(msg::Managed{other, 8, {}, 0ms});
  EXPECT_EQ(rig.did(), "^ ");
  rig.carry(Haste::none);
  EXPECT_EQ(rig.did(), "^ ");
}

TEST(Manager, ForgetsAllUnderAnotherAllocator) {
  Rig rig;
  rig.start(1);
  rig.carry(Haste::none);
  rig.step(Deposed{});
  rig.room(other, 1);
  rig.step(TimerFired{});
  EXPECT_EQ(rig.did(), "");
}

}  // namespace
}  // namespace godwit::manager
