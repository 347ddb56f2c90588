// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h264_stream.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/bit_writer.h"
#include "tests/unit/codec/hex.h"
#include "tests/unit/codec/nals.h"

namespace rec::codec {
namespace {

using Format = H264Stream::Format;

// x264, 16x16: ffmpeg -f lavfi -i testsrc=size=16x16:rate=25 -frames:v 4 -pix_fmt yuv420p
//   -c:v libx264 -profile:v baseline -tune zerolatency -g 2 -x264-params aud=1:qp=51
//   -bsf:v filter_units=remove_types=6 -f h264
constexpr char kSps[] = "6742c00ad91ec044000003000400000300ca3c489920";
constexpr char kPps[] = "68cb80652c80";
constexpr char kIdr[] =
    "6588843fe1e81bf3e7edc730ceec54b1dd165ddc5635e1090a045d9cf2451ec8cc4ea0e7bf360700154ecbadb3ea7b"
    "a2aff6206239e70e1e571f4a";
constexpr char kP[] = "419a39ea";
constexpr char kAud[] = "0910";
// The avcC that ffmpeg makes of it.
constexpr char kAvcc[] =
    "0142c00aff e10016 6742c00ad91ec044000003000400000300ca3c489920 01 0006 68cb80652c80";
// Chromium's 320x180 (sps_vectors.h) and its PPS: other parameter sets with the same ids.
constexpr char kOtherSps[] = "6742c00d8c8d40a0cbcf37010d0107844235";
constexpr char kOtherPps[] = "68ce3c80";

Bytes slice(NalType type, std::uint32_t pps_id) {
  // nal_ref_idc 3, first_mb_in_slice, slice_type (all I), then what could be slice data
  return BitWriter()
      .bits(0x60u | static_cast<unsigned>(type), 8)
      .ue(0)
      .ue(7)
      .ue(pps_id)
      .bits(0xabcd, 16)
      .nal();
}
Bytes idr(std::uint32_t pps_id = 0) { return slice(NalType::kIdrSlice, pps_id); }

Bytes pps(std::uint32_t id, std::uint32_t sps_id, std::uint32_t rest = 0) {
  return BitWriter().bits(0x68, 8).ue(id).ue(sps_id).bits(rest, 14).nal();
}

Bytes sps(std::uint32_t id, std::uint32_t width_in_mbs) {  // main profile, level 3.1
  return BitWriter()
      .bits(0x674d001f, 32)
      .ue(id)
      .ue(0)
      .ue(2)
      .ue(1)
      .bits(0, 1)
      .ue(width_in_mbs - 1)
      .ue(8)
      .bits(0b1100, 4)
      .nal();
}

// A stream that knows kSps and kPps and has returned a picture.
H264Stream running() {
  H264Stream stream;
  convert(stream, byte_stream({unhex(kSps), unhex(kPps), unhex(kIdr)}));
  return stream;
}

// As rtph264pay with config-interval=-1 makes them of x264enc's.
TEST(H264Stream, SetsThatAnAccessUnitRepeatsAreWrittenOnce) {
  const Bytes sei = unhex("0605010080");
  const Bytes set = unhex(kSps);
  H264Stream stream;
  const auto key = convert(
      stream, byte_stream({unhex(kAud), set, unhex(kPps), sei, set, unhex(kPps), unhex(kIdr)}));
  EXPECT_EQ(hex(key.bytes), hex(prefixed({unhex(kAud), set, unhex(kPps), sei, unhex(kIdr)})));
  // Another set of the same id in between: what comes last is what the picture needs.
  const Bytes other = unhex(kOtherSps);
  const auto changed =
      convert(stream, byte_stream({set, unhex(kPps), other, set, unhex(kPps), unhex(kIdr)}));
  EXPECT_EQ(hex(changed.bytes), hex(prefixed({set, unhex(kPps), other, set, unhex(kIdr)})));
  // Slices may be alike.
  EXPECT_EQ(hex(convert(stream, byte_stream({unhex(kP), unhex(kP)})).bytes),
            hex(prefixed({unhex(kP), unhex(kP)})));
}

TEST(H264Stream, SamplesAreThoseThatFfmpegPutsIntoMp4) {
  H264Stream stream;
  EXPECT_FALSE(stream.config());
  const auto key =
      convert(stream, byte_stream({unhex(kAud), unhex(kSps), unhex(kPps), unhex(kIdr)}));
  EXPECT_EQ(hex(key.bytes), std::string("00000002") + kAud + "00000016" + kSps + "00000006" + kPps +
                                "0000003b" + kIdr);
  EXPECT_TRUE(key.key);
  EXPECT_TRUE(key.picture);
  EXPECT_FALSE(key.config_changed);
  ASSERT_TRUE(stream.config());
  EXPECT_EQ(hex(stream.config()->avcc), hex(unhex(kAvcc)));
  EXPECT_EQ(stream.config()->width, 16);
  EXPECT_EQ(stream.config()->height, 16);
  EXPECT_EQ(stream.config()->rfc6381, "avc3.42c00a");
  EXPECT_EQ(stream.max_num_reorder_frames(), 0);

  const auto delta = convert(stream, unhex("000001 0930 000001 419a39ea 0000"));
  EXPECT_EQ(hex(delta.bytes),
            "00000002"
            "0930"
            "00000004"
            "419a39ea");
  EXPECT_FALSE(delta.key);
  EXPECT_TRUE(delta.picture);
}

TEST(H264Stream, SizesOfAllLengthsBecomeFourBytes) {
  for (const unsigned size : {1u, 2u, 4u}) {
    Bytes avcc = unhex(kAvcc);
    avcc[4] = static_cast<std::uint8_t>(0xfc | (size - 1));
    H264Stream stream;
    ASSERT_TRUE(stream.set_format(Format::kLengthPrefixed, avcc));
    const auto out = convert(stream, prefixed({unhex(kAud), unhex(kP)}, size));
    EXPECT_EQ(hex(out.bytes), hex(prefixed({unhex(kAud), unhex(kP)})));
  }
  H264Stream without_codec_data;
  ASSERT_TRUE(without_codec_data.set_format(Format::kLengthPrefixed, {}));
  EXPECT_FALSE(convert(without_codec_data, prefixed({unhex(kP)})).key);
  EXPECT_TRUE(convert(without_codec_data, prefixed({unhex(kSps), unhex(kPps), unhex(kIdr)})).key);
  EXPECT_TRUE(without_codec_data.config());
}

TEST(H264Stream, CodecDataGivesTheConfigAndTheSetsOfKeyAccessUnits) {
  for (const Bytes& codec_data : {unhex(kAvcc), byte_stream({unhex(kSps), unhex(kPps)})}) {
    const bool annex_b = codec_data[0] == 0;
    H264Stream stream;
    ASSERT_TRUE(
        stream.set_format(annex_b ? Format::kByteStream : Format::kLengthPrefixed, codec_data));
    ASSERT_TRUE(stream.config());
    EXPECT_EQ(hex(stream.config()->avcc), hex(unhex(kAvcc)));
    const auto out =
        convert(stream, annex_b ? byte_stream({unhex(kIdr)}) : prefixed({unhex(kIdr)}));
    EXPECT_TRUE(out.key);
    EXPECT_FALSE(out.config_changed);
    EXPECT_EQ(hex(out.bytes), hex(prefixed({unhex(kSps), unhex(kPps), unhex(kIdr)})));
  }
}

TEST(H264Stream, SetsGoBehindTheAccessUnitDelimiter) {
  H264Stream stream = running();
  const auto out = convert(stream, byte_stream({unhex(kAud), unhex("0605aa80"), unhex(kIdr)}));
  EXPECT_EQ(hex(out.bytes),
            hex(prefixed({unhex(kAud), unhex(kSps), unhex(kPps), unhex("0605aa80"), unhex(kIdr)})));
}

// As rtph264depay delivers a stream whose sets are in the SDP.
TEST(H264Stream, AnAccessUnitDelimiterThatIsNotFirstIsPutThere) {
  H264Stream stream;
  auto unit = stream.convert(byte_stream({unhex(kSps), unhex(kPps), unhex(kAud), unhex(kIdr)}));
  ASSERT_TRUE(unit);
  EXPECT_EQ(hex(unit.value().bytes),
            hex(prefixed({unhex(kAud), unhex(kSps), unhex(kPps), unhex(kIdr)})));
}

TEST(H264Stream, OnlyWhatIsMissingIsPutInAndAnSpsComesBeforeItsPps) {
  H264Stream stream = running();
  const Bytes sps0 = unhex(kSps), pps0 = unhex(kPps), pps1 = pps(1, 0), of_sps2 = pps(2, 2);
  convert(stream, byte_stream({pps1, of_sps2, unhex(kP)}));
  const auto converted = [&stream](Nals nals) {
    return hex(convert(stream, byte_stream(nals)).bytes);
  };
  EXPECT_EQ(converted({sps0, pps0, pps1, idr()}), hex(prefixed({sps0, pps0, pps1, idr()})));
  EXPECT_EQ(converted({sps0, pps0, idr()}), hex(prefixed({sps0, pps1, pps0, idr()})));
  EXPECT_EQ(converted({sps0, idr()}), hex(prefixed({sps0, pps0, pps1, idr()})));
  EXPECT_EQ(converted({pps0, idr()}), hex(prefixed({sps0, pps1, pps0, idr()})));
  EXPECT_EQ(converted({idr(1)}), hex(prefixed({sps0, pps0, pps1, idr(1)})));
}

TEST(H264Stream, TheLatestSetsArePutIn) {
  H264Stream stream = running();
  const Bytes other_sps = unhex(kOtherSps), other_pps = unhex(kOtherPps);
  convert(stream, byte_stream({other_sps, other_pps, idr()}));
  EXPECT_EQ(hex(convert(stream, byte_stream({idr()})).bytes),
            hex(prefixed({other_sps, other_pps, idr()})));
}

TEST(H264Stream, AnIdrPictureWithUnknownSetsIsNoKey) {
  H264Stream stream;
  const auto out = convert(stream, byte_stream({unhex(kIdr)}));
  EXPECT_FALSE(out.key);
  EXPECT_TRUE(out.picture);
  EXPECT_FALSE(stream.config());
  EXPECT_FALSE(convert(stream, byte_stream({unhex(kPps), unhex(kIdr)})).key);
  EXPECT_TRUE(convert(stream, byte_stream({unhex(kSps), unhex(kIdr)})).key);
  EXPECT_FALSE(convert(stream, byte_stream({idr(7)})).key);
}

TEST(H264Stream, TheFirstConfigIsNoChange) {
  H264Stream stream;
  EXPECT_FALSE(convert(stream, byte_stream({unhex(kP)})).config_changed);
  EXPECT_FALSE(
      convert(stream, byte_stream({unhex(kSps), unhex(kPps), unhex(kIdr)})).config_changed);
}

TEST(H264Stream, AnSpsThatLostItsPpsKeepsTheConfig) {
  H264Stream stream = running();
  EXPECT_FALSE(convert(stream, byte_stream({pps(0, 5), unhex(kP)})).config_changed);
  EXPECT_EQ(hex(stream.config()->avcc), hex(unhex(kAvcc)));
  EXPECT_FALSE(convert(stream, byte_stream({idr()})).key);
}

TEST(H264Stream, ANewSizeChangesTheConfigOnce) {
  H264Stream stream = running();
  const Bytes key = byte_stream({unhex(kOtherSps), unhex(kOtherPps), idr()});
  EXPECT_TRUE(convert(stream, key).config_changed);
  EXPECT_EQ(stream.config()->width, 320);
  EXPECT_EQ(stream.config()->height, 180);
  EXPECT_EQ(stream.config()->rfc6381, "avc3.42c00d");
  EXPECT_FALSE(convert(stream, key).config_changed);
  EXPECT_FALSE(convert(stream, byte_stream({unhex(kP)})).config_changed);
}

TEST(H264Stream, ANewPpsChangesTheConfigEvenBetweenKeys) {
  H264Stream stream = running();
  EXPECT_TRUE(convert(stream, byte_stream({pps(1, 0), unhex(kP)})).config_changed);
  EXPECT_TRUE(convert(stream, byte_stream({pps(1, 0, 77), unhex(kP)})).config_changed);
  EXPECT_FALSE(convert(stream, byte_stream({pps(1, 0, 77), unhex(kP)})).config_changed);
  EXPECT_FALSE(
      convert(stream, byte_stream({pps(2, 5), unhex(kP)})).config_changed);  // another SPS's
  const auto record = parse_avcc(stream.config()->avcc);
  ASSERT_TRUE(record);
  EXPECT_EQ(record.value().pps, (std::vector{unhex(kPps), pps(1, 0, 77)}));
}

TEST(H264Stream, AnotherIdBecomesActiveWithTheKeyThatRefersToIt) {
  H264Stream stream = running();
  EXPECT_FALSE(convert(stream, byte_stream({sps(3, 40), pps(9, 3), unhex(kP)})).config_changed);
  EXPECT_EQ(stream.config()->width, 16);
  const auto out = convert(stream, byte_stream({idr(9)}));
  EXPECT_TRUE(out.config_changed);
  EXPECT_EQ(stream.config()->width, 640);
  EXPECT_EQ(hex(out.bytes), hex(prefixed({sps(3, 40), pps(9, 3), idr(9)})));
  EXPECT_TRUE(convert(stream, byte_stream({idr(0)})).config_changed);
  EXPECT_EQ(stream.config()->width, 16);
}

TEST(H264Stream, SetsThatComeAloneAreRememberedAndNoPicture) {
  H264Stream stream;
  EXPECT_FALSE(convert(stream, byte_stream({unhex(kSps)})).picture);
  EXPECT_FALSE(stream.config());
  const auto alone = convert(stream, byte_stream({unhex(kPps)}));
  EXPECT_FALSE(alone.picture);
  EXPECT_FALSE(alone.key);
  EXPECT_EQ(hex(alone.bytes), hex(prefixed({unhex(kPps)})));
  EXPECT_TRUE(stream.config());
  EXPECT_FALSE(convert(stream, byte_stream({unhex(kIdr)})).config_changed);
  // ... and a change is reported by the picture that follows them.
  EXPECT_FALSE(convert(stream, byte_stream({unhex(kOtherSps), unhex(kOtherPps)})).config_changed);
  EXPECT_TRUE(convert(stream, byte_stream({idr()})).config_changed);
}

TEST(H264Stream, NewCodecDataReplacesAllSetsAndChangesTheConfig) {
  H264Stream stream = running();
  convert(stream, byte_stream({pps(1, 0), unhex(kP)}));
  const auto avcc = make_avcc({unhex(kOtherSps)}, {unhex(kOtherPps)});
  ASSERT_TRUE(avcc);
  ASSERT_TRUE(stream.set_format(Format::kLengthPrefixed, avcc.value()));
  const auto out = convert(stream, prefixed({idr()}));
  EXPECT_TRUE(out.config_changed);
  EXPECT_EQ(hex(out.bytes), hex(prefixed({unhex(kOtherSps), unhex(kOtherPps), idr()})));
  ASSERT_TRUE(stream.set_format(Format::kLengthPrefixed, avcc.value()));
  EXPECT_FALSE(convert(stream, prefixed({idr()})).config_changed);
  ASSERT_TRUE(stream.set_format(Format::kByteStream, {}));  // keeps what is known
  EXPECT_TRUE(convert(stream, byte_stream({idr()})).key);
}

TEST(H264Stream, BrokenCodecDataChangesNothing) {
  H264Stream stream = running();
  Bytes broken_sps = unhex(kAvcc);
  broken_sps[12] = 0;  // the byte after the level: what follows is shifted
  for (const Bytes& bad : {unhex("01"), unhex("0142c00afee000"), broken_sps})
    EXPECT_FALSE(stream.set_format(Format::kLengthPrefixed, bad));
  EXPECT_FALSE(stream.set_format(Format::kByteStream, unhex("6742")));
  EXPECT_EQ(hex(stream.config()->avcc), hex(unhex(kAvcc)));
  EXPECT_TRUE(convert(stream, byte_stream({unhex(kIdr)})).key);  // still a byte stream
}

TEST(H264Stream, AnErrorChangesNothing) {
  H264Stream stream = running();
  EXPECT_FALSE(stream.convert({}));
  EXPECT_FALSE(stream.convert(unhex("00000000")));
  EXPECT_FALSE(stream.convert(unhex("0000000100000001")));
  EXPECT_FALSE(stream.convert(unhex(kIdr)));
  ASSERT_TRUE(stream.set_format(Format::kLengthPrefixed, {}));
  Bytes cut = prefixed({unhex(kOtherSps), unhex(kOtherPps), idr()});
  cut.pop_back();
  EXPECT_FALSE(stream.convert(cut));
  EXPECT_FALSE(stream.convert(unhex("00000000")));
  EXPECT_EQ(hex(convert(stream, prefixed({idr()})).bytes),
            hex(prefixed({unhex(kSps), unhex(kPps), idr()})));
}

TEST(H264Stream, EmptyUnitsAndFillerGoTheRestStays) {
  H264Stream stream = running();
  ASSERT_TRUE(stream.set_format(Format::kLengthPrefixed, {}));
  const auto out = convert(stream, prefixed({{},
                                             unhex(kAud),
                                             unhex("0605aa80"),
                                             unhex("0cffff80"),
                                             {},
                                             unhex(kP),
                                             unhex("0cff80"),
                                             unhex("0a")}));
  EXPECT_EQ(hex(out.bytes),
            hex(prefixed({unhex(kAud), unhex("0605aa80"), unhex(kP), unhex("0a")})));
  const auto only_filler = convert(stream, prefixed({unhex("0cff80")}));
  EXPECT_TRUE(only_filler.bytes.empty());
  EXPECT_FALSE(only_filler.picture);
}

// SEI and I slice of x264 with open-gop=1 (recovery_frame_cnt 0), and the SEI of intra-refresh=1
// (recovery_frame_cnt 2): ffmpeg ... -profile:v main -g 4 -bf 1 -x264-params open-gop=1:...
TEST(H264Stream, ARecoveryPointWithItsSpsIsAKey) {
  H264Stream stream = running();
  const Bytes i_slice = slice(NalType::kSlice, 0);
  const Bytes now = unhex("060601c480"), gradual = unhex("0606017180");
  const auto key = [&stream](Nals nals) { return convert(stream, byte_stream(nals)).key; };
  EXPECT_TRUE(key({unhex(kSps), unhex(kPps), now, i_slice}));
  EXPECT_TRUE(key({unhex(kSps), now, i_slice}));
  EXPECT_FALSE(key({unhex(kSps), unhex(kPps), gradual, i_slice}));
  EXPECT_FALSE(key({now, i_slice}));
  EXPECT_FALSE(key({unhex(kSps), unhex(kPps), i_slice}));
  // Behind another message in one NAL unit, the first of which is 300 bytes long.
  Bytes two = unhex("0604ff2d");
  two.insert(two.end(), 300, 0x55);
  const Bytes second = unhex("0601c480");
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_TRUE(key({unhex(kSps), unhex(kPps), two, i_slice}));
  EXPECT_FALSE(key({unhex(kSps), unhex(kPps), unhex("0606"), i_slice}));
  EXPECT_FALSE(key({unhex(kSps), unhex(kPps), unhex("060605c480"), i_slice}));
}

TEST(H264Stream, ReorderingFollowsTheActiveSps) {
  H264Stream stream = running();
  // main_b of sps_vectors.h
  const Bytes main_b = unhex("674d400df202c12d80880000030008000003019078a14890");
  convert(stream, byte_stream({main_b, unhex("68ebe3cb20"), idr()}));
  EXPECT_EQ(stream.max_num_reorder_frames(), 1);
}

TEST(H264Stream, SetsBeyondAnySaneSizePassThroughOnly) {
  H264Stream stream = running();
  Bytes huge = pps(1, 0);
  huge.resize(10000, 0x55);
  const auto out = convert(stream, byte_stream({huge, unhex(kP)}));
  EXPECT_FALSE(out.config_changed);
  EXPECT_EQ(out.bytes.size(), 4 + huge.size() + 4 + 4);
}

TEST(H264Stream, WhateverComesInWhatGoesOutIsWellFramed) {
  const Bytes pool[] = {unhex(kSps), unhex(kPps), unhex(kIdr),         unhex(kP),       sps(1, 20),
                        pps(3, 1),   idr(3),      unhex("060601c480"), unhex("0cff80"), Bytes{}};
  expect_well_framed<H264Stream>(pool);
}

}  // namespace
}  // namespace rec::codec
