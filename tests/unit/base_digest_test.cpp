// Digests: known values (so that files stay readable by later builds), and the stream agrees with the whole.
#include "base/digest.hpp"

#include <gtest/gtest.h>

namespace godwit {
namespace {

TEST(Digest, IsXxh3) {
  EXPECT_EQ(to_hex(digest_of({})), "2d06800538d394c2");  // XXH3_64bits of nothing, as published
  EXPECT_NE(digest_of(view_of("a")), digest_of(view_of("b")));
}

TEST(Digest, OfPiecesIsTheDigestOfTheWhole) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>(i * 37);
  DigestStream stream;
  auto const all = view_of(text);
  for (std::size_t at = 0; at < all.size(); at += 333) {
    stream.add(all.subspan(at, std::min<std::size_t>(333, all.size() - at)));
  }
  EXPECT_EQ(stream.digest(), digest_of(all));
  auto moved = std::move(stream);
  moved.add(view_of("more"));
  EXPECT_EQ(moved.digest(), digest_of(view_of(text + "more")));
}

}  // namespace
}  // namespace godwit
