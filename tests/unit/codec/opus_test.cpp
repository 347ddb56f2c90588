// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/opus.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

// RFC 6716, Table 2, in tenths of a millisecond.
constexpr unsigned kFrameTime[32] = {100, 200, 400, 600, 100, 200, 400, 600,
                                     100, 200, 400, 600,                       // SILK: NB, MB, WB
                                     100, 200, 100, 200,                       // hybrid: SWB, FB
                                     25,  50,  100, 200, 25,  50,  100, 200,   // CELT: NB, WB
                                     25,  50,  100, 200, 25,  50,  100, 200};  // CELT: SWB, FB

Bytes packet(unsigned config, bool stereo, unsigned code, std::string_view rest) {
  Bytes out = unhex(rest);
  out.insert(out.begin(), static_cast<std::uint8_t>(config << 3 | (stereo ? 4 : 0) | code));
  return out;
}

// Frames in a packet of CELT 20 ms with this after its TOC byte; 0: error.
unsigned frames(unsigned code, std::string_view rest) {
  const auto info = parse_opus_packet(packet(31, true, code, rest));
  return info ? info.value().frames : 0;
}

// The same for `rest` followed by `more` bytes; 2.5 ms frames, so that 48 fit.
unsigned frames(unsigned code, std::string_view rest, std::size_t more) {
  Bytes data = packet(28, false, code, rest);
  data.insert(data.end(), more, 0xaa);
  const auto info = parse_opus_packet(data);
  return info ? info.value().frames : 0;
}

TEST(OpusPacket, EveryConfigurationAndCode) {
  for (unsigned config = 0; config < 32; ++config) {
    for (const bool stereo : {false, true}) {
      const std::uint32_t each = kFrameTime[config] * 48 / 10;
      const auto expect = [&](unsigned code, std::string_view rest, unsigned count) {
        SCOPED_TRACE(testing::Message() << "config " << config << ", code " << code << " " << rest);
        const auto info = parse_opus_packet(packet(config, stereo, code, rest));
        ASSERT_EQ(static_cast<bool>(info), each * count <= 5760);
        if (!info) return;
        EXPECT_EQ(info.value().frame_samples, each);
        EXPECT_EQ(info.value().frames, count);
        EXPECT_EQ(info.value().samples, each * count);
        EXPECT_EQ(info.value().channels, stereo ? 2 : 1);
      };
      expect(0, "aabb", 1);
      expect(1, "aabb", 2);
      expect(2, "01 aabb", 2);
      for (unsigned count = 1; count <= 63; ++count) {
        const Bytes count_byte = {static_cast<std::uint8_t>(count)};
        expect(3, hex(count_byte), count);  // frames of no bytes: DTX
      }
    }
  }
}

TEST(OpusPacket, PublishedPackets) {
  const auto silence = parse_opus_packet(unhex("fcfffe"));
  ASSERT_TRUE(silence);
  EXPECT_EQ(silence.value().samples, 960u);
  const auto dtx = parse_opus_packet(unhex("78"));  // a TOC byte alone: hybrid fullband, 20 ms
  ASSERT_TRUE(dtx);
  EXPECT_EQ(dtx.value().samples, 960u);
  EXPECT_EQ(dtx.value().channels, 1);
}

TEST(OpusPacket, R1AtLeastOneByte) { EXPECT_FALSE(parse_opus_packet({})); }

TEST(OpusPacket, R2NoFrameAbove1275Bytes) {
  EXPECT_EQ(frames(0, "", 1275), 1u);
  EXPECT_EQ(frames(0, "", 1276), 0u);
  EXPECT_EQ(frames(1, "", 2550), 2u);
  EXPECT_EQ(frames(1, "", 2552), 0u);
  EXPECT_EQ(frames(2, "ffff", 2550), 2u);  // 255 + 4 * 255 = 1275
  EXPECT_EQ(frames(2, "ffff", 2551), 0u);
  EXPECT_EQ(frames(3, "03", 3825), 3u);
  EXPECT_EQ(frames(3, "03", 3828), 0u);
  EXPECT_EQ(frames(3, "82 00", 1275), 2u);
  EXPECT_EQ(frames(3, "82 00", 1276), 0u);
}

TEST(OpusPacket, R3Code1HasTwoEqualFrames) {
  EXPECT_EQ(frames(1, ""), 2u);
  EXPECT_EQ(frames(1, "aa"), 0u);
  EXPECT_EQ(frames(1, "aabb"), 2u);
}

