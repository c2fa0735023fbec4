#include "manager/manager.hpp"

#include <algorithm>

namespace godwit::manager {

namespace {
constexpr Duration soon_max = 50ms;   // somebody waits
constexpr Duration news_max = 100ms;  // a core is idle
}

bool Manager::wants(Message const& message) const {
  if (auto const* start = std::get_if<msg::StartJob>(&message)) return start->for_group;
  if (auto const* cancel = std::get_if<msg::CancelJob>(&message)) {
    return queued(cancel->job, cancel->epoch) != queue_.end();
  }
  return std::holds_alternative<msg::Managed>(message) || std::holds_alternative<msg::Recall>(message) ||
         std::holds_alternative<msg::Quiesce>(message);
}

void Manager::step(Instant now, Event const& event, Effects& effects) {
  now_ = now;
  out_ = &effects;
  std::visit([this](auto const& one) { on(one); }, event);
  hand_on();
  expect_to_pass();
  out_ = nullptr;
}

void Manager::on(Carry const& event) {
  if (!manages()) return void(out_->push_back(Pass{event.parcel}));
  if (waiting_.empty()) first_ = now_;
  haste_ = std::max(haste_, event.parcel.haste);
  waiting_.push_back(event.parcel);
}

void Manager::on(Ordered const& event) {
  term_ = event.term;
  std::visit([this](auto const& message) { order(message); }, event.message);
}

void Manager::on(Told const& event) {
  rooms_[event.from] = event.room;
}

void Manager::on(TimerFired const&) {
  due_ = {};
  pass_all();
}

void Manager::on(Deposed const&) {
  members_.clear();
  queue_.clear();
  waiting_.clear();  // the hosts begin anew, each for itself
  haste_ = {};
  version_ = 0;
}

void Manager::order(msg::Managed const& message) {
  if (message.version < version_) return;  // overtaken by the group's end
  std::vector<msg::JobEpoch> back;
  for (auto const& start : queue_) back.push_back({start.job, start.epoch});
  queue_.clear();
  if (!back.empty()) give_back(std::move(back));
  members_.clear();
  version_ = message.version;
  gather_ = message.gather;
  if (message.manager == self_) {
    for (auto const rank : message.members) members_[rank] = 0;
  } else {
    pass_all();
  }
}

void Manager::order(msg::StartJob const& message) {
  if (!manages()) return give_back({{message.job, message.epoch}});
  queue_.push_back(message);
}

// Those that would wait longest.
void Manager::order(msg::Recall const& message) {
  std::vector<msg::JobEpoch> back;
  while (!queue_.empty() && back.size() < message.count) {
    back.push_back({queue_.back().job, queue_.back().epoch});
    queue_.pop_back();
  }
  give_back(std::move(back));
}

void Manager::order(msg::CancelJob const& message) {
  queue_.erase(queued(message.job, message.epoch));
  give_back({{message.job, message.epoch}});
}

std::deque<msg::StartJob>::const_iterator Manager::queued(JobId job, Epoch epoch) const {
  return std::ranges::find_if(queue_, [&](auto const& start) { return start.job == job && start.epoch == epoch; });
}

// One that doesn't know of this version yet would refuse what it is handed.
std::int32_t Manager::free_of(Rank member, std::uint64_t handed) const {
  auto const at = rooms_.find(member);
  if (at == rooms_.end() || at->second.term != term_ || at->second.version != version_) return 0;
  return at->second.free - static_cast<std::int32_t>(handed - at->second.handed);
}

bool Manager::has_idle_cores() const {
  return std::ranges::any_of(members_, [this](auto const& one) { return free_of(one.first, one.second) > 0; });
}

// Where there is most room first: they fill evenly.
void Manager::hand_on() {
  while (!queue_.empty()) {
    auto const free = [this](auto const& one) { return free_of(one.first, one.second); };
    auto const best = std::ranges::max_element(members_, {}, free);
    if (best == members_.end() || free(*best) <= 0) return;
    auto start = std::move(queue_.front());
    queue_.pop_front();
    start.for_group = false;
    ++best->second;
    out_->push_back(Send{best->first, msg::HandOn{term_, version_, std::move(start)}});
  }
}

void Manager::give_back(std::vector<msg::JobEpoch> jobs) {
  out_->push_back(Say{msg::GivenBack{std::move(jobs)}});
}

void Manager::pass_all() {
  for (auto& parcel : std::exchange(waiting_, {})) out_->push_back(Pass{std::move(parcel)});
  haste_ = {};
}

// That a job began or ended can wait while there are others to take its place.
void Manager::expect_to_pass() {
  using Haste = msg::Parcel::Haste;
  Instant due{};
  if (!waiting_.empty()) {
    auto wait = gather_;
    if (haste_ == Haste::soon) wait = std::min(soon_max, gather_ / 4);
    if (haste_ == Haste::news && queue_.empty() && has_idle_cores()) wait = std::min(news_max, gather_ / 2);
    due = std::max(first_ + wait, now_);
  }
  if (due == due_) return;
  due_ = due;
  out_->push_back(Arm{due});
}

}  // namespace godwit::manager
