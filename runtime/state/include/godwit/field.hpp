// Fields: the plain values that a job's state is made of beside its arrays, and how each becomes bytes. A
// plain value is a number, a bool, an enum or a std::string; a field is one of them, a std::vector of them,
// or a std::map between them.
//
// The bytes are the same on every machine: numbers little-endian in their width, a bool one byte, a text in a
// list or map a u32 count before its bytes, a map its keys in order, each followed by what it maps to.
// Part of the job author's interface: depends on the standard library only.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "godwit/scalar.hpp"

namespace godwit {

// How a field's bytes are to be read. Values are part of the wire and file formats.
enum class FieldForm : std::uint8_t {
  number = 0,  // one scalar
  text = 1,    // UTF-8 bytes, any length
  list = 2,    // scalars, any count
  texts = 3,   // a list of texts
  map = 4,     // pairs of a key and what it maps to
};

// The type of a plain value.
struct PlainKind {
  FieldForm form{};  // number or text
  Scalar scalar{};   // u8 for a text

  bool operator==(PlainKind const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & form & scalar;
  }
};

struct FieldKind {
  FieldForm form{};
  Scalar scalar{};    // of a number or of a list's elements; else u8
  PlainKind key, to;  // of a map

  bool operator==(FieldKind const&) const = default;
};

// A described member with its type erased: how to pack and unpack it.
struct FieldAccess {
  FieldKind kind;
  void* object = nullptr;
  void (*pack)(void const* object, std::vector<std::byte>& out) = nullptr;          // replaces `out`
  bool (*unpack)(void* object, std::byte const* from, std::size_t size) = nullptr;  // false: malformed
};

namespace field {

using Packed = std::vector<std::byte>;

template <PlainNumber T>
T little_endian(T value) {
  if constexpr (std::endian::native == std::endian::big && sizeof(T) > 1) {
    std::byte bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof value);
    std::reverse(bytes, bytes + sizeof value);
    std::memcpy(&value, bytes, sizeof value);
  }
  return value;
}

// ---- to bytes

inline void put_raw(Packed& out, void const* from, std::size_t size) {
  auto const before = out.size();
  out.resize(before + size);
  if (size > 0) std::memcpy(out.data() + before, from, size);
}
template <PlainNumber T>
void put(Packed& out, T value) {
  value = little_endian(value);
  put_raw(out, &value, sizeof value);
}
template <class T>
  requires std::is_enum_v<T>
void put(Packed& out, T value) {
  put(out, static_cast<std::underlying_type_t<T>>(value));
}
inline void put(Packed& out, std::string const& text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max())
    throw std::length_error("a text of 4 GiB or more");
  put(out, static_cast<std::uint32_t>(text.size()));
  put_raw(out, text.data(), text.size());
}

// ---- from bytes; false if they end too soon

struct Cursor {
  std::byte const* at;
  std::byte const* end;
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end - at); }
};
template <PlainNumber T>
[[nodiscard]] bool take(Cursor& from, T& value) {
  if (from.left() < sizeof(T)) return false;
  if constexpr (std::same_as<T, bool>) {
    value = *from.at != std::byte{0};
  } else {
    std::memcpy(&value, from.at, sizeof value);
    value = little_endian(value);
  }
  from.at += sizeof(T);
  return true;
}
template <class T>
  requires std::is_enum_v<T>
[[nodiscard]] bool take(Cursor& from, T& value) {
  std::underlying_type_t<T> number{};
  if (!take(from, number)) return false;
  value = static_cast<T>(number);
  return true;
}
[[nodiscard]] inline bool take(Cursor& from, std::string& text) {
  std::uint32_t size = 0;
  if (!take(from, size) || size > from.left()) return false;
  text.assign(reinterpret_cast<char const*>(from.at), size);
  from.at += size;
  return true;
}

}  // namespace field

// ---- what may be a field

template <class T>
concept PlainValue = PlainNumber<T> || std::is_enum_v<T> || std::same_as<T, std::string>;

