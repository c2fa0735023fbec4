// Shows how the shell splits a line into words.
#include "app/godwit/words.hpp"

#include <gtest/gtest.h>

namespace godwit::cli {
namespace {

using Words = std::vector<std::string>;

TEST(Words, AreSplitAsAShellSplitsThem) {
  std::pair<char const*, Words> const cases[]{
      {"", {}},
      {"  \t ", {}},
      {"ps", {"ps"}},
      {"  submit  heat\tn=3 ", {"submit", "heat", "n=3"}},
      {"a 'b c' d", {"a", "b c", "d"}},
      {"output=\"a b\".csv", {"output=a b.csv"}},
      {"a\\ b", {"a b"}},
      {"\"say \\\"x\\\"\"", {"say \"x\""}},
      {"'it\\s'", {"it\\s"}},
      {"''", {""}},
      {"a\\", {"a\\"}},
      {"%{x} $HOME *", {"%{x}", "$HOME", "*"}},
  };
  for (auto const& [line, words] : cases) {
    auto const split = split_words(line);
    ASSERT_TRUE(split) << line;
    EXPECT_EQ(*split, words) << line;
  }
}

TEST(Words, NeedTheirQuotesClosed) {
  for (auto const* line : {"'", "a 'b", "\"a", "\"a\\\""}) EXPECT_FALSE(split_words(line)) << line;
}

}  // namespace
}  // namespace godwit::cli
