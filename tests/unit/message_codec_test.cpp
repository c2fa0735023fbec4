// Every kind of message survives the wire; broken and hostile frames are refused without a crash and
// without allocating out of proportion.
#include "message/codec.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/random.hpp"
#include "unit/allocation_count.hpp"
#include "unit/message_samples.hpp"

namespace godwit {
namespace {

TEST(Codec, TheSamplesAreOfEveryKind) {
  std::set<std::size_t> kinds;
  std::set<std::string> names;
  for (auto const& message : samples::every_message()) {
    kinds.insert(message.index());
    names.insert(name_of(message));
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Message>);
  EXPECT_EQ(names.size(), std::variant_size_v<Message>);
  EXPECT_STREQ(name_of(Message(msg::PrepareArrival{})), "PrepareArrival");
}

TEST(Codec, EveryKindSurvivesTheWire) {
  for (auto const& message : samples::every_message()) {
    auto const frame = encode_message(message);
    auto const decoded = decode_message(frame);
    ASSERT_TRUE(decoded.ok()) << name_of(message) << ": " << decoded.failure().context;
    EXPECT_EQ(decoded->index(), message.index());
    // The encoding is injective, so equal frames are equal messages ...
    EXPECT_EQ(encode_message(*decoded), frame) << name_of(message);
  }
  // ... which is worth believing only if a field really made it.
  auto const decoded = decode_message(encode_message(msg::StartJob{JobId{7}, Epoch{2}, samples::spec(), {}}));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<msg::StartJob>(*decoded).spec, samples::spec());
}

TEST(Codec, AFrameIsVersionTermLengthKindBody) {
  FrameBuilder builder;
  builder.add(msg::TermIs{Term{3}}, Term{9});
  auto const frame = builder.take();
  ASSERT_EQ(frame.size(), 2U + 8 + 4 + 1 + 8);
  EXPECT_EQ(frame[0], std::byte{11});
  EXPECT_EQ(frame[1], std::byte{0});
  EXPECT_EQ(frame[2], std::byte{9});
  EXPECT_EQ(frame[10], std::byte{1 + 8});
  EXPECT_EQ(frame[14], std::byte{7});
  EXPECT_EQ(frame[15], std::byte{3});
  EXPECT_EQ(FrameParts(frame).term(), Term{9});
}

TEST(Codec, AFrameHoldsMessagesInOrder) {
  FrameBuilder frame;
  for (auto const& message : samples::every_message()) frame.add(message);
  auto const bytes = frame.take();
  EXPECT_TRUE(frame.empty());
  FrameParts parts(bytes);
  for (auto const& message : samples::every_message()) {
    auto const part = parts.next();
    ASSERT_TRUE(part.ok() && part->has_value()) << name_of(message);
    EXPECT_EQ(encode_message(**part), encode_message(message));
  }
  auto const end = parts.next();
  ASSERT_TRUE(end.ok());
  EXPECT_FALSE(end->has_value());
}

TEST(Codec, WhatCameBeforeADamagedMessageStands) {
  FrameBuilder frame;
  frame.add(msg::Poll{Instant{3}});
  frame.add(msg::Poll{Instant{4}});
  auto bytes = frame.take();
  bytes.pop_back();
  FrameParts parts(bytes);
  auto const first = parts.next();
  ASSERT_TRUE(first.ok() && first->has_value());
  EXPECT_EQ(std::get<msg::Poll>(**first).at, Instant{3});
  EXPECT_FALSE(parts.next().ok());
  EXPECT_FALSE(parts.next().ok()) << "nothing follows a failure";
}

TEST(Codec, EveryTruncationIsRefused) {
  for (auto const& message : samples::every_message()) {
    auto const frame = encode_message(message);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      auto const decoded = decode_message(ByteView(frame).first(size));
      ASSERT_FALSE(decoded.ok()) << name_of(message) << " cut to " << size;
      EXPECT_EQ(decoded.failure().code, "malformed");
    }
  }
}

TEST(Codec, AnotherWireVersionIsRefused) {
  auto frame = encode_message(msg::Leave{});
  frame[0] = std::byte{1};
  auto const decoded = decode_message(frame);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.failure().code, "wire_version");
  EXPECT_EQ(decoded.failure().reaction, Reaction::data_lost);
}

TEST(Codec, FlippedBitsNeverCrash) {
  Random random(7);
  for (auto const& message : samples::every_message()) {
    auto const whole = encode_message(message);
    for (int round = 0; round < 500; ++round) {
      auto frame = whole;
      for (auto flips = 1 + random.below(5); flips > 0; --flips) {
        auto const at = 2 + random.below(frame.size() - 2);
        frame[at] ^= std::byte{static_cast<unsigned char>(1U << random.below(8))};
      }
      if (auto const decoded = decode_message(frame)) (void)name_of(*decoded);
    }
  }
}

TEST(Codec, TwelveHostileBytesAllocateLittle) {
  // Each kind, with a body of twelve 0xff bytes: counts of four thousand million everywhere.
  for (std::size_t kind = 0; kind <= std::variant_size_v<Message>; ++kind) {
    Bytes frame = to_bytes(std::string_view("\x02\0\x0d\0\0\0", 6));
    frame.push_back(static_cast<std::byte>(kind));
    frame.insert(frame.end(), 12, std::byte{0xff});
    auto const before = allocated_bytes();
    auto const decoded = decode_message(frame);
    auto const taken = allocated_bytes() - before;
    EXPECT_LT(taken, 4096U) << "kind " << kind;
    EXPECT_TRUE(kind < std::variant_size_v<Message> || !decoded.ok()) << "a kind that does not exist";
  }
}

TEST(Codec, RandomBytesAllocateInProportion) {
  Random random(11);
  for (int round = 0; round < 3000; ++round) {
    Bytes frame = to_bytes(std::string_view("\x02\0", 2));
    auto const body = random.below(400);
    for (int byte = 0; byte < 4; ++byte) frame.push_back(static_cast<std::byte>((body + 1) >> (8 * byte)));
    frame.push_back(static_cast<std::byte>(random.below(std::variant_size_v<Message>)));
    for (auto n = body; n > 0; --n)
      frame.push_back(static_cast<std::byte>(random.below(6) == 0 ? random() : 0));
    auto const before = allocated_bytes();
    (void)decode_message(frame).ok();
    EXPECT_LT(allocated_bytes() - before, 4096 + 64 * frame.size());
  }
}

}  // namespace
}  // namespace godwit
