// An adapter under contract: what it is called in a test's name, and how to make a rig around it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace godwit::contract {

constexpr auto patience = std::chrono::seconds(60);  // until what a case waits for must have come

template <class Rig>
struct Adapter {
  std::string name;
  std::function<std::unique_ptr<Rig>()> make;

  friend void PrintTo(Adapter const& adapter, std::ostream* out) { *out << adapter.name; }
};

// An adapter whose delays and order are drawn: a few seeds of it.
template <class Rig, class Made>
std::vector<Adapter<Rig>> seeds() {
  std::vector<Adapter<Rig>> all;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    all.push_back({"seed " + std::to_string(seed), [seed] { return std::make_unique<Made>(seed); }});
  }
  return all;
}

}  // namespace godwit::contract
