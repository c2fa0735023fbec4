// `godwit inspect diff`: what it finds between two real checkpoints, what it says, and its exit code; and the
// arithmetic underneath, piece by piece.
#include <sys/resource.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>

#include "app/godwit/inspect/comparison.hpp"
#include "store/inspect_rig.hpp"

namespace godwit {
namespace {

using inspect::Difference;
using inspect::Tolerance;
using test::Image;
using test::Inspect;
using test::Json;
using test::TestStore;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
Difference between(std::vector<T> const& a, std::vector<T> const& b, Tolerance const& tolerance = {}) {
  Difference difference;
  inspect::add(difference, scalar_of<T>(), std::as_bytes(std::span(a)), std::as_bytes(std::span(b)),
               tolerance);
  return difference;
}

TEST(Difference, CountsAndFindsTheLargest) {
  auto const found = between<double>({1, 2, 3, 4}, {1, 2.5, 3, 5});
  EXPECT_EQ(found.elements, 4U);
  EXPECT_EQ(found.differ, 2U);
  EXPECT_EQ(found.max_abs, 1);
  EXPECT_EQ(found.max_abs_at, 3U);
  EXPECT_DOUBLE_EQ(found.max_rel, 0.2);  // 0.5 of 2.5, and 1 of 5
  EXPECT_FALSE(between<double>({1, -0.0}, {1, 0.0}).max_abs_at);
}

TEST(Difference, NanIsCountedApart) {
  auto const found = between<double>({nan, nan, 1, 2}, {nan, 1, nan, 2});
  EXPECT_EQ(found.differ, 2U);
  EXPECT_EQ(found.nan_one, 2U);
  EXPECT_EQ(found.nan_both, 1U);
  EXPECT_FALSE(found.max_abs_at);
  EXPECT_EQ(between<float>({std::nanf("1")}, {std::nanf("2")}).differ, 0U);  // of other bytes
  EXPECT_EQ(between<double>({nan}, {nan}, {1, 1}).nan_both, 1U);
  EXPECT_EQ(between<double>({nan}, {1}, {infinity, infinity}).differ, 1U);
}

TEST(Difference, Infinities) {
  EXPECT_EQ(between<double>({infinity}, {infinity}).differ, 0U);
  auto const found = between<double>({infinity, 1}, {-infinity, 1}, {1, 1e300});
  EXPECT_EQ(found.differ, 1U);
  EXPECT_EQ(found.max_abs, infinity);
}

TEST(Difference, TolerancesAreSymmetric) {
  EXPECT_EQ(between<double>({100, 100}, {101, 100.5}, {0, 0.5}).differ, 1U);
  for (auto const& [a, b] : {std::pair{99.0, 100.0}, std::pair{100.0, 99.0}}) {
    EXPECT_EQ(between<double>({a}, {b}, {0.01, 0}).differ, 0U);
    EXPECT_EQ(between<double>({a}, {b}, {0.0099, 0}).differ, 1U);
    EXPECT_EQ(between<double>({a}, {b}, {0.01, 0}).max_abs, 1);  // seen all the same
  }
  EXPECT_EQ(between<std::int32_t>({5}, {7}, {0, 2}).differ, 0U);
}

TEST(Difference, IntegersAreExact) {
  std::int64_t const least = std::numeric_limits<std::int64_t>::min();
  std::int64_t const most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(between<std::int64_t>({most}, {most - 1}).max_abs, 1);
  EXPECT_EQ(between<std::int64_t>({least}, {most}).max_abs, 18446744073709551615.0);
  EXPECT_EQ(between<std::uint8_t>({200}, {10}).max_abs, 190);
  EXPECT_EQ(between<std::int8_t>({-128}, {127}).max_abs, 255);
}

TEST(Difference, GoesOnFromPieceToPiece) {
  std::vector<std::int16_t> const zeros(8), ones(8, 1);
  Difference difference;
  auto const bytes = [](auto const& values) { return std::as_bytes(std::span(values)); };
  inspect::add(difference, Scalar::i16, bytes(zeros), bytes(zeros), {});
  inspect::add(difference, Scalar::i16, bytes(zeros), bytes(ones), {});
  EXPECT_EQ(difference.elements, 16U);
  EXPECT_EQ(difference.max_abs_at, 8U);
}

template <class T>
Field field_of(T value) {
  auto access = access_to(value);
  Field field{.name = "field",
              .form = access.kind.form,
              .scalar = access.kind.scalar,
              .key = access.kind.key,
              .to = access.kind.to};
  access.pack(access.object, field.value);
  return field;
}

TEST(CompareFields, ListsOfTextsByPlace) {
  using Texts = std::vector<std::string>;
  auto const a = field_of(Texts{"one", "two", "three"});
  EXPECT_EQ(inspect::compare_fields(a, a, {}).verdict, inspect::Verdict::same);
  auto const line = inspect::compare_fields(a, field_of(Texts{"one", "zwei"}), {});
  EXPECT_EQ(line.verdict, inspect::Verdict::differs);
  EXPECT_EQ(line.text, "1 of 2 differ, 1 only in the first   [1]: \"two\" → \"zwei\"");
}

TEST(CompareFields, MapsByKeyAndWithinTolerances) {
  using Map = std::map<std::string, double>;
  auto const a = field_of(Map{{"gone", 1}, {"same", nan}, {"x", 1.0}});
  auto const b = field_of(Map{{"new", 1}, {"newer", 1}, {"same", nan}, {"x", 1.5}});
  auto const line = inspect::compare_fields(a, b, {});
  EXPECT_EQ(line.text, "1 of 2 differ, 1 only in the first, 2 only in the second   \"x\": 1 → 1.5");
  EXPECT_EQ(line.json["only_in_second"], Json({"\"new\"", "\"newer\""}));
  EXPECT_EQ(line.json["changed"][0]["new"], "1.5");
  auto const moved = field_of(Map{{"gone", 1}, {"same", nan}, {"x", 1.5}});
  EXPECT_EQ(inspect::compare_fields(a, moved, {0, 0.5}).verdict, inspect::Verdict::same);
  EXPECT_EQ(inspect::compare_fields(a, moved, {0, 0.4}).verdict, inspect::Verdict::differs);
  auto const other = inspect::compare_fields(a, field_of(std::map<std::string, std::int64_t>{}), {});
  EXPECT_EQ(other.text, "map of text to float64 → map of text to int64");
}

class Diff : public Inspect {
 protected:
  void SetUp() override {
    Inspect::SetUp();
    image = test::sample_image({12});
    image.manifest.streams[0].path = trace.string();
    image.label.generation = {13};
  }
  // Writes it as generation 13 of job 7.
  void write() {
    TestStore writer(directory.path());
    ASSERT_TRUE(writer.write(image).image);
  }
  Field& field(std::string const& name) {
    return *std::ranges::find(image.manifest.fields, name, &Field::name);
  }
  template <class T>
  void set(Field& to, T value) {
    to.value.resize(sizeof value);
    std::memcpy(to.value.data(), &value, sizeof value);
  }
  void set_element(std::size_t array, std::uint64_t element, double value) {
    auto const at = image.manifest.arrays[array].offset + element * sizeof value;
    std::memcpy(image.pages.data() + at, &value, sizeof value);
  }