TEST(OpusPacket, R4Code2HasALengthThatFits) {
  EXPECT_EQ(frames(2, ""), 0u);
  EXPECT_EQ(frames(2, "00"), 2u);
  EXPECT_EQ(frames(2, "02 aa"), 0u);
  EXPECT_EQ(frames(2, "02 aabb"), 2u);
  EXPECT_EQ(frames(2, "fc"), 0u);          // a length of two bytes, cut
  EXPECT_EQ(frames(2, "fc 00", 251), 0u);  // 252 + 4 * 0
  EXPECT_EQ(frames(2, "fc 00", 252), 2u);
  EXPECT_EQ(frames(2, "fd 02", 260), 0u);  // 253 + 4 * 2
  EXPECT_EQ(frames(2, "fd 02", 261), 2u);
}

TEST(OpusPacket, R5Code3HasFramesOf120MsAtMost) {
  EXPECT_EQ(frames(3, ""), 0u);
  EXPECT_EQ(frames(3, "00"), 0u);
  EXPECT_EQ(frames(3, "06"), 6u);
  EXPECT_EQ(frames(3, "07"), 0u);      // 140 ms
  EXPECT_EQ(frames(3, "30", 0), 48u);  // 2.5 ms each
  EXPECT_EQ(frames(3, "31", 0), 0u);
}

TEST(OpusPacket, R6Code3CbrDividesEvenlyAfterPadding) {
  EXPECT_EQ(frames(3, "02 aabbcc"), 0u);
  EXPECT_EQ(frames(3, "02 aabbccdd"), 2u);
  EXPECT_EQ(frames(3, "42 00 aabb"), 2u);
  EXPECT_EQ(frames(3, "42 01 aabb 00"), 2u);
  EXPECT_EQ(frames(3, "42 01 aabb"), 0u);
  EXPECT_EQ(frames(3, "42 02 0000"), 2u);  // nothing but padding
  EXPECT_EQ(frames(3, "42 03 0000"), 0u);
  EXPECT_EQ(frames(3, "42"), 0u);
  EXPECT_EQ(frames(3, "42 ff"), 0u);
  EXPECT_EQ(frames(3, "42 ff 01", 255 + 4), 2u);  // 254 + 1 bytes of padding
  EXPECT_EQ(frames(3, "42 ff 01", 255 + 5), 0u);
  EXPECT_EQ(frames(3, "42 ff 01", 254), 0u);
  EXPECT_EQ(frames(3, "42 ff ff 00", 508), 2u);
  EXPECT_EQ(frames(3, "42 ff ff 00", 507), 0u);
}

TEST(OpusPacket, R7Code3VbrHoldsItsLengths) {
  EXPECT_EQ(frames(3, "81 aabb"), 1u);
  EXPECT_EQ(frames(3, "83 01"), 0u);
  EXPECT_EQ(frames(3, "83 01 02 aabbcc"), 3u);  // the last frame is empty
  EXPECT_EQ(frames(3, "83 01 02 aabb"), 0u);
  EXPECT_EQ(frames(3, "83 01 fc"), 0u);
  EXPECT_EQ(frames(3, "c3 01 01 02 aabbcc 00"), 3u);  // padded
  EXPECT_EQ(frames(3, "c3 01 01 02 aabb 00"), 0u);
}

TEST(OpusPacket, RandomBytesNeverReadOutOfBounds) {
  std::mt19937 random(3);
  for (int i = 0; i < 50000; ++i) {
    Bytes data(random() % 16);
    for (auto& byte : data) byte = static_cast<std::uint8_t>(random() % 3 ? random() : 0xff);
    if (const auto info = parse_opus_packet(data)) {
      EXPECT_GE(info.value().frames, 1);
      EXPECT_LE(info.value().samples, 5760u);
    }
  }
}

TEST(OpusSilence, HasTheDurationThatWasAskedFor) {
  for (const std::uint32_t samples : {120u, 240u, 480u, 960u}) {
    const auto info = parse_opus_packet(opus_silence(samples));
    ASSERT_TRUE(info);
    EXPECT_EQ(info.value().samples, samples);
    EXPECT_EQ(info.value().frames, 1);
    EXPECT_EQ(info.value().channels, 2);
  }
  EXPECT_TRUE(opus_silence(0).empty());
  EXPECT_TRUE(opus_silence(1920).empty());
}

// 50 of each in an Ogg file gave 50 times the duration in zeros with ffmpeg's own decoder, with
// libopus in ffmpeg and with GStreamer's opusdec.
TEST(OpusSilence, IsWhatDecodersTurnedIntoZeros) {
  EXPECT_EQ(hex(opus_silence(960)), "fcfffe");
  EXPECT_EQ(hex(opus_silence(480)), "f4fffe");
  EXPECT_EQ(hex(opus_silence(240)), "ecfffe");
  EXPECT_EQ(hex(opus_silence(120)), "e4fffe");
}

