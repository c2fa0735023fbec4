// Pruning of real files: what goes and what stays, that nothing goes unless one that stays verifies, that pinned, unknown newer
// and unreadable ones are left alone, that a trial deletes nothing, that whoever is killed in the middle leaves whole chains, and whose
// temporary files are swept. And that a file keeps what the job was asked to be.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "base/fault_point.hpp"
#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/draft.hpp"
#include "edge/hdf5/pruning.hpp"
#include "edge/hdf5/specification.hpp"
#include "store/fixture.hpp"
#include "store/job_in_pages.hpp"

namespace godwit {
namespace {

using test::TempDir;

struct Pruning : testing::Test {
  Pruning() {
    test::TestStore writer(directory.path());
    for (std::uint64_t generation = 1; generation <= 5; ++generation) {
      auto image = test::tiny_image({generation});
      EXPECT_TRUE(writer.write(image).image);
      order.job = image.label.job;
      epoch = image.label.epoch;
    }
    for (auto const generation : {5, 4, 3, 2, 1}) order.lineage.push_back(name(static_cast<std::uint64_t>(generation)));
    order.request = RequestId{7};
    order.retention.keep = 2;
  }
  msg::ImageName name(std::uint64_t generation) const {
    return {epoch, {generation}, checkpoint_path(order.job, epoch, {generation})};
  }
  std::filesystem::path path(std::uint64_t generation) const { return directory.path() / name(generation).path; }
  void damage(std::uint64_t generation) {
    auto bytes = test::read_file(path(generation));
    bytes.at(700) ^= std::byte{1};
    test::write_file(path(generation), bytes);
  }
  std::string left() const {
    std::string numbers;
    for (std::uint64_t generation = 1; generation <= 9; ++generation) {
      if (std::filesystem::exists(path(generation))) numbers += std::to_string(generation);
    }
    return numbers;
  }
  TempDir directory;
  msg::PruneJob order;
  Epoch epoch;
};

TEST_F(Pruning, TheOldestGo) {
  auto const size = std::filesystem::file_size(path(1));
  auto const pruned = prune_job(directory.path(), order);
  EXPECT_FALSE(pruned.failure);
  EXPECT_EQ(pruned.request, RequestId{7});
  EXPECT_EQ(pruned.removed, (std::vector{name(3), name(2), name(1)}));
  EXPECT_EQ(pruned.removed_bytes, 3 * size);
  EXPECT_EQ(pruned.left_bytes, 2 * size);
  EXPECT_EQ(pruned.left, 2U);
  EXPECT_EQ(left(), "45");
  EXPECT_TRUE(prune_job(directory.path(), order).removed.empty()) << "the lineage may name what is gone";
}

TEST_F(Pruning, ATrialDeletesNothing) {
  order.trial = true;
  EXPECT_EQ(prune_job(directory.path(), order).removed.size(), 3U);
  EXPECT_EQ(left(), "12345");
}

TEST_F(Pruning, TheNewestThatVerifiesStays) {
  order.retention.keep = 1;
  damage(5);
  damage(4);
  EXPECT_EQ(prune_job(directory.path(), order).removed, (std::vector{name(2), name(1)}));
  EXPECT_EQ(left(), "345");
}

TEST_F(Pruning, WhereNoneVerifiesNoneGoes) {
  for (std::uint64_t generation = 1; generation <= 5; ++generation) damage(generation);
  auto const pruned = prune_job(directory.path(), order);
  ASSERT_TRUE(pruned.failure);
  EXPECT_EQ(pruned.failure->code, "no_image");
  EXPECT_EQ(left(), "12345");
}

TEST_F(Pruning, WhatOthersNeedAndWhatIsNotSaidYetStays) {
  order.pinned = {name(2)};
  order.lineage.erase(order.lineage.begin());  // 5 is published, and hasn't been reported
  order.retention.keep = 1;
  EXPECT_EQ(prune_job(directory.path(), order).removed, (std::vector{name(3), name(1)}));
  EXPECT_EQ(left(), "245");
}

TEST_F(Pruning, NothingGoesWhileOneCannotBeRead) {
  if (::geteuid() == 0) {
    std::filesystem::remove(path(3));
    std::filesystem::create_directory(path(3));  // what can't be read, for who may read everything
  } else {
    std::filesystem::permissions(path(3), std::filesystem::perms::none);
  }
  auto const pruned = prune_job(directory.path(), order);
  EXPECT_EQ(left(), "12345");
  EXPECT_TRUE(pruned.removed.empty());
}

TEST(PruningChains, WhatTheOthersRestOnStays) {
  TempDir directory;
  test::JobInPages job(directory.path());
  msg::PruneJob order;
  order.job = job.image.label.job;
  order.retention.keep = 1;
  for (int generation = 1; generation <= 4; ++generation) {
    job.scribble(3);
    ASSERT_TRUE(job.checkpoint().image);
    order.lineage.insert(order.lineage.begin(), *job.newest);
  }
  auto const needed = job.open()->ancestors();
  ASSERT_FALSE(needed.empty()) << "a chain";
  auto const pruned = prune_job(directory.path(), order);
  EXPECT_FALSE(pruned.failure);
  for (auto const& ancestor : needed) {
    EXPECT_TRUE(std::filesystem::exists(job.path().parent_path() / ancestor.file)) << ancestor.file;
  }
  EXPECT_EQ(pruned.left, needed.size() + 1);
  job.expect_loads();
  // What all rest on is lost: then none verifies, and none goes. With a new full one all of them may.
  std::filesystem::remove(job.path().parent_path() / needed.back().file);
  order.retention.quota_bytes = 1;
  auto const none = prune_job(directory.path(), order);
  ASSERT_TRUE(none.failure);
  EXPECT_EQ(none.failure->code, "no_image");
  EXPECT_TRUE(none.removed.empty());
  ASSERT_TRUE(job.checkpoint({2}).image);
  ASSERT_TRUE(job.open()->ancestors().empty()) << "of another capsule: a full one";
  order.lineage.insert(order.lineage.begin(), *job.newest);
  EXPECT_EQ(prune_job(directory.path(), order).left, 1U);
  job.expect_loads();
}

int deletions_until_death = 0;

void die_while_deleting(char const* act, char const*) {
  if (std::string_view(act) == "prune" && deletions_until_death-- == 0) ::kill(::getpid(), SIGKILL);
}

std::set<std::string> files_in(std::filesystem::path const& folder) {
  std::set<std::string> names;
  for (auto const& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

// Two chains: of the older one all may go, of the newer one nothing.
TEST(PruningChains, WhoIsKilledInTheMiddleLeavesWholeChainsAndTheNextOneGoesOn) {
  TempDir whole;
  test::JobInPages job(whole.path());
  msg::PruneJob order;
  order.job = job.image.label.job;
  order.retention.keep = 1;
  for (int generation = 0; generation < 7; ++generation) {
    job.scribble(3);
    ASSERT_TRUE(job.checkpoint({generation < 4 ? 1U : 2U}).image);
    order.lineage.insert(order.lineage.begin(), *job.newest);
  }
  auto const folder = std::filesystem::relative(job.path(), whole.path()).parent_path();
  ASSERT_EQ(job.open()->ancestors().size(), 2U);
  for (int deleted = 0; deleted <= 4; ++deleted) {
    TempDir left;
    std::filesystem::copy(whole.path(), left.path(), std::filesystem::copy_options::recursive);
    auto const child = ::fork();
    if (child == 0) {
      deletions_until_death = deleted;
      fault_hook = &die_while_deleting;
      prune_job(left.path(), order);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WIFSIGNALED(status), deleted < 4);
    auto const names = files_in(left.path() / folder);
    EXPECT_EQ(names.size(), static_cast<std::size_t>(7 - deleted));
    for (auto const& name : names) {
      auto const file = CheckpointFile::open(left.path() / folder / name);
      ASSERT_TRUE(file) << name << " after " << deleted << ": " << file.failure().context;
      EXPECT_TRUE(file->verify()) << name;
    }
    auto const pruned = prune_job(left.path(), order);
    EXPECT_FALSE(pruned.failure);
    EXPECT_EQ(pruned.removed.size(), static_cast<std::size_t>(4 - deleted));
    auto const newest = CheckpointFile::open(left.path() / order.lineage.front().path);
    ASSERT_TRUE(newest);
    EXPECT_TRUE(newest->verify());
    EXPECT_EQ(files_in(left.path() / folder).size(), 3U);
  }
}

TEST_F(Pruning, OnlyWhatACrashedWriterOfThisNodeLeftIsSwept) {
  auto const folder = path(1).parent_path();
  auto const child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  auto const draft = [&](std::string const& node, pid_t pid, bool old) {
    auto const place = folder / (".1-9.h5." + node + "." + std::to_string(pid) + "-0.tmp");
    test::write_file(place, {});
    if (old) std::filesystem::last_write_time(place, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(5));
    return place;
  };
  auto const gone = draft(draft_node(), child, true);
  auto const alive = draft(draft_node(), ::getpid(), true);
  auto const elsewhere = draft("another.node", child, true);
  EXPECT_EQ(sweep_drafts(folder), 1);
  EXPECT_FALSE(std::filesystem::exists(gone));
  EXPECT_TRUE(std::filesystem::exists(alive));
  EXPECT_TRUE(std::filesystem::exists(elsewhere));
  auto const fresh = draft(draft_node(), child, false);
  EXPECT_EQ(sweep_drafts(folder), 0) << "a process number may belong to another container";
  EXPECT_TRUE(std::filesystem::exists(fresh));
  EXPECT_EQ(sweep_drafts(folder / "nowhere"), 0);
}

TEST(Specification, IsKeptInTheFile) {
  CheckpointLabel label;
  auto& spec = label.spec;
  spec.cores = 4;
  spec.memory_bytes = 5;
  spec.environment = {{"COLOUR", "blue"}};
  spec.resources = {{"gpu", 2}};
  spec.labels = {"bigmem"};
  spec.host = Rank{3};
  spec.priority = -2;
  spec.together = "a";
  spec.apart = "b";
  spec.checkpoint_every = 10s;
  spec.checkpoint_auto = true;
  spec.checkpoint_partner = true;
  spec.checkpoint_compress = true;
  spec.retention = {3, 7, 60s, 1000};
  spec.crash_limit = 9;
  spec.host_loss_limit = 8;
  spec.step_limit = 1s;
  spec.time_limit = 2s;
  spec.stdout_path = "out";
  spec.stderr_path = "err";
  label.clone_of = JobId{5};
  CheckpointLabel read;
  take_specification(specification_of(label), read);
  EXPECT_EQ(read.spec, spec);
  EXPECT_EQ(read.clone_of, label.clone_of);

  auto image = test::tiny_image({1});
  image.label.spec.environment = spec.environment;
  image.label.clone_of = JobId{5};
  TempDir directory;
  test::TestStore store(directory.path());
  auto const written = store.write(image);
  ASSERT_TRUE(written.image);
  auto const file = CheckpointFile::open(directory.path() / written.image->path);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->label().spec.environment, spec.environment);
  EXPECT_EQ(file->label().clone_of, JobId{5});
}

TEST(Specification, WhatItSaysInAnotherWayKeepsItsDefault) {
  CheckpointLabel label;
  take_specification("{\"cores\": \"four\", \"labels\": 7, \"priority\": 3, \"later\": {}}", label);
  EXPECT_EQ(label.spec.cores, 1);
  EXPECT_TRUE(label.spec.labels.empty());
  EXPECT_EQ(label.spec.priority, 3);
  for (auto const* text : {"", "[]", "no JSON", "{"}) take_specification(text, label);
  EXPECT_EQ(label.spec.priority, 3);
}

}  // namespace
}  // namespace godwit
