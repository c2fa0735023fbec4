// StandbyOffices: the port Offices of a host: a control server and a catalogue of plugins, opened if this host is elected.
// Users find it by access.json, as they found rank 0.
#pragma once

#include "app/godwitd/options.hpp"
#include "edge/posix/wake_group.hpp"
#include "port/office.hpp"

namespace godwit {

class StandbyOffices final : public Offices {
 public:
  explicit StandbyOffices(Options const& options) : options_(options) {}

  Result<std::unique_ptr<Office>> open(Term term) override;
  [[nodiscard]] int wait_fd() const { return wake_.wait_fd(); }  // readable when something came for an open one

 private:
  Options const& options_;
  WakeGroup wake_;
};

}  // namespace godwit
