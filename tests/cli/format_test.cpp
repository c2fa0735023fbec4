// Shows that tables line up, also with letters of several bytes, and that counts and times read well.
#include "app/godwit/format.hpp"

#include <gtest/gtest.h>

namespace godwit::cli {
namespace {

TEST(Format, GroupsDigits) {
  EXPECT_EQ(spell_count(0), "0");
  EXPECT_EQ(spell_count(999), "999");
  EXPECT_EQ(spell_count(61440), "61,440");
  EXPECT_EQ(spell_count(1234567890), "1,234,567,890");
}

TEST(Format, SpellsTimesInUtcForPrograms) {
  EXPECT_EQ(spell_time_utc({1'700'000'000'123'000'000}), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(spell_time({0}), "–");
}

TEST(Format, LinesUpColumns) {
  Table table({{"JOB", Table::Align::right}, {"NAME"}, {"ARGS"}});
  table.add({"7", "größe", "a=1"});
  table.add({"1234", "x", ""});
  EXPECT_EQ(table.text(),
            " JOB  NAME   ARGS\n"
            "   7  größe  a=1\n"
            "1234  x\n");
}

}  // namespace
}  // namespace godwit::cli