// RFC 7845, 5.1: magic, version, channels, pre-skip, rate, gain, family.
TEST(OpusHead, StereoIsLittleEndian) {
  const auto head = parse_opus_head(unhex("4f70757348656164 01 02 3801 80bb0000 00ff 00"));
  ASSERT_TRUE(head) << head.error().what;
  EXPECT_EQ(head.value(), (OpusConfig{.channels = 2,
                                      .pre_skip = 312,
                                      .input_sample_rate = 48000,
                                      .output_gain = -256,
                                      .mapping_family = 0,
                                      .stream_count = 1,
                                      .coupled_count = 1,
                                      .channel_mapping = {}}));
}

TEST(OpusHead, MonoHasNoCoupledStream) {
  const auto head = parse_opus_head(unhex("4f70757348656164 01 01 0000 44ac0000 0000 00"));
  ASSERT_TRUE(head);
  EXPECT_EQ(head.value().channels, 1);
  EXPECT_EQ(head.value().input_sample_rate, 44100u);
  EXPECT_EQ(head.value().coupled_count, 0);
}

// RFC 7845, 5.1.1.2: 5.1 in Vorbis order is L C R BL BR LFE: four streams, two of them coupled.
TEST(OpusHead, SurroundHasAMappingTable) {
  const auto head =
      parse_opus_head(unhex("4f70757348656164 01 06 3801 80bb0000 0000 01 04 02 000401020305"));
  ASSERT_TRUE(head) << head.error().what;
  EXPECT_EQ(head.value().mapping_family, 1);
  EXPECT_EQ(head.value().stream_count, 4);
  EXPECT_EQ(head.value().coupled_count, 2);
  EXPECT_EQ(head.value().channel_mapping, (std::vector<std::uint8_t>{0, 4, 1, 2, 3, 5}));
  const auto discrete =
      parse_opus_head(unhex("4f70757348656164 01 02 3801 80bb0000 0000 ff 01 00 00ff"));
  ASSERT_TRUE(discrete) << discrete.error().what;
  EXPECT_EQ(discrete.value().mapping_family, 255);
  EXPECT_EQ(discrete.value().channel_mapping, (std::vector<std::uint8_t>{0, 255}));
}

TEST(OpusHead, ALaterMinorVersionMayBeLonger) {
  EXPECT_TRUE(parse_opus_head(unhex("4f70757348656164 02 02 0000 80bb0000 0000 00 aabb")));
  EXPECT_FALSE(parse_opus_head(unhex("4f70757348656164 01 02 0000 80bb0000 0000 00 aabb")));
}

TEST(OpusHead, WhatTheRfcForbidsIsAnError) {
  const auto good = [](std::string_view text) {
    return static_cast<bool>(parse_opus_head(unhex(text)));
  };
  EXPECT_FALSE(good("4f70757354616773 01 02 0000 80bb0000 0000 00"));            // OpusTags
  EXPECT_FALSE(good("4f70757348656164 10 02 0000 80bb0000 0000 00"));            // version 1.0
  EXPECT_FALSE(good("4f70757348656164 01 00 0000 80bb0000 0000 00"));            // no channel
  EXPECT_FALSE(good("4f70757348656164 01 03 0000 80bb0000 0000 00"));            // three, family 0
  EXPECT_FALSE(good("4f70757348656164 01 02 0000 80bb0000 0000 02 0101 0001"));  // family 2
  EXPECT_FALSE(good("4f70757348656164 01 09 0000 80bb0000 0000 01 0900 000102030405060708"));
  EXPECT_FALSE(good("4f70757348656164 01 02 0000 80bb0000 0000 ff 0000 ffff"));  // no stream
  EXPECT_FALSE(good("4f70757348656164 01 02 0000 80bb0000 0000 ff 0102 0001"));  // 2 of 1 coupled
  EXPECT_FALSE(good("4f70757348656164 01 02 0000 80bb0000 0000 ff 0101 0002"));  // channel 2 of 2
  EXPECT_FALSE(good("4f70757348656164 01 02 0000 80bb0000 0000 ff ff01 0001"));  // 256 channels
}

TEST(OpusHead, EndingAtEveryByteIsAnError) {
  const Bytes whole = unhex("4f70757348656164 01 06 3801 80bb0000 0000 01 04 02 000401020305");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_opus_head(prefix(whole, size))) << size;
}

}  // namespace
}  // namespace rec::codec
