// Lifeline: how ranks of other nodes learn for sure that this one has ended, and with it its zygote and all capsules. These hold one
// listening socket together. The kernel takes it away with the last of them, and then refuses whoever knocks; a connection's end alone
// proves nothing (who has connected finds out in lifeline_watch.hpp).
//
// Who connects is sent a secret that MPI has told all ranks: so it knows whom it has found, whatever else may listen at such an
// address and port. One thread; never blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

struct LifelineName {
  std::vector<std::string> addresses;  // numeric
  std::uint16_t port{0};
  std::string secret;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& addresses& port& secret;
  }
};

class Lifeline {
 public:
  // Nobody can connect before listen().
  [[nodiscard]] static Result<Lifeline> open();

  [[nodiscard]] int fd() const { return socket_.get(); }  // what the others are to hold as well
  [[nodiscard]] LifelineName const& name() const { return name_; }

  [[nodiscard]] Status listen();
  // Greets those who have come, forgets those who have left.
  void tend();

 private:
  Lifeline(UniqueFd socket, UniqueFd epoll, LifelineName name);
  void greet(UniqueFd guest);

  UniqueFd socket_, epoll_;
  LifelineName name_;
  std::map<int, UniqueFd> guests_;  // by number
};

// How many connections there are at most, each way: a quarter of the descriptors that this process may have.
[[nodiscard]] std::size_t lifelines_max();
// From here on this process may have as many as the hard limit says. Those it started before keep what they have.
void raise_descriptor_limit();

}  // namespace godwit
