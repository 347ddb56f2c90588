// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/av1_stream.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/bit_writer.h"
#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

// libaom: ffmpeg -f lavfi -i testsrc=size=48x32:rate=25 -frames:v 2 -pix_fmt yuv420p -c:v
// libaom-av1
//   -usage realtime -cpu-used 8 -crf 63 -f ivf.
constexpr char kDelimiter[] = "1200";
constexpr char kSequence[] = "0a0a00000002a5ff36be4010";
constexpr char kKeyFrame[] =
    "32ae021000d380b2cb2c2834d0f135ce154de2ee1f6ca71df518b719a87748b30c610f7738dfce3c783a9a8d"
    "c1355df4cc10ea42598d0e719c57ff1ad130c259ac97b5b83d86ebe8588824cc955805cad40a878829a5c7bf"
    "b37c2fb854a1f3d410e66ab593e5273809dba2cd6636dcae56a0b2eb98712a4a9a656517d32715e85629b55d"
    "85d591b5b516d92943f7a4d44091c39d33b2e682aea64afd65e518dc47ca3ea6b360e482aca9635042e9f2ac"
    "b4d4b566c08cd207cf3c8d4d009abc05aa3b883f4cc725cf5dd5a25c12a2c2881dd06019c62b9415851f96c1"
    "551cee9cfc1758ef0bdabe4270b51165f5fcaa3179eec71652cb677217d905e48717ca6bdd106884803c8e50"
    "83f7410386c7c7b1de2aea003a4a42c3c864755cf2d8c15adf310d580910fb53d10912a1d6023ede28";
constexpr char kDelta[] = "321230038080fdf806ff81fffffe2c551200b15c";
// The av1C that ffmpeg makes of it.
constexpr char kAv1c[] = "81000c00 0a0a00000002a5ff36be4010";

using Format = Av1Stream::Format;
using Texts = std::initializer_list<std::string_view>;

Bytes unit(Texts obus) {
  Bytes out;
  for (const std::string_view obu : obus) {
    const Bytes bytes = unhex(obu);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}
Bytes key_unit() { return unit({kDelimiter, kSequence, kKeyFrame}); }

Av1Stream::AccessUnit convert(Av1Stream& stream, const Bytes& temporal_unit) {
  auto out = stream.convert(temporal_unit);
  EXPECT_TRUE(out) << out.error().what;
  return out ? std::move(out.value()) : Av1Stream::AccessUnit{};
}

Bytes obu(ObuType type, const Bytes& payload) {
  const auto header = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 3);
  Bytes out;
  append_obu(out, {type, std::span(&header, 1), payload});
  return out;
}

// A sequence header of the main profile with all that is optional left out.
Bytes sequence(std::uint32_t width, std::uint32_t height, unsigned level_idx = 4) {
  BitWriter w;
  w.bits(0, 3).bits(0, 2).bits(0, 1).bits(0, 1);  // profile, still pictures, timing, delay
  w.bits(0, 5).bits(0, 12).bits(level_idx, 5);    // one operating point
  if (level_idx > 7) w.bits(1, 1);                // seq_tier: high
  w.bits(15, 4).bits(15, 4).bits(width - 1, 16).bits(height - 1, 16);
  w.bits(0, 1).bits(0, 3);             // frame ids; three tools
  w.bits(0, 4).bits(0, 1).bits(1, 1);  // four tools, order hint, seq_choose_screen_content_tools
  w.bits(1, 1).bits(0, 3);             // seq_choose_integer_mv; three tools
  w.bits(0, 3).bits(0, 1).bits(0, 2);  // 8 bit colour, no description, range, sample position
  w.bits(0, 1).bits(0, 1).bits(1, 1);  // separate_uv_delta_q, film grain; trailing bit
  return obu(ObuType::kSequenceHeader, w.bytes());
}

