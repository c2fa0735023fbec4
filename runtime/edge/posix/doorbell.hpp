// Doorbell: wakes another process of this machine that sleeps in poll. MPI can't be waited for, so whoever
// sends through it to a rank nearby rings as well, and the rank needn't nap and look, nap and look.
//
// A ring carries nothing and may come for nothing; one that is lost costs a nap. A socket with a random
// abstract name: nothing is left behind, and ranks in other network namespaces, who can't ring here, are
// simply not heard. One thread; never blocks.
#pragma once

#include <string>

#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

class Doorbell {
 public:
  [[nodiscard]] static Result<Doorbell> open();

  [[nodiscard]] std::string const& name() const { return name_; }  // for those who want to ring here
  [[nodiscard]] int wait_fd() const { return socket_.get(); }      // readable once somebody rang
  void silence() const;                      // to be called before looking what it was about
  void ring(std::string const& name) const;  // there

 private:
  Doorbell(UniqueFd socket, std::string name) : socket_(std::move(socket)), name_(std::move(name)) {}

  UniqueFd socket_;
  std::string name_;
};

}  // namespace godwit
