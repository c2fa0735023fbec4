// Shows what may be a field, that each comes back from its bytes as it was, that the bytes are what the
// format says, and that bytes which don't fit are found out.
#include <gtest/gtest.h>

#include <limits>

#include "state/manifest.hpp"
#include "state/plain_values.hpp"

namespace godwit {
namespace {

enum class Mood : std::uint16_t { calm = 7, excited = 300 };

template <class T>
Bytes packed(T value) {
  Bytes bytes;
  auto const access = access_to(value);
  access.pack(access.object, bytes);
  return bytes;
}

template <class T>
void comes_back(T const& value, T other) {
  auto const bytes = packed(value);
  auto const access = access_to(other);
  EXPECT_TRUE(access.unpack(access.object, bytes.data(), bytes.size()));
  EXPECT_EQ(other, value);
}

TEST(Field, ComesBackWhateverWasThereBefore) {
  comes_back<std::int64_t>(std::numeric_limits<std::int64_t>::min(), 3);
  comes_back(true, false);
  comes_back(Mood::excited, Mood::calm);
  comes_back(0.1F, 7.0F);
  comes_back(std::string("zwei\0Zeilen\nBöb", 16), std::string("old"));
  comes_back(std::string(), std::string("old"));
  comes_back(std::vector<double>{0.5, -0.0}, std::vector<double>(10, 1));
  comes_back(std::vector<bool>{true, false, true}, std::vector<bool>{});
  comes_back(std::vector<Mood>{Mood::excited, Mood::calm}, std::vector<Mood>{});
  comes_back(std::vector<std::string>{"a", "", "ccc"}, std::vector<std::string>{"old"});
  comes_back(std::map<std::string, std::int32_t>{{"a", 1}, {"", -2}},
             std::map<std::string, std::int32_t>{{"z", 9}});
  comes_back(std::map<std::uint8_t, std::string>{{200, "x"}, {0, ""}}, {});
  comes_back(std::map<Mood, bool>{{Mood::calm, true}}, {});
  comes_back(std::map<std::string, std::string>{{"k", "v"}}, {});
  std::map<int, double, std::greater<>> const falling{{1, 0.5}, {2, 0.25}};
  comes_back(falling, {});
}

template <class T>
struct NotAField : std::bool_constant<!FieldValue<T>> {};

TEST(Field, WhatHasNoSizeOfItsOwnOrPointsElsewhereIsNone) {
  EXPECT_TRUE(NotAField<int*>::value);
  EXPECT_TRUE(NotAField<long double>::value);  // differs from machine to machine
  EXPECT_TRUE(NotAField<std::vector<std::vector<int>>>::value);
  EXPECT_TRUE((NotAField<std::map<int, std::vector<int>>>::value));
  EXPECT_TRUE((NotAField<std::pair<int, int>>::value));
}

TEST(Field, BytesAreThoseOfTheFormat) {
  auto const bytes = packed(std::map<std::string, std::uint16_t>{{"ab", 0x0102}});
  EXPECT_EQ(to_text(bytes), std::string("\x02\0\0\0ab\x02\x01", 8));
  EXPECT_EQ(to_text(packed(std::vector<std::string>{"x", ""})), std::string("\x01\0\0\0x\0\0\0\0", 9));
  EXPECT_EQ(to_text(packed(std::vector<bool>{true, false})), std::string("\x01\0", 2));
  EXPECT_EQ(scalar_of<char>(), Scalar::i8) << "on every machine";
}

template <class T>
bool accepts(std::string const& bytes) {
  T value{};
  auto const access = access_to(value);
  return access.unpack(access.object, to_bytes(bytes).data(), bytes.size());
}

TEST(Field, BytesThatDontFitAreRefused) {
  EXPECT_FALSE(accepts<std::int32_t>("abc"));
  EXPECT_FALSE(accepts<std::vector<double>>("123456789"));
  EXPECT_FALSE(accepts<std::vector<std::string>>(std::string("\x05\0\0\0abc", 7)));
  EXPECT_FALSE(accepts<std::vector<std::string>>(std::string("\xff\xff\xff\xff", 4)));
  using Map = std::map<std::string, std::int32_t>;
  EXPECT_FALSE(accepts<Map>(std::string("\x01\0\0\0a", 5)));
  EXPECT_TRUE(accepts<Map>(""));
}

Field field_of(FieldForm form, Scalar scalar, std::string const& bytes, PlainKind key = {},
               PlainKind to = {}) {
  return {"f", form, scalar, to_bytes(bytes), key, to};
}

std::vector<std::string> walked(Field const& field, bool whole) {
  std::vector<std::string> seen;
  PlainValues values(field);
  while (auto const value = values.next()) seen.push_back(to_text(value->bytes));
  EXPECT_EQ(values.whole(), whole);
  return seen;
}

TEST(PlainValues, GoThroughEveryForm) {
  using Texts = std::vector<std::string>;
  PlainKind const text{FieldForm::text, Scalar::u8}, number{FieldForm::number, Scalar::u16};
  EXPECT_EQ(walked(field_of(FieldForm::number, Scalar::u16, "ab"), true), Texts{"ab"});
  EXPECT_EQ(walked(field_of(FieldForm::text, Scalar::u8, "hello"), true), Texts{"hello"});
  EXPECT_EQ(walked(field_of(FieldForm::text, Scalar::u8, ""), true), Texts{""});
  EXPECT_EQ(walked(field_of(FieldForm::list, Scalar::u16, "abcd"), true), (Texts{"ab", "cd"}));
  EXPECT_EQ(walked(field_of(FieldForm::list, Scalar::u16, ""), true), Texts{});
  EXPECT_EQ(walked(field_of(FieldForm::texts, Scalar::u8, std::string("\1\0\0\0x\0\0\0\0", 9)), true),
            (Texts{"x", ""}));
  EXPECT_EQ(walked(field_of(FieldForm::map, Scalar::u8, std::string("\1\0\0\0xab", 7), text, number), true),
            (Texts{"x", "ab"}));
}

TEST(PlainValues, SayWhenTheBytesDontFit) {
  PlainKind const text{FieldForm::text, Scalar::u8}, number{FieldForm::number, Scalar::u16};
  walked(field_of(FieldForm::number, Scalar::u16, "a"), false);
  walked(field_of(FieldForm::number, Scalar::u16, ""), false);
  walked(field_of(FieldForm::list, Scalar::u16, "abc"), false);
  walked(field_of(FieldForm::list, Scalar{99}, "abc"), false);
  walked(field_of(FieldForm::texts, Scalar::u8, std::string("\x09\0\0\0x", 5)), false);
  walked(field_of(FieldForm::map, Scalar::u8, std::string("\1\0\0\0x", 5), text, number), false);
}

TEST(Manifest, Version1HasNoArchitecture) {
  Manifest old;
  old.version = 1;
  old.architecture.clear();
  auto const bytes = encode(old);
  auto const decoded = decode<Manifest>(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, old);
  Manifest const present;
  EXPECT_EQ(encode(present).size(), bytes.size() + 4 + present.architecture.size() + sizeof(std::int64_t));
}

}  // namespace
}  // namespace godwit
