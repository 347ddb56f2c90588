// SPDX-License-Identifier: LGPL-2.1-or-later
//
// H.265 NAL unit headers, parameter sets and hvcC.
#include "lib/codec/h265.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/bit_writer.h"
#include "tests/unit/codec/h265_vectors.h"
#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

// x265, 1920x1080 and 64x64 (h265_stream_test.cpp), with the hvcC that ffmpeg makes of the latter.
constexpr char kHdVps[] = "40010c01ffff016000000300900000030000030078959409";
constexpr char kVps[] = "40010c01ffff01600000030090000003000003001eba0240";
constexpr char kSps[] =
    "42010101600000030090000003000003001ea020810596e92930bc05a02000000300200000030321";
constexpr char kPps[] = "4401c0718112";
constexpr char kHvcc[] =
    "01 01 60000000 900000000000 1e f000 fc fd f8 f8 0000 0f 03"
    "20 0001 0018 40010c01ffff01600000030090000003000003001eba0240"
    "21 0001 0028 42010101600000030090000003000003001ea020810596e92930bc05a02000000300200000030321"
    "22 0001 0006 4401c0718112";

void expect_sps(const H265SpsVector& v) {
  SCOPED_TRACE(v.name);
  const auto parsed = parse_h265_sps(unhex(v.nal));
  ASSERT_TRUE(parsed) << parsed.error().what;
  const H265Sps& sps = parsed.value();
  EXPECT_EQ(sps.width, v.width);
  EXPECT_EQ(sps.height, v.height);
  EXPECT_EQ(rfc6381("hev1", sps.profile), v.rfc6381);
  EXPECT_EQ(sps.chroma_format_idc, v.chroma_format_idc);
  EXPECT_EQ(sps.bit_depth_luma, v.bit_depth_luma);
  EXPECT_EQ(sps.vui.sar_width, v.sar_width);
  EXPECT_EQ(sps.vui.sar_height, v.sar_height);
  EXPECT_EQ(sps.vui.colour, v.colour);
  EXPECT_EQ(sps.max_num_reorder_pics, v.max_num_reorder_pics);
}

TEST(H265Sps, SaysWhatFfprobeSays) {
  for (const auto& v : kX265) expect_sps(v);
}

TEST(H265Sps, ReadsWhatNoEncoderHereWrites) {
  for (const auto& v : kH265HandMade) expect_sps(v);
  const auto full = parse_h265_sps(unhex(kH265HandMade[0].nal));
  ASSERT_TRUE(full);
  EXPECT_EQ(full.value().id, 5);
  EXPECT_EQ(full.value().vps_id, 3);
  EXPECT_EQ(full.value().temporal_layers, 3);
  EXPECT_TRUE(full.value().temporal_id_nesting);
  EXPECT_EQ(full.value().bit_depth_chroma, 9);
}

// Cut anywhere before the VUI it is no set; cut within, it is one without VUI.
TEST(H265Sps, EveryPrefixIsRefusedOrHasNoVui) {
  for (const auto& v : kX265) {
    const Bytes nal = unhex(v.nal);
    std::size_t refused = 0;
    for (std::size_t size = 0; size < nal.size(); ++size) {
      const auto sps = parse_h265_sps(prefix(nal, size));
      if (!sps) {
        EXPECT_EQ(refused, size) << v.name;  // no shorter one was taken
        refused = size + 1;
        continue;
      }
      EXPECT_EQ(sps.value().width, v.width) << v.name;
      EXPECT_EQ(sps.value().max_num_reorder_pics, v.max_num_reorder_pics) << v.name;
      EXPECT_EQ(sps.value().vui.sar_width, 0) << v.name << ", " << size << " bytes";
      EXPECT_EQ(sps.value().vui.colour, std::nullopt) << v.name << ", " << size << " bytes";
    }
    EXPECT_GT(refused, 20u) << v.name;  // profile and size take that much
  }
}

// Main profile, level 4, then whatever a test wants.
BitWriter sps_start() {
  return BitWriter()
      .bits(0x4201, 16)
      .bits(0x01, 8)
      .bits(0x0160000000, 40)
      .bits(0x900000000000, 48)
      .bits(120, 8);
}

