// A bounded little-endian archive with Boost.Serialization's interface: a struct says
//   template <class Archive> void serialize(Archive& archive, unsigned) { archive & a & b; }
// once, and Saver and Loader do the rest.
//
// Why not Boost's binary archive: it trusts counts, and twelve hostile bytes made it allocate 12 GiB.
// The Loader grows containers only as elements really decode, so memory stays proportional to input;
// it never throws: the first error latches, later reads yield zeros, finish() tells.
// Integers are fixed-width little-endian, floats their IEEE bits, counts 32 bits.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <boost/serialization/access.hpp>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace godwit {

template <class T>
concept ArchiveNumber = std::integral<T> || std::floating_point<T>;

class Saver {
 public:
  using is_saving = std::true_type;
  using is_loading = std::false_type;

  template <class T>
  Saver& operator&(T const& value) {
    save(value);
    return *this;
  }
  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  void raw(void const* data, std::size_t size) {
    auto const before = out_.size();
    out_.resize(before + size);  // insert() sets off a false warning of g++ 12
    if (size > 0) std::memcpy(out_.data() + before, data, size);
  }
  void count(std::size_t n) {
    invariant(n <= UINT32_MAX, "archive: a container of more than 2^32 elements");
    save(static_cast<std::uint32_t>(n));
  }

  template <ArchiveNumber T>
  void save(T value) {
    raw(&value, sizeof value);
    if constexpr (std::endian::native == std::endian::big) std::reverse(out_.end() - sizeof value, out_.end());
  }
  template <class T>
    requires std::is_enum_v<T>
  void save(T value) { save(static_cast<std::underlying_type_t<T>>(value)); }
  template <class Rep, class Period>
  void save(std::chrono::duration<Rep, Period> value) { save(static_cast<std::int64_t>(value.count())); }
  void save(std::string const& text) {
    count(text.size());
    raw(text.data(), text.size());
  }
  void save(Bytes const& bytes) {
    count(bytes.size());
    raw(bytes.data(), bytes.size());
  }
  template <class T>
  void save(std::vector<T> const& items) {
    count(items.size());
    for (auto const& item : items) save(item);
  }
  template <class K, class V>
  void save(std::map<K, V> const& items) {
    count(items.size());
    for (auto const& [key, item] : items) {
      save(key);
      save(item);
    }
  }
  template <class T, std::size_t N>
  void save(std::array<T, N> const& items) {
    for (auto const& item : items) save(item);
  }
  template <class A, class B>
  void save(std::pair<A, B> const& both) {
    save(both.first);
    save(both.second);
  }
  template <class T>
  void save(std::optional<T> const& maybe) {
    save(maybe.has_value());
    if (maybe) save(*maybe);
  }
  template <class... T>
  void save(std::variant<T...> const& one) {
    static_assert(sizeof...(T) < 256);
    save(static_cast<std::uint8_t>(one.index()));
    std::visit([this](auto const& held) { save(held); }, one);
  }
  template <class T>
    requires std::is_class_v<T>
  void save(T const& object) {
    boost::serialization::access::serialize(*this, const_cast<T&>(object), 0U);
  }

  Bytes out_;
};

class Loader {
 public:
  using is_saving = std::false_type;
  using is_loading = std::true_type;

  explicit Loader(ByteView in) : in_(in) {}

  template <class T>
  Loader& operator&(T& value) {
    load(value);
    return *this;
  }
  // Ok if everything decoded and nothing is left over; else data_lost "malformed".
  [[nodiscard]] Status finish() const {
    if (!error_.empty()) return data_lost("malformed", error_);
    if (!in_.empty()) return data_lost("malformed", "bytes left over after the last field");
    return Done{};
  }

 private:
  void fail(char const* why) {
    if (error_.empty()) error_ = why;
    in_ = {};
  }
  bool raw(void* data, std::size_t size) {
    if (size > in_.size()) {
      std::memset(data, 0, size);
      fail("the bytes end in the middle of a field");
      return false;
    }
    if (size > 0) std::memcpy(data, in_.data(), size);
    in_ = in_.subspan(size);
    return true;
  }
  std::uint32_t count() {
    std::uint32_t n = 0;
    load(n);
    return n;
  }

  template <ArchiveNumber T>
  void load(T& value) {
    if constexpr (std::same_as<T, bool>) {
      std::uint8_t byte = 0;
      raw(&byte, 1);
      if (byte > 1) fail("a truth value that is neither 0 nor 1");
      value = byte == 1;
    } else {
      raw(&value, sizeof value);
      if constexpr (std::endian::native == std::endian::big) {
        auto* const first = reinterpret_cast<std::byte*>(&value);
        std::reverse(first, first + sizeof value);
      }
    }
  }
  template <class T>
    requires std::is_enum_v<T>
  void load(T& value) {
    std::underlying_type_t<T> number{};
    load(number);
    value = static_cast<T>(number);
  }
  template <class Rep, class Period>
  void load(std::chrono::duration<Rep, Period>& value) {
    std::int64_t number = 0;
    load(number);
    value = std::chrono::duration<Rep, Period>{static_cast<Rep>(number)};
  }
  void load(std::string& text) {
    auto const n = count();
    if (n > in_.size()) return fail("a text longer than its message");
    text.assign(reinterpret_cast<char const*>(in_.data()), n);
    in_ = in_.subspan(n);
  }
  void load(Bytes& bytes) {
    auto const n = count();
    if (n > in_.size()) return fail("a run of bytes longer than its message");
    bytes.assign(in_.begin(), in_.begin() + n);
    in_ = in_.subspan(n);
  }
  template <class T>
  void load(std::vector<T>& items) {
    items.clear();
    for (auto n = count(); n > 0 && error_.empty(); --n) {
      if (in_.empty()) return fail("a list longer than its message");
      load(items.emplace_back());
    }
  }
  template <class K, class V>
  void load(std::map<K, V>& items) {
    items.clear();
    for (auto n = count(); n > 0 && error_.empty(); --n) {
      if (in_.empty()) return fail("a map longer than its message");
      K key{};
      load(key);
      load(items[std::move(key)]);
    }
  }
  template <class T, std::size_t N>
  void load(std::array<T, N>& items) {
    for (auto& item : items) load(item);
  }
  template <class A, class B>
  void load(std::pair<A, B>& both) {
    load(both.first);
    load(both.second);
  }
  template <class T>
  void load(std::optional<T>& maybe) {
    bool present = false;
    load(present);
    maybe.reset();
    if (present && error_.empty()) load(maybe.emplace());
  }
  template <class... T>
  void load(std::variant<T...>& one) {
    std::uint8_t index = 0;
    load(index);
    if (index >= sizeof...(T)) return fail("an unknown kind of message");
    load_alternative(one, index, std::index_sequence_for<T...>{});
  }
  template <class V, std::size_t... I>
  void load_alternative(V& one, std::size_t index, std::index_sequence<I...>) {
    ((I == index ? load(one.template emplace<I>()) : void()), ...);
  }
  template <class T>
    requires std::is_class_v<T>
  void load(T& object) {
    boost::serialization::access::serialize(*this, object, 0U);
  }

  ByteView in_;
  std::string error_;
};

template <class T>
[[nodiscard]] Bytes encode(T const& value) {
  Saver saver;
  saver & value;
  return saver.take();
}

template <class T>
[[nodiscard]] Result<T> decode(ByteView bytes) {
  Loader loader(bytes);
  T value{};
  loader & value;
  if (auto status = loader.finish(); !status) return status.failure();
  return value;
}

}  // namespace godwit
