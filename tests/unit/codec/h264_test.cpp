// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h264.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/bit_writer.h"
#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

TEST(Pps, HasItsIds) {
  const auto x264 = parse_pps(unhex("68ebe3cb22c0"));
  ASSERT_TRUE(x264);
  EXPECT_EQ(x264.value().id, 0);
  EXPECT_EQ(x264.value().sps_id, 0);
  const auto largest = parse_pps(BitWriter().bits(0x68, 8).ue(255).ue(31).bits(0, 9).nal());
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest.value().id, 255);
  EXPECT_EQ(largest.value().sps_id, 31);
}

TEST(Pps, BrokenIdsAreErrors) {
  EXPECT_FALSE(parse_pps({}));
  EXPECT_FALSE(parse_pps(unhex("68")));
  EXPECT_FALSE(parse_pps(unhex("67ebe3cb22c0")));
  EXPECT_FALSE(parse_pps(unhex("e8ebe3cb22c0")));
  EXPECT_FALSE(parse_pps(unhex("68 0080")));  // ends within the SPS id
  EXPECT_FALSE(parse_pps(BitWriter().bits(0x68, 8).ue(256).ue(0).nal()));
  EXPECT_FALSE(parse_pps(BitWriter().bits(0x68, 8).ue(0).ue(32).nal()));
  EXPECT_FALSE(parse_pps(unhex("68 000000000000000000000000000000000000")));
}

TEST(Rfc6381, IsLowerCaseHexOfTheThreeBytes) {
  H264Sps sps;
  sps.profile_idc = 0x42;
  sps.constraint_flags = 0xe0;
  sps.level_idc = 0x1f;
  EXPECT_EQ(rfc6381("avc3", sps), "avc3.42e01f");
  sps.profile_idc = 0x64;
  sps.constraint_flags = 0;
  sps.level_idc = 0x0a;
  EXPECT_EQ(rfc6381("avc1", sps), "avc1.64000a");
}

std::string walk(NalCursor cursor) {
  std::string out;
  while (const auto nal = cursor.next()) out += (out.empty() ? "" : " ") + hex(*nal);
  return cursor.ok() ? out : out + " error";
}

TEST(ByteStream, FindsNalUnitsBetweenStartCodesOfBothLengths) {
  const auto walked = [](std::string_view text) {
    return walk(NalCursor::byte_stream(unhex(text)));
  };
  EXPECT_EQ(walked("00000001 0910 000001 67aabb 00000001 68cc"), "0910 67aabb 68cc");
  EXPECT_EQ(walked("000001 65"), "65");
  EXPECT_EQ(walked("0000000000000001 65ff 0000 000001 41 0000"), "65ff 41");
  EXPECT_EQ(walked("000001 6500 01 000003 00 000300 02"),
            "650001000003000003"
            "0002");
  EXPECT_EQ(walked("000001 000001 000001 41"), "41");
  EXPECT_EQ(walked("000001 65 000001"), "65");
  EXPECT_EQ(walked("000001 6501 000001 4100 0001"), "6501 41");
}

TEST(ByteStream, WithoutAStartCodeIsAnErrorUnlessEmpty) {
  const auto walked = [](std::string_view text) {
    return walk(NalCursor::byte_stream(unhex(text)));
  };
  EXPECT_EQ(walked(""), "");
  EXPECT_EQ(walked("0000"), "");
  EXPECT_EQ(walked("6742e01f"), " error");
  EXPECT_EQ(walked("ff 000001 65"), " error");
  EXPECT_EQ(walked("000002 000001 65"), " error");
}

// The scanner looks at every third byte: all alignments must come out the same.
TEST(ByteStream, FindsAStartCodeAtEveryOffset) {
  for (std::size_t before = 1; before < 12; ++before) {
    for (const std::uint8_t fill : {0x01, 0x02, 0xff}) {
      Bytes data = unhex("000001");
      data.insert(data.end(), before, fill);
      const Bytes second = unhex("000001 41fe");
      data.insert(data.end(), second.begin(), second.end());
      auto cursor = NalCursor::byte_stream(data);
      EXPECT_EQ(cursor.next()->size(), before);
      EXPECT_EQ(hex(*cursor.next()), "41fe");
      EXPECT_FALSE(cursor.next());
    }
  }
}

TEST(LengthPrefixed, WalksSizesOfOneTwoAndFourBytes) {
  EXPECT_EQ(walk(NalCursor::length_prefixed(unhex("02 0910 00 03 67aabb"), 1)), "0910 67aabb");
  EXPECT_EQ(walk(NalCursor::length_prefixed(unhex("0002 0910 0000 0003 67aabb"), 2)),
            "0910 67aabb");
  EXPECT_EQ(walk(NalCursor::length_prefixed(unhex("00000002 0910 00000003 67aabb"), 4)),
            "0910 67aabb");
  EXPECT_EQ(walk(NalCursor::length_prefixed({}, 4)), "");
}

TEST(LengthPrefixed, ASizePastTheEndIsAnError) {
  EXPECT_EQ(walk(NalCursor::length_prefixed(unhex("00000003 0910"), 4)), " error");
  EXPECT_EQ(walk(NalCursor::length_prefixed(unhex("ffffffff 0910"), 4)), " error");
  EXPECT_EQ(walk(NalCursor::length_prefixed(unhex("0002 0910 00"), 2)), "0910 error");
  EXPECT_EQ(walk(NalCursor::length_prefixed(unhex("01 09"), 3)), " error");
  EXPECT_EQ(walk(NalCursor::length_prefixed(unhex("01 09"), 0)), " error");
}

}  // namespace
}  // namespace rec::codec
