// Intervals: a set of elements of an array, kept as runs: a million of them that lie side by side cost as
// much as one. The runs are disjoint and never touch, so equal sets are equal objects.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace godwit {

class Intervals {
 public:
  using Run = std::pair<std::uint32_t, std::uint32_t>;  // first and last, both in it

  Intervals() = default;
  Intervals(std::uint32_t first, std::uint32_t last) { insert(first, last); }

  [[nodiscard]] bool empty() const { return runs_.empty(); }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint32_t front() const { return runs_.begin()->first; }  // of one that isn't empty
  [[nodiscard]] std::uint32_t back() const { return runs_.rbegin()->second; }
  [[nodiscard]] bool contains(std::uint32_t element) const { return contains(element, element); }
  [[nodiscard]] bool contains(std::uint32_t first, std::uint32_t last) const;  // all of these
  [[nodiscard]] std::map<std::uint32_t, std::uint32_t> const& runs() const { return runs_; }
  [[nodiscard]] std::vector<Run> list() const { return {runs_.begin(), runs_.end()}; }

  void insert(std::uint32_t element) { insert(element, element); }
  void insert(std::uint32_t first, std::uint32_t last);  // first > last: none
  void erase(std::uint32_t element) { erase(element, element); }
  void erase(std::uint32_t first, std::uint32_t last);
  [[nodiscard]] Intervals within(std::uint32_t first, std::uint32_t last) const;
  [[nodiscard]] Intervals within(Intervals const& others) const;

  // Calls each(element), in order, until it says false.
  template <class Each>
  void walk(Each each) const {
    for (auto const& [first, last] : runs_) {
      for (auto element = std::uint64_t{first}; element <= last; ++element) {
        if (!each(static_cast<std::uint32_t>(element))) return;
      }
    }
  }

  bool operator==(Intervals const&) const = default;

 private:
  std::map<std::uint32_t, std::uint32_t> runs_;
  std::uint64_t size_{0};
};

}  // namespace godwit
