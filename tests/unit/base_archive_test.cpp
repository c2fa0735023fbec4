// The archive gives back what went in, and survives hostile bytes: it fails cleanly, and never
// allocates out of proportion to its input.
#include "base/archive.hpp"

#include <gtest/gtest.h>

#include <array>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace godwit {
namespace {

struct Everything {
  bool truth{false};
  std::int32_t number{0};
  double real{0};
  std::string text;
  Bytes bytes;
  std::vector<std::string> list;
  std::map<std::string, std::uint64_t> map;
  std::pair<JobId, Rank> both;
  std::optional<std::string> maybe;
  std::variant<std::uint8_t, std::string> one;
  Duration duration{0};
  std::vector<std::optional<std::pair<Epoch, Bytes>>> nested;

  bool operator==(Everything const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& truth& number& real& text& bytes& list& map& both& maybe& one& duration& nested;
  }
};

struct Row {
  std::array<std::uint64_t, 10> wide{};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    for (auto& word : wide) archive& word;
  }
};

Everything sample() {
  Everything e;
  e.truth = true;
  e.number = -7;
  e.real = 0.1;
  e.text = "plate";
  e.bytes = to_bytes("\x00\x01\x02");
  e.list = {"a", "", "ccc"};
  e.map = {{"x", 1}, {"y", 2}};
  e.both = {JobId{9}, Rank{-1}};
  e.maybe = "yes";
  e.one = std::string("second");
  e.duration = 5ms;
  e.nested = {std::nullopt, std::pair{Epoch{3}, to_bytes("page")}};
  return e;
}

TEST(Archive, GivesBackWhatWentIn) {
  auto const decoded = decode<Everything>(encode(sample()));
  ASSERT_TRUE(decoded.ok()) << decoded.failure().context;
  EXPECT_EQ(*decoded, sample());
}

TEST(Archive, IsLittleEndianWithThirtyTwoBitCounts) {
  EXPECT_EQ(encode(std::uint32_t{0x01020304}), to_bytes(std::string_view("\x04\x03\x02\x01", 4)));
  EXPECT_EQ(encode(std::string("ab")), to_bytes(std::string_view("\x02\0\0\0ab", 6)));
}

TEST(Archive, RefusesEveryTruncation) {
  auto const whole = encode(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto const decoded = decode<Everything>(ByteView(whole).first(size));
    ASSERT_FALSE(decoded.ok()) << size << " of " << whole.size() << " bytes were enough";
    EXPECT_EQ(decoded.failure().reaction, Reaction::data_lost);
  }
}

TEST(Archive, RefusesWhatIsLeftOver) {
  auto bytes = encode(sample());
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(decode<Everything>(bytes).ok());
}

TEST(Archive, RefusesTruthValuesAndKindsThatDoNotExist) {
  EXPECT_FALSE(decode<bool>(to_bytes("\x02")).ok());
  EXPECT_FALSE((decode<std::variant<std::uint8_t, bool>>(to_bytes("\x02\x01")).ok()));
}

TEST(Archive, GrowsOnlyAsElementsDecode) {
  // A count of 2^32 - 1 elements of 80 bytes, and nothing behind it: 320 GiB if it were believed.
  EXPECT_FALSE(decode<std::vector<Row>>(to_bytes("\xff\xff\xff\xff")).ok());
  EXPECT_FALSE(decode<std::string>(to_bytes("\xff\xff\xff\xffxxxxxxxx")).ok());
  EXPECT_FALSE((decode<std::map<std::string, std::string>>(to_bytes("\xff\xff\xff\xffxxxxxxxx")).ok()));
}

TEST(Archive, NeverCrashesOnFlippedBits) {
  auto const whole = encode(sample());
  Random random(20260101);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = whole;
    for (auto flips = 1 + random.below(4); flips > 0; --flips) {
      bytes[random.below(bytes.size())] ^= std::byte{static_cast<unsigned char>(1U << random.below(8))};
    }
    (void)decode<Everything>(bytes).ok();
  }
}

}  // namespace
}  // namespace godwit
