// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The init segment, box by box, against bytes written by hand from ISO/IEC 14496-12:2015,
// ISO/IEC 14496-15 and "Encapsulation of Opus in ISO Base Media File Format" 1.0.0.
// Clauses without a name are of 14496-12.
#include "lib/isobmff/init_segment.h"

#include <gtest/gtest.h>

#include "lib/isobmff/movie_boxes.h"
#include "lib/isobmff/sample_entry.h"
#include "tests/unit/isobmff/hex.h"

namespace rec::isobmff {
namespace {

// 2026-01-01T00:00:00Z is 1767225600 s after 1970, and 44561 days = 3850070400 s after 1904:
// beyond what a signed 32-bit field holds.
constexpr std::uint64_t kUnix2026 = 1767225600;
constexpr std::uint64_t k1904To2026 = 44561ull * 86400;
#define TIME_2026 "00000000e57b6980"
#define MATRIX                  /* 6.2.2: { 1,0,0, 0,1,0, 0,0,1 } */ \
  "00010000 00000000 00000000 " /* a b u */                          \
  "00000000 00010000 00000000 " /* c d v */                          \
  "00000000 00000000 40000000 " /* x y w: 2.30 */

H264Config h264() {
  H264Config config;
  config.avcc = {0x01, 0x42, 0xe0, 0x1f, 0xff, 0xe0, 0x00};  // baseline 3.1, no SPS, no PPS
  config.width = 1280;
  config.height = 720;
  return config;
}

Track video_track() { return {1, {90000, h264()}}; }
Track audio_track() { return {2, {48000, OpusConfig{}}}; }

template <class Write>
std::string written(Write write) {
  BoxWriter w;
  write(w);
  return hex(w.take());
}

TEST(Ftyp, Clause4_3) {
  const Track tracks[] = {video_track(), audio_track()};
  EXPECT_EQ(written([&](BoxWriter& w) { write_ftyp(w, tracks); }),
            words("00000018 66747970 "    // size, 'ftyp'
                  "69736f36 00000000 "    // major 'iso6', minor 0
                  "69736f36 6d703431"));  // compatible: 'iso6', 'mp41'
}

TEST(Free, Clause8_1_2HasRoomForA64BitMdatHeader) {
  EXPECT_EQ(written(write_free), words("00000010 66726565 0000000000000000"));
}

TEST(Mvhd, Clause8_2_2Version1) {
  EXPECT_EQ(written([](BoxWriter& w) { write_mvhd(w, k1904To2026, 3); }),
            words("00000078 6d766864 01 000000 "  // size 120, 'mvhd', version 1, flags
                  TIME_2026 TIME_2026             // creation_time, modification_time
                  "000003e8 0000000000000000 "    // timescale 1000, duration 0
                  "00010000 0100 "                // rate 1.0, volume 1.0
                  "0000 0000000000000000 "        // reserved
                  MATRIX                          //
                  "000000000000000000000000000000000000000000000000 "  // pre_defined
                  "00000003"));                                        // next_track_ID
}

TEST(Tkhd, Clause8_3_2VideoHasASizeAndNoVolume) {
  EXPECT_EQ(written([](BoxWriter& w) { write_tkhd(w, video_track(), k1904To2026); }),
            words("00000068 746b6864 01 000003 "  // size 104, 'tkhd', enabled | in movie
                  TIME_2026 TIME_2026             // creation_time, modification_time
                  "00000001 00000000 "            // track_ID, reserved
                  "0000000000000000 "             // duration
                  "0000000000000000 "             // reserved
                  "0000 0000 0000 0000 "          // layer, alternate_group, volume, reserved
                  MATRIX                          //
                  "05000000 02d00000"));          // width 1280.0, height 720.0
}

TEST(Tkhd, Clause8_3_2AudioHasAVolumeAndNoSize) {
  EXPECT_EQ(written([](BoxWriter& w) { write_tkhd(w, audio_track(), k1904To2026); }),
            words("00000068 746b6864 01 000003 "  // size 104, 'tkhd', enabled | in movie
                  TIME_2026 TIME_2026             // creation_time, modification_time
                  "00000002 00000000 "            // track_ID, reserved
                  "0000000000000000 "             // duration
                  "0000000000000000 "             // reserved
                  "0000 0000 0100 0000 "          // layer, alternate_group, volume 1.0, reserved
                  MATRIX                          //
                  "00000000 00000000"));          // width, height
}

TEST(Tkhd, WidthBeyond32767KeepsItsTopBit) {
  Track track = video_track();
  std::get<H264Config>(track.config.codec).width = 0xfffe;
  const auto text = written([&](BoxWriter& w) { write_tkhd(w, track, 0); });
  EXPECT_EQ(text.substr(text.size() - 17), "fffe0000 02d00000");
}

TEST(Edts, Clause8_6_6CutsThePreSkip) {
  OpusConfig opus;
  opus.pre_skip = 312;
  EXPECT_EQ(written([&](BoxWriter& w) {
              write_edts(w, {48000, opus});
            }),
            words("00000024 65647473 "             // size 36, 'edts'
                  "0000001c 656c7374 00 000000 "   // size 28, 'elst', version 0
                  "00000001 "                      // entry_count
                  "00000000 00000138 00010000"));  // all of the media, from tick 312, rate 1.0
}

TEST(Edts, PreSkipIsConvertedToTheTracksTimescale) {
  OpusConfig opus;
  opus.pre_skip = 3840;  // 80 ms
  const auto text = written([&](BoxWriter& w) { write_edts(w, {90000, opus}); });
  EXPECT_EQ(text.substr(text.size() - 17), "00001c20 00010000");  // 7200 ticks
  opus.pre_skip = 312;
  const auto rounded = written([&](BoxWriter& w) { write_edts(w, {44100, opus}); });
  EXPECT_EQ(rounded.substr(rounded.size() - 17), "0000011f 00010000");  // 286.65 ticks: 287
}

TEST(Edts, NoneWithoutAPreSkip) {
  EXPECT_EQ(written([](BoxWriter& w) { write_edts(w, audio_track().config); }), "");
  EXPECT_EQ(written([](BoxWriter& w) { write_edts(w, video_track().config); }), "");
}

TEST(Mdhd, Clause8_4_2Version1) {
  EXPECT_EQ(written([](BoxWriter& w) { write_mdhd(w, 90000, k1904To2026); }),
            words("0000002c 6d646864 01 000000 "  // size 44, 'mdhd'
                  TIME_2026 TIME_2026             // creation_time, modification_time
                  "00015f90 0000000000000000 "    // timescale 90000, duration 0
                  "55c4 0000"));                  // 'und' = 21,14,4 in 5 bits each; pre_defined
}

TEST(Hdlr, Clause8_4_3) {
  EXPECT_EQ(written([](BoxWriter& w) { write_hdlr(w, Medium::kVideo); }),
            words("00000026 68646c72 00 000000 "  // size 38, 'hdlr'
                  "00000000 76696465 "            // pre_defined, 'vide'
                  "00000000 00000000 00000000 "   // reserved
                  "56 69 64 65 6f 00"));          // "Video"
  EXPECT_EQ(written([](BoxWriter& w) { write_hdlr(w, Medium::kAudio); }),
            words("00000026 68646c72 00 000000 "  // size 38, 'hdlr'
                  "00000000 736f756e "            // pre_defined, 'soun'
                  "00000000 00000000 00000000 "   // reserved
                  "41 75 64 69 6f 00"));          // "Audio"
}

TEST(Vmhd, Clause12_1_2) {
  EXPECT_EQ(written([](BoxWriter& w) { write_media_header(w, Medium::kVideo); }),
            words("00000014 766d6864 00 000001 "  // size 20, 'vmhd', flags 1
                  "0000 0000 0000 0000"));        // graphicsmode, opcolor
}

TEST(Smhd, Clause12_2_2) {
  EXPECT_EQ(written([](BoxWriter& w) { write_media_header(w, Medium::kAudio); }),
            words("00000010 736d6864 00 000000 "  // size 16, 'smhd'
                  "0000 0000"));                  // balance, reserved
}

TEST(Dinf, Clause8_7_2DataIsInThisFile) {
  EXPECT_EQ(written(write_dinf), words("00000024 64696e66 "              // size 36, 'dinf'
                                       "0000001c 64726566 00 000000 "    // size 28, 'dref'
                                       "00000001 "                       // entry_count
                                       "0000000c 75726c20 00 000001"));  // 'url ', self-contained
}

TEST(AvcC, Clause14496_15_5_4_2_1IsTheRecordAsGiven) {
  EXPECT_EQ(written([](BoxWriter& w) { write_sample_entry(w, h264()); }),
            words("00000065 61766333 "           // size 101, 'avc3'
                  "000000000000 0001 "           // reserved, data_reference_index
                  "0000 0000 "                   // pre_defined, reserved
                  "00000000 00000000 00000000 "  // pre_defined
                  "0500 02d0 "                   // width 1280, height 720
                  "00480000 00480000 "           // 72 dpi
                  "00000000 0001 "               // reserved, frame_count
                  "0000000000000000000000000000000000000000000000000000000000000000 "
                  "0018 ffff "          // depth, pre_defined -1 (above: compressorname, empty)
                  "0000000f 61766343 "  // size 15, 'avcC'
                  "0142e01f ffe000"));
}

TEST(Opus, Clause4_3_1IsAnAudioSampleEntry) {
  EXPECT_EQ(written([](BoxWriter& w) { write_sample_entry(w, OpusConfig{}); }),
            words("00000037 4f707573 "    // size 55, 'Opus'
                  "000000000000 0001 "    // reserved, data_reference_index
                  "00000000 00000000 "    // reserved
                  "0002 0010 0000 0000 "  // channelcount 2, samplesize 16, pre_defined, reserved
                  "bb800000 "             // samplerate 48000.0
                  "00000013 644f7073 "    // size 19, 'dOps'
                  "00 02 0000 0000bb80 0000 00"));
}

TEST(Opus, Clause4_3_1ChannelcountFollowsTheStream) {
  OpusConfig mono;
  mono.channels = 1;
  mono.input_sample_rate = 16000;
  EXPECT_EQ(written([&](BoxWriter& w) { write_sample_entry(w, mono); }),
            words("00000037 4f707573 "    // size 55, 'Opus'
                  "000000000000 0001 "    // reserved, data_reference_index
                  "00000000 00000000 "    // reserved
                  "0001 0010 0000 0000 "  // channelcount 1, samplesize 16, pre_defined, reserved
                  "bb800000 "             // samplerate 48000.0 whatever the source had
                  "00000013 644f7073 "    // size 19, 'dOps'
                  "00 01 0000 00003e80 0000 00"));
}

TEST(DOps, Clause4_3_2IsBigEndian) {
  OpusConfig config;
  config.pre_skip = 312;
  config.input_sample_rate = 44100;
  config.output_gain = -256;
  EXPECT_EQ(written([&](BoxWriter& w) { write_dops(w, config); }),
            words("00000013 644f7073 "   // size 19, 'dOps'
                  "00 02 0138 "          // Version, OutputChannelCount, PreSkip
                  "0000ac44 ff00 00"));  // InputSampleRate, OutputGain -1 dB, ChannelMappingFamily
}

TEST(DOps, Clause4_3_2HasAMappingTableForFamily1) {
  OpusConfig config;
  config.channels = 6;
  config.mapping_family = 1;
  config.stream_count = 4;
  config.coupled_count = 2;
  config.channel_mapping = {0, 4, 1, 2, 3, 5};
  EXPECT_EQ(written([&](BoxWriter& w) { write_dops(w, config); }),
            words("0000001b 644f7073 "         // size 27, as in the example of clause 4.7
                  "00 06 0000 0000bb80 0000 "  // Version .. OutputGain
                  "01 04 02 000401020305"));   // family, StreamCount, CoupledCount, mapping
}

TEST(HvcC, Clause14496_15_8_4_1IsTheRecordAsGiven) {
  H265Config config;
  config.hvcc = {0x01, 0x01, 0x60};
  config.width = 640;
  config.height = 360;
  EXPECT_EQ(written([&](BoxWriter& w) { write_sample_entry(w, config); }),
            words("00000061 68657631 "           // size 97, 'hev1'
                  "000000000000 0001 "           // reserved, data_reference_index
                  "0000 0000 "                   // pre_defined, reserved
                  "00000000 00000000 00000000 "  // pre_defined
                  "0280 0168 "                   // width 640, height 360
                  "00480000 00480000 "           // 72 dpi
                  "00000000 0001 "               // reserved, frame_count
                  "0000000000000000000000000000000000000000000000000000000000000000 "
                  "0018 ffff "          // depth, pre_defined -1 (above: compressorname, empty)
                  "0000000b 68766343 "  // size 11, 'hvcC'
                  "010160"));
}

TEST(Tkhd, EveryVideoCodecHasItsSizeThere) {
  H265Config config;
  config.width = 640;
  config.height = 360;
  const Track track{1, {90000, config}};
  const auto text = written([&](BoxWriter& w) { write_tkhd(w, track, 0); });
  EXPECT_EQ(text.substr(text.size() - 17), "02800000 01680000");
}

TEST(Mp4a, Clause14496_14_5_6HasAnEsds) {
  AacConfig config;
  config.asc = {0x12, 0x10};
  config.sample_rate = 44100;
  EXPECT_EQ(written([&](BoxWriter& w) { write_sample_entry(w, config); }),
            words("00000057 6d703461 "    // size 87, 'mp4a'
                  "000000000000 0001 "    // reserved, data_reference_index
                  "00000000 00000000 "    // reserved
                  "0002 0010 0000 0000 "  // channelcount 2, samplesize 16, pre_defined, reserved
                  "ac440000 "             // samplerate 44100.0
                  "00000033 65736473 00 000000 "                 // size 51, 'esds'
                  "03 80808022 0000 00 "                         // ES_Descriptor, 34 bytes
                  "04 80808014 40 15 000000 00000000 00000000 "  // DecoderConfigDescriptor, 20
                  "05 80808002 1210 "                            // DecoderSpecificInfo
                  "06 80808001 02"));                            // SLConfigDescriptor
}

TEST(Mp4a, ARateThatDoesNotFitIsLeftToTheConfig) {
  AacConfig config;
  config.asc = {0x10, 0x10};
  config.sample_rate = 96000;
  const auto text = written([&](BoxWriter& w) { write_sample_entry(w, config); });
  EXPECT_EQ(text.substr(9 * 8, 8), "00000000");  // the ninth word is samplerate
}

TEST(Esds, SizesBeyond127TakeTheirUpperBytes) {
  AacConfig config;
  config.asc = Bytes(200, 0x11);
  const auto text = written([&](BoxWriter& w) { write_esds(w, config); });
  EXPECT_EQ(text.substr(0, 80),
            words("000000f9 65736473 00000000"  // size 249
                  "03808081 68 0000 00"         // 3 + 5 + 218 + 6 = 232
                  "04808081 5a 4015 00000000000000000000 00")
                .substr(0, 80));
}

TEST(G711, QuickTimesNamesWithoutABox) {
  EXPECT_EQ(written([](BoxWriter& w) { write_sample_entry(w, G711Config{}); }),
            words("00000024 756c6177 "    // size 36, 'ulaw'
                  "000000000000 0001 "    // reserved, data_reference_index
                  "00000000 00000000 "    // reserved
                  "0001 0010 0000 0000 "  // channelcount 1, samplesize 16, pre_defined, reserved
                  "1f400000"));           // samplerate 8000.0
  const G711Config stereo{true, 2, 16000};
  EXPECT_EQ(written([&](BoxWriter& w) { write_sample_entry(w, stereo); }),
            words("00000024 616c6177 000000000000 0001 00000000 00000000 "
                  "0002 0010 0000 0000 3e800000"));
}

#define OPUS_ENTRY_48K_STEREO                                                  \
  "00000037 4f707573 000000000000 0001 00000000 00000000 0002 0010 0000 0000 " \
  "bb800000 00000013 644f7073 00 02 0000 0000bb80 0000 00"

TEST(Stbl, Clause8_5_1HasEmptyTables) {
  EXPECT_EQ(written([](BoxWriter& w) {
              write_stbl(w, {48000, OpusConfig{}});
            }),
            words("00000093 7374626c "                              // size 147, 'stbl'
                  "00000047 73747364 00 000000 00000001 "           // 8.5.2 'stsd', one entry
                  OPUS_ENTRY_48K_STEREO                             //
                  "00000010 73747473 00 000000 00000000 "           // 8.6.1.2 'stts'
                  "00000010 73747363 00 000000 00000000 "           // 8.7.4 'stsc'
                  "00000014 7374737a 00 000000 00000000 00000000 "  // 8.7.3.2 'stsz'
                  "00000010 7374636f 00 000000 00000000"));         // 8.7.5 'stco'
}

TEST(Mvex, Clause8_8_3HasATrexForEachTrack) {
  const Track tracks[] = {video_track(), audio_track()};
  EXPECT_EQ(written([&](BoxWriter& w) { write_mvex(w, tracks); }),
            words("00000048 6d766578 "                     // size 72, 'mvex'
                  "00000020 74726578 00 000000 00000001 "  // 'trex', track_ID 1
                  "00000001 00000000 00000000 00000000 "   // description 1; duration, size, flags
                  "00000020 74726578 00 000000 00000002 "  // 'trex', track_ID 2
                  "00000001 00000000 00000000 00000000"));
}

// The whole of an audio-only init segment: order and nesting.
TEST(InitSegment, IsFtypFreeMoov) {
  const Track tracks[] = {{7, {48000, OpusConfig{}}}};
  EXPECT_EQ(hex(init_segment(tracks, kUnix2026)),
            words("00000018 66747970 69736f36 00000000 69736f36 6d703431 "
                  "00000010 66726565 0000000000000000 "
                  "00000241 6d6f6f76 "  // size 577 = 8 + mvhd 120 + trak 409 + mvex 40
                  "00000078 6d766864 01 000000 " TIME_2026 TIME_2026
                  "000003e8 0000000000000000 00010000 0100 0000 0000000000000000 " MATRIX
                  "000000000000000000000000000000000000000000000000 00000008 "
                  "00000199 7472616b "  // size 409 = 8 + tkhd 104 + mdia 297
                  "00000068 746b6864 01 000003 " TIME_2026 TIME_2026
                  "00000007 00000000 0000000000000000 0000000000000000 0000 0000 0100 0000 " MATRIX
                  "00000000 00000000 "
                  "00000129 6d646961 "  // size 297 = 8 + mdhd 44 + hdlr 38 + minf 207
                  "0000002c 6d646864 01 000000 " TIME_2026 TIME_2026
                  "0000bb80 0000000000000000 55c4 0000 "
                  "00000026 68646c72 00 000000 00000000 736f756e 00000000 00000000 00000000 "
                  "417564696f00 "
                  "000000cf 6d696e66 "  // size 207 = 8 + smhd 16 + dinf 36 + stbl 147
                  "00000010 736d6864 00 000000 0000 0000 "
                  "00000024 64696e66 0000001c 64726566 00 000000 00000001 "
                  "0000000c 75726c20 00 000001 "
                  "00000093 7374626c 00000047 73747364 00 000000 00000001 " OPUS_ENTRY_48K_STEREO
                  "00000010 73747473 00 000000 00000000 00000010 73747363 00 000000 00000000 "
                  "00000014 7374737a 00 000000 00000000 00000000 "
                  "00000010 7374636f 00 000000 00000000 "
                  "00000028 6d766578 00000020 74726578 00 000000 00000007 "
                  "00000001 00000000 00000000 00000000"));
}

TEST(InitSegment, KeepsTheOrderOfTheTracksAndCountsIdsUp) {
  const Track audio_first[] = {{5, {48000, OpusConfig{}}}, {2, {90000, h264()}}};
  const Bytes bytes = init_segment(audio_first, 0);
  const std::string text(bytes.begin(), bytes.end());
  EXPECT_LT(text.find("Opus"), text.find("avc3"));
  ASSERT_GT(bytes.size(), 176u);
  // ftyp 24, free 16, moov's header 8, mvhd 120: next_track_ID is its last field.
  EXPECT_EQ(hex(std::span(bytes).subspan(164, 12)), words("00000006 00000199 7472616b"));
}

TEST(InitSegment, CountsTimeFrom1904) {
  // 1970-01-01 is 24107 days after 1904-01-01.
  const std::string text = hex(init_segment(std::vector{audio_track()}, 0));
  EXPECT_NE(text.find("01000000 00000000 7c25b080"), std::string::npos);
}

}  // namespace
}  // namespace rec::isobmff