// show_existing_frame, frame_type, show_frame and five bits of what follows.
Bytes frame(unsigned type, bool shown) {
  return obu(ObuType::kFrame,
             BitWriter().bits(0, 1).bits(type, 2).bits(shown, 1).bits(5, 4).bytes());
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(Av1Stream, SamplesAreThoseThatFfmpegPutsIntoMp4) {
  Av1Stream stream;
  EXPECT_FALSE(stream.config());
  const auto key = convert(stream, key_unit());
  EXPECT_EQ(hex(key.bytes), std::string(kSequence) + kKeyFrame);
  EXPECT_TRUE(key.key);
  EXPECT_TRUE(key.picture);
  EXPECT_FALSE(key.config_changed);
  EXPECT_EQ(stream.config(), (Av1Config{unhex(kAv1c), 48, 32, "av01.0.00M.08"}));

  const auto delta = convert(stream, unit({kDelimiter, kDelta}));
  EXPECT_EQ(hex(delta.bytes), kDelta);
  EXPECT_FALSE(delta.key);
  EXPECT_TRUE(delta.picture);
  EXPECT_FALSE(delta.config_changed);
}

struct Flavour {
  const char* sequence;  // the OBU as the encoder wrote it
  const char* av1c;      // as ffmpeg wrote it
  unsigned width, height;
  const char* rfc6381;
};

// Width, height and profile are what ffprobe says.
TEST(Av1Stream, EveryEncoder) {
  const Flavour flavours[] = {
      // libaom, yuv420p10, bt2020, smpte2084, bt2020nc
      {"0a0d00000002a5ff36be5424402410", "81004c000a0d00000002a5ff36be5424402410", 48, 32,
       "av01.0.00M.10.0.110.09.16.09.0"},
      // libaom, yuv444p
      {"0a0b20000042abbfc3732be408", "812800000a0b20000042abbfc3732be408", 1920, 1080,
       "av01.1.08M.08.0.000.02.02.02.0"},
      // rav1e says level 31: no limits
      {"0a0e000000fa1e7f66210a88101010a0", "811f0c000a0e000000fa1e7f66210a88101010a0", 320, 180,
       "av01.0.31M.08"},
      // SVT-AV1
      {"0a0b000000043cfeccfbf90040", "81000c000a0b000000043cfeccfbf90040", 320, 180,
       "av01.0.00M.08"},
  };
  for (const Flavour& f : flavours) {
    SCOPED_TRACE(f.av1c);
    Av1Stream stream;
    EXPECT_FALSE(convert(stream, unhex(f.sequence)).picture);
    ASSERT_TRUE(stream.config());
    EXPECT_EQ(hex(stream.config()->av1c), f.av1c);
    EXPECT_EQ(stream.config()->width, f.width);
    EXPECT_EQ(stream.config()->height, f.height);
    EXPECT_EQ(stream.config()->rfc6381, f.rfc6381);
  }
}

TEST(Av1Stream, AKeyWithoutSequenceHeaderGetsTheLatest) {
  Av1Stream stream;
  const Bytes bare = unit({kDelimiter, kKeyFrame});
  EXPECT_FALSE(convert(stream, bare).key);  // there is none yet
  convert(stream, key_unit());
  const auto key = convert(stream, bare);
  EXPECT_TRUE(key.key);
  EXPECT_EQ(hex(key.bytes), std::string(kSequence) + kKeyFrame);
  const auto delta = convert(stream, unit({kDelimiter, kDelta}));
  EXPECT_EQ(hex(delta.bytes), kDelta);
  // One that comes after the frame comes too late.
  const auto late = convert(stream, unit({kDelimiter, kKeyFrame, kSequence}));
  EXPECT_TRUE(late.key);
  EXPECT_EQ(hex(late.bytes), std::string(kSequence) + kKeyFrame + kSequence);
}

TEST(Av1Stream, ASequenceHeaderAloneIsRemembered) {
  Av1Stream stream;
  const auto alone = convert(stream, unit({kDelimiter, kSequence}));
  EXPECT_FALSE(alone.picture);
  EXPECT_FALSE(alone.key);
  const auto key = convert(stream, unit({kDelimiter, kKeyFrame}));
  EXPECT_EQ(hex(key.bytes), std::string(kSequence) + kKeyFrame);
}

TEST(Av1Stream, CodecDataIsAStart) {
  Av1Stream stream;
  ASSERT_TRUE(stream.set_format(Format::kObuStream, unhex(kAv1c)));
  ASSERT_TRUE(stream.config());
  EXPECT_EQ(hex(stream.config()->av1c), hex(unhex(kAv1c)));
  const auto key = convert(stream, unit({kDelimiter, kKeyFrame}));
  EXPECT_TRUE(key.key);
  EXPECT_EQ(hex(key.bytes), std::string(kSequence) + kKeyFrame);

  ASSERT_TRUE(stream.set_format(Format::kObuStream, {}));  // leaves it as it is
  EXPECT_EQ(hex(stream.config()->av1c), hex(unhex(kAv1c)));
  ASSERT_TRUE(stream.set_format(Format::kObuStream, unhex("81000c00")));  // has none: likewise
  EXPECT_EQ(hex(stream.config()->av1c), hex(unhex(kAv1c)));
}

TEST(Av1Stream, TheStreamIsRightAndCodecDataIsNot) {
  Av1Stream stream;
  ASSERT_TRUE(
      stream.set_format(Format::kObuStream, unhex("811f0c00 0a0e000000fa1e7f66210a88101010a0")));
  EXPECT_FALSE(convert(stream, key_unit()).config_changed);  // nobody used the other one
  EXPECT_EQ(stream.config()->width, 48);
}

TEST(Av1Stream, RefusesCodecDataThatIsNone) {
  for (const char* bad : {"81", "81000c", "01000c00", "82000c00", "81000c00 0a0a0000",
                          "81000c00 0a0100", "81000c00 8a00"}) {
    Av1Stream stream;
    ASSERT_TRUE(stream.set_format(Format::kObuStream, unhex(kAv1c)));
    const auto before = stream.config();
    EXPECT_FALSE(stream.set_format(Format::kObuStream, unhex(bad))) << bad;
    EXPECT_EQ(stream.config(), before);
  }
}

// av1parse of GStreamer 1.22, stream-format=annexb: a size before the unit, the frame and each OBU.
TEST(Av1Stream, RefusesAnnexB) {
  Av1Stream stream;
  const auto set = stream.set_format(Format::kAnnexB, {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind, Error::Kind::kUnsupported);
  const auto out = stream.convert(unhex("fa08f80801100b0820000002a5ffe06d7c81"));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().kind, Error::Kind::kInvalidData);
  EXPECT_NE(out.error().hint.find("Annex B"), std::string::npos);
}

TEST(Av1Stream, EveryObuGetsASize) {
  Av1Stream stream;
  Bytes open = unhex(kDelta);
  open[0] = 0x30;                // OBU_FRAME without obu_has_size_field
  open.erase(open.begin() + 1);  // and without its size
  convert(stream, key_unit());
  EXPECT_EQ(hex(convert(stream, unit({kDelimiter}) + open).bytes), kDelta);
  // With an extension (temporal id 1); sizes may be padded.
  EXPECT_EQ(hex(convert(stream, unhex("1200 3420 50aabb")).bytes), "36200350aabb");
  EXPECT_EQ(hex(convert(stream, unhex("12808000 36208380800050aabb")).bytes), "36200350aabb");
}

TEST(Av1Stream, DropsWhatASampleShouldNotHave) {
  Av1Stream stream;
  const auto out = convert(stream, unit({kDelimiter, kSequence, "2a0301aabb",  // metadata
                                         kKeyFrame, "3a0110",                  // redundant header
                                         "7a0300 0080"}));                     // padding
  EXPECT_EQ(hex(out.bytes), std::string(kSequence) + "2a0301aabb" + kKeyFrame);
}

TEST(Av1Stream, OnlyAShownKeyFrameIsAKey) {
  Av1Stream stream;
  const Bytes seq = sequence(640, 360);
  EXPECT_TRUE(convert(stream, seq + frame(0, true)).key);
  EXPECT_FALSE(convert(stream, seq + frame(0, false)).key);  // a delayed random access point
  EXPECT_FALSE(convert(stream, seq + frame(1, true)).key);   // inter
  EXPECT_FALSE(convert(stream, seq + frame(2, true)).key);   // intra-only
  EXPECT_FALSE(convert(stream, seq + frame(3, true)).key);   // switch
  EXPECT_FALSE(
      convert(stream, seq + obu(ObuType::kFrameHeader, unhex("90"))).key);  // show_existing
  // The first frame counts: an enhancement layer may follow, a key frame may not come second.
  EXPECT_TRUE(convert(stream, seq + frame(0, true) + frame(1, true)).key);
  EXPECT_FALSE(convert(stream, seq + frame(1, true) + frame(0, true)).key);
  EXPECT_TRUE(convert(stream, seq + obu(ObuType::kFrameHeader, unhex("1000")) +
                                  obu(ObuType::kTileGroup, unhex("aa")))
                  .key);
}

TEST(Av1Stream, AStillPictureIsAKey) {  // reduced_still_picture_header: frames do not say so
  BitWriter w;
  w.bits(0, 3).bits(0b11, 2).bits(9, 5);                // profile, still_picture, reduced; level
  w.bits(15, 4).bits(15, 4).bits(99, 16).bits(49, 16);  // size
  w.bits(0, 3).bits(0, 3);                              // tools
  w.bits(0b10, 2).bits(0, 1).bits(1, 1).bits(2, 2);  // 10 bit, no description, full range, position
  w.bits(0, 1).bits(0, 1).bits(1, 1);
  Av1Stream stream;
  const auto out =
      convert(stream, obu(ObuType::kSequenceHeader, w.bytes()) + obu(ObuType::kFrame, unhex("ff")));
  EXPECT_TRUE(out.key);
  ASSERT_TRUE(stream.config());
  EXPECT_EQ(stream.config()->width, 100);
  EXPECT_EQ(stream.config()->height, 50);
  EXPECT_EQ(stream.config()->rfc6381, "av01.0.09M.10.0.112.02.02.02.1");
  EXPECT_EQ(hex(stream.config()->av1c).substr(0, 8), "81094e00");
}

TEST(Av1Stream, LevelAndTierAreThoseOfTheFirstOperatingPoint) {
  BitWriter w;
  w.bits(2, 3).bits(0, 2);                                    // professional profile
  w.bits(1, 1).bits(1, 32).bits(30, 32).bits(1, 1).ue(0);     // timing_info with uvlc()
  w.bits(1, 1).bits(9, 5).bits(1, 32).bits(4, 5).bits(4, 5);  // decoder model: delays of 10 bits
  w.bits(1, 1).bits(1, 5);                                   // display delays; two operating points
  w.bits(0x303, 12).bits(13, 5).bits(1, 1);                  // level 5.1, high tier
  w.bits(1, 1).bits(0x3ff, 10).bits(0x3ff, 10).bits(1, 1);   // its decoder model
  w.bits(1, 1).bits(15, 4);                                  // its display delay
  w.bits(0x102, 12).bits(4, 5).bits(0, 1).bits(0, 1);        // level 3.0, no model, no delay
  w.bits(9, 4).bits(8, 4).bits(639, 10).bits(359, 9);        // size
  w.bits(1, 1).bits(0x7f, 7);                                // frame ids
  w.bits(7, 3).bits(15, 4).bits(1, 1).bits(3, 2);            // tools, order hint
  w.bits(0, 1).bits(1, 1).bits(0, 1).bits(1, 1).bits(7, 3);  // forced tools and vectors; hint bits
  w.bits(7, 3).bits(0b11, 2).bits(0, 1);                     // tools; twelve_bit, not monochrome
  w.bits(1, 1).bits(9, 8).bits(18, 8).bits(9, 8);            // BT.2020, HLG
  w.bits(0, 1).bits(1, 1).bits(0, 1);                        // range; 4:2:2
  w.bits(1, 1).bits(1, 1).bits(1, 1);
  Av1Stream stream;
  convert(stream, obu(ObuType::kSequenceHeader, w.bytes()));
  ASSERT_TRUE(stream.config());
  EXPECT_EQ(stream.config()->width, 640);
  EXPECT_EQ(stream.config()->height, 360);
  EXPECT_EQ(stream.config()->rfc6381, "av01.2.13H.12.0.100.09.18.09.0");
  EXPECT_EQ(hex(stream.config()->av1c).substr(0, 8), "814de800");
}

TEST(Av1Stream, MonochromeAndRgb) {
  const auto parse = [](unsigned profile, std::uint64_t colour, unsigned bits) {
    BitWriter w;
    w.bits(profile, 3).bits(0b11, 2).bits(0, 5).bits(0, 8).bits(0, 2).bits(0, 6);
    w.bits(colour, bits).bits(0, 1).bits(1, 1);
    const auto parsed = parse_av1_sequence(w.bytes());
    EXPECT_TRUE(parsed);
    return parsed ? av1_rfc6381(parsed.value()) : "";
  };
  // high_bitdepth 0, mono_chrome 1, no description, range 0
  EXPECT_EQ(parse(0, 0b0100, 4), "av01.0.00M.08.1.110.02.02.02.0");
  // high_bitdepth 0, description: BT.709, sRGB, identity; separate_uv_delta_q
  EXPECT_EQ(parse(1, 0b01'00000001'00001101'00000000'0, 27), "av01.1.00M.08.0.000.01.13.00.1");
}

TEST(Av1Stream, AnotherSequenceHeaderIsAChange) {
  Av1Stream stream;
  EXPECT_FALSE(convert(stream, sequence(640, 360) + frame(0, true)).config_changed);
  EXPECT_FALSE(convert(stream, sequence(640, 360) + frame(0, true)).config_changed);
  EXPECT_TRUE(convert(stream, sequence(1280, 720, 9) + frame(0, true)).config_changed);
  EXPECT_EQ(stream.config()->width, 1280);
  EXPECT_EQ(stream.config()->rfc6381, "av01.0.09H.08");
  EXPECT_FALSE(convert(stream, frame(1, true)).config_changed);
  // It is told with the next frame.
  EXPECT_FALSE(convert(stream, sequence(640, 360)).config_changed);
  EXPECT_TRUE(convert(stream, frame(0, true)).config_changed);
}

void expect_refused(const Bytes& temporal_unit, Error::Kind kind = Error::Kind::kInvalidData) {
  Av1Stream stream;
  convert(stream, key_unit());
  const auto before = stream.config();
  const auto out = stream.convert(temporal_unit);
  ASSERT_FALSE(out) << hex(temporal_unit);
  EXPECT_EQ(out.error().kind, kind) << out.error().what;
  EXPECT_EQ(stream.config(), before);
  EXPECT_EQ(hex(convert(stream, unit({kDelimiter, kKeyFrame})).bytes),
            std::string(kSequence) + kKeyFrame);
}

TEST(Av1Stream, RefusesWhatIsNoTemporalUnit) {
  expect_refused({});
  const Bytes whole = sequence(1280, 720) + frame(0, true);
  const std::size_t header = sequence(1280, 720).size();
  for (std::size_t size = 1; size < whole.size(); ++size)
    if (size != header) expect_refused(prefix(whole, size));
  expect_refused(sequence(1280, 720) + unhex("8200"));  // forbidden bit
  expect_refused(unhex("32ffffffffffffffffff50"));      // a size without end
  expect_refused(unhex("32 8080808010 50"));            // 2^32
  expect_refused(sequence(1280, 720) + frame(0, true) + unhex("1200") +
                 frame(1, true));  // two units
}

TEST(Av1Stream, RefusesADamagedSequenceHeader) {
  const Bytes whole = sequence(1280, 720);
  for (std::size_t size = 0; size + 3 < whole.size(); ++size) {
    const Bytes payload(whole.begin() + 2, whole.begin() + 2 + static_cast<std::ptrdiff_t>(size));
    expect_refused(obu(ObuType::kSequenceHeader, payload) + frame(0, true));
  }
  expect_refused(obu(ObuType::kSequenceHeader, unhex("60") + Bytes(20, 0)));  // profile 3
  expect_refused(obu(ObuType::kSequenceHeader,
                     Bytes(whole.begin() + 2, whole.end()) + Bytes(5000, 0)));  // padding
}

TEST(Av1Stream, RefusesWhatASampleEntryCannotSay) {
  expect_refused(sequence(65536, 16) + frame(0, true), Error::Kind::kUnsupported);
  expect_refused(sequence(16, 65536) + frame(0, true), Error::Kind::kUnsupported);
  expect_refused(obu(ObuType::kTileList, unhex("00")), Error::Kind::kUnsupported);
}

}  // namespace
}  // namespace rec::codec
