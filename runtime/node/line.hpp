// Line: one end of the channel between a host and its allocator, with the route that it takes; private to this folder.
// Makes parcels of what is said, and hears in order what comes in.
#pragma once

#include <optional>
#include <vector>

#include "custody/channel.hpp"
#include "message/codec.hpp"

namespace godwit {

// What a user, a job or the allocator's decisions wait for. Heart-beats have time: a lease is several of them.
[[nodiscard]] msg::Parcel::Haste haste_of(Message const& message);

class Line {
 public:
  Line(Rank host, Rank allocator, Term term, bool up) : host_(host), allocator_(allocator), term_(term), up_(up) {}

  [[nodiscard]] Rank allocator() const { return allocator_; }
  [[nodiscard]] Term term() const { return term_; }
  [[nodiscard]] Rank via() const { return via_; }  // no_rank: directly

  [[nodiscard]] msg::Parcel wrap(Message const& message);
  // What has now been heard, in order. Of a parcel of this term.
  [[nodiscard]] std::vector<Result<Message>> take(msg::Parcel const& parcel);
  // From now on by that route: what is to be sent again, for the former one may have lost it.
  [[nodiscard]] std::vector<msg::Parcel> route(Rank via);

 private:
  [[nodiscard]] msg::Parcel parcel(std::uint64_t number, Bytes message) const;

  Rank host_, allocator_;
  Term term_;
  bool up_;
  Rank via_{no_rank};
  custody::Channel channel_;
};

}  // namespace godwit
