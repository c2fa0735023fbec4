#include "node/succession.hpp"

#include <fmt/format.h>

#include "base/archive.hpp"
#include "base/mutation.hpp"

namespace godwit {

void Succession::take_over(custody::Claim claim) {
  last_request_ = last_request_.next();
  ports_.ledgers.open(last_request_, claim.term);
  claim_ = std::move(claim);
}

std::optional<Successor> Succession::poll() {
  std::optional<Successor> begun;
  for (auto& opened : ports_.ledgers.poll()) {
    if (opened.request != last_request_ || !claim_) continue;
    auto successor = opened.ledger ? begin(*std::move(opened.ledger)) : Result<Successor>(opened.ledger.failure());
    auto const term = claim_->term;
    claim_.reset();
    if (successor) {
      begun = *std::move(successor);
    } else {
      note(Level::warning,
           fmt::format("doesn't become the allocator of term {}: {}", term, successor.failure().context));
      auto const& code = successor.failure().code;
      counted_out_ = code == "counts_as_dead" || code == "another_world";
    }
  }
  return begun;
}

Result<Successor> Succession::begin(OpenedLedger opened) const {
  Ledger ledger;
  if (mutated(Mutation::miss_the_last_record) && !opened.records.empty()) opened.records.pop_back();
  for (auto const& part : opened.base) {
    if (auto restored = ledger.restore(part); !restored) return restored.failure();
  }
  for (auto const& [term, record] : opened.records) {
    auto const event = decode<LedgerEvent>(record);
    if (!event) return event.failure();
    if (auto applied = ledger.apply(*event); !applied) return applied.failure();
  }
  if (auto flaw = flaw_of(*claim_, ledger.electorate(), ledger.world(), world_.clock.now())) return *flaw;
  allocator::Began began{.term = claim_->term,
                         .ranks = world_.transport.ranks(),
                         .seals = {},
                         .self = world_.transport.self(),
                         .takes_over = true,
                         .claim = *claim_};
  for (auto const& [term, records] : opened.seals) {
    if (!mutated(Mutation::forget_the_seals)) began.seals.push_back({term, records});
  }
  auto office = ports_.offices.open(claim_->term);
  if (!office) return office.failure();
  return Successor{*std::move(office), std::move(opened.journal),
                   std::make_unique<allocator::Allocator>(ports_.settings, std::move(ledger)), std::move(began)};
}

void Succession::note(Level level, std::string text) {
  world_.log.write(Note{level, {}, {}, std::move(text)});
}

}  // namespace godwit
