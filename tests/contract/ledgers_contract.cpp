// What runtime/port/ledgers.hpp promises, a case for each sentence.
#include "contract/ledgers.hpp"

#include <chrono>

namespace godwit::contract {

namespace {

constexpr Term t1{1}, t2{2}, t3{3}, t5{5};

using Records = std::vector<std::pair<Term, Bytes>>;
using Seals = std::vector<std::pair<Term, std::uint64_t>>;

LedgerEvent lost(int host) {  // one that tells them apart
  return log::HostLost{Rank{host}, false, {}};
}
std::pair<Term, Bytes> entry(Term term, LedgerEvent const& event) {
  return {term, encode(event)};
}
LedgerEvent began(Term term, Seals const& seals) {
  log::TermBegan began;
  began.term = term;
  for (auto const& [sealed, records] : seals) began.seals.push_back({sealed, records});
  return began;
}

}  // namespace

bool LedgersContract::until(std::function<bool()> const& holds) {
  for (auto const deadline = std::chrono::steady_clock::now() + patience;;) {
    if (holds()) return true;
    if (!rig->let_pass() || std::chrono::steady_clock::now() > deadline) {
      if (holds()) return true;
      ADD_FAILURE() << "it never comes to be";
      return false;
    }
  }
}

Result<OpenedLedger> LedgersContract::open(Ledgers& ledgers, Term term) {
  auto const request = last_ = last_.next();
  ledgers.open(request, term);
  std::vector<LedgerOpened> answers;
  until([&] {
    for (auto& answer : ledgers.poll()) answers.push_back(std::move(answer));
    return !answers.empty();
  });
  if (answers.empty()) return data_lost("silent", "no answer");
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers.front().request, request);
  return std::move(answers.front().ledger);
}

OpenedLedger LedgersContract::opened(Ledgers& ledgers, Term term) {
  auto result = open(ledgers, term);
  EXPECT_TRUE(result) << result.failure().context;
  if (!result) return {};
  EXPECT_EQ(result->term, term);
  EXPECT_TRUE(result->journal != nullptr);
  auto const durable = result->journal->durable();
  EXPECT_TRUE(durable && *durable == 0) << "it is still empty";
  journals[term] = std::move(result->journal);
  return *std::move(result);
}

void LedgersContract::append(Term term, LedgerEvent const& event) {
  auto& journal = *journals.at(term);
  auto const position = journal.append(encode(event));
  EXPECT_EQ(position, ++appended_[term]);
  until([&] {
    auto const durable = journal.durable();
    return !durable || *durable >= position;
  });
  EXPECT_TRUE(journal.durable());
}

TEST_P(LedgersContract, TheFirstTermFindsNothing) {
  auto const first = opened(rig->here(), t1);
  EXPECT_TRUE(first.records.empty());
  EXPECT_TRUE(first.seals.empty());
}

TEST_P(LedgersContract, ATermIsBegunOnceWhoeverAsks) {
  opened(rig->here(), t1);
  for (auto* const ledgers : {&rig->here(), &rig->elsewhere()}) {
    auto const again = open(*ledgers, t1);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.failure().reaction, Reaction::reject);
    EXPECT_EQ(again.failure().code, "term_taken");
  }
}

TEST_P(LedgersContract, OfTwoCandidatesAtOnceOneIsTheAllocator) {
  opened(rig->here(), t1);
  append(t1, lost(1));
  rig->here().open(RequestId{101}, t2);
  rig->elsewhere().open(RequestId{102}, t2);
  std::vector<LedgerOpened> answers;
  ASSERT_TRUE(until([&] {
    for (auto* const ledgers : {&rig->here(), &rig->elsewhere()}) {
      for (auto& answer : ledgers->poll()) answers.push_back(std::move(answer));
    }
    return answers.size() == 2;
  }));
  EXPECT_NE(answers[0].ledger.ok(), answers[1].ledger.ok());
  for (auto const& answer : answers) {
    if (answer.ledger) {
      EXPECT_EQ(answer.ledger->records, (Records{entry(t1, lost(1))}));
    } else {
      EXPECT_EQ(answer.ledger.failure().code, "term_taken");
    }
  }
}

TEST_P(LedgersContract, ATermBelowTheNewestIsTaken) {
  opened(rig->here(), t1);
  opened(rig->here(), t5);  // numbers may be left out
  for (auto const term : {t2, t3}) {
    auto const late = open(rig->elsewhere(), term);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.failure().code, "term_taken");
  }
}

