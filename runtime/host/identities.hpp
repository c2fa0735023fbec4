// Identities: which of a host's counted resources are whose: gpus 0 and 1, licences a and b. Handed out in
// the order in which they were declared; the host gives them to a job's environment. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace godwit::host {

class Identities {
 public:
  using Counts = std::map<std::string, std::int32_t>;
  using Names = std::map<std::string, std::vector<std::string>>;

  explicit Identities(Names const& all);

  [[nodiscard]] bool ever(Counts const& wanted) const;  // are there so many
  [[nodiscard]] bool free(Counts const& wanted) const;  // and nobody has them
  [[nodiscard]] Names take(Counts const& wanted);       // that are free
  void give_back(Names const& taken);

 private:
  struct One {
    std::string name;
    bool taken{false};
  };
  [[nodiscard]] bool suffices(Counts const& wanted, bool free_only) const;

  std::map<std::string, std::vector<One>> all_;
};

// GODWIT_RESOURCE_LICENCE=a,b; for gpus CUDA_VISIBLE_DEVICES too.
[[nodiscard]] std::map<std::string, std::string> environment_of(Identities::Names const& taken);

}  // namespace godwit::host