Bytes sps_of_size(std::uint32_t width, std::uint32_t height, std::uint32_t crop) {
  return sps_start()
      .ue(0)  // id
      .ue(1)  // 4:2:0
      .ue(width)
      .ue(height)
      .bits(1, 1)
      .ue(crop)
      .ue(0)
      .ue(0)
      .ue(0)
      .ue(0)
      .ue(0)
      .ue(0)
      .bits(0, 1)
      .ue(0)
      .ue(0)
      .ue(0)
      .ue(0)
      .ue(1)
      .ue(0)
      .ue(1)
      .ue(0)
      .ue(0)
      .bits(0, 4)  // scaling, AMP, SAO, PCM
      .ue(0)
      .bits(0, 5)  // long term, TMVP, smoothing, VUI, extension
      .nal();
}

TEST(H265Sps, ASizeThatCannotBeIsRefused) {
  const auto good = parse_h265_sps(sps_of_size(64, 48, 1));
  ASSERT_TRUE(good) << good.error().what;
  EXPECT_EQ(good.value().width, 62);
  EXPECT_EQ(good.value().height, 48);
  EXPECT_FALSE(parse_h265_sps(sps_of_size(64, 48, 32)));          // nothing is left
  EXPECT_FALSE(parse_h265_sps(sps_of_size(64, 48, 0x7fffffff)));  // twice that is 0 in 32 bits
  EXPECT_FALSE(parse_h265_sps(sps_of_size(0x10000, 48, 0)));
  EXPECT_FALSE(parse_h265_sps(sps_of_size(0, 48, 0)));
  EXPECT_FALSE(parse_h265_sps(sps_of_size(64, 0, 0)));
}

TEST(H265Nal, OnlyTheBaseLayerHasTypes) {
  EXPECT_EQ(h265_nal_type(unhex("4201")), H265NalType::kSps);
  EXPECT_EQ(h265_nal_type(unhex("2603")), H265NalType::kIdrWithRadl);  // temporal id 2
  EXPECT_EQ(h265_nal_type(unhex("4209")), std::nullopt);               // nuh_layer_id 1
  EXPECT_EQ(h265_nal_type(unhex("4301")), std::nullopt);               // nuh_layer_id 32
  EXPECT_EQ(h265_nal_type(unhex("c201")), std::nullopt);               // forbidden_zero_bit
  EXPECT_EQ(h265_nal_type(unhex("4200")), std::nullopt);               // nuh_temporal_id_plus1 0
  EXPECT_EQ(h265_nal_type(unhex("42")), std::nullopt);
  EXPECT_EQ(h265_nal_type({}), std::nullopt);
}

TEST(H265Nal, Table7_1TellsSlicesAndIrapPictures) {
  for (unsigned type = 0; type < 64; ++type) {
    const auto nal_type = static_cast<H265NalType>(type);
    EXPECT_EQ(is_irap(nal_type), type >= 16 && type <= 21) << type;
    EXPECT_EQ(is_h265_slice(nal_type), type <= 9 || (type >= 16 && type <= 21)) << type;
  }
}

TEST(H265Nal, VpsAndPpsSayTheirIds) {
  const auto vps = parse_h265_vps(unhex(kHdVps));
  ASSERT_TRUE(vps) << vps.error().what;
  EXPECT_EQ(vps.value(), 0);
  EXPECT_EQ(parse_h265_vps(unhex("4001fc01ffff0160000003009000000300000300789594")).value(), 15);
  EXPECT_FALSE(parse_h265_vps(unhex("40010c01fffe016000000300900000030000030078")));  // reserved
  EXPECT_FALSE(parse_h265_vps(unhex("40010c01ffff01600000030090")));                  // cut
  EXPECT_FALSE(parse_h265_vps(unhex(kPps)));
  const auto pps = parse_h265_pps(BitWriter().bits(0x4401, 16).ue(63).ue(15).nal());
  ASSERT_TRUE(pps);
  EXPECT_EQ(pps.value().id, 63);
  EXPECT_EQ(pps.value().sps_id, 15);
  EXPECT_FALSE(parse_h265_pps(BitWriter().bits(0x4401, 16).ue(64).ue(0).nal()));
  EXPECT_FALSE(parse_h265_pps(BitWriter().bits(0x4401, 16).ue(0).ue(16).nal()));
  EXPECT_FALSE(parse_h265_pps(unhex("4401")));
}

