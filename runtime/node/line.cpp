#include "node/line.hpp"

#include "base/archive.hpp"

namespace godwit {

msg::Parcel::Haste haste_of(Message const& message) {
  using Haste = msg::Parcel::Haste;
  if (std::holds_alternative<msg::Heartbeat>(message) || std::holds_alternative<msg::Trouble>(message)) return Haste::none;
  if (std::holds_alternative<msg::JobStarted>(message)) return Haste::none;
  if (auto const* saved = std::get_if<msg::Checkpointed>(&message)) return saved->request ? Haste::soon : Haste::none;
  if (auto const* ended = std::get_if<msg::JobEnded>(&message)) {
    return ended->outcome.ending == Ending::finished ? Haste::news : Haste::soon;
  }
  return Haste::soon;
}

msg::Parcel Line::parcel(std::uint64_t number, Bytes message) const {
  return {host_, allocator_, term_, up_, msg::Parcel::Haste::soon, number, channel_.seen(), std::move(message)};
}

msg::Parcel Line::wrap(Message const& message) {
  auto encoded = encode(message);
  auto const number = channel_.put(encoded);
  auto made = parcel(number, std::move(encoded));
  made.haste = haste_of(message);
  return made;
}

std::vector<Result<Message>> Line::take(msg::Parcel const& parcel) {
  channel_.confirm(parcel.seen);
  std::vector<Result<Message>> heard;
  for (auto const& bytes : channel_.take(parcel.number, parcel.message)) heard.push_back(decode<Message>(bytes));
  return heard;
}

std::vector<msg::Parcel> Line::route(Rank via) {
  std::vector<msg::Parcel> again;
  auto const former = std::exchange(via_, via);
  if (former == via || former == no_rank) return again;  // what went directly arrives
  for (auto const& kept : channel_.unconfirmed()) again.push_back(parcel(kept.number, kept.message));
  return again;
}

}  // namespace godwit
