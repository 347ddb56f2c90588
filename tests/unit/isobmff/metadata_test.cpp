// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a track is shown and what is said of a movie, against bytes written by hand from ISO/IEC
// 14496-12:2015: 6.2.2 and 8.3.2 (matrix), 8.4.2 (language), 8.10.1, 8.11.1 (udta, meta), 12.1.4,
// 12.1.5 (pasp, colr). What is in meta is as iTunes writes it.
#include <gtest/gtest.h>

#include "lib/isobmff/movie_boxes.h"
#include "lib/isobmff/movie_index.h"
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

Track video(TrackTags tags = {}, PictureFormat picture = {}) {
  H264Config h264;
  h264.width = 640;   // 0x280
  h264.height = 360;  // 0x168
  return {1, {90000, h264, picture}, std::move(tags)};
}

// The matrix, and the width and height behind it: the last 11 words.
std::string shown(const Track& track) {
  const std::string text = written([&](BoxWriter& w) { write_tkhd(w, track, 0); });
  return text.substr(text.size() - (11 * 9 - 1));
}

struct Turn {
  Orientation orientation;
  const char* matrix;  // a b u c d v x y w
};

class Matrices : public testing::TestWithParam<Turn> {};

TEST_P(Matrices, TurnThePictureAndPutItsCornerAt00) {
  const auto& [orientation, matrix] = GetParam();
  EXPECT_EQ(shown(video({orientation, "und"})),
            words(std::string(matrix) + " 40000000 02800000 01680000"));
}

INSTANTIATE_TEST_SUITE_P(
    Tkhd, Matrices,
    testing::Values(
        Turn{{false, 0}, "00010000 00000000 00000000 00000000 00010000 00000000 00000000 00000000"},
        // Down becomes left: -y + 360, x.
        Turn{{false, 90},
             "00000000 00010000 00000000 ffff0000 00000000 00000000 01680000 00000000"},
        // -x + 640, -y + 360
        Turn{{false, 180},
             "ffff0000 00000000 00000000 00000000 ffff0000 00000000 02800000 01680000"},
        // y, -x + 640
        Turn{{false, 270},
             "00000000 ffff0000 00000000 00010000 00000000 00000000 00000000 02800000"},
        // -x + 640, y
        Turn{{true, 0}, "ffff0000 00000000 00000000 00000000 00010000 00000000 02800000 00000000"},
        // -y + 360, -x + 640
        Turn{{true, 90}, "00000000 ffff0000 00000000 ffff0000 00000000 00000000 01680000 02800000"},
        // x, -y + 360
        Turn{{true, 180},
             "00010000 00000000 00000000 00000000 ffff0000 00000000 00000000 01680000"},
        // y, x
        Turn{{true, 270},
             "00000000 00010000 00000000 00010000 00000000 00000000 00000000 00000000"}));

TEST(Tkhd, IsAsWideAsItsPixelsMakeIt) {
  EXPECT_EQ(shown(video({}, {{}, {4, 3}})).substr(9 * 9), "03555555 01680000");  // 853.33
  EXPECT_EQ(shown(video({}, {{}, {8, 9}})).substr(9 * 9), "0238e38e 01680000");  // 568.89
  EXPECT_EQ(shown(video({}, {{}, {1, 1}})).substr(9 * 9), "02800000 01680000");
  EXPECT_EQ(shown(video({}, {{}, {0, 3}})).substr(9 * 9), "02800000 01680000");
}

TEST(Tkhd, MovesThePictureAsFarAsItIsWide) {
  EXPECT_EQ(shown(video({{false, 270}, "und"}, {{}, {2, 1}})).substr(6 * 9),
            "00000000 05000000 40000000 05000000 01680000");
}

TEST(Tkhd, SoundIsNotTurned) {
  const Track track{2, {48000, OpusConfig{}}, {{true, 180}, "und"}};
  EXPECT_EQ(shown(track), words("00010000 00000000 00000000 00000000 00010000 00000000 "
                                "00000000 00000000 40000000 00000000 00000000"));
}

TEST(Mdhd, Clause8_4_2PacksThreeLetters) {
  const auto packed = [](std::string_view language) {
    const auto text = written([&](BoxWriter& w) { write_mdhd(w, 90000, 0, 0, language); });
    return text.substr(text.size() - 8);
  };
  EXPECT_EQ(packed("deu"), "10b50000");  // 4, 5, 21
  EXPECT_EQ(packed("zho"), "690f0000");  // 26, 8, 15
}