TEST_P(LedgersContract, WhatWasDurableIsShownInOrderWithItsTerm) {
  opened(rig->here(), t1);
  Records expected;
  for (int host = 1; host <= 20; ++host) {
    append(t1, lost(host));
    expected.push_back(entry(t1, lost(host)));
  }
  auto const second = opened(rig->elsewhere(), t2);
  EXPECT_EQ(second.records, expected);
  EXPECT_EQ(second.seals, (Seals{{t1, 20}}));
  append(t2, began(t2, second.seals));
  append(t2, lost(21));
  expected.push_back(entry(t2, began(t2, second.seals)));
  expected.push_back(entry(t2, lost(21)));
  auto const third = opened(rig->here(), t3);
  EXPECT_EQ(third.records, expected);
  EXPECT_EQ(third.seals, (Seals{{t1, 20}, {t2, 2}}));
}

TEST_P(LedgersContract, WhatAFormerAllocatorAppendsAfterTheSealIsVoid) {
  opened(rig->here(), t1);
  append(t1, lost(1));
  append(t1, lost(2));
  auto const second = opened(rig->elsewhere(), t2);
  append(t2, began(t2, second.seals));
  append(t1, lost(3));  // it doesn't know yet, and its disk works
  auto const third = opened(rig->here(), t3);
  EXPECT_EQ(third.records,
            (Records{entry(t1, lost(1)), entry(t1, lost(2)), entry(t2, began(t2, second.seals))}));
  EXPECT_EQ(third.seals, (Seals{{t1, 2}, {t2, 1}}));
  append(t3, began(t3, third.seals));
  append(t1, lost(4));
  append(t2, lost(5));
  EXPECT_EQ(opened(rig->here(), t5).records.size(), 4U) << "nor does a later term count it";
}

TEST_P(LedgersContract, ATermThatNeverBeganSealsNothing) {
  opened(rig->here(), t1);
  append(t1, lost(1));
  opened(rig->elsewhere(), t2);  // whose candidate found that it may not begin it, or died
  append(t1, lost(2));
  auto const third = opened(rig->elsewhere(), t3);
  EXPECT_EQ(third.records, (Records{entry(t1, lost(1)), entry(t1, lost(2))}));
}

TEST_P(LedgersContract, AWorldThatBeginsSealsLikeATerm) {
  opened(rig->here(), t1);
  append(t1, lost(1));
  auto const second = opened(rig->elsewhere(), t2);
  log::WorldBegan world;
  world.term = t2;
  world.seals = {{t1, 1}};
  append(t2, world);
  append(t1, lost(2));
  EXPECT_EQ(opened(rig->here(), t3).records, (Records{entry(t1, lost(1)), entry(t2, world)}));
}

// However short the log was made, and whoever reads it: what follows from it is the same.
TEST_P(LedgersContract, ASnapshotStandsForTheRecordsItWasMadeOf) {
  opened(rig->here(), t1);
  Ledger expected;
  auto const take = [&](LedgerEvent const& event) {
    EXPECT_TRUE(expected.apply(event));
    append(t1, event);
    journals.at(t1)->may_compact();
  };
  take(log::WorldBegan{t1, 9, {}, {}, {}});
  for (int host = 1; host <= 60; ++host) take(log::Commanded{"tester", std::string(100'000, 'x'), {}, WallTime{host}});
  for (int host = 1; host <= 4; ++host) take(log::HostLost{Rank{host}, false, WallTime{100 + host}});
  Term term = t1;
  OpenedLedger second;
  ASSERT_TRUE(until([&] {
    second = opened(rig->elsewhere(), term = term.next());
    return !second.base.empty();
  }));
  auto const ledger_of = [](OpenedLedger const& read) {
    Ledger ledger;
    for (auto const& part : read.base) EXPECT_TRUE(ledger.restore(part));
    for (auto const& [of, record] : read.records) EXPECT_TRUE(ledger.apply(*decode<LedgerEvent>(record)));
    return ledger;
  };
  EXPECT_EQ(ledger_of(second), expected);
  EXPECT_EQ(second.seals.front(), (std::pair<Term, std::uint64_t>{t1, 65})) << "also of records that nobody reads any more";
  append(term, began(term, second.seals));
  append(t1, lost(5));  // it doesn't know yet, and makes its log shorter still
  journals.at(t1)->may_compact();
  auto const third = opened(rig->here(), term.next());
  EXPECT_TRUE(expected.apply(began(term, second.seals)));
  EXPECT_EQ(ledger_of(third), expected);
}

}  // namespace godwit::contract
