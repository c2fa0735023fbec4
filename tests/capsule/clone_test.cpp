// Shows what a clone does with files: its outputs go to PATH.clone-ID and begin as copies of what the image's
// job had written at the safe point, which that job's files survive; likewise what it prints. And that a
// capsule says where its outputs go before it touches any.
#include <gtest/gtest.h>

#include "capsule/rig.hpp"

namespace godwit::testing {
namespace {

class Clone : public ::testing::Test {
 protected:
  Clone() { write_file(rig.work() / "input.txt", "one\ntwo\nthree"); }

  CapsuleOrder chronicle(JobId job, JobId clone_of = {}) {
    auto order = rig.fixture("chronicle", "chronicle", {{"steps", "1000"}, {"delay_us", "200"}}, job);
    order.clone_of = clone_of;
    return order;
  }
  std::string work(std::string const& name) { return read_file(rig.work() / name); }
  // The job's image at a safe point on its way; the job goes on, and ends.
  Image taken_from(CapsuleId capsule, bool synced) {
    while (host.service().report(capsule).steps < 50) host.look();
    auto image = host.freeze(capsule);
    if (synced) image = durable(image);
    host.service().thaw(capsule, Epoch{2});
    EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.ending, Ending::finished);
    return image;
  }
  // The same image as of a job whose outputs had been made durable: the bytes aren't in it.
  static Image durable(Image image) {
    auto manifest = image.decoded();
    for (auto& mark : manifest.streams) {
      if (mark.mode == StreamMode::input) continue;
      mark.synced = mark.offset;
      mark.tail.clear();
    }
    image.manifest = encode(manifest);
    return image;
  }
  void goes_on_from(Image const& image) {
    auto const trace = work("trace.txt"), journal = work("journal.txt"), printed = rig.printed("stdout");
    auto const clone = rig.restore(host, chronicle({9}, {1}), image, Epoch{1});
    EXPECT_EQ(host.expect<capsule::Ended>(clone).outcome.ending, Ending::finished);
    EXPECT_EQ(work("trace.txt.clone-9"), trace);  // byte for byte, random numbers and all
    EXPECT_EQ(work("journal.txt.clone-9"), journal);
    EXPECT_EQ(rig.printed("stdout", {9}), printed);
    EXPECT_EQ(rig.printed("stderr", {9}), rig.printed("stderr"));
    EXPECT_EQ(work("trace.txt"), trace);
    EXPECT_EQ(work("journal.txt"), journal);
    EXPECT_EQ(rig.printed("stdout"), printed);
  }

  Rig rig;
  Host host{rig.store()};
};

TEST_F(Clone, GoesOnFromTheImageWithOutputsOfItsOwn) {
  write_file(rig.work() / "journal.txt", "older\n");
  goes_on_from(taken_from(rig.start(host, chronicle({1})), false));
}

TEST_F(Clone, CopiesWhatWasDurable) {
  write_file(rig.work() / "journal.txt", "older\n");
  goes_on_from(taken_from(rig.start(host, chronicle({1})), true));
}

TEST_F(Clone, ReplacesWhatAnEarlierAttemptOfItWrote) {
  write_file(rig.work() / "trace.txt.clone-9", std::string(100'000, '#'));
  goes_on_from(taken_from(rig.start(host, chronicle({1})), true));
}

TEST_F(Clone, ItsOwnImageLeadsToItsOwnFiles) {
  auto const image = taken_from(rig.start(host, chronicle({1})), true);
  auto const trace = work("trace.txt");
  auto const clone = rig.restore(host, chronicle({9}, {1}), image, Epoch{1});
  while (host.service().report(clone).steps < 150) host.look();
  auto const own = host.freeze(clone);
  host.end(clone);
  std::filesystem::remove(rig.work() / "trace.txt");  // not needed any more
  for (auto const& mark : own.decoded().streams) {
    if (mark.name != "trace") continue;
    EXPECT_EQ(mark.path, (rig.work() / "trace.txt.clone-9").native());
  }
  auto const moved =
      rig.restore(host, chronicle({9}), own, Epoch{2});  // a target isn't told that it is a clone
  EXPECT_EQ(host.expect<capsule::Ended>(moved).outcome.ending, Ending::finished);
  EXPECT_EQ(work("trace.txt.clone-9"), trace);
}

TEST_F(Clone, OfAJobThatNeverStartedBeginsAfresh) {
  auto const clone = rig.start(host, chronicle({9}, {1}));
  EXPECT_EQ(host.expect<capsule::Ended>(clone).outcome.ending, Ending::finished);
  EXPECT_FALSE(work("trace.txt.clone-9").empty());
  EXPECT_FALSE(std::filesystem::exists(rig.work() / "trace.txt"));
}

TEST_F(Clone, SaysWhatItCannotCopy) {
  auto const image = taken_from(rig.start(host, chronicle({1})), true);
  write_file(rig.work() / "trace.txt", "short");
  auto const clone = rig.send_restore(host, chronicle({9}, {1}), image, Epoch{1});
  auto const why = host.expect<capsule::Failed>(clone).why;
  EXPECT_EQ(why.code, "output_short");
  EXPECT_NE(why.context.find("trace.txt has 5 bytes"), std::string::npos) << why.context;
}

TEST_F(Clone, OutputsAreNamedBeforeTheyAreTouched) {
  write_file(rig.work() / "trace.txt", "precious\n");
  std::filesystem::create_directory_symlink(rig.work(), rig.work() / "link");
  auto order = chronicle({1});
  order.spec.arguments["journal"] = "link/../work/./journal.txt";
  auto const prepared = [&](CapsuleOrder one) {
    auto const capsule = one.capsule;
    host.service().prepare(std::move(one));
    return host.expect<capsule::Prepared>(capsule).outputs;
  };
  auto const real = std::filesystem::canonical(rig.work());
  EXPECT_EQ(prepared(order), (std::vector{(real / "trace.txt").native(), (real / "journal.txt").native()}));
  EXPECT_EQ(prepared(chronicle({9}, {1})),
            (std::vector{(real / "trace.txt.clone-9").native(), (real / "journal.txt.clone-9").native()}));
  EXPECT_EQ(work("trace.txt"), "precious\n");
}

}  // namespace
}  // namespace godwit::testing
