// PlainValues: goes through the plain values in a field's bytes, one after another: a number's or text's one,
// a list's elements, a map's keys and what they map to in turn. For whoever shows, checks or stores fields
// without the job's own types. Pure.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.hpp"
#include "state/manifest.hpp"

namespace godwit {

struct PlainView {
  PlainKind kind;
  ByteView bytes;  // of a number little-endian, of a text without its count
};

class PlainValues {
 public:
  // The field must live as long.
  explicit PlainValues(Field const& field) : kind_(field.kind()), left_(field.value) {}

  // None at the end, or where the bytes aren't what the kind says: then whole() is false.
  [[nodiscard]] std::optional<PlainView> next() {
    switch (kind_.form) {
      case FieldForm::number:
        return begun_ && left_.empty() ? std::nullopt : number({kind_.form, kind_.scalar});
      case FieldForm::text: return text();
      case FieldForm::list: return number({FieldForm::number, kind_.scalar});
      case FieldForm::texts: return counted({FieldForm::text, Scalar::u8});
      case FieldForm::map: {
        auto const kind = at_key_ ? kind_.key : kind_.to;
        if (!at_key_ && left_.empty()) return stop();  // a key that maps to nothing
        at_key_ = !at_key_;
        return kind.form == FieldForm::text ? counted(kind) : number(kind);
      }
    }
    return stop();
  }
  [[nodiscard]] bool whole() const { return whole_ && left_.empty(); }

 private:
  std::optional<PlainView> stop() {
    whole_ = false;
    left_ = {};
    return std::nullopt;
  }
  std::optional<PlainView> cut(PlainKind kind, std::size_t size) {
    PlainView const view{kind, left_.first(size)};
    left_ = left_.subspan(size);
    begun_ = true;
    return view;
  }
  std::optional<PlainView> number(PlainKind kind) {
    auto const width = width_bytes(kind.scalar);
    if (left_.empty() && kind_.form != FieldForm::number) return std::nullopt;
    if (kind.form != FieldForm::number || width == 0 || left_.size() < width) return stop();
    return cut(kind, width);
  }
  std::optional<PlainView> counted(PlainKind kind) {
    if (left_.empty()) return std::nullopt;
    std::uint32_t size = 0;
    field::Cursor count{left_.data(), left_.data() + left_.size()};
    if (!field::take(count, size) || size > count.left()) return stop();
    left_ = left_.subspan(sizeof size);
    return cut(kind, size);
  }
  std::optional<PlainView> text() {
    if (begun_) return std::nullopt;
    return cut({FieldForm::text, Scalar::u8}, left_.size());
  }

  FieldKind kind_;
  ByteView left_;
  bool begun_ = false, at_key_ = true, whole_ = true;
};

}  // namespace godwit
