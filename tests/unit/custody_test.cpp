// The two halves of a hand-over: every transition that docs/protocol.md names takes place, every other
// is refused and changes nothing. Each class is driven through all of its phases with all of its inputs.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <vector>

#include "custody/arrival.hpp"
#include "custody/commit.hpp"
#include "custody/departure.hpp"

namespace godwit::custody {
namespace {

constexpr Epoch here{4}, there{5}, back{6}, other{9};
constexpr Rank peer{3};
constexpr StreamId stream{11};

using Leave = Departure::Phase;

Departure departure_in(Leave phase) {
  Departure made{here, peer, there, back, Instant{100}};
  if (phase == Leave::waiting) return made;
  if (phase == Leave::thawed) {
    EXPECT_TRUE(made.abandon());
    return made;
  }
  EXPECT_TRUE(made.frozen(Instant{200}));
  if (phase == Leave::sending) return made;
  EXPECT_TRUE(made.commit_sent());
  if (phase == Leave::released) {
    EXPECT_TRUE(made.accepted(there));
  }
  return made;
}

TEST(Departure, GoesOnlyWhereTheProtocolSays) {
  using Input = std::function<bool(Departure&)>;
  struct Row {
    char const* name;
    Input input;
    std::map<Leave, Leave> takes_place;
  };
  std::vector<Row> const rows{
      {"frozen", [](Departure& d) { return d.frozen(Instant{1}); }, {{Leave::waiting, Leave::sending}}},
      {"commit_sent", [](Departure& d) { return d.commit_sent(); }, {{Leave::sending, Leave::committed}}},
      {"accepted", [](Departure& d) { return d.accepted(there); }, {{Leave::committed, Leave::released}}},
      {"accepted at another epoch", [](Departure& d) { return d.accepted(other); }, {}},
      {"refused",
       [](Departure& d) { return d.refused(there); },
       {{Leave::waiting, Leave::thawed}, {Leave::sending, Leave::thawed}, {Leave::committed, Leave::thawed}}},
      {"refused at another epoch", [](Departure& d) { return d.refused(other); }, {}},
      {"abandon",
       [](Departure& d) { return d.abandon(); },
       {{Leave::waiting, Leave::thawed}, {Leave::sending, Leave::thawed}}},
      {"target_fenced",
       [](Departure& d) { return d.target_fenced(there); },
       {{Leave::waiting, Leave::thawed}, {Leave::sending, Leave::thawed}, {Leave::committed, Leave::thawed}}},
      {"target_fenced at another epoch", [](Departure& d) { return d.target_fenced(other); }, {}},
  };
  for (auto const& row : rows) {
    for (auto const phase :
         {Leave::waiting, Leave::sending, Leave::committed, Leave::released, Leave::thawed}) {
      auto departure = departure_in(phase);
      auto const goes = row.takes_place.find(phase);
      auto const where = goes == row.takes_place.end() ? phase : goes->second;
      EXPECT_EQ(row.input(departure), goes != row.takes_place.end()) << row.name << " in " << int(phase);
      EXPECT_EQ(departure.phase(), where) << row.name << " in " << int(phase);
    }
  }
}

TEST(Departure, RemembersWhenItWasFrozen) {
  auto departure = departure_in(Leave::sending);
  EXPECT_EQ(departure.frozen_at(), Instant{200});
  EXPECT_FALSE(departure.frozen(Instant{300}));
  EXPECT_EQ(departure.frozen_at(), Instant{200});
  EXPECT_TRUE(departure.is_open());
  EXPECT_FALSE(departure_in(Leave::released).is_open());
  EXPECT_FALSE(departure_in(Leave::thawed).is_open());
}

using Come = Arrival::Phase;
constexpr auto incomplete = Arrival::Verdict::incomplete;
constexpr auto mismatch = Arrival::Verdict::mismatch;
constexpr auto verified = Arrival::Verdict::verified;

constexpr Digest pages{77};
Bytes const manifest = to_bytes("what the job is");
Digest digest() {
  return commit_digest(manifest, there, pages);
}

Arrival arrival_in(Come phase) {
  Arrival made{peer, here, there, back};
  if (phase == Come::preparing) return made;
  if (phase == Come::refused) {
    EXPECT_TRUE(made.refuse());
    return made;
  }
  EXPECT_TRUE(made.prepared());
  if (phase == Come::ready) return made;
  EXPECT_TRUE(made.round(stream));
  if (phase == Come::receiving) return made;
  EXPECT_EQ(made.pages(stream, pages), incomplete);
  EXPECT_EQ(made.commit(manifest, digest()), verified);
  if (phase == Come::running) {
    EXPECT_TRUE(made.running());
  }
  return made;
}

TEST(Arrival, GoesOnlyWhereTheProtocolSays) {
  struct Row {
    char const* name;
    std::function<bool(Arrival&)> input;
    std::map<Come, Come> takes_place;
  };
  std::vector<Row> const rows{
      {"prepared", [](Arrival& a) { return a.prepared(); }, {{Come::preparing, Come::ready}}},
      {"round", [](Arrival& a) { return a.round(StreamId{12}); }, {{Come::ready, Come::receiving}}},
      {"pages", [](Arrival& a) { return a.pages(stream, pages) != incomplete; }, {}},
      {"commit", [](Arrival& a) { return a.commit(manifest, digest()) != incomplete; }, {}},
      {"running", [](Arrival& a) { return a.running(); }, {{Come::restoring, Come::running}}},
      {"refuse",
       [](Arrival& a) { return a.refuse(); },
       {{Come::preparing, Come::refused},
        {Come::ready, Come::refused},
        {Come::receiving, Come::refused},
        {Come::restoring, Come::refused}}},
  };
  for (auto const& row : rows) {
    for (auto const phase :
         {Come::preparing, Come::ready, Come::receiving, Come::restoring, Come::running, Come::refused}) {
      auto arrival = arrival_in(phase);
      auto const goes = row.takes_place.find(phase);
      auto const where = goes == row.takes_place.end() ? phase : goes->second;
      EXPECT_EQ(row.input(arrival), goes != row.takes_place.end()) << row.name << " in " << int(phase);
      EXPECT_EQ(arrival.phase(), where) << row.name << " in " << int(phase);
    }
  }
}

TEST(Arrival, TakesPagesAndCommitInEitherOrder) {
  auto pages_first = arrival_in(Come::receiving);
  EXPECT_EQ(pages_first.pages(stream, pages), incomplete);
  EXPECT_EQ(pages_first.commit(manifest, digest()), verified);
  EXPECT_EQ(pages_first.phase(), Come::restoring);
  EXPECT_EQ(pages_first.manifest(), manifest);

  auto commit_first = arrival_in(Come::ready);
  EXPECT_EQ(commit_first.commit(manifest, digest()), incomplete);
  EXPECT_TRUE(commit_first.round(stream));
  EXPECT_EQ(commit_first.pages(stream, pages), verified);
  EXPECT_EQ(commit_first.phase(), Come::restoring);
}

TEST(Arrival, RefusesWhatWasNotSent) {
  auto other_pages = arrival_in(Come::receiving);
  EXPECT_EQ(other_pages.commit(manifest, digest()), incomplete);
  EXPECT_EQ(other_pages.pages(stream, Digest{78}), mismatch);
  EXPECT_EQ(other_pages.phase(), Come::refused);

  auto other_manifest = arrival_in(Come::receiving);
  EXPECT_EQ(other_manifest.pages(stream, pages), incomplete);
  EXPECT_EQ(other_manifest.commit(to_bytes("something else"), digest()), mismatch);

  auto other_stream = arrival_in(Come::receiving);
  EXPECT_EQ(other_stream.commit(manifest, digest()), incomplete);
  EXPECT_EQ(other_stream.pages(StreamId{12}, pages), incomplete);
  EXPECT_EQ(other_stream.phase(), Come::receiving);
}

TEST(Arrival, TakesNothingOnceItHasRefused) {
  auto refused = arrival_in(Come::receiving);
  EXPECT_EQ(refused.pages(stream, pages), incomplete);
  EXPECT_TRUE(refused.refuse());
  EXPECT_EQ(refused.commit(manifest, digest()), incomplete);
  EXPECT_EQ(refused.phase(), Come::refused);
}

TEST(CommitDigest, CoversManifestEpochAndPages) {
  auto const base = commit_digest(manifest, there, pages);
  EXPECT_EQ(base, commit_digest(manifest, there, pages));
  EXPECT_NE(base, commit_digest(to_bytes("what the job iS"), there, pages));
  EXPECT_NE(base, commit_digest(manifest, back, pages));
  EXPECT_NE(base, commit_digest(manifest, there, Digest{78}));
}

}  // namespace
}  // namespace godwit::custody