template <PlainValue T>
consteval PlainKind plain_kind_of() {
  if constexpr (std::same_as<T, std::string>) return {FieldForm::text, Scalar::u8};
  else if constexpr (std::is_enum_v<T>) return {FieldForm::number, scalar_of<std::underlying_type_t<T>>()};
  else return {FieldForm::number, scalar_of<T>()};
}

// How a member of type T is described; left undefined for what can't be a field.
template <class T>
struct FieldOf {};

template <PlainValue T>
struct FieldOf<T> {
  static constexpr FieldKind kind() { return {plain_kind_of<T>().form, plain_kind_of<T>().scalar, {}, {}}; }
  static void pack(T const& value, field::Packed& out) {
    if constexpr (std::same_as<T, std::string>) field::put_raw(out, value.data(), value.size());
    else field::put(out, value);
  }
  static bool unpack(T& value, field::Cursor from) {
    if constexpr (std::same_as<T, std::string>) {
      value.assign(reinterpret_cast<char const*>(from.at), from.left());
      return true;
    } else {
      return from.left() == sizeof(T) && field::take(from, value);
    }
  }
};

template <PlainValue T>
struct FieldOf<std::vector<T>> {
  static constexpr bool holds_texts = std::same_as<T, std::string>;
  static constexpr FieldKind kind() {
    return {holds_texts ? FieldForm::texts : FieldForm::list, plain_kind_of<T>().scalar, {}, {}};
  }
  static void pack(std::vector<T> const& items, field::Packed& out) {
    if constexpr (!holds_texts) out.reserve(items.size() * sizeof(T));
    for (T const& item : items) field::put(out, item);
  }
  static bool unpack(std::vector<T>& items, field::Cursor from) {
    items.clear();
    if constexpr (!holds_texts) items.reserve(from.left() / sizeof(T));
    while (from.left() > 0) {
      T item{};
      if (!field::take(from, item)) return false;
      items.push_back(std::move(item));
    }
    return true;
  }
};

// Numbers in bulk: no loop over a million of them.
template <PlainNumber T>
  requires(!std::same_as<T, bool> && std::endian::native == std::endian::little)
struct FieldOf<std::vector<T>> {
  static constexpr FieldKind kind() { return {FieldForm::list, scalar_of<T>(), {}, {}}; }
  static void pack(std::vector<T> const& items, field::Packed& out) {
    field::put_raw(out, items.data(), items.size() * sizeof(T));
  }
  static bool unpack(std::vector<T>& items, field::Cursor from) {
    if (from.left() % sizeof(T) != 0) return false;
    items.resize(from.left() / sizeof(T));
    if (!items.empty()) std::memcpy(items.data(), from.at, from.left());
    return true;
  }
};

template <PlainValue K, PlainValue V, class Less>
struct FieldOf<std::map<K, V, Less>> {
  static constexpr FieldKind kind() {
    return {FieldForm::map, Scalar::u8, plain_kind_of<K>(), plain_kind_of<V>()};
  }
  static void pack(std::map<K, V, Less> const& items, field::Packed& out) {
    for (auto const& [key, value] : items) {
      field::put(out, key);
      field::put(out, value);
    }
  }
  static bool unpack(std::map<K, V, Less>& items, field::Cursor from) {
    items.clear();
    while (from.left() > 0) {
      K key{};
      V value{};
      if (!field::take(from, key) || !field::take(from, value)) return false;
      items.insert_or_assign(std::move(key), std::move(value));
    }
    return true;
  }
};

template <class T>
concept FieldValue = requires { FieldOf<T>::kind(); };

template <FieldValue T>
FieldAccess access_to(T& value) {
  FieldAccess access;
  access.kind = FieldOf<T>::kind();
  access.object = &value;
  access.pack = [](void const* object, std::vector<std::byte>& out) {
    out.clear();
    FieldOf<T>::pack(*static_cast<T const*>(object), out);
  };
  access.unpack = [](void* object, std::byte const* from, std::size_t size) {
    return FieldOf<T>::unpack(*static_cast<T*>(object), {from, from + size});
  };
  return access;
}

}  // namespace godwit
