// State: the one description of a job's state. A job's describe() names each member once; the
// runtime passes different States to size, pack, restore, checkpoint and inspect (after Charm++'s
// PUP). describe() may be called any number of times and must have no side effects.
// Part of the job author's interface: depends on the standard library only.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "godwit/array.hpp"
#include "godwit/field.hpp"
#include "godwit/scalar.hpp"
#include "godwit/stream.hpp"

namespace godwit {

class State {
 public:
  // A member: a number, bool, enum or std::string, or a std::vector or std::map of those. An image that
  // lacks it is refused ...
  template <class T>
  void field(std::string_view name, T& value) {
    static_assert(
        FieldValue<T>,
        "a field is a number of at most 64 bits, a bool, an enum, a std::string, or a std::vector or "
        "std::map of those; bulk data goes into s.array(), and anything else is made again in restored()");
    on_field(name, access_to(value), {});
  }
  // ... unless a default is given: then an older image restores to that.
  template <FieldValue T, class D = T>
    requires std::convertible_to<D, T>
  void field(std::string_view name, T& value, D const& absent) {
    T fallback(absent);
    std::vector<std::byte> bytes;
    auto access = access_to(fallback);
    access.pack(access.object, bytes);
    on_field(name, access_to(value), &bytes);
  }
  // A field that older images may carry and this version no longer has.
  void retired(std::string_view name) { on_retired(name); }
  // Bulk data in the arena; the shape comes from the image.
  template <PlainNumber T>
  void array(std::string_view name, Array<T>& array) {
    on_array(name, scalar_of<T>(), array);
  }
  void input(std::string_view name, Input& stream, std::string_view path) { on_input(name, stream, path); }
  void output(std::string_view name, Output& stream, std::string_view path,
              Output::Mode mode = Output::replace) {
    on_output(name, stream, path, mode);
  }
  // The state version of the image being restored; the job's own otherwise.
  [[nodiscard]] virtual std::uint32_t version() const = 0;

 protected:
  ~State() = default;
  // `absent`: the packed default, or null if the field is required.
  virtual void on_field(std::string_view name, FieldAccess access, std::vector<std::byte> const* absent) = 0;
  virtual void on_retired(std::string_view name) = 0;
  virtual void on_array(std::string_view name, Scalar scalar, ArrayBase& array) = 0;
  virtual void on_input(std::string_view name, Input& stream, std::string_view path) = 0;
  virtual void on_output(std::string_view name, Output& stream, std::string_view path, Output::Mode mode) = 0;
};

}  // namespace godwit
