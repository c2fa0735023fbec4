// Shows that a job whose former holder may still be writing (its death wasn't proven) goes on in files of its own: what
// the zombie writes meanwhile, and afterwards, nobody reads.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <set>
#include <thread>

#include "capsule/rig.hpp"
#include "edge/capsules/link/clock.hpp"

namespace godwit::testing {
namespace {

namespace fs = std::filesystem;

struct Written {
  std::string trace, journal, out, err;
  bool operator==(Written const&) const = default;
};

Written written_in(Rig const& rig) {
  return {read_file(rig.work() / "trace.txt"), read_file(rig.work() / "journal.txt"), rig.printed("stdout"),
          rig.printed("stderr")};
}

ino_t inode_of(fs::path const& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

// `steps` is no part of the state: the zombie, which has more of them to do, writes other files than its successor.
CapsuleOrder chronicle(Rig& rig, std::string const& steps, bool fresh_files = false) {
  write_file(rig.work() / "input.txt", "one\ntwo\nthree");
  auto order = rig.fixture("chronicle", "chronicle", {{"steps", steps}, {"delay_us", "200"}});
  order.fresh_files = fresh_files;
  return order;
}

Written undisturbed(std::string const& steps) {
  Rig rig;
  Host host{rig.store()};
  write_file(rig.work() / "journal.txt", "older\n");
  auto const capsule = rig.start(host, chronicle(rig, steps));
  EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.ending, Ending::finished);
  return written_in(rig);
}

class Fresh : public ::testing::Test {
 protected:
  Fresh() { write_file(rig.work() / "journal.txt", "older\n"); }

