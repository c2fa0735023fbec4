#include "sim/audit.hpp"

#include "port/checkpoint_store.hpp"
#include "state/manifest.hpp"

namespace godwit::sim {

// Of later terms' logs nothing: one that is elected late may read when another has begun, and comes to nothing then.
void Audit::is_read(OpenedLedger const& opened) const {
  auto const older = std::ranges::find_if(history_, [&](auto const& known) { return known.term >= opened.term; });
  auto const durable = static_cast<std::size_t>(older - history_.begin());
  if (opened.records.size() < durable) {
    wrong("{} records of the ledger were durable, and term {} reads {}", durable, opened.term, opened.records.size());
  }
  for (std::size_t at = 0; at < durable; ++at) {
    if (digest_of(opened.records[at].second).value == history_[at].digest) continue;
    wrong("record {} of the ledger was durable, and isn't what term {} reads there", at + 1, opened.term);
  }
}

void Audit::begins(OpenedLedger const& opened) {
  if (opened.term <= term_) wrong("term {} begins after term {}", opened.term, term_);
  auto const known = std::exchange(history_, {});
  ledger_ = {};
  minted_.clear();
  durable_.clear();
  submitted_ = 0;
  bool same = true;
  for (auto const& [term, bytes] : opened.records) {
    auto const digest = digest_of(bytes).value;
    same = same && history_.size() < known.size() && known[history_.size()].digest == digest;
    if (!same && history_.size() < promised_) {
      wrong("record {} of the ledger was promised, and isn't what term {} reads there", history_.size() + 1, opened.term);
    }
    history_.push_back({term, digest});
    auto const event = decode<LedgerEvent>(bytes);
    if (!event) wrong("record {} of the ledger can't be read", history_.size());
    same ? (void)ledger_.apply(*event).ok() : fold(*event);
    if (same) look_at(*event);
    if (history_.size() > promised_) promise(*event);
  }
  if (history_.size() < promised_) {
    wrong("{} records of the ledger were promised, and term {} reads {}", promised_, opened.term, history_.size());
  }
  term_ = opened.term;
  for (auto const& [term, records] : opened.seals) sealed_[term] = records;
}

void Audit::record(Term term, ByteView bytes) {
  ++records_[term];
  if (term < term_) return;  // sealed: it doesn't count
  history_.push_back({term, digest_of(bytes).value});
  auto const event = decode<LedgerEvent>(bytes);
  if (!event) wrong("a record that can't be read is appended to the ledger");
  fold(*event);
  durable_.push_back(*event);
}

void Audit::leads(Term term) {
  if (term < term_) {
    if (records_[term] > sealed_[term]) {
      wrong("the allocator of term {} leads with {} durable records, and term {} has read {}", term, records_[term],
            term_, sealed_[term]);
    }
    return;
  }
  for (auto const& event : std::exchange(durable_, {})) promise(event);
  promised_ = history_.size();
}

void Audit::mint(JobId job, Epoch epoch) {
  auto& newest = minted_[job];
  if (epoch <= newest) wrong("epoch {} of job {} is minted after {}", epoch, job, newest);
  newest = epoch;
}

// What only counts the record.
void Audit::look_at(LedgerEvent const& event) {
  if (auto const* one = std::get_if<log::Submitted>(&event)) submitted_ += one->work.size();
  if (std::holds_alternative<log::Cloned>(event)) ++submitted_;
  if (auto const* one = std::get_if<log::Granted>(&event)) mint(one->job, one->epoch);
  if (auto const* one = std::get_if<log::GrantedToGroup>(&event)) mint(one->job, one->epoch);
  if (auto const* one = std::get_if<log::Intent>(&event)) mint(one->job, one->target_epoch), mint(one->job, one->thaw_epoch);
}

void Audit::lose_all_of(Rank host) {
  for (auto const& [job, record] : ledger_.jobs()) {
    if (is_ended(record.state) || record.at_group) continue;
    // What a target has done, the source goes on without, at the epoch next to it.
    if (record.intent && record.intent->target == host) {
      census_.takes_back(job, record.intent->target_epoch);
    } else if (record.host == host || (record.intent && record.intent->source == host)) {
      census_.takes_back(job, record.newest_epoch);
    }
  }
}

// A move with one dead end is over: the living one has the job, with all that was done.
void Audit::look_who_has(JobId job) {
  auto const state = ledger_.state(job);
  if (state == JobState::running || state == JobState::suspended) census_.takes_nothing_back(job);
}

void Audit::fold(LedgerEvent const& event) {
  look_at(event);
  if (auto const* one = std::get_if<log::HostLost>(&event)) lose_all_of(one->host);
  if (auto const* one = std::get_if<log::HandedOn>(&event); one != nullptr && ledger_.is_lost(one->host)) {
    census_.takes_back(one->job, one->epoch);  // it may have run there
  }
  if (std::holds_alternative<log::WorldBegan>(event) && !ledger_.ended_cleanly()) {
    for (auto const& [job, record] : ledger_.jobs()) census_.takes_back(job, record.newest_epoch);
  }
  if (auto const* one = std::get_if<log::Ended>(&event); one != nullptr && one->outcome.ending == Ending::finished) {
    if (census_.finished_at(one->job) != one->outcome.steps) {
      wrong("the ledger has job {} finished after {} steps, and no capsule has", one->job, one->outcome.steps);
    }
  }
  auto const applied = ledger_.apply(event);
  if (!applied) wrong("the ledger holds what doesn't apply: {}", applied.failure().context);
  if (auto const* one = std::get_if<log::Moved>(&event)) look_who_has(one->job);
  if (auto const* one = std::get_if<log::Stayed>(&event)) look_who_has(one->job);
  if (ledger_.counts().all() != submitted_) {
    wrong("{} jobs were submitted, and the ledger counts {}", submitted_, ledger_.counts().all());
  }
}

// Whatever happens from now on, this stays.
void Audit::promise(LedgerEvent const& event) {
  if (auto const* one = std::get_if<log::Checkpointed>(&event)) {
    auto const path = checkpoint_path(one->job, one->image.epoch, one->image.generation);
    // A new allocator may hear of one that was thrown away under the former one: there is a newer one in the ledger.
    if (disk_.pruned.contains(path)) return;
    auto const at = disk_.images.find(path);
    if (at == disk_.images.end()) wrong("the ledger has image {}-{} of job {}, and the store hasn't", one->image.epoch, one->image.generation, one->job);
    auto const manifest = decode<Manifest>(at->second.manifest);
    census_.image_known(one->job, manifest->steps);
  }
}

void Audit::answered(JobId job) const {
  if (!ledger_.state(job) && ledger_.array(job) == nullptr) {
    wrong("a user was told that job {} was submitted, and it isn't durable in the ledger", job);
  }
}

std::vector<JobId> Audit::jobs() const {
  std::vector<JobId> all;
  for (auto const& [job, record] : ledger_.jobs()) {
    if (job.element() == 0) all.push_back(job);
  }
  for (auto const& [job, array] : ledger_.arrays()) {
    for (std::uint32_t element = 1; element <= array.size; ++element) all.push_back(JobId::of_element(job.number(), element));
  }
  return all;
}

}  // namespace godwit::sim
