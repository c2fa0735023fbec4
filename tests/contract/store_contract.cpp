// What runtime/port/checkpoint_store.hpp promises, a case for each sentence.
#include "contract/store.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/random.hpp"

namespace godwit::contract {

namespace {

constexpr JobId the_job{7};
constexpr CapsuleId the_capsule{3};
constexpr std::uint64_t page = 4096;

}  // namespace

Sample StoreContract::sample(std::uint64_t generation, std::uint64_t seed, Epoch epoch) {
  Sample sample;
  sample.label.job = the_job;
  sample.label.epoch = epoch;
  sample.label.generation = Generation{generation};
  sample.label.spec.type = "heat";
  sample.label.host = Rank{2};
  sample.label.node = "node2";
  auto& manifest = sample.manifest;
  manifest.job = the_job;
  manifest.type = "heat";
  manifest.epoch = epoch;
  manifest.steps = 100 * generation;
  manifest.wait_left = Duration{5};
  manifest.arrays.push_back({"large", Scalar::f64, {90, 100}, 0, 72'000});  // 18 pages
  manifest.arrays.push_back({"small", Scalar::u8, {500}, 20 * page, 500});
  manifest.arena_bytes = 22 * page;
  sample.pages.resize(manifest.arena_bytes);
  Random random(seed);
  for (std::size_t at = 0; at < sample.pages.size(); at += 8) {
    auto const word = random();
    std::memcpy(sample.pages.data() + at, &word, 8);
  }
  return sample;
}

msg::ImageName StoreContract::name_of(Sample const& sample) {
  auto const& label = sample.label;
  return {label.epoch, label.generation, checkpoint_path(label.job, label.epoch, label.generation)};
}

Bytes StoreContract::kept_of(Sample const& sample) {
  Bytes kept(sample.pages.size());
  for (auto const& array : sample.manifest.arrays) {
    std::copy_n(sample.pages.begin() + static_cast<std::ptrdiff_t>(array.offset), array.bytes,
                kept.begin() + static_cast<std::ptrdiff_t>(array.offset));
  }
  return kept;
}

bool StoreContract::next(CheckpointStore& store, StoreEvent& event) {
  auto& events = events_of(store);
  for (auto const deadline = std::chrono::steady_clock::now() + patience;;) {
    for (auto& one : store.poll()) events.push_back(std::move(one));
    if (!events.empty()) {
      event = std::move(events.front());
      events.erase(events.begin());
      return true;
    }
    if (!rig->let_pass() || std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "the store doesn't answer";
      return false;
    }
  }
}

stored::Written StoreContract::write(Sample const& sample, CheckpointStore& store) {
  auto const request = fresh();
  store.write(request, sample.label, encode(sample.manifest), sample.pages, {the_capsule});
  expect<stored::Staged>(store, request);
  return expect<stored::Written>(store, request);
}

stored::Verified StoreContract::verify(std::vector<msg::ImageName> const& images, CheckpointStore& store) {
  auto const request = fresh();
  store.verify(request, images);
  return expect<stored::Verified>(store, request);
}

stored::Loaded StoreContract::load(msg::ImageName const& image, std::span<std::byte> arena,
                                   CheckpointStore& store) {
  auto const request = fresh();
  store.load(request, image, arena);
  return expect<stored::Loaded>(store, request);
}

// Whatever it still had to say would come before the answer to this.
void StoreContract::says_nothing_more() {
  auto const request = fresh();
  rig->store().reserve(request, 0);
  expect<stored::Reserved>(rig->store(), request);
}

TEST_P(StoreContract, StagedComesBeforeWrittenOnceEach) {
  auto const image = sample(1);
  auto const written = write(image);
  ASSERT_TRUE(written.image) << written.image.failure().context;
  EXPECT_EQ(*written.image, name_of(image));
  EXPECT_GT(written.bytes, 72'000U);
  says_nothing_more();
}

TEST_P(StoreContract, TheArenaMayChangeAfterStaged) {
  auto const image = sample(1);
  auto pages = image.pages;
  auto const request = fresh();
  rig->store().write(request, image.label, encode(image.manifest), pages, {the_capsule});
  expect<stored::Staged>(rig->store(), request);
  std::ranges::fill(pages, std::byte{0xee});
  ASSERT_TRUE(expect<stored::Written>(rig->store(), request).image);
  Bytes arena(image.pages.size());
  ASSERT_TRUE(load(name_of(image), arena, rig->store()).status);
  EXPECT_TRUE(arena == kept_of(image));
}

TEST_P(StoreContract, WhatWasWrittenIsReadByEveryHost) {
  auto const image = sample(3);
  ASSERT_TRUE(write(image).image);
  auto const verified = verify({name_of(image)}, rig->elsewhere());
  ASSERT_TRUE(verified.image) << verified.image.failure().context;
  EXPECT_EQ(*verified.image, name_of(image));
  EXPECT_EQ(verified.manifest, encode(image.manifest));
  EXPECT_EQ(verified.arena_bytes, image.manifest.arena_bytes);
  EXPECT_TRUE(verified.set_aside.empty());
  Bytes arena(verified.arena_bytes);
  ASSERT_TRUE(load(name_of(image), arena, rig->elsewhere()).status);
  EXPECT_TRUE(arena == kept_of(image));
}

// Zero-filled and long enough is what the caller gives; it stays zero where the image has nothing.
TEST_P(StoreContract, LoadLeavesWhatTheImageDoesNotHaveAsItWas) {
  auto const image = sample(1);
  ASSERT_TRUE(write(image).image);
  Bytes arena(image.pages.size() + 3 * page);
  ASSERT_TRUE(load(name_of(image), arena, rig->store()).status);
  auto expected = kept_of(image);
  expected.resize(arena.size());
  EXPECT_TRUE(arena == expected);
}

TEST_P(StoreContract, AnImageMayHaveNoPages) {
  auto image = sample(1);
  image.manifest.arrays.clear();
  image.manifest.arena_bytes = 0;
  image.pages.clear();
  ASSERT_TRUE(write(image).image);
  auto const verified = verify({name_of(image)});
  ASSERT_TRUE(verified.image);
  EXPECT_EQ(verified.arena_bytes, 0U);
  EXPECT_TRUE(load(name_of(image), {}, rig->store()).status);
}

TEST_P(StoreContract, VerifyChoosesTheFirstGoodOneInTheOrderGiven) {
  std::vector<msg::ImageName> names;
  for (std::uint64_t generation = 1; generation <= 3; ++generation) {
    auto const image = sample(generation, generation);
    ASSERT_TRUE(write(image).image);
    names.push_back(name_of(image));
  }
  for (auto const& order :
       {std::vector{names[2], names[1], names[0]}, std::vector{names[1], names[2], names[0]}}) {
    auto const verified = verify(order);
    ASSERT_TRUE(verified.image);
    EXPECT_EQ(*verified.image, order.front());
    EXPECT_TRUE(verified.set_aside.empty());
  }
}

TEST_P(StoreContract, WhatIsDamagedIsSetAsideWithItsReasonAndTheNextIsTaken) {
  auto const good = sample(1, 1), bad = sample(2, 2);
  ASSERT_TRUE(write(good).image);
  ASSERT_TRUE(write(bad).image);
  for (auto const damage :
       {Damage::flipped, Damage::torn, Damage::absent}) {  // each on top of the one before
    rig->damage(name_of(bad), damage);
    for (auto* const store : {&rig->store(), &rig->elsewhere()}) {
      auto const verified = verify({name_of(bad), name_of(good)}, *store);
      ASSERT_TRUE(verified.image) << static_cast<int>(damage);
      EXPECT_EQ(*verified.image, name_of(good));
      EXPECT_EQ(verified.manifest, encode(good.manifest));
      ASSERT_EQ(verified.set_aside.size(), 1U);
      EXPECT_EQ(verified.set_aside[0].reaction,
                damage == Damage::absent ? Reaction::retry_later : Reaction::data_lost);
      EXPECT_NE(verified.set_aside[0].context.find(name_of(bad).path), std::string::npos)
          << verified.set_aside[0].context;
      Bytes arena(bad.pages.size());
      EXPECT_FALSE(load(name_of(bad), arena, *store).status);
    }
  }
}

TEST_P(StoreContract, WhereNoneVerifiesEachReasonIsGiven) {
  auto const first = sample(1), second = sample(2);
  ASSERT_TRUE(write(first).image);
  ASSERT_TRUE(write(second).image);
  rig->damage(name_of(first), Damage::torn);
  rig->damage(name_of(second), Damage::absent);
  auto const verified = verify({name_of(second), name_of(first)});
  EXPECT_FALSE(verified.image);
  ASSERT_EQ(verified.set_aside.size(), 2U);
  EXPECT_NE(verified.set_aside[0].context.find(name_of(second).path), std::string::npos);
  EXPECT_NE(verified.set_aside[1].context.find(name_of(first).path), std::string::npos);
}

TEST_P(StoreContract, AFileIsNeverReplaced) {
  auto const first = sample(1, 1);
  ASSERT_TRUE(write(first).image);
  for (auto* const store : {&rig->store(), &rig->elsewhere()}) {  // a zombie's, for example
    EXPECT_FALSE(write(sample(1, 2), *store).image);
    Bytes arena(first.pages.size());
    ASSERT_TRUE(load(name_of(first), arena, *store).status);
    EXPECT_TRUE(arena == kept_of(first));
  }
}

TEST_P(StoreContract, AWriteThatFailsPublishesNothingAndHarmsNothing) {
  auto const first = sample(1);
  ASSERT_TRUE(write(first).image);
  rig->obstruct(the_job, true);
  auto const failed = write(sample(2));
  rig->obstruct(the_job, false);
  ASSERT_FALSE(failed.image);
  EXPECT_NE(failed.image.failure().context, "");
  auto const verified = verify({name_of(sample(2)), name_of(first)});
  ASSERT_TRUE(verified.image);
  EXPECT_EQ(*verified.image, name_of(first));
  EXPECT_TRUE(write(sample(2)).image) << "it goes on once it can";
  EXPECT_TRUE(verify({name_of(sample(2))}).image);
}

// Generations of one capsule, each the parent of the next, of which it is said which pages were written: each
// of them loads as the whole that it was, on every host, also after a write that failed and a time when
// nobody knew.
TEST_P(StoreContract, WhatIsKnownOfThePagesChangesNoImage) {
  class Said final : public WrittenPages {
   public:
    std::optional<PageRuns> pages;
    std::optional<PageRuns> take(Reader, std::uint64_t) override { return std::exchange(pages, PageRuns{}); }
  } said;
  auto image = sample(1);
  image.manifest.arrays = {{"large", Scalar::f64, {90'000}, 0, 720'000},
                           {"small", Scalar::u8, {500}, 180 * page, 500}};
  image.manifest.arena_bytes = 182 * page;
  image.pages.resize(image.manifest.arena_bytes);
  Random random(5);
  std::vector<std::pair<msg::ImageName, Bytes>> written;
  for (std::uint64_t generation = 1; generation <= 20; ++generation) {
    bool const fails = generation % 6 == 0;
    image.label.generation = Generation{generation};
    if (!written.empty()) image.label.parent = written.back().first;
    std::set<std::uint64_t> touched;
    for (int i = 0; i < 5; ++i) touched.insert(random.below(181));
    for (auto const at : touched)
      image.pages[at * page + 8 * random.below(500)] = static_cast<std::byte>(generation);
    if (generation % 7 == 0) {
      said.pages.reset();
    } else if (said.pages) {
      for (auto const at : touched) said.pages->push_back({at, 1});
    }
    if (fails) rig->obstruct(the_job, true);
    auto const request = fresh();
    rig->store().write(request, image.label, encode(image.manifest), image.pages, {the_capsule, &said});
    expect<stored::Staged>(rig->store(), request);
    auto const answer = expect<stored::Written>(rig->store(), request);
    if (fails) rig->obstruct(the_job, false);
    ASSERT_EQ(answer.image.ok(), !fails) << generation;
    if (!fails) written.emplace_back(*answer.image, kept_of(image));
  }
  for (auto const& [name, pages] : written) {
    ASSERT_TRUE(verify({name}, rig->elsewhere()).image) << name.path;
    Bytes arena(pages.size());
    ASSERT_TRUE(load(name, arena, rig->elsewhere()).status) << name.path;
    EXPECT_TRUE(arena == pages) << name.path;
  }
}

TEST_P(StoreContract, ReservedIsSaidOnceForEachRequestWhateverItsSize) {
  auto& store = rig->store();
  for (std::uint64_t const bytes : {std::uint64_t{0}, std::uint64_t{1} << 20, std::uint64_t{1} << 50}) {
    auto const request = fresh();
    store.reserve(request, bytes);
    expect<stored::Reserved>(store, request);
  }
  EXPECT_TRUE(write(sample(1)).image);
  says_nothing_more();
}

TEST_P(StoreContract, ManyRequestsAtOnceAreAnsweredOnceEach) {
  constexpr std::uint64_t count = 12;
  auto& store = rig->store();
  std::vector<Sample> images;
  for (std::uint64_t generation = 1; generation <= count; ++generation)
    images.push_back(sample(generation, generation));
  std::set<RequestId> staging, writing, reserving;
  for (auto const& image : images) {
    auto const request = fresh(), reserve = fresh();
    store.reserve(reserve, image.pages.size());
    store.write(request, image.label, encode(image.manifest), image.pages, {the_capsule});
    staging.insert(request);
    writing.insert(request);
    reserving.insert(reserve);
  }
  while (!writing.empty() || !reserving.empty()) {
    StoreEvent event = stored::Reserved{};
    ASSERT_TRUE(next(store, event));
    auto const request = request_of(event);
    if (std::holds_alternative<stored::Staged>(event)) {
      EXPECT_EQ(staging.erase(request), 1U);
    } else if (auto const* const written = std::get_if<stored::Written>(&event)) {
      EXPECT_FALSE(staging.contains(request)) << "Staged comes first";
      EXPECT_EQ(writing.erase(request), 1U);
      EXPECT_TRUE(written->image);
    } else {
      EXPECT_TRUE(std::holds_alternative<stored::Reserved>(event));
      EXPECT_EQ(reserving.erase(request), 1U);
    }
  }
  for (auto const& image : images) {
    Bytes arena(image.pages.size());
    ASSERT_TRUE(load(name_of(image), arena, rig->elsewhere()).status);
    EXPECT_TRUE(arena == kept_of(image));
  }
}

msg::Pruned StoreContract::prune(std::vector<msg::ImageName> lineage, std::int32_t keep, bool trial) {
  msg::PruneJob order;
  order.request = fresh();
  order.job = the_job;
  order.lineage = std::move(lineage);
  order.retention.keep = keep;
  order.trial = trial;
  auto const request = order.request;
  rig->store().prune(std::move(order));
  auto const pruned = expect<stored::Pruned>(rig->store(), request);
  EXPECT_EQ(pruned.trial, trial);
  EXPECT_EQ(pruned.what.request, request);
  EXPECT_EQ(pruned.what.job, the_job);
  return pruned.what;
}

TEST_P(StoreContract, WhatIsPrunedIsGoneAndTheRestIsNot) {
  std::vector<msg::ImageName> lineage;
  for (std::uint64_t generation = 1; generation <= 4; ++generation) {
    ASSERT_TRUE(write(sample(generation)).image);
    lineage.insert(lineage.begin(), name_of(sample(generation)));
  }
  auto const trial = prune(lineage, 2, true);
  EXPECT_EQ(trial.removed, (std::vector{lineage[2], lineage[3]}));
  EXPECT_TRUE(verify({lineage[3]}).image) << "a trial throws nothing away";
  auto const pruned = prune(lineage, 2);
  EXPECT_FALSE(pruned.failure);
  EXPECT_EQ(pruned.removed, trial.removed);
  EXPECT_EQ(pruned.removed_bytes, trial.removed_bytes);
  EXPECT_EQ(pruned.left, 2U);
  EXPECT_GT(pruned.left_bytes, 0U);
  for (auto const kept : {0, 1}) EXPECT_TRUE(verify({lineage[static_cast<std::size_t>(kept)]}, rig->elsewhere()).image);
  for (auto const gone : {2, 3}) EXPECT_FALSE(verify({lineage[static_cast<std::size_t>(gone)]}, rig->elsewhere()).image);
  EXPECT_TRUE(prune(lineage, 2).removed.empty());
  says_nothing_more();
}

TEST_P(StoreContract, OneThatVerifiesIsNeverPruned) {
  std::vector<msg::ImageName> lineage;
  for (std::uint64_t generation = 1; generation <= 4; ++generation) {
    ASSERT_TRUE(write(sample(generation)).image);
    lineage.insert(lineage.begin(), name_of(sample(generation)));
  }
  rig->damage(lineage[0], Damage::flipped);
  rig->damage(lineage[1], Damage::torn);
  EXPECT_EQ(prune(lineage, 1).removed, std::vector{lineage[3]});
  rig->damage(lineage[2], Damage::flipped);
  auto const none = prune(lineage, 1);
  ASSERT_TRUE(none.failure) << "none verifies";
  EXPECT_TRUE(none.removed.empty());
}

}  // namespace godwit::contract