TEST(H265Rfc6381, Clause14496_15_E_3) {
  H265Profile profile;
  profile.profile_idc = 1;
  profile.compatibility_flags = 0x60000000;
  profile.level_idc = 93;
  profile.constraint_flags = {0xb0, 0, 0, 0, 0, 0};
  EXPECT_EQ(rfc6381("hev1", profile), "hev1.1.6.L93.B0");  // the example of the standard
  profile.profile_space = 1;
  profile.high_tier = true;
  profile.compatibility_flags = 0x00000001;
  profile.constraint_flags = {0x90, 0, 0x0a, 0, 0, 0};
  EXPECT_EQ(rfc6381("hvc1", profile), "hvc1.A1.80000000.H93.90.0.A");
  profile.compatibility_flags = 0;
  profile.constraint_flags = {};
  EXPECT_EQ(rfc6381("hvc1", profile), "hvc1.A1.0.H93");
}

TEST(Hvcc, IsTheOneThatFfmpegMakes) {
  const auto made = make_hvcc({4, {unhex(kVps)}, {unhex(kSps)}, {unhex(kPps)}});
  ASSERT_TRUE(made) << made.error().what;
  std::string expected = kHvcc;
  EXPECT_EQ(hex(made.value()), hex(unhex(expected)));
}

TEST(Hvcc, SaysTheFormatOfTheSps) {
  const auto made = make_hvcc({4, {}, {unhex(kH265HandMade[0].nal)}, {}});
  ASSERT_TRUE(made);
  // High tier, profile 4; 4:2:2, 10 and 9 bits; 3 temporal layers, nested.
  EXPECT_EQ(hex(prefix(made.value(), 23)), "0124080000009000000000007bf000fcfefaf900001f03");
}

TEST(Hvcc, ReadsSizesOfAnyLengthAndSkipsSei) {
  Bytes record = unhex(kHvcc);
  record[21] = 0x0d;  // sizes of two bytes
  record[22] = 4;
  const Bytes sei = unhex("27 0001 0004 4e010580");
  record.insert(record.begin() + 23, sei.begin(), sei.end());
  const auto parsed = parse_hvcc(record);
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(parsed.value().nal_length_size, 2u);
  EXPECT_EQ(parsed.value().vps, std::vector<Bytes>{unhex(kVps)});
  EXPECT_EQ(parsed.value().sps, std::vector<Bytes>{unhex(kSps)});
  EXPECT_EQ(parsed.value().pps, std::vector<Bytes>{unhex(kPps)});
}

TEST(Hvcc, WhatIsNoRecordIsRefused) {
  const Bytes record = unhex(kHvcc);
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(parse_hvcc(prefix(record, size))) << size;
  Bytes three_bytes = record;
  three_bytes[21] = 0x0e;
  EXPECT_FALSE(parse_hvcc(three_bytes));
  Bytes version_2 = record;
  version_2[0] = 2;
  EXPECT_FALSE(parse_hvcc(version_2));
}

TEST(Hvcc, WhatDoesNotFitIsNotWritten) {
  EXPECT_FALSE(make_hvcc({4, {unhex(kVps)}, {}, {unhex(kPps)}}));
  EXPECT_FALSE(make_hvcc({4, {unhex(kVps)}, {unhex("4201")}, {}}));
  EXPECT_FALSE(make_hvcc({4, {}, {unhex(kSps)}, {Bytes(0x10000, 0x55)}}));
  EXPECT_FALSE(make_hvcc({4, {}, {unhex(kSps)}, {Bytes{}}}));
}

}  // namespace
}  // namespace rec::codec