  CapsuleId zombie() {
    auto const capsule = rig.start(there, chronicle(rig, "1500"));
    await_written();
    return capsule;
  }
  void await_written() {  // so that it has its files open
    for (int i = 0; i < 60'000; ++i) {
      auto const now = written_in(rig);
      if (!now.trace.empty() && now.journal.size() > 6 && !now.out.empty() && !now.err.empty()) return;
      there.look();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    FAIL() << "the job has written nothing for a minute";
  }
  void finishes(Host& host, CapsuleId capsule) {
    auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
    EXPECT_EQ(outcome.ending, Ending::finished) << outcome.reason;
  }

  Rig rig;
  Host there{rig.store()}, here{rig.store()};
};

TEST_F(Fresh, FilesFromAnImage) {
  auto const old = zombie();
  auto const image = there.freeze(old);
  there.service().thaw(old, Epoch{1});
  there.expect<capsule::Running>(old);
  auto const inode = inode_of(rig.work() / "trace.txt");
  auto const successor = rig.restore(here, chronicle(rig, "900", true), image, Epoch{2});
  EXPECT_NE(inode_of(rig.work() / "trace.txt"), inode);
  finishes(here, successor);
  finishes(there, old);  // whatever it did last, it did after all of the above
  EXPECT_EQ(written_in(rig), undisturbed("900"));
}

// The target of a move had opened them, and died without proof: the source goes on.
TEST_F(Fresh, FilesOfOneThatThaws) {
  auto const source = zombie();  // for once it isn't
  auto const image = there.freeze(source);
  auto const target = rig.restore(here, chronicle(rig, "2500"), image, Epoch{2});
  auto const inode = inode_of(rig.work() / "trace.txt");
  there.service().thaw(source, Epoch{3}, Others::perhaps_there);
  there.expect<capsule::Running>(source);
  EXPECT_NE(inode_of(rig.work() / "trace.txt"), inode);
  finishes(there, source);
  finishes(here, target);
  EXPECT_EQ(written_in(rig), undisturbed("1500"));
}

// It had died when it had cut them back, before it had written again what wasn't durable: the source goes on.
TEST_F(Fresh, FilesThatATargetHadCutAreMadeWholeAgain) {
  auto const source = zombie();  // for once it isn't
  auto const image = there.freeze(source);
  for (auto const& mark : image.decoded().streams) {
    if (mark.mode != StreamMode::input && !mark.path.empty() && fs::exists(mark.path)) fs::resize_file(mark.path, mark.synced);
  }
  EXPECT_EQ(written_in(rig).trace, "");
  auto const inode = inode_of(rig.work() / "trace.txt");
  there.service().thaw(source, Epoch{3}, Others::gone);
  there.expect<capsule::Running>(source);
  EXPECT_EQ(inode_of(rig.work() / "trace.txt"), inode);
  finishes(there, source);
  EXPECT_EQ(written_in(rig), undisturbed("1500"));
}

TEST_F(Fresh, FilesThatCannotBeMadeEndTheProcess) {
  auto const source = zombie();
  there.freeze(source);
  fs::remove_all(rig.work());
  there.service().thaw(source, Epoch{3}, Others::perhaps_there);
  there.expect<capsule::Failed>(source);
}

TEST_F(Fresh, FilesFromNothing) {
  auto const old = zombie();
  auto const successor = rig.start(here, chronicle(rig, "50", true), Epoch{2});
  finishes(here, successor);
  finishes(there, old);
  EXPECT_EQ(written_in(rig), undisturbed("50"));
}

TEST_F(Fresh, FilesKeepTheirPermissionsAndTheLinksThatLeadToThem) {
  fs::create_directory(rig.work() / "far");
  write_file(rig.work() / "far" / "real.txt", "");
  ::chmod((rig.work() / "far" / "real.txt").c_str(), 0640);
  fs::create_symlink("far/real.txt", rig.work() / "trace.txt");
  auto const old = zombie();
  auto const image = there.freeze(old);
  there.end(old);
  auto const inode = inode_of(rig.work() / "far" / "real.txt");
  finishes(here, rig.restore(here, chronicle(rig, "900", true), image, Epoch{2}));

  EXPECT_TRUE(fs::is_symlink(rig.work() / "trace.txt"));
  EXPECT_NE(inode_of(rig.work() / "far" / "real.txt"), inode);
  EXPECT_EQ(fs::status(rig.work() / "far" / "real.txt").permissions(), fs::perms(0640));
  EXPECT_EQ(written_in(rig), undisturbed("900"));
  std::set<std::string> names;
  for (auto const& entry : fs::recursive_directory_iterator(rig.work())) names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"far", "real.txt", "trace.txt", "journal.txt", "input.txt"}));
}

TEST_F(Fresh, AFileShorterThanItsDurablePartIsLeftAlone) {
  auto const old = zombie();
  auto image = there.freeze(old);
  there.end(old);
  auto manifest = image.decoded();
  for (auto& mark : manifest.streams) {
    if (mark.name != "trace") continue;
    mark.synced = mark.offset;
    mark.tail.clear();
  }
  image.manifest = encode(manifest);
  write_file(rig.work() / "trace.txt", "short");
  auto const successor = rig.send_restore(here, chronicle(rig, "900", true), image, Epoch{2});
  EXPECT_EQ(here.expect<capsule::Failed>(successor).why.code, "output_short");
  EXPECT_EQ(written_in(rig).trace, "short");
}

// Its host isn't in charge any more: what the job still had to print may belong into another's file.
TEST_F(Fresh, NothingIsSavedForAJobThatDiesWithoutALease) {
  auto const old = zombie();
  there.service().set_lease(boot_now());
  for (;;) {  // until it has noticed, and stands still
    there.service().call(old, RequestId{1}, "count", {});
    auto const called = there.expect<capsule::Called>(old);
    if (called.failure) break;
  }
  auto const before = written_in(rig);
  ::kill(there.pid(old), SIGKILL);
  there.expect<capsule::Died>(old);
  EXPECT_EQ(written_in(rig), before);
}

}  // namespace
}  // namespace godwit::testing
