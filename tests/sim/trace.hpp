// Trace: what happened, as a running digest, which two runs of a seed must agree on, and, if somebody listens, as
// lines for people. And Wrong: what an oracle throws; it ends the run.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "base/digest.hpp"
#include "sim/scheduler.hpp"

namespace godwit::sim {

class Wrong : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

template <class... A>
[[noreturn]] void wrong(fmt::format_string<A...> text, A&&... a) {
  throw Wrong(fmt::format(text, std::forward<A>(a)...));
}

class Trace {
 public:
  using Listener = std::function<void(std::string const&)>;

  Trace(Scheduler const& scheduler, Listener listener) : scheduler_(scheduler), listener_(std::move(listener)) {}

  [[nodiscard]] bool is_heard() const { return static_cast<bool>(listener_); }
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

  void add(std::uint64_t word) {
    digest_ = (digest_ ^ word ^ static_cast<std::uint64_t>(scheduler_.now().count())) * 0x9e3779b97f4a7c15ULL;
    digest_ ^= digest_ >> 29;
  }
  void add(ByteView bytes) { add(digest_of(bytes).value); }

  // Part of the digest too: cheap where nobody listens only because the caller asks is_heard() first, or says little.
  void say(std::string const& line) {
    add(std::as_bytes(std::span(line)));
    hint(line);
  }
  // For people only.
  void hint(std::string const& line) {
    if (listener_) listener_(fmt::format("{:>12.6f}  {}", static_cast<double>(scheduler_.now().count()) / 1e9, line));
  }

 private:
  Scheduler const& scheduler_;
  Listener listener_;
  std::uint64_t digest_{1};
};

}  // namespace godwit::sim
