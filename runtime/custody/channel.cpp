#include "custody/channel.hpp"

#include "base/mutation.hpp"

namespace godwit::custody {

std::uint64_t Channel::put(Bytes message) {
  unconfirmed_.push_back({++said_, std::move(message)});
  return said_;
}

void Channel::confirm(std::uint64_t seen) {
  while (!unconfirmed_.empty() && unconfirmed_.front().number <= seen) unconfirmed_.pop_front();
}

std::vector<Bytes> Channel::take(std::uint64_t number, Bytes message) {
  std::vector<Bytes> complete;
  if (number <= seen_) {
    if (mutated(Mutation::deliver_twice)) complete.push_back(std::move(message));
    return complete;
  }
  if (number > seen_ + 1 && mutated(Mutation::deliver_out_of_order)) {
    seen_ = number;
    complete.push_back(std::move(message));
    return complete;
  }
  early_.emplace(number, std::move(message));
  for (auto next = early_.begin(); next != early_.end() && next->first == seen_ + 1; next = early_.erase(next)) {
    ++seen_;
    complete.push_back(std::move(next->second));
  }
  return complete;
}

}  // namespace godwit::custody