  Image image;
};

TEST_F(Diff, SameIsZero) {
  auto const said = inspect({"diff", "7:11", "7:12"});
  EXPECT_EQ(said.code, 0) << said.err;
  expect_has(said.out, {"no field differs\n", "= ", "same to 1,228,800", "= in.dat", "read to 100"});
  EXPECT_EQ(said.out.find('~'), std::string::npos);
  EXPECT_EQ(said.out.find("temperature"), std::string::npos);  // what is the same isn't listed
  auto const json = Json::parse(inspect({"diff", "7:12", checkpoint(10), "--json"}).out);
  EXPECT_EQ(json["same"], true);
  EXPECT_EQ(json["first"]["generation"], 12);
  EXPECT_EQ(json["second"]["path"], checkpoint(10).string());
}

TEST_F(Diff, SaysWhatChangedAndByHowMuch) {
  set(field("iteration"), std::int64_t{61'441});
  set(field("gamma"), nan);
  field("title").value = to_bytes("Platte, kleiner");
  set_element(0, 2 * 500 + 17, 7.0);  // [700, 500]: was 1017/349999
  set_element(0, 3, 1.0);             // was NaN
  set_element(0, 699 * 500, nan);
  image.manifest.streams[0].offset += 1'000;
  image.manifest.streams[0].tail.resize(image.manifest.streams[0].tail.size() + 1'000);
  write();
  auto const said = inspect({"diff", "7:12", "7:latest"});
  EXPECT_EQ(said.code, 1) << said.err;
  expect_has(said.out, {"  iteration    61440 → 61441\n", "  gamma        1.4 → nan\n",
                        "  title        \"Platte, größer – 板\" → \"Platte, kleiner\"   from byte 8\n",
                        "~ temperature  3 of 350,000 differ   max|Δ| 7.0e+00 at [2,17]   max rel 1.0e+00   "
                        "NaN in one of them 2\n",
                        "same to 1,228,800, then +1,000\n", "\n4 fields differ\n"});
  EXPECT_EQ(said.out.find("cube"), std::string::npos);

  auto const json = Json::parse(inspect({"diff", "7:12", "7:13", "--json"}).out);
  EXPECT_EQ(json["same"], false);
  EXPECT_EQ(json["fields"][0]["name"], "iteration");
  EXPECT_EQ(json["fields"][0]["verdict"], "differs");
  EXPECT_EQ(json["fields"][0]["new"], 61'441);
  auto const array =
      *std::ranges::find_if(json["fields"], [](Json const& f) { return f["name"] == "temperature"; });
  EXPECT_EQ(array["differ"], 3);
  EXPECT_EQ(array["nan_in_one"], 2);
  EXPECT_EQ(array["nan_in_both"], 0);
  EXPECT_EQ(array["max_abs_at"], Json({2, 17}));
  EXPECT_EQ(json["files"][0]["verdict"], "moved");

  auto const back = inspect({"diff", "7:13", "7:12"});
  EXPECT_EQ(back.code, 1);
  expect_has(back.out, {"61441 → 61440", "same to 1,228,800, then -1,000"});
}

TEST_F(Diff, Tolerances) {
  set(field("gamma"), 1.4000001);
  set_element(0, 349'999, 1.0 + 1e-9);
  write();
  EXPECT_EQ(inspect({"diff", "7:12", "7:13"}).code, 1);
  auto const within = inspect({"diff", "7:12", "7:13", "--rtol", "1e-6"});
  EXPECT_EQ(within.code, 0);
  expect_has(within.out, {"no field differs beyond the tolerance"});
  auto const gamma = inspect({"diff", "7:12", "7:13", "--atol", "1e-8"});
  EXPECT_EQ(gamma.code, 1);
  expect_has(gamma.out, {"gamma", "1 field differs beyond the tolerance"});
  EXPECT_EQ(inspect({"diff", "7:12", "7:13", "--atol", "-1"}).code, 100);
  EXPECT_EQ(inspect({"diff", "7:12", "7:13", "--rtol", "much"}).code, 100);
}

TEST_F(Diff, ShapesTypesAndFieldsInOneAlone) {
  auto& manifest = image.manifest;
  manifest.arrays[0].shape = {500, 700};
  manifest.arrays[1].name = "Mask";
  std::erase_if(manifest.fields, [](Field const& f) { return f.name == "u8" || f.name == "i8"; });
  manifest.fields.push_back({"i8", FieldForm::number, Scalar::u8, Bytes(1)});
  manifest.fields.push_back({"extra", FieldForm::text, Scalar::u8, {}});
  field("weights").value.resize(2 * sizeof(double));
  manifest.random[0] = 99;
  manifest.arguments["alpha"] = "0.3";
  manifest.arguments["rows"] = "9";
  write();
  auto const said = inspect({"diff", "7:12", "7:13"});
  EXPECT_EQ(said.code, 1);
  expect_has(said.out,
             {"! temperature       float64 700 × 500 → float64 500 × 700\n",
              "- u8                uint8   only in the first\n",
              "- mask              bool 2 × 3   only in the first\n",
              "+ Mask              bool 2 × 3   only in the second\n", "! i8                int8 → uint8\n",
              "+ extra             text   only in the second\n",
              "~ weights           3 → 2 elements; 0 of the 2 in both differ\n", "~ (random numbers)  ",
              "  (alpha=)  0.2 → 0.3\n", "  (rows=)   not given → 9\n", "\n8 fields differ\n"});
  auto const json = Json::parse(inspect({"diff", "7:12", "7:13", "--json"}).out);
  EXPECT_EQ(json["notes"].size(), 2U);
}

TEST_F(Diff, AListThatBecameAnArrayIsRetyped) {
  field("weights").name = "was weights";
  image.manifest.arrays[2].name = "weights";
  write();
  auto const said = inspect({"diff", "7:12", "7:13"});
  expect_has(said.out, {"! weights      list of float64 → float32 3 × 4 × 5\n"});
}

TEST_F(Diff, AFileWhoseBytesDiffer) {
  auto& mark = image.manifest.streams[0];
  mark.tail[3] ^= std::byte{1};  // byte 1,228,783
  write();
  auto const tail = inspect({"diff", "7:12", "7:13"});
  EXPECT_EQ(tail.code, 1);
  expect_has(tail.out, {"~ ", "differ at byte 1,228,783\n", "no field differs, 1 file differs\n"});

  // Of another path: the bytes on the disk count.
  auto const other = directory.path() / "other.csv";
  auto bytes = test::read_file(trace);
  bytes[700'000] = std::byte{'y'};
  test::write_file(other, bytes);
  mark.path = other.string();
  mark.tail[3] ^= std::byte{1};
  image.label.generation = {14};
  write();
  auto const disk = inspect({"diff", "7:12", "7:14"});
  EXPECT_EQ(disk.code, 1);
  expect_has(disk.out, {"out.csv → ", "other.csv", "differ at byte 700,000\n"});
  bytes[700'000] = std::byte{'x'};
  test::write_file(other, bytes);
  EXPECT_EQ(inspect({"diff", "7:12", "7:14"}).code, 0);

  std::filesystem::remove(other);
  auto const gone = inspect({"diff", "7:12", "7:14"});
  EXPECT_EQ(gone.code, 2);
  expect_has(gone.out, {"? ", "same to 0, the rest can't be compared: " + other.string() + ": No such file"});
}

TEST_F(Diff, WhatIsDurableInOneIsComparedWithTheTailOfTheOther) {
  auto& mark = image.manifest.streams[0];  // in generation 12: synced to 1,228,780, then 20 bytes of tail
  mark.offset = mark.synced = 1'300'000;
  mark.tail.clear();
  write();  // what is on the disk there are x
  auto const differs = inspect({"diff", "7:12", "7:13"});
  EXPECT_EQ(differs.code, 1);
  expect_has(differs.out, {"differ at byte 1,228,780"});
  std::fstream file(trace, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(1'228'780);
  file << "61438,0.5\n61439,0.5\n";
  file.close();
  auto const grown = inspect({"diff", "7:12", "7:13"});
  EXPECT_EQ(grown.code, 1);
  expect_has(grown.out,
             {"= ", "same to 1,228,800, then +71,200\n", "no field differs, 1 file is not as far\n"});
}

TEST_F(Diff, UnreadableIsTwo) {
  EXPECT_EQ(inspect({"diff", "7:12", "7:99"}).code, 2);
  EXPECT_EQ(inspect({"diff", "8", "7:12"}).code, 2);
  EXPECT_EQ(inspect({"diff", "7:12"}).code, 100);
  flip(checkpoint(11), 1'000'000);  // in the array's data
  auto const data = inspect({"diff", "7:11", "7:12"});
  EXPECT_EQ(data.code, 2);
  expect_has(data.err, {checkpoint(11).string() + ": damaged: temperature bytes ["});
  flip(checkpoint(10), 2'000);
  EXPECT_EQ(inspect({"diff", "7:12", "7:10"}).code, 2);
  auto const json = Json::parse(inspect({"diff", "7:11", "7:12", "--json"}).out);
  EXPECT_EQ(json["error"]["code"], "damaged");
}

// Two states of 96 MiB each with 24 MiB of address space to spare.
TEST_F(Diff, AStateLargerThanMemory) {
  {
    TestStore writer(directory.path(), 4 << 20);
    image = test::sample_image({20}, 3072, 4096);
    image.manifest.streams[0].path = trace.string();
    ASSERT_TRUE(writer.write(image).image);
    set_element(0, 3071 * 4096 + 4095, 2.0);
    image.label.generation = {21};
    ASSERT_TRUE(writer.write(image).image);
    image = {};
  }
  (void)inspect({"diff", "7:11", "7:12"});  // whatever is allocated once
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  rlimit const tight{pages * 4096 + (24 << 20), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &tight), 0);
  auto const said = inspect({"diff", "7:20", "7:21"});
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_EQ(said.code, 1) << said.err;
  expect_has(said.out, {"1 of 12,582,912 differ   max|Δ| 1.0e+00 at [3071,4095]"});
}

}  // namespace
}  // namespace godwit
