// An adapter under contract: what it is called in a test's name, and how to make a rig around it.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

namespace godwit::contract {

template <class Rig>
struct Adapter {
  std::string name;
  std::function<std::unique_ptr<Rig>()> make;

  friend void PrintTo(Adapter const& adapter, std::ostream* out) { *out << adapter.name; }
};

}  // namespace godwit::contract
