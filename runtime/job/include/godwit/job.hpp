// What a job author sees. A job type is a class derived from Job and named by GODWIT_JOB in a shared
// object of its own; Godwit loads it by name into a capsule, calls step() until it says done, and may
// checkpoint it, move it to another process or host and go on there, between any two steps.
//
// All calls come from one thread. An exception that leaves any of them fails the job with its
// message. Depends on the standard library only; needs no linking.
#pragma once

#include <atomic>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "godwit/state.hpp"

namespace godwit {

// ---- what a step says

class Step {
 public:
  enum class Kind : std::uint8_t { more, done, failed, again };

  static Step more() { return Step(Kind::more); }
  static Step done() { return Step(Kind::done); }
  static Step failed(std::string message) {
    Step step(Kind::failed);
    step.message_ = std::move(message);
    return step;
  }
  // Like more(), but not before `delay` has passed; meanwhile the job idles without a core.
  static Step again_in(std::chrono::nanoseconds delay) {
    Step step(Kind::again);
    step.delay_ = delay;
    return step;
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] std::string const& message() const { return message_; }
  [[nodiscard]] std::chrono::nanoseconds delay() const { return delay_; }

 private:
  explicit Step(Kind kind) : kind_(kind) {}
  Kind kind_;
  std::string message_;
  std::chrono::nanoseconds delay_{0};
};

// ---- parameters: key=value arguments, bound to members

enum class ParameterKind : std::uint8_t { text = 0, integer = 1, real = 2, boolean = 3 };

// A parameter with its type erased. parse() returns false on a malformed value.
struct ParameterAccess {
  std::string_view name;
  std::string_view help;
  ParameterKind kind{};
  std::optional<std::string> fallback;  // as the user would type it; none: required
  void* object = nullptr;
  bool (*parse)(void* object, std::string_view text) = nullptr;
};

class Parameters {
 public:
  template <class T>
    requires std::integral<T> || std::floating_point<T> || std::same_as<T, std::string>
  void operator()(std::string_view name, T& value, std::string_view help = {}) {
    add(name, value, std::nullopt, help);
  }
  template <class T, class D>
    requires(std::integral<T> || std::floating_point<T> || std::same_as<T, std::string>) &&
            std::convertible_to<D, T>
  void operator()(std::string_view name, T& value, D const& fallback, std::string_view help) {
    add(name, value, spell(T(fallback)), help);
  }

 protected:
  ~Parameters() = default;
  virtual void on_parameter(ParameterAccess access) = 0;

 private:
  template <class T>
  static std::string spell(T const& value) {
    if constexpr (std::same_as<T, std::string>) {
      return value;
    } else if constexpr (std::same_as<T, bool>) {
      return value ? "true" : "false";
    } else {
      char buffer[64];
      auto const end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
      return {buffer, end};
    }
  }
  template <class T>
  static bool parse(void* object, std::string_view text) {
    auto& value = *static_cast<T*>(object);
    if constexpr (std::same_as<T, std::string>) {
      value = text;
      return true;
    } else if constexpr (std::same_as<T, bool>) {
      value = text == "true" || text == "yes" || text == "1";
      return value || text == "false" || text == "no" || text == "0";
    } else {
      auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      return error == std::errc{} && end == text.data() + text.size();
    }
  }
  template <class T>
  void add(std::string_view name, T& value, std::optional<std::string> fallback, std::string_view help) {
    ParameterAccess access;
    access.name = name;
    access.help = help;
    access.kind = std::same_as<T, std::string> ? ParameterKind::text
                  : std::same_as<T, bool>      ? ParameterKind::boolean
                  : std::integral<T>           ? ParameterKind::integer
                                               : ParameterKind::real;
    access.fallback = std::move(fallback);
    access.object = &value;
    access.parse = &parse<T>;
    on_parameter(std::move(access));
  }
};

// ---- methods: calls from outside, run between steps

class Methods {
 public:
  // `function` takes plain numbers and strings and returns one, or nothing.
  template <class F>
  void on(std::string_view name, std::string_view help, F function) {
    bind(name, help, std::function(std::move(function)));
  }

 protected:
  ~Methods() = default;
  using Handler = std::function<std::string(std::span<std::string const> arguments)>;
  // `arity`: how many arguments it takes. The handler throws std::invalid_argument on a malformed one.
  virtual void on_method(std::string_view name, std::string_view help, std::size_t arity,
                         Handler handler) = 0;

