// Shows when an end is proven across nodes, and when it isn't: by connections over loopback to a real lifeline, held by real
// processes, and to listeners that behave as nothing of ours would.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

#include "edge/child.hpp"
#include "edge/posix/lifeline.hpp"
#include "edge/posix/lifeline_watch.hpp"
#include "edge/posix/tcp.hpp"

namespace godwit::lifeline_test {
namespace {

using namespace std::chrono_literals;
using test::Child;
using test::eventually;

// Long enough for what would be wrong to be seen, where it is.
bool stays_unproven(LifelineWatch& watch) {
  for (int i = 0; i < 200; ++i) {
    if (!watch.take_dead().empty()) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// Somebody who listens, and does what the test says.
struct Stranger {
  Stranger() : socket(std::move(*bind_tcp("127.0.0.1"))) { ::listen(socket.fd.get(), 8); }
  [[nodiscard]] LifelineName name(std::string const& secret) const { return {{"127.0.0.1"}, socket.port, secret}; }
  // The next who comes, while `watch` is looked after.
  UniqueFd accept(LifelineWatch& watch) const {
    UniqueFd guest;
    EXPECT_TRUE(eventually([&] {
      EXPECT_TRUE(watch.take_dead().empty());
      guest = UniqueFd(::accept(socket.fd.get(), nullptr, nullptr));
      return static_cast<bool>(guest);
    }));
    return guest;
  }
  BoundTcp socket;
};

void say(UniqueFd const& guest, std::string const& words) { ::send(guest.get(), words.data(), words.size(), MSG_NOSIGNAL); }

TEST(Lifeline, AnEndIsProvenOnceNobodyHoldsItAnyMore) {
  auto own = Lifeline::open();
  ASSERT_TRUE(own);
  ASSERT_TRUE(own->listen());
  auto name = own->name();
  name.addresses = {"127.0.0.1"};
  Child host([&own] {
    for (;; std::this_thread::sleep_for(1ms)) own->tend();
  });
  Child zygote;
  *own = std::move(*Lifeline::open());  // this process holds it no longer
  LifelineWatch watch;
  watch.watch(7, name);
  watch.watch(7, name);
  EXPECT_TRUE(stays_unproven(watch)) << "both live";
  host.end();
  EXPECT_TRUE(stays_unproven(watch)) << "the zygote lives";
  zygote.end();
  std::vector<int> dead;
  EXPECT_TRUE(eventually([&] {
    dead = watch.take_dead();
    return !dead.empty();
  }));
  EXPECT_EQ(dead, std::vector<int>{7});
  watch.watch(7, name);
  EXPECT_TRUE(stays_unproven(watch)) << "told once";
}

TEST(Lifeline, WhereNobodyWasFoundNothingIsProven) {
  LifelineWatch watch;
  {
    Stranger gone;
    watch.watch(1, gone.name("secret"));
    auto const guest = gone.accept(watch);
  }
  Stranger refusing;
  auto const name = refusing.name("secret");
  refusing.socket.fd.reset();
  watch.watch(2, name);
  EXPECT_TRUE(stays_unproven(watch));
}

TEST(Lifeline, ASecretOfSomebodyElseIsNoneOfOurs) {
  LifelineWatch watch;
  {
    Stranger other;
    watch.watch(1, other.name("secret"));
    auto const guest = other.accept(watch);
    say(guest, "secres");
  }
  EXPECT_TRUE(stays_unproven(watch));
}

TEST(Lifeline, AConnectionsEndIsNotTheEnd) {
  LifelineWatch watch;
  {
    Stranger host;
    watch.watch(1, host.name("secret"));
    auto guest = host.accept(watch);
    say(guest, "sec");
    say(guest, "ret");
    guest.reset();
    for (int again = 0; again < 3; ++again) (void)host.accept(watch);
    EXPECT_TRUE(stays_unproven(watch));
  }
  EXPECT_TRUE(eventually([&] { return watch.take_dead() == std::vector<int>{1}; }));
}

TEST(Lifeline, OneOfSeveralAddressesIsEnough) {
  LifelineWatch watch;
  {
    Stranger host;
    auto name = host.name("secret");
    name.addresses = {"no address", "::1", "127.0.0.2", "127.0.0.1"};
    watch.watch(1, name);
    auto const guest = host.accept(watch);
    say(guest, "secret");
    EXPECT_TRUE(stays_unproven(watch));
  }
  EXPECT_TRUE(eventually([&] { return watch.take_dead() == std::vector<int>{1}; }));
}

}  // namespace
}  // namespace godwit::lifeline_test
