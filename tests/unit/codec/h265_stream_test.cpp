// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is the same for H.264 is tested there: H264Stream and H265Stream share NalStream.
#include "lib/codec/h265_stream.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/bit_writer.h"
#include "tests/unit/codec/hex.h"
#include "tests/unit/codec/nals.h"

namespace rec::codec {
namespace {

using Format = H265Stream::Format;

// x265, 64x64, open GOP: ffmpeg -f lavfi -i color=gray:size=64x64:rate=25 -frames:v 4
//   -pix_fmt yuv420p -c:v libx265 -preset ultrafast -tune zerolatency
//   -x265-params info=0:keyint=2:aud=1:qp=51 -f hevc
constexpr char kAud[] = "460110";
constexpr char kVps[] = "40010c01ffff01600000030090000003000003001eba0240";
constexpr char kSps[] =
    "42010101600000030090000003000003001ea020810596e92930bc05a02000000300200000030321";
constexpr char kPps[] = "4401c0718112";
constexpr char kIdr[] = "2801ac166022e887";
constexpr char kP[] = "0201d0097880cb3a60";
constexpr char kCra[] = "2a01ac08f5058822e887";
// The same with testsrc, bframes=2 and without zerolatency: two RASL pictures behind a CRA picture.
constexpr char kRasl[] = "1201e0a225d782032430a0";
// Other sets with the same ids, 128x64, of a stream that reorders.
constexpr char kOtherVps[] = "40010c01ffff01600000030090000003000003001e959409";
constexpr char kOtherSps[] =
    "42010101600000030090000003000003001ea01020416595952930bc05a02000000300200000030321";
constexpr char kOtherPps[] = "4401c0718312";
// The hvcC that ffmpeg makes of the first.
constexpr char kHvcc[] =
    "01 01 60000000 900000000000 1e f000 fc fd f8 f8 0000 0f 03"
    "20 0001 0018 40010c01ffff01600000030090000003000003001eba0240"
    "21 0001 0028 42010101600000030090000003000003001ea020810596e92930bc05a02000000300200000030321"
    "22 0001 0006 4401c0718112";

H265Stream running() {
  H265Stream stream;
  convert(stream, byte_stream({unhex(kVps), unhex(kSps), unhex(kPps), unhex(kIdr)}));
  return stream;
}

Bytes slice(unsigned type, std::uint32_t pps_id) {
  BitWriter w;
  w.bits(type << 1, 8).bits(1, 8).bits(1, 1);  // first_slice_segment_in_pic_flag
  if (type >= 16) w.bits(0, 1);                // no_output_of_prior_pics_flag
  return w.ue(pps_id).bits(0xabcd, 16).nal();
}
Bytes pps(std::uint32_t id, std::uint32_t sps_id) {
  return BitWriter().bits(0x4401, 16).ue(id).ue(sps_id).bits(0x1234, 16).nal();
}

TEST(H265Stream, ByteStreamBecomesSizesOfFourBytes) {
  H265Stream stream;
  const auto key = convert(
      stream, byte_stream({unhex(kAud), unhex(kVps), unhex(kSps), unhex(kPps), unhex(kIdr)}));
  EXPECT_TRUE(key.key);
  EXPECT_TRUE(key.picture);
  EXPECT_FALSE(key.config_changed);
  EXPECT_EQ(hex(key.bytes),
            hex(prefixed({unhex(kAud), unhex(kVps), unhex(kSps), unhex(kPps), unhex(kIdr)})));
  ASSERT_TRUE(stream.config());
  EXPECT_EQ(hex(stream.config()->hvcc), hex(unhex(kHvcc)));
  EXPECT_EQ(stream.config()->width, 64);
  EXPECT_EQ(stream.config()->height, 64);
  EXPECT_EQ(stream.config()->rfc6381, "hev1.1.6.L30.90");
  EXPECT_FALSE(stream.config()->reorders);
  const auto p = convert(stream, byte_stream({unhex(kP)}));
  EXPECT_FALSE(p.key);
  EXPECT_TRUE(p.picture);
  EXPECT_EQ(hex(p.bytes), hex(prefixed({unhex(kP)})));
}

TEST(H265Stream, Hvc1InputGetsItsSetsBeforeEachIrap) {
  H265Stream stream;
  Bytes hvcc = unhex(kHvcc);
  hvcc[21] = 0x0d;  // sizes of two bytes
  ASSERT_TRUE(stream.set_format(Format::kLengthPrefixed, hvcc));
  ASSERT_TRUE(stream.config());
  for (const char* irap : {kIdr, kCra}) {
    const auto out = convert(stream, prefixed({unhex(irap)}, 2));
    EXPECT_TRUE(out.key);
    EXPECT_EQ(hex(out.bytes), hex(prefixed({unhex(kVps), unhex(kSps), unhex(kPps), unhex(irap)})));
  }
  const auto p = convert(stream, prefixed({unhex(kP)}, 2));
  EXPECT_EQ(hex(p.bytes), hex(prefixed({unhex(kP)})));
}

TEST(H265Stream, OnlyWhatLacksIsInsertedAndInOrder) {
  H265Stream stream = running();
  const auto after = [&stream](Nals au) { return hex(convert(stream, byte_stream(au)).bytes); };
  const Bytes vps = unhex(kVps), sps = unhex(kSps), pps0 = unhex(kPps), idr = unhex(kIdr),
              aud = unhex(kAud);
  const std::string all = hex(prefixed({vps, sps, pps0, idr}));
  EXPECT_EQ(after({idr}), all);
  EXPECT_EQ(after({sps, pps0, idr}), all);
  EXPECT_EQ(after({vps, idr}), all);
  EXPECT_EQ(after({vps, sps, idr}), all);
  EXPECT_EQ(after({sps, idr}), all);
  EXPECT_EQ(after({vps, pps0, idr}), all);
  EXPECT_EQ(after({aud, idr}), hex(prefixed({aud, vps, sps, pps0, idr})));
  EXPECT_EQ(after({vps, sps, pps0, aud, idr}), hex(prefixed({aud, vps, sps, pps0, idr})));
  const Bytes pps1 = pps(1, 0);
  EXPECT_EQ(after({sps, pps1, idr}), hex(prefixed({vps, sps, pps0, pps1, idr})));
  EXPECT_EQ(after({vps, sps, idr, pps0}), hex(prefixed({vps, sps, pps1, idr, pps0})));
}

TEST(H265Stream, EveryIrapPictureIsAKeyOnceItsSetsAreKnown) {
  H265Stream fresh;
  EXPECT_FALSE(convert(fresh, byte_stream({unhex(kIdr)})).key);
  EXPECT_FALSE(convert(fresh, byte_stream({unhex(kSps), unhex(kPps), unhex(kIdr)})).key);  // VPS
  EXPECT_FALSE(fresh.config());
  EXPECT_TRUE(convert(fresh, byte_stream({unhex(kVps), unhex(kCra)})).key);
  EXPECT_TRUE(fresh.config());
  for (unsigned type = 0; type < 64; ++type) {
    H265Stream stream = running();
    const auto out = stream.convert(byte_stream({slice(type, 0)}));
    ASSERT_TRUE(out);
    EXPECT_EQ(out.value().key, type >= 16 && type <= 21) << type;
    EXPECT_EQ(out.value().picture, type <= 9 || (type >= 16 && type <= 21)) << type;
  }
  H265Stream stream = running();
  EXPECT_FALSE(convert(stream, byte_stream({slice(19, 7)})).key);  // PPS 7 never came
}

TEST(H265Stream, APictureWithoutItsFirstSliceHasLostItsBeginning) {
  H265Stream stream = running();
  Bytes second_slice = unhex(kP);
  second_slice[2] &= 0x7f;  // first_slice_segment_in_pic_flag
  EXPECT_FALSE(convert(stream, byte_stream({unhex(kP), second_slice})).beginning_lost);
  EXPECT_TRUE(convert(stream, byte_stream({second_slice})).beginning_lost);
  EXPECT_TRUE(convert(stream, byte_stream({unhex("0201")})).beginning_lost);
  EXPECT_FALSE(convert(stream, byte_stream({unhex(kPps)})).beginning_lost);
}

TEST(H265Stream, LeadingPicturesStay) {
  H265Stream stream = running();
  EXPECT_TRUE(convert(stream, byte_stream({unhex(kCra)})).key);
  const auto rasl = convert(stream, byte_stream({unhex(kRasl)}));
  EXPECT_FALSE(rasl.key);
  EXPECT_TRUE(rasl.picture);
  EXPECT_EQ(hex(rasl.bytes), hex(prefixed({unhex(kRasl)})));
}

TEST(H265Stream, OtherLayersPassAndAreNoPicture) {
  H265Stream stream = running();
  Bytes layer_1 = unhex(kIdr);
  layer_1[1] |= 1 << 3;
  Bytes sps_1 = unhex(kOtherSps);
  sps_1[1] |= 1 << 3;
  const auto out = convert(stream, byte_stream({sps_1, layer_1}));
  EXPECT_FALSE(out.picture);
  EXPECT_EQ(hex(out.bytes), hex(prefixed({sps_1, layer_1})));
  EXPECT_EQ(stream.config()->width, 64);
}

TEST(H265Stream, ANewSizeInBandChangesTheConfigAtItsKey) {
  H265Stream stream = running();
  const Bytes key =
      byte_stream({unhex(kOtherVps), unhex(kOtherSps), unhex(kOtherPps), slice(20, 0)});
  EXPECT_TRUE(convert(stream, key).config_changed);
  EXPECT_EQ(stream.config()->width, 128);
  EXPECT_TRUE(stream.config()->reorders);
  EXPECT_FALSE(convert(stream, key).config_changed);
  EXPECT_EQ(hex(convert(stream, byte_stream({slice(20, 0)})).bytes),
            hex(prefixed({unhex(kOtherVps), unhex(kOtherSps), unhex(kOtherPps), slice(20, 0)})));
}

TEST(H265Stream, FillerGoes) {
  H265Stream stream = running();
  const auto out = convert(stream, byte_stream({unhex("4c01ffff80"), unhex(kP)}));
  EXPECT_EQ(hex(out.bytes), hex(prefixed({unhex(kP)})));
}

TEST(H265Stream, BrokenCodecDataChangesNothing) {
  H265Stream stream = running();
  Bytes broken = unhex(kHvcc);
  broken[59] = 0xff;  // sps_max_sub_layers_minus1 is 7
  EXPECT_FALSE(stream.set_format(Format::kLengthPrefixed, broken));
  EXPECT_FALSE(stream.set_format(Format::kByteStream, unhex("4201")));
  EXPECT_EQ(hex(stream.config()->hvcc), hex(unhex(kHvcc)));
  EXPECT_TRUE(convert(stream, byte_stream({unhex(kIdr)})).key);  // still a byte stream
}

TEST(H265Stream, WhateverComesInWhatGoesOutIsWellFramed) {
  const Bytes pool[] = {unhex(kVps), unhex(kSps), unhex(kPps),  unhex(kIdr),         unhex(kP),
                        unhex(kCra), pps(3, 1),   slice(19, 3), unhex("4c01ffff80"), Bytes{}};
  expect_well_framed<H265Stream>(pool);
}

}  // namespace
}  // namespace rec::codec
