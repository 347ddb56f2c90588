// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/bit_reader.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

TEST(BitReader, ReadsAcrossBytesMostSignificantBitFirst) {
  const Bytes data = unhex("a5 0f ff 00 12 34 56 78");
  BitReader r(data);
  EXPECT_TRUE(r.flag());
  EXPECT_EQ(r.bits(0), 0u);
  EXPECT_EQ(r.bits(3), 2u);
  EXPECT_EQ(r.bits(8), 0x50u);
  EXPECT_EQ(r.bits(12), 0xfffu);
  EXPECT_EQ(r.bits(32), 0x00123456u);
  EXPECT_EQ(r.bits_left(), 8u);
  r.skip(4);
  EXPECT_EQ(r.bits(4), 8u);
  EXPECT_TRUE(r.ok());
}

// Table 9-2: codeNum 0 to 7 are 1 010 011 00100 00101 00110 00111 0001000.
TEST(BitReader, ExpGolombCodesOfTable9_2) {
  const Bytes data = unhex("a6 42 98 e2 00");
  BitReader r(data);
  for (std::uint32_t expected = 0; expected < 8; ++expected) EXPECT_EQ(r.ue(), expected);
  EXPECT_TRUE(r.ok());
}

// Table 9-3: codeNum 0 to 6 are 0, 1, -1, 2, -2, 3, -3.
TEST(BitReader, SignedExpGolombCodesOfTable9_3) {
  const Bytes data = unhex("a6 42 98 e2 00");
  BitReader r(data);
  for (const int expected : {0, 1, -1, 2, -2, 3, -3, 4}) EXPECT_EQ(r.se(), expected);
  EXPECT_TRUE(r.ok());
}

TEST(BitReader, LargestCodeIsReadAndALongerOneIsAnError) {
  const Bytes largest = unhex("00000001 fffffffe");  // 31 zeros, 1, 31 ones
  BitReader r(largest);
  EXPECT_EQ(r.ue(), 0xfffffffeu);
  EXPECT_TRUE(r.ok());
  BitReader s(largest);
  EXPECT_EQ(s.se(), -0x7fffffff);
  const Bytes longer = unhex("00000000 80000000 00000000");  // 32 zeros
  BitReader t(longer);
  EXPECT_EQ(t.ue(), 0u);
  EXPECT_FALSE(t.ok());
}

TEST(BitReader, AnErrorLatchesAndReadsZero) {
  const Bytes data = unhex("ff");
  BitReader r(data);
  EXPECT_EQ(r.bits(4), 15u);
  EXPECT_EQ(r.bits(5), 0u);
  EXPECT_FALSE(r.ok());
  EXPECT_FALSE(r.flag());  // although four bits were left
  EXPECT_EQ(r.ue(), 0u);
  EXPECT_EQ(r.se(), 0);
  EXPECT_EQ(r.bits_left(), 0u);
  BitReader s(data);
  s.skip(9);
  EXPECT_FALSE(s.ok());
  BitReader t(data);
  EXPECT_EQ(t.bits(33), 0u);
  EXPECT_FALSE(t.ok());
  BitReader empty({});
  EXPECT_FALSE(empty.flag());
  EXPECT_FALSE(empty.ok());
}

TEST(BitReader, TrailingBitsAreAOneAndZeros) {
  const auto trails = [](std::string_view text, std::size_t skip) {
    const Bytes data = unhex(text);
    BitReader r(data);
    r.skip(skip);
    return r.at_trailing_bits();
  };
  EXPECT_TRUE(trails("80", 0));
  EXPECT_TRUE(trails("f8", 4));
  EXPECT_TRUE(trails("01 0000", 7));
  EXPECT_FALSE(trails("f8", 3));
  EXPECT_FALSE(trails("f0", 4));
  EXPECT_FALSE(trails("80 01", 0));
  EXPECT_FALSE(trails("80", 8));
  EXPECT_FALSE(trails("80", 9));
}

TEST(EmulationPrevention, RemovesTheThreeAfterTwoZeros) {
  const auto strip = [](std::string_view text) {
    return hex(strip_emulation_prevention(unhex(text)));
  };
  EXPECT_EQ(strip("000003 01"), "000001");
  EXPECT_EQ(strip("000003 000003 0003"), "000000000003");
  EXPECT_EQ(strip("000003"), "0000");  // at the end, after cabac_zero_words
  EXPECT_EQ(strip("0003 03 000001"), "000303000001");
  EXPECT_EQ(strip("00000003 03"), "00000003");
  EXPECT_EQ(strip(""), "");
}

TEST(EmulationPrevention, StopsWhenTheOutputIsFull) {
  std::array<std::uint8_t, 3> out{};
  EXPECT_EQ(strip_emulation_prevention(unhex("000003 0102 03"), out), 3u);
  EXPECT_EQ(hex(out), "000001");
  EXPECT_EQ(strip_emulation_prevention(unhex("0102"), out), 2u);
}

}  // namespace
}  // namespace rec::codec
