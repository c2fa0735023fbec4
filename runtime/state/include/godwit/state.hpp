// State: the one description of a job's state. A job's describe() names each member once; the
// runtime passes different States to size, pack, restore, checkpoint and inspect (after Charm++'s
// PUP). describe() may be called any number of times and must have no side effects.
// Part of the job author's interface: depends on the standard library only.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "godwit/array.hpp"
#include "godwit/scalar.hpp"
#include "godwit/stream.hpp"

namespace godwit {

// How a field's bytes are to be read. Values are part of the wire and file formats.
enum class FieldForm : std::uint8_t {
  number = 0,  // one scalar
  text = 1,    // UTF-8 bytes, any length
  list = 2,    // scalars, any count
};

// A described member with its type erased: how to pack and unpack it. Bytes are little-endian.
struct FieldAccess {
  FieldForm form{};
  Scalar scalar{};  // of a number or of a list's elements; u8 for text
  void* object = nullptr;
  void (*pack)(void const* object, std::vector<std::byte>& out) = nullptr;          // replaces `out`
  bool (*unpack)(void* object, std::byte const* from, std::size_t size) = nullptr;  // false: wrong size
};

template <class T>
struct is_plain_list : std::false_type {};
template <PlainNumber T>
  requires(!std::same_as<T, bool>)
struct is_plain_list<std::vector<T>> : std::true_type {};

template <class T>
concept FieldValue = PlainNumber<T> || std::is_enum_v<T> || std::same_as<T, std::string> || is_plain_list<T>::value;

template <FieldValue T>
FieldAccess access_to(T& value) {
  static_assert(std::endian::native == std::endian::little);
  FieldAccess access;
  access.object = &value;
  if constexpr (std::is_enum_v<T>) {
    return access_to(reinterpret_cast<std::underlying_type_t<T>&>(value));
  } else if constexpr (PlainNumber<T>) {
    access.form = FieldForm::number;
    access.scalar = scalar_of<T>();
    access.pack = [](void const* object, std::vector<std::byte>& out) {
      auto const* first = static_cast<std::byte const*>(object);
      out.assign(first, first + sizeof(T));
    };
    access.unpack = [](void* object, std::byte const* from, std::size_t size) {
      if (size == sizeof(T)) std::memcpy(object, from, size);
      return size == sizeof(T);
    };
  } else {
    using Element = typename T::value_type;
    access.form = std::same_as<T, std::string> ? FieldForm::text : FieldForm::list;
    access.scalar = std::same_as<T, std::string> ? Scalar::u8 : scalar_of<Element>();
    access.pack = [](void const* object, std::vector<std::byte>& out) {
      auto const& items = *static_cast<T const*>(object);
      auto const* first = reinterpret_cast<std::byte const*>(items.data());
      out.assign(first, first + items.size() * sizeof(Element));
    };
    access.unpack = [](void* object, std::byte const* from, std::size_t size) {
      if (size % sizeof(Element) != 0) return false;
      auto& items = *static_cast<T*>(object);
      items.resize(size / sizeof(Element));
      if (size > 0) std::memcpy(items.data(), from, size);
      return true;
    };
  }
  return access;
}

class State {
 public:
  // A member. An image that lacks it is refused ...
  template <FieldValue T>
  void field(std::string_view name, T& value) {
    on_field(name, access_to(value), {});
  }
  // ... unless a default is given: then an older image restores to that.
  template <FieldValue T, class D>
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
