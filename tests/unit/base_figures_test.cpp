// Sizes and durations as users read them.
#include "base/figures.hpp"

#include <gtest/gtest.h>

namespace godwit {
namespace {

TEST(Figures, SpellsBytes) {
  EXPECT_EQ(spell_bytes(0), "0 B");
  EXPECT_EQ(spell_bytes(1023), "1023 B");
  EXPECT_EQ(spell_bytes(1024), "1.0 KiB");
  EXPECT_EQ(spell_bytes(13'002'342), "12.4 MiB");
  EXPECT_EQ(spell_bytes(std::uint64_t{128} << 20), "128.0 MiB");
  EXPECT_EQ(spell_bytes(std::uint64_t{3} << 40), "3.0 TiB");
  EXPECT_EQ(spell_bytes(UINT64_MAX), "16384.0 PiB");
}

TEST(Figures, SpellsDurations) {
  EXPECT_EQ(spell_duration(999ns), "999 ns");
  EXPECT_EQ(spell_duration(412'300ns), "412 µs");
  EXPECT_EQ(spell_duration(3'149us), "3.1 ms");
  EXPECT_EQ(spell_duration(41ms), "41 ms");
  EXPECT_EQ(spell_duration(1'240ms), "1.2 s");
  EXPECT_EQ(spell_duration(125s), "2 min 5 s");
  EXPECT_EQ(spell_duration(-5ms), "-5.0 ms");
}

}  // namespace
}  // namespace godwit
