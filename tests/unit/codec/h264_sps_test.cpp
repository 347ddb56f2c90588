// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <random>

#include "lib/codec/h264.h"
#include "tests/unit/codec/bit_writer.h"
#include "tests/unit/codec/hex.h"
#include "tests/unit/codec/sps_vectors.h"

namespace rec::codec {
namespace {

void expect_vector(const SpsVector& v) {
  SCOPED_TRACE(v.name);
  const auto parsed = parse_sps(unhex(v.nal));
  ASSERT_TRUE(parsed) << parsed.error().what;
  const H264Sps& sps = parsed.value();
  EXPECT_EQ(sps.width, v.width);
  EXPECT_EQ(sps.height, v.height);
  EXPECT_EQ(sps.interlaced, v.interlaced);
  EXPECT_EQ(rfc6381("avc3", sps), v.rfc6381);
  EXPECT_EQ(sps.chroma_format_idc, v.chroma_format_idc);
  EXPECT_EQ(sps.bit_depth_luma, v.bit_depth);
  EXPECT_EQ(sps.bit_depth_chroma, v.bit_depth);
  EXPECT_EQ(sps.vui.sar_width, v.sar_width);
  EXPECT_EQ(sps.vui.sar_height, v.sar_height);
  EXPECT_EQ(sps.vui.colour, v.colour);
  EXPECT_EQ(sps.max_num_reorder_frames, v.max_num_reorder_frames);
}

TEST(Sps, SaysWhatFfprobeSaysAboutX264) {
  for (const SpsVector& v : kX264) expect_vector(v);
}

TEST(Sps, SaysWhatFfprobeSaysAboutChromium) {
  for (const SpsVector& v : kChromium) expect_vector(v);
}

TEST(Sps, ReadsEveryBranchOfTheSyntax) {
  for (const SpsVector& v : kHandMade) expect_vector(v);
  EXPECT_EQ(parse_sps(unhex("6764001e32cdb02d049bff0fa00d05f5091009b700000303e90000ea60d09003e9003"
                            "e8801f5001f4b7bdf162400fa400fa2007d4007d2803eb003e9af7be1da18308580"))
                .value()
                .id,
            5);
}

TEST(Sps, SaysWhatFfprobeSaysAboutReordering) {
  for (const ReorderVector& v : kReorder) {
    const auto sps = parse_sps(unhex(v.nal));
    ASSERT_TRUE(sps) << v.name;
    EXPECT_EQ(sps.value().reorders, v.has_b_frames > 0) << v.name;
    EXPECT_EQ(sps.value().max_num_reorder_frames, v.has_b_frames) << v.name;
  }
}

TEST(Sps, ReordersUnlessItIsRuledOut) {
  const auto reorders = [](std::uint32_t profile_idc, std::uint32_t pic_order_cnt_type) {
    BitWriter w;
    w.bits(0x67, 8).bits(profile_idc, 8).bits(0x001f, 16).ue(0).ue(0).ue(pic_order_cnt_type);
    if (pic_order_cnt_type == 0) w.ue(0);
    return parse_sps(w.ue(1).bits(0, 1).ue(19).ue(14).bits(0b1100, 4).nal()).value().reorders;
  };
  EXPECT_TRUE(reorders(77, 0));
  EXPECT_FALSE(reorders(77, 2));
  EXPECT_FALSE(reorders(66, 0));
  EXPECT_FALSE(reorders(66, 2));
}

// What decoders can do without is nothing that a recording would stop for.
void expect_unbelieved_vui(const Result<H264Sps>& sps, const H264Sps& whole, const char* name,
                           std::size_t size) {
  ASSERT_TRUE(sps) << name << ", " << size << " bytes";
  EXPECT_EQ(sps.value().width, whole.width) << name;
  EXPECT_EQ(sps.value().height, whole.height) << name;
  EXPECT_EQ(sps.value().reorders, whole.reorders) << name << ", " << size << " bytes";
  EXPECT_EQ(sps.value().vui.sar_width, 0) << name;
  EXPECT_EQ(sps.value().vui.colour, kNoColour) << name;
}

TEST(Sps, CutBeforeTheVuiIsAnErrorAndFromThereOnTheVuiIsNotBelieved) {
  for (const SpsVector& v : kX264) {
    const Bytes nal = unhex(v.nal);
    const H264Sps whole = parse_sps(nal).value();
    std::size_t size = 0;
    while (size < nal.size() && !parse_sps(prefix(nal, size))) ++size;
    EXPECT_GE(size, 8u) << v.name;  // the header, three bytes of profile and 26 bits at least
    EXPECT_LE(size, 14u) << v.name;
    for (; size < nal.size(); ++size)
      expect_unbelieved_vui(parse_sps(prefix(nal, size)), whole, v.name, size);
    Bytes longer = nal;
    longer.push_back(0x80);
    expect_unbelieved_vui(parse_sps(longer), whole, v.name, longer.size());
    longer.back() = 0;  // trailing_zero_8bits that a framing layer left are harmless
    ASSERT_TRUE(parse_sps(longer)) << v.name;
    EXPECT_EQ(parse_sps(longer).value().max_num_reorder_frames, whole.max_num_reorder_frames);
    EXPECT_EQ(parse_sps(longer).value().vui.sar_width, whole.vui.sar_width);
  }
}

TEST(Sps, ReordersIfTheVuiThatRulesItOutIsDamaged) {
  const Bytes nal = unhex(kReorder[7].nal);
  EXPECT_FALSE(parse_sps(nal).value().reorders);
  EXPECT_TRUE(parse_sps(prefix(nal, nal.size() - 1)).value().reorders);
}

TEST(Sps, WithoutAVuiItIsAnErrorIfItDoesNotEndThere) {
  for (const char* text : {"674d001fdb050664", "6742e01fda0280f640", "67640028acdb01e0089f95"}) {
    const Bytes nal = unhex(text);
    ASSERT_TRUE(parse_sps(nal));
    for (std::size_t size = 0; size < nal.size(); ++size)
      EXPECT_FALSE(parse_sps(prefix(nal, size))) << text << ", " << size << " bytes";
    Bytes longer = nal;
    longer.push_back(0x80);
    EXPECT_FALSE(parse_sps(longer)) << text;
  }
}

TEST(Sps, OtherNalUnitsAndTheForbiddenBitAreErrors) {
  Bytes nal = unhex(kX264[0].nal);
  nal[0] = 0x68;
  EXPECT_FALSE(parse_sps(nal));
  nal[0] = 0xe7;
  EXPECT_FALSE(parse_sps(nal));
}

// The fields of a main profile SPS that the semantics of 7.4.2.1.1 bound.
struct Fields {
  std::uint32_t id = 0, log2_max_frame_num_minus4 = 0, pic_order_cnt_type = 2,
                max_num_ref_frames = 1;
  std::uint32_t width_in_mbs = 20, height_in_mbs = 15;
  std::uint32_t crop_right = 0, crop_bottom = 0;  // units of two luma samples
  std::uint32_t max_num_reorder_frames = 0;
};

Bytes sps_of(const Fields& f) {
  BitWriter w;
  w.bits(0x674d001f, 32).ue(f.id).ue(f.log2_max_frame_num_minus4).ue(f.pic_order_cnt_type);
  w.ue(f.max_num_ref_frames).bits(0, 1).ue(f.width_in_mbs - 1).ue(f.height_in_mbs - 1);
  w.bits(0b11, 2).bits(1, 1).ue(0).ue(f.crop_right).ue(0).ue(f.crop_bottom);
  w.bits(1, 1).bits(0b00000000, 8).bits(1, 1);  // VUI of nothing but the bitstream restriction
  w.bits(1, 1).ue(0).ue(0).ue(0).ue(0).ue(f.max_num_reorder_frames).ue(16);
  return w.nal();
}

TEST(Sps, ValuesAtTheirLimitsAreRead) {
  const auto sps = parse_sps(sps_of({.id = 31,
                                     .log2_max_frame_num_minus4 = 12,
                                     .max_num_ref_frames = 16,
                                     .width_in_mbs = 4095,
                                     .height_in_mbs = 4095,
                                     .crop_right = 8 * 4095 - 1,
                                     .crop_bottom = 8 * 4095 - 1,
                                     .max_num_reorder_frames = 16}));
  ASSERT_TRUE(sps) << sps.error().what;
  EXPECT_EQ(sps.value().id, 31);
  EXPECT_EQ(sps.value().width, 2);
  EXPECT_EQ(sps.value().height, 2);
  EXPECT_EQ(sps.value().max_num_reorder_frames, 16);
}

TEST(Sps, ValuesOutOfRangeAreErrors) {
  EXPECT_FALSE(parse_sps(sps_of({.id = 32})));
  EXPECT_FALSE(parse_sps(sps_of({.log2_max_frame_num_minus4 = 13})));
  EXPECT_FALSE(parse_sps(sps_of({.pic_order_cnt_type = 3})));
  EXPECT_FALSE(parse_sps(sps_of({.max_num_ref_frames = 17})));
  EXPECT_FALSE(parse_sps(sps_of({.width_in_mbs = 4096})));  // 65536 pixels
  EXPECT_FALSE(parse_sps(sps_of({.height_in_mbs = 4096})));
  EXPECT_FALSE(parse_sps(sps_of({.width_in_mbs = 0xffffffff, .height_in_mbs = 0xffffffff})));
  EXPECT_FALSE(parse_sps(sps_of({.crop_right = 160})));  // nothing is left of 320 pixels
  EXPECT_FALSE(parse_sps(sps_of({.crop_bottom = 120})));
  EXPECT_FALSE(parse_sps(sps_of({.crop_right = 0x80000000})));            // 2^32 pixels
  const auto beyond = parse_sps(sps_of({.max_num_reorder_frames = 17}));  // in the VUI
  ASSERT_TRUE(beyond);
  EXPECT_EQ(beyond.value().max_num_reorder_frames, 0);  // by pic_order_cnt_type 2
}

// A high profile SPS with a first scaling list of this delta_scale and 15 zeros, and no other list.
Bytes high_sps_of(std::uint32_t chroma_format, std::uint32_t depth_luma, std::uint32_t depth_chroma,
                  std::uint32_t scaling_delta_code) {
  BitWriter w;
  w.bits(0x6764001f, 32).ue(0).ue(chroma_format).ue(depth_luma).ue(depth_chroma).bits(0, 1);
  w.bits(0b11, 2).ue(scaling_delta_code);
  for (int i = 0; i < 15; ++i) w.ue(0);
  w.bits(0, 7);
  w.ue(0).ue(2).ue(1).bits(0, 1).ue(19).ue(14).bits(0b1100, 4);
  return w.nal();
}

TEST(Sps, HighProfileFieldsOutOfRangeAreErrors) {
  EXPECT_TRUE(parse_sps(high_sps_of(1, 0, 0, 0)));
  EXPECT_TRUE(parse_sps(high_sps_of(1, 6, 6, 0)));
  EXPECT_FALSE(parse_sps(high_sps_of(1, 7, 0, 0)));
  EXPECT_FALSE(parse_sps(high_sps_of(1, 0, 7, 0)));
  EXPECT_FALSE(parse_sps(high_sps_of(4, 0, 0, 0)));
  EXPECT_TRUE(parse_sps(high_sps_of(1, 0, 0, 253)));          // delta 127
  EXPECT_FALSE(parse_sps(high_sps_of(1, 0, 0, 255)));         // delta 128
  EXPECT_FALSE(parse_sps(high_sps_of(1, 0, 0, 0xfffffffd)));  // delta 2^31 - 1
}

Bytes sps_with_cycle(std::uint32_t num_ref_frames_in_pic_order_cnt_cycle) {
  BitWriter w;
  w.bits(0x674d001f, 32).ue(0).ue(0).ue(1).bits(0, 1).ue(0).ue(0);
  w.ue(num_ref_frames_in_pic_order_cnt_cycle);
  for (std::uint32_t i = 0; i < num_ref_frames_in_pic_order_cnt_cycle; ++i) w.ue(i);
  w.ue(1).bits(0, 1).ue(19).ue(14).bits(0b1100, 4);
  return w.nal();
}

// A VUI that holds an aspect ratio and a NAL HRD of `cpb_count` buffers, nothing else.
Bytes sps_with_vui(std::uint32_t aspect_ratio_idc, std::uint32_t extended_sar,
                   std::uint32_t cpb_count) {
  BitWriter w;
  w.bits(0x674d001f, 32).ue(0).ue(0).ue(2).ue(1).bits(0, 1).ue(19).ue(14).bits(0b1101, 4);
  w.bits(1, 1).bits(aspect_ratio_idc, 8);
  if (aspect_ratio_idc == 255) w.bits(extended_sar, 32);
  w.bits(0b0000, 4).bits(1, 1).ue(cpb_count - 1).bits(0, 8);
  for (std::uint32_t i = 0; i < cpb_count; ++i) w.ue(i).ue(i).bits(1, 1);
  w.bits(0, 20).bits(0, 1).bits(0, 1).bits(0b00, 2);
  return w.nal();
}

TEST(Sps, CountsOutOfRangeAreErrors) {
  EXPECT_TRUE(parse_sps(sps_with_cycle(255)));
  EXPECT_FALSE(parse_sps(sps_with_cycle(256)));
  EXPECT_TRUE(parse_sps(sps_with_vui(1, 0, 32)));
  EXPECT_EQ(parse_sps(sps_with_vui(1, 0, 32)).value().vui.sar_width, 1);
  EXPECT_EQ(parse_sps(sps_with_vui(1, 0, 33)).value().vui.sar_width,
            0);  // nothing of it is believed
}

TEST(Sps, SampleAspectRatiosOfTableE1) {
  const std::pair<int, int> expected[] = {
      {0, 0},   {1, 1},   {12, 11}, {10, 11}, {16, 11},  {40, 33}, {24, 11}, {20, 11}, {32, 11},
      {80, 33}, {18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3},   {3, 2},   {2, 1},   {0, 0}};
  const auto ratio = [](std::uint32_t idc, std::uint32_t extended) {
    const auto sps = parse_sps(sps_with_vui(idc, extended, 1));
    EXPECT_TRUE(sps) << idc;
    return sps ? std::pair<int, int>(sps.value().vui.sar_width, sps.value().vui.sar_height)
               : std::pair<int, int>(-1, -1);
  };
  for (std::uint32_t idc = 0; idc < std::size(expected); ++idc)
    EXPECT_EQ(ratio(idc, 0), expected[idc]) << idc;
  EXPECT_EQ(ratio(255, 64u << 16 | 45), std::pair(64, 45));
  EXPECT_EQ(ratio(255, 64u << 16), std::pair(0, 0));  // E.2.1: unspecified if either is 0
  EXPECT_EQ(ratio(255, 45), std::pair(0, 0));
}

// A.3.1 h): MaxDpbMbs of Table A-1 divided by the size of a frame, 16 at most.
TEST(Sps, ReorderingIsBoundedByTheLevel) {
  struct Case {
    std::uint32_t level, width, height;  // macroblocks
    int frames;
  };
  constexpr Case kCases[] = {
      {9, 11, 9, 4},     {10, 11, 9, 4},    {11, 22, 18, 2},   {12, 22, 18, 6},
      {13, 22, 18, 6},   {20, 22, 18, 6},   {21, 22, 18, 12},  {22, 45, 36, 5},
      {30, 45, 36, 5},   {31, 80, 45, 5},   {32, 80, 45, 5},   {32, 80, 64, 4},
      {40, 128, 64, 4},  {41, 128, 64, 4},  {42, 128, 68, 4},  {42, 136, 64, 4},
      {50, 120, 68, 13}, {51, 240, 135, 5}, {51, 256, 144, 5}, {52, 256, 144, 5},
      {60, 512, 272, 5}, {61, 512, 272, 5}, {62, 512, 272, 5}, {62, 240, 135, 16},
      {40, 80, 45, 9},   {10, 22, 18, 1},   {99, 120, 68, 16}};
  for (const Case& c : kCases) {
    const auto sps = parse_sps(BitWriter()
                                   .bits(0x674d00, 24)
                                   .bits(c.level, 8)
                                   .ue(0)
                                   .ue(0)
                                   .ue(0)
                                   .ue(0)
                                   .ue(1)
                                   .bits(0, 1)
                                   .ue(c.width - 1)
                                   .ue(c.height - 1)
                                   .bits(0b1100, 4)
                                   .nal());
    ASSERT_TRUE(sps);
    EXPECT_EQ(sps.value().max_num_reorder_frames, c.frames)
        << "level " << c.level << ", " << c.width << "x" << c.height;
  }
}

TEST(Sps, RandomBytesAndFlippedBitsNeverReadOutOfBounds) {
  std::mt19937 random(1);
  std::size_t accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    Bytes nal(1 + random() % 64);
    for (auto& byte : nal) byte = static_cast<std::uint8_t>(random());
    nal[0] = 0x67;
    accepted += parse_sps(nal) ? 1 : 0;
    const SpsVector& v = kHandMade[random() % std::size(kHandMade)];
    Bytes flipped = unhex(v.nal);
    flipped[random() % flipped.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    if (const auto sps = parse_sps(flipped)) {
      EXPECT_GT(sps.value().width, 0);
      EXPECT_GT(sps.value().height, 0);
      EXPECT_LE(sps.value().max_num_reorder_frames, 16);
      EXPECT_LE(sps.value().id, 31);
    }
  }
  EXPECT_LT(accepted, 5000u);  // where there seems to be a VUI, what is in it does not matter
}

}  // namespace
}  // namespace rec::codec
