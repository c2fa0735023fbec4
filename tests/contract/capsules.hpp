// The contract of the port Capsules, as cases that run against every adapter: capsules without processes, and real ones.
// The job in them counts, one a step; what it is called and what it takes, the rig knows.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "contract/adapter.hpp"
#include "port/capsules.hpp"
#include "state/manifest.hpp"

namespace godwit::contract {

class CapsulesRig {
 public:
  virtual ~CapsulesRig() = default;
  virtual Capsules& capsules() = 0;
  virtual bool let_pass() = 0;                                       // false: nothing can get further, ever
  virtual CapsuleOrder counting(JobId job, std::uint64_t steps) = 0;  // an order for a job of so many steps, with an arena
  virtual CapsuleOrder impossible(JobId job) = 0;                     // one that can't be prepared
  virtual void crash(CapsuleId capsule, JobId job) = 0;               // its process dies
  [[nodiscard]] virtual Instant now() const = 0;
};

constexpr std::uint64_t endless = 1'000'000'000;

class CapsulesContract : public ::testing::TestWithParam<Adapter<CapsulesRig>> {
 protected:
  CapsulesContract() : rig(GetParam().make()), capsules(rig->capsules()) {}

  struct Image {
    Bytes manifest, arena;
    [[nodiscard]] Manifest decoded() const;
  };

  CapsuleOrder order(std::uint64_t steps = endless);  // for a new job
  CapsuleId prepared(CapsuleOrder order);
  CapsuleId running(std::uint64_t steps = endless, Epoch epoch = {1});
  CapsuleId restored(Image const& image, Epoch epoch, std::uint64_t steps = endless);
  Image frozen(CapsuleId capsule);
  capsule::Running thawed(CapsuleId capsule, Epoch epoch);
  void gone(CapsuleId capsule);  // killed and forgotten
  void crash(CapsuleId capsule) { rig->crash(capsule, jobs_.at(capsule)); }
  [[nodiscard]] std::uint64_t steps_of(CapsuleId capsule) { return capsules.report(capsule).steps; }
  bool steps_pass(CapsuleId capsule, std::uint64_t count);

  bool until(std::function<bool()> const& holds);
  void look();  // keeps what has come
  CapsuleEvent next(CapsuleId capsule);
  template <class E>
  E expect(CapsuleId capsule);
  // Whatever there was to be heard has been heard: another job has lived from order to end meanwhile.
  void a_life_passes();
  std::vector<CapsuleEvent>& heard(CapsuleId capsule) { return heard_[capsule]; }

  std::unique_ptr<CapsulesRig> rig;
  Capsules& capsules;

 private:
  CapsuleId last_{0};
  JobId last_job_{0};
  std::map<CapsuleId, JobId> jobs_;
  std::map<CapsuleId, std::vector<CapsuleEvent>> heard_;
};

[[nodiscard]] std::string kind_of(CapsuleEvent const& event);

// The very next one about this capsule.
template <class E>
E CapsulesContract::expect(CapsuleId capsule) {
  auto event = next(capsule);
  if (auto* const wanted = std::get_if<E>(&event)) return std::move(*wanted);
  ADD_FAILURE() << "it came to " << kind_of(event);
  return {};
}

}  // namespace godwit::contract
