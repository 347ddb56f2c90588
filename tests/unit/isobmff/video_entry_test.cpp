// SPDX-License-Identifier: LGPL-2.1-or-later
//
// VP8, VP9 and AV1 in the init segment, against bytes written by hand from the "VP Codec ISO Media
// File Format Binding" 1.0 and the "AV1 Codec ISO Media File Format Binding" 1.2; and the entries
// of H.264 and H.265 whose parameter sets are in them alone (ISO/IEC 14496-15).
#include <gtest/gtest.h>

#include "lib/isobmff/movie_boxes.h"
#include "lib/isobmff/sample_entry.h"
#include "tests/unit/isobmff/hex.h"

namespace rec::isobmff {
namespace {

template <class Write>
std::string written(Write write) {
  BoxWriter w;
  write(w);
  return hex(w.take());
}

Av1Config av1() {
  Av1Config config;
  config.av1c = {0x81, 0x04, 0x0c, 0x00};  // main profile, level 3.0, 8 bit 4:2:0
  config.width = 640;
  config.height = 360;
  return config;
}

TEST(Ftyp, Av1Clause2_1DemandsItsBrand) {
  const Track tracks[] = {{2, {48000, OpusConfig{}}}, {1, {90000, av1()}}};
  EXPECT_EQ(written([&](BoxWriter& w) { write_ftyp(w, tracks); }),
            words("0000001c 66747970 69736f36 00000000 "
                  "69736f36 6d703431 61763031"));  // compatible: 'iso6', 'mp41', 'av01'
}

#define VISUAL_START_UP_TO_SIZE                              /* ISO/IEC 14496-12, 12.1.3.2 */     \
  "000000000000 0001 "                                       /* reserved, data_reference_index */ \
  "0000 0000 "                                               /* pre_defined, reserved */          \
  "00000000 00000000 00000000 "                              /* pre_defined */
#define VISUAL_AFTER_SIZE "00480000 00480000 00000000 0001 " /* dpi, reserved, frame_count */
#define VPC_CODING "0a 56504320436f64696e67 000000000000000000000000000000000000000000 "
#define AOM_CODING "0a 414f4d20436f64696e67 000000000000000000000000000000000000000000 "

TEST(Vp8, IsAVisualSampleEntryWithVpcC) {
  const Vp8Config config{1, 21, 640, 360, "vp08.01.21.08"};
  EXPECT_EQ(written([&](BoxWriter& w) { write_sample_entry(w, config); }),
            words("0000006a 76703038 "  // size 106, 'vp08'
                  VISUAL_START_UP_TO_SIZE "0280 0168 " VISUAL_AFTER_SIZE VPC_CODING
                  "0018 ffff "                    // depth, pre_defined
                  "00000014 76706343 01 000000 "  // size 20, 'vpcC', version 1
                  "01 15 82 02 02 02 0000"));     // profile 1, level 2.1, 8 bit 4:2:0 (1 << 1)
}

TEST(Vp9, IsAVisualSampleEntryWithVpcC) {
  Vp9Config config;
  config.level = 31;
  config.width = 1280;
  config.height = 720;
  EXPECT_EQ(written([&](BoxWriter& w) { write_sample_entry(w, config); }),
            words("0000006a 76703039 "  // size 106, 'vp09'
                  VISUAL_START_UP_TO_SIZE "0500 02d0 " VISUAL_AFTER_SIZE VPC_CODING
                  "0018 ffff "                    // depth, pre_defined
                  "00000014 76706343 01 000000 "  // size 20, 'vpcC', version 1
                  "00 1f 82 02 02 02 0000"));     // profile 0, level 3.1, 8 bit 4:2:0, unspecified
}

TEST(VpcC, SaysDepthChromaRangeAndColour) {
  Vp9Config config;
  config.profile = 3;
  config.level = 62;
  config.bit_depth = 12;
  config.chroma_subsampling = 3;
  config.full_range = true;
  config.primaries = 1;
  config.transfer = 13;
  config.matrix = 0;
  EXPECT_EQ(written([&](BoxWriter& w) { write_vpcc(w, config); }),
            words("00000014 76706343 01 000000 "
                  "03 3e c7 01 0d 00 "  // 12 << 4 | 3 << 1 | 1
                  "0000"));             // codecInitializationDataSize
}

TEST(Av1, Clause2_2IsAVisualSampleEntryWithAv1C) {
  EXPECT_EQ(written([](BoxWriter& w) { write_sample_entry(w, av1()); }),
            words("00000062 61763031 "  // size 98, 'av01'
                  VISUAL_START_UP_TO_SIZE "0280 0168 " VISUAL_AFTER_SIZE AOM_CODING
                  "0018 ffff "          // depth, pre_defined
                  "0000000c 61763143 "  // size 12, 'av1C': the record as given
                  "81040c00"));
}

TEST(Tkhd, EveryVideoCodecHasASize) {
  Vp9Config vp9;
  vp9.width = 1280;
  vp9.height = 720;
  for (const CodecConfig& codec : {CodecConfig{Vp8Config{0, 31, 1280, 720, ""}}, CodecConfig{vp9},
                                   CodecConfig{Av1Config{{}, 1280, 720, ""}}}) {
    const auto text = written([&](BoxWriter& w) { write_tkhd(w, {1, {90000, codec}}, 0); });
    EXPECT_EQ(text.substr(text.size() - 17), "05000000 02d00000");
  }
}

TEST(AvcC, Clause14496_15_5_4_2ItsNameSaysThatNoSampleHasSets) {
  H264Config config;
  config.avcc = {1, 0x42, 0xe0, 0x1f, 0xff, 0xe0, 0};
  const auto text =
      written([&](BoxWriter& w) { write_sample_entry(w, config, ParameterSets::kOnlyInEntry); });
  EXPECT_EQ(text.substr(9, 8), "61766331");  // 'avc1'
}

TEST(HvcC, Clause14496_15_8_4_1ArraysOfHvc1AreComplete) {
  H265Config config;
  // Up to numOfArrays, then a VPS of one byte, and an SPS of two beside one of one.
  config.hvcc = Bytes(22, 0x11);
  for (const std::uint8_t byte :
       {2, 0x20, 0, 1, 0, 1, 0xaa, 0x21, 0, 2, 0, 2, 0xbb, 0xbc, 0, 1, 0xcc})
    config.hvcc.push_back(byte);
  const auto text =
      written([&](BoxWriter& w) { write_sample_entry(w, config, ParameterSets::kOnlyInEntry); });
  EXPECT_EQ(text.substr(9, 8), "68766331");  // 'hvc1'
  const std::string arrays = words("02 a0 0001 0001 aa a1 0002 0002 bbbc 0001 cc");
  EXPECT_EQ(text.substr(text.size() - arrays.size()), arrays);
}

}  // namespace
}  // namespace rec::isobmff
