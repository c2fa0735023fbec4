// Outbox: what the allocator wants sent, answered or ended, held back until all that it appended to the
// journal before is durable, and while it doesn't lead. First in, first out, so order per destination is kept.
//
// Invariant: once it is closed (the journal is broken, or another allocator leads), nothing that waited ever leaves;
// whoever waits for a reply gets a refusal instead. What the allocator says after it was told so (refusals, Exit)
// doesn't claim anything that isn't in the ledger, and leaves.
#pragma once

#include <deque>
#include <utility>
#include <variant>

#include "allocator/effects.hpp"
#include "port/journal.hpp"

namespace godwit {

class Outbox {
 public:
  using Item = std::variant<allocator::Send, allocator::Reply, allocator::Confirm, allocator::Exit>;

  void appended(JournalPosition position) { appended_ = position; }
  void durable(JournalPosition position) { durable_ = position; }
  void close(Failure why) {
    if (std::exchange(closed_, true)) return;
    std::erase_if(items_,
                  [](auto const& item) { return !std::holds_alternative<allocator::Reply>(item.second); });
    for (auto& [position, item] : items_) std::get<allocator::Reply>(item).answer = cmd::Refusal{why};
  }
  // A send that claims something the ledger doesn't hold is dropped.
  void put(Item item) {
    bool const claims =
        std::holds_alternative<allocator::Send>(item) || std::holds_alternative<allocator::Confirm>(item);
    if (closed_ && claims) return;
    items_.emplace_back(appended_, std::move(item));
  }

  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] bool ready(bool leads) const {
    return !items_.empty() && (closed_ || (leads && items_.front().first <= durable_));
  }
  Item take() {
    auto item = std::move(items_.front().second);
    items_.pop_front();
    return item;
  }

 private:
  std::deque<std::pair<JournalPosition, Item>> items_;
  JournalPosition appended_{0};
  JournalPosition durable_{0};
  bool closed_{false};
};

}  // namespace godwit
