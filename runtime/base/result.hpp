// Result<T>: a value, or a Failure that says how the caller is to react.
//
// Errors are named by the caller's reaction, not by where they arose (after KJ's exception types):
// a handler looks at `reaction`, a program at `code`, a person at `context`.
// Exceptions don't cross folders; edges catch third-party ones and return a Failure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "base/panic.hpp"

namespace godwit {

enum class Reaction : std::uint8_t {
  reject,       // the request is wrong and would be wrong again: tell the user
  retry_later,  // nothing is wrong with the request: try again with back-off
  peer_lost,    // the other side is gone
  data_lost,    // stored or transmitted bytes aren't what they should be
};

struct Failure {
  Reaction reaction{Reaction::reject};
  std::string code;     // stable, snake_case, for programs: "no_such_job"
  std::string context;  // for people: what was wrong, where, and what to do

  bool operator==(Failure const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & reaction & code & context;
  }
};

inline Failure reject(std::string code, std::string context) {
  return {Reaction::reject, std::move(code), std::move(context)};
}
inline Failure retry_later(std::string code, std::string context) {
  return {Reaction::retry_later, std::move(code), std::move(context)};
}
inline Failure peer_lost(std::string code, std::string context) {
  return {Reaction::peer_lost, std::move(code), std::move(context)};
}
inline Failure data_lost(std::string code, std::string context) {
  return {Reaction::data_lost, std::move(code), std::move(context)};
}

struct Unit {
  bool operator==(Unit const&) const = default;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : held_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return held_.index() == 0; }
  [[nodiscard]] bool ok() const { return held_.index() == 0; }

  T& operator*() & { return value(); }
  T const& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  T const* operator->() const { return &value(); }

  [[nodiscard]] Failure const& failure() const {
    invariant(held_.index() == 1, "failure() of a Result that holds a value");
    return std::get<1>(held_);
  }

 private:
  T& value() {
    invariant(held_.index() == 0, "value of a Result that holds a failure");
    return std::get<0>(held_);
  }
  T const& value() const {
    invariant(held_.index() == 0, "value of a Result that holds a failure");
    return std::get<0>(held_);
  }
  std::variant<T, Failure> held_;
};

// A Result without a value: `return Done{};` or `return failure;`.
using Done = Unit;
using Status = Result<Done>;

}  // namespace godwit