TEST(Colr, Clause12_1_5) {
  const PictureFormat bt709{{1, 13, 6, true}, {}};
  EXPECT_EQ(written([&](BoxWriter& w) { write_picture_format(w, bt709); }),
            words("00000013 636f6c72 6e636c78 "  // size 19, 'colr', 'nclx'
                  "0001 000d 0006 80"));         // primaries, transfer, matrix, full range
  const PictureFormat bt2020{{9, 16, 9, false}, {}};
  EXPECT_EQ(written([&](BoxWriter& w) { write_picture_format(w, bt2020); }),
            words("00000013 636f6c72 6e636c78 0009 0010 0009 00"));
}

TEST(Pasp, Clause12_1_4) {
  const PictureFormat sar{{}, {16, 11}};
  EXPECT_EQ(written([&](BoxWriter& w) { write_picture_format(w, sar); }),
            words("00000010 70617370 00000010 0000000b"));  // size 16, 'pasp', hSpacing, vSpacing
}

TEST(PictureFormat, IsNotWrittenWhereThereIsNothingToSay) {
  for (const PixelAspect& square : {PixelAspect{1, 1}, {7, 7}, {0, 0}, {3, 0}})
    EXPECT_EQ(written([&](BoxWriter& w) { write_picture_format(w, {{}, square}); }), "");
}

// Behind the box of the codec, in every entry.
TEST(PictureFormat, StandsInTheSampleEntry) {
  const PictureFormat both{{1, 1, 1, false}, {4, 3}};
  for (const CodecConfig& codec :
       {CodecConfig(H264Config{}), CodecConfig(H265Config{}), CodecConfig(Vp8Config{}),
        CodecConfig(Vp9Config{}), CodecConfig(Av1Config{})}) {
    const auto text = written([&](BoxWriter& w) { write_stsd(w, {90000, codec, both}); });
    std::string bytes;
    for (const char c : text)
      if (c != ' ') bytes += c;
    EXPECT_TRUE(
        bytes.ends_with("00000013636f6c726e636c7800010001000100"
                        "00000010706173700000000400000003"))
        << bytes;
    EXPECT_EQ(std::stoul(bytes.substr(0, 8), nullptr, 16), bytes.size() / 2);
    EXPECT_EQ(std::stoul(bytes.substr(32, 8), nullptr, 16), bytes.size() / 2 - 16);  // the entry
  }
}

TEST(Udta, Clause8_10_1) {
  EXPECT_EQ(written([](BoxWriter& w) {
              write_udta(w, {"Hi", "", "x 1"});
            }),
            words("00000072 75647461 "                    // size 114, 'udta'
                  "0000006a 6d657461 00 000000 "          // size 106, 'meta'
                  "00000021 68646c72 00 000000 "          // size 33, 'hdlr'
                  "00000000 6d646972 6170706c "           // pre_defined, 'mdir', 'appl'
                  "00000000 00000000 00 "                 // reserved, no name
                  "0000003d 696c7374 "                    // size 61, 'ilst'
                  "0000001a a96e616d 00000012 64617461 "  // size 26, '(c)nam'; size 18, 'data'
                  "00000001 00000000 4869 "               // UTF-8, any locale, "Hi"
                  "0000001b a9746f6f 00000013 64617461 "  // size 27, '(c)too'; size 19, 'data'
                  "00000001 00000000 782031"));           // "x 1"
  EXPECT_NE(written([](BoxWriter& w) {
              write_udta(w, {"", "\xc3\xbc", ""});
            }).find("61000000 01000000 00c3bc"),
            std::string::npos);
  EXPECT_EQ(written([](BoxWriter& w) { write_udta(w, {}); }), "");
}

// Both ends of a file say the same, but for tags that came in between.
TEST(Metadata, IsInBothMovieBoxes) {
  const Track tracks[] = {video({{false, 90}, "und"}, {{1, 1, 1, false}, {4, 3}}),
                          {2, {48000, OpusConfig{}}, {{}, "deu"}}};
  MovieIndex index(tracks, 0);
  const TrackRun runs[] = {{1, {{0, 0, 10, true}}, 3000, {}}};
  index.add(runs, 1000, 1200);
  const auto text = [](const Bytes& bytes) { return std::string(bytes.begin(), bytes.end()); };
  const std::string first = text(init_segment(tracks, 0, {"early", "", ""}));
  const std::string last = text(index.moov({"late", "", ""}));
  for (const std::string& moov : {first, last}) {
    for (const std::string& part :
         {std::string("colrnclx"), std::string("pasp\0\0\0\4\0\0\0\3", 12),
          std::string("\x10\xb5\0\0", 4),
          std::string("\1\x68\0\0\0\0\0\0\x40\0\0\0\3\x55\x55\x55", 16)})
      EXPECT_NE(moov.find(part), std::string::npos) << hex(Bytes(part.begin(), part.end()));
  }
  EXPECT_NE(first.find("early"), std::string::npos);
  EXPECT_NE(last.find("late"), std::string::npos);
  EXPECT_EQ(last.find("early"), std::string::npos);
}

}  // namespace
}  // namespace rec::isobmff