 private:
  template <class T>
  static T argument(std::string_view method, std::size_t index, std::string const& text) {
    if constexpr (std::same_as<T, std::string>) {
      return text;
    } else {
      T value{};
      auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc{} || end != text.data() + text.size()) {
        throw std::invalid_argument(std::string(method) + ": argument " + std::to_string(index + 1) + " '" +
                                    text + "' is not a number");
      }
      return value;
    }
  }
  template <class T>
  static std::string answer(T const& value) {
    if constexpr (std::convertible_to<T, std::string>) {
      return value;
    } else if constexpr (std::same_as<T, bool>) {
      return value ? "true" : "false";
    } else {
      char buffer[64];
      auto const end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
      return {buffer, end};
    }
  }
  template <class R, class... A>
  void bind(std::string_view name, std::string_view help, std::function<R(A...)> function) {
    auto handler = [function = std::move(function), method = std::string(name)](
                       std::span<std::string const> arguments) -> std::string {
      auto const call = [&]<std::size_t... I>(std::index_sequence<I...>) {
        return function(argument<std::remove_cvref_t<A>>(method, I, arguments[I])...);
      };
      if constexpr (std::is_void_v<R>) {
        call(std::index_sequence_for<A...>{});
        return {};
      } else {
        return answer(call(std::index_sequence_for<A...>{}));
      }
    };
    on_method(name, help, sizeof...(A), std::move(handler));
  }
};

// ---- context: what the runtime offers a running job

class Context {
 public:
  // True as soon as somebody waits for a safe point: a long loop inside a step polls this and returns
  // Step::more() soon. Costs one relaxed load.
  [[nodiscard]] bool stop_wanted() const { return wanted_->load(std::memory_order_relaxed) != 0; }

  // Zeroed arena memory of the given shape (row-major), page-aligned. In start() only; throws
  // std::bad_alloc if the job's memory limit is passed.
  template <PlainNumber T>
  void allocate(Array<T>& array, std::vector<std::uint64_t> shape) {
    allocate_array(scalar_of<T>(), array, std::move(shape));
  }

  virtual void progress(std::uint64_t done, std::uint64_t total, std::string_view unit) = 0;
  // Uniform 64 random bits; seeded from the job's id, its state travels with the job: the sequence
  // doesn't depend on moves.
  virtual std::uint64_t random() = 0;
  // Time that the job has been running (not suspended, frozen or waiting), since its start.
  [[nodiscard]] virtual std::chrono::nanoseconds now() const = 0;
  // A directory of the job's own on this host, empty after a move, removed with the capsule.
  virtual std::string const& scratch() = 0;
  [[nodiscard]] virtual int cores() const = 0;  // granted to this job
  [[nodiscard]] virtual int host() const = 0;   // rank where it runs now
  [[nodiscard]] virtual std::uint64_t job() const = 0;
  // Asks to be moved: to that host, or to the best one (-1). Takes place after this step, if at all.
  virtual void move_to(int host) = 0;

 protected:
  explicit Context(std::atomic<std::uint32_t> const* wanted) : wanted_(wanted) {}
  ~Context() = default;
  virtual void allocate_array(Scalar scalar, ArrayBase& array, std::vector<std::uint64_t> shape) = 0;

 private:
  std::atomic<std::uint32_t> const* wanted_;
};

// ---- the job

struct Job {
  virtual ~Job() = default;
  virtual void parameters(Parameters&) = 0;  // in every process, first; no I/O
  virtual void describe(State&) = 0;         // any number of times, no side effects
  virtual void start(Context&) = 0;          // once in the job's life: allocate, initial conditions
  virtual void restored(Context&) {}         // rebuild what isn't described
  virtual Step step(Context&) = 0;           // one natural iteration
  virtual void methods(Methods&) {}          // calls run between steps, never beside one
  virtual void suspend() {}
  virtual void resume() {}
};

// ---- the plugin

// Counts up with every incompatible change of this header; a plugin built for another is refused.
inline constexpr std::uint32_t plugin_interface_version = 2;
inline constexpr std::uint32_t plugin_magic = 0x74776467;  // "gdwt"

struct PluginDescriptor {  // the first two members never move
  std::uint32_t magic;
  std::uint32_t interface_version;
  char const* type;
  std::uint32_t state_version;
  char const* compiler;  // __VERSION__: classes cross the boundary
  Job* (*make)();
};

}  // namespace godwit

// One per shared object: its job class, the type's name, the version of its state.
#define GODWIT_JOB(Class, type_name, version)                                                     \
  extern "C" __attribute__((visibility("default"))) godwit::PluginDescriptor const                \
      godwit_plugin{godwit::plugin_magic, godwit::plugin_interface_version, type_name, (version), \
                    __VERSION__, []() -> godwit::Job* { return new Class(); }};

// Beside GODWIT_JOB, for a type whose number of steps depends on time: one that polls, say, and takes what
// has come. Tests and `godwit check` then compare everything but that number.
#define GODWIT_STEPS_VARY extern "C" __attribute__((visibility("default"))) char const godwit_steps_vary = 1;
