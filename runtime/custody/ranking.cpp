#include "custody/ranking.hpp"

#include <iterator>

namespace godwit::custody {

void Ranking::choose(std::size_t nth) {
  nth_ = nth;
  balance();
}

void Ranking::put(Rank member, std::optional<Instant> former, Instant end) {
  std::pair const at(end, member);
  bool const was_first = former && !first_.empty() && !(std::pair(*former, member) < *first_.begin());
  auto node = former ? (was_first ? first_ : others_).extract({*former, member}) : Ends::node_type();
  auto& to = !first_.empty() && *first_.begin() < at ? first_ : others_;
  if (node.empty()) {
    to.insert(at);
  } else {
    node.value() = at;
    to.insert(to.end(), std::move(node));  // mostly it is the latest of all
  }
  balance();
}

void Ranking::balance() {
  while (first_.size() > nth_) others_.insert(first_.extract(first_.begin()));
  while (first_.size() < nth_ && !others_.empty()) first_.insert(others_.extract(std::prev(others_.end())));
}

std::optional<Instant> Ranking::nth() const {
  if (nth_ == 0 || first_.size() < nth_) return std::nullopt;
  return first_.begin()->first;
}

}  // namespace godwit::custody
