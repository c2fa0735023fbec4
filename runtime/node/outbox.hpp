// Outbox: what the allocator wants sent, answered or ended, held back until all that it appended to the
// journal before is durable. First in, first out, so order per destination is kept.
//
// Invariant: once the journal is broken, nothing that waited for it ever leaves; whoever waits for a
// reply gets a refusal instead. What the allocator says after it was told so (refusals, Exit) doesn't
// claim anything that isn't durable, and leaves.
#pragma once

#include <deque>
#include <utility>
#include <variant>

#include "allocator/effects.hpp"
#include "port/journal.hpp"

namespace godwit {

class Outbox {
 public:
  using Item = std::variant<allocator::Send, allocator::Reply, allocator::Exit>;

  void appended(JournalPosition position) { appended_ = position; }
  void durable(JournalPosition position) { durable_ = position; }
  void broke() {
    broken_ = true;
    std::erase_if(items_,
                  [](auto const& item) { return !std::holds_alternative<allocator::Reply>(item.second); });
    for (auto& [position, item] : items_) {
      std::get<allocator::Reply>(item).answer = cmd::Refusal{
          retry_later("journal_broken",
                      "the ledger can't be written, so this may not have been recorded: the runtime is "
                      "stopping. Look at the job when it has been started again")};
    }
  }
  // A send that claims something the broken journal doesn't hold is dropped.
  void put(Item item) {
    if (broken_ && std::holds_alternative<allocator::Send>(item)) return;
    items_.emplace_back(appended_, std::move(item));
  }

  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] bool ready() const {
    return !items_.empty() && (broken_ || items_.front().first <= durable_);
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
  bool broken_{false};
};

}  // namespace godwit
