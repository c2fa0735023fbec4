// Usage: what has been charged to each account. A job is charged its cores for as long as it keeps them from
// others: from when it started until it ends or waits again, and so also while it is suspended, on its way,
// or stranded on a host that may still run it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace godwit {

class Usage {
 public:
  // Nothing for less than no time: the clock went back in between.
  void charge(std::string const& account, std::int32_t cores, std::int64_t ns);

  [[nodiscard]] std::uint64_t core_us(std::string const& account) const;  // 0: none, or unknown
  [[nodiscard]] std::map<std::string, std::uint64_t> const& core_us() const { return core_us_; }

  bool operator==(Usage const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & core_us_;
  }

 private:
  std::map<std::string, std::uint64_t> core_us_;
};

}  // namespace godwit
