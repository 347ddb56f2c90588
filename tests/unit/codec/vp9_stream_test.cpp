// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/vp9_stream.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/bit_writer.h"
#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

// libvpx: ffmpeg -f lavfi -i testsrc=size=48x32:rate=25 -pix_fmt yuv420p -c:v libvpx-vp9 -f ivf.
// Only the beginning of the key frame: what follows is not read.
constexpr char kKey[] = "824983420002f001f60638241c18420001307cb1fbf2ed22";
constexpr char kDelta[] = "860040921c0c5fe000032000000cf8";
// The second sample of two passes with -auto-alt-ref 1 (mandelbrot=size=48x32): a hidden frame of
// 100 bytes and a shown one of 15.
constexpr char kSuperframe[] =
    "840080497b08aac0000670000073511706ddea3eb3f5950222ce13bf785617bf37457d39ff9b538d22a7f119"
    "e9913f41dab6c1baef51dd8300d62781ace16ce8bbde32fa7590790edd30755105f9bf65799b63a9c470d7c9"
    "25655e8f1115aa9f896f3fb0860040961c005fe000032000000cf8c1640fc1";

using Frames = std::vector<Bytes>;

Bytes superframe(const Frames& frames, unsigned size_bytes = 2) {
  Bytes out;
  const auto marker = static_cast<std::uint8_t>(0xc0 | (size_bytes - 1) << 3 | (frames.size() - 1));
  for (const Bytes& frame : frames) out.insert(out.end(), frame.begin(), frame.end());
  out.push_back(marker);
  for (const Bytes& frame : frames)
    for (unsigned i = 0; i < size_bytes; ++i)
      out.push_back(static_cast<std::uint8_t>(frame.size() >> 8 * i));
  out.push_back(marker);
  return out;
}

Vp9Stream::AccessUnit convert(Vp9Stream& stream, const Bytes& sample) {
  auto out = stream.convert(sample);
  EXPECT_TRUE(out) << out.error().what;
  return out ? std::move(out.value()) : Vp9Stream::AccessUnit{};
}

struct Header {  // of profile 0
  BitWriter w;
  explicit Header(bool key, bool shown = true) {
    w.bits(0b100, 3).bits(0, 1);                                  // marker and profile, profile
    w.bits(0, 1).bits(key ? 0 : 1, 1).bits(shown, 1).bits(0, 1);  // error_resilient_mode 0
  }
  Bytes bytes() const { return w.bytes(); }
};

Bytes key_frame(std::uint32_t width, std::uint32_t height, bool shown = true) {
  Header h(true, shown);
  h.w.bits(0x498342, 24).bits(0, 3).bits(0, 1).bits(width - 1, 16).bits(height - 1, 16);
  return h.bytes();
}

Bytes intra_only(std::uint32_t width, std::uint32_t height, unsigned refresh) {
  Header h(false, /*shown=*/false);
  h.w.bits(1, 1).bits(0, 2).bits(0x498342, 24).bits(refresh, 8);
  h.w.bits(width - 1, 16).bits(height - 1, 16);
  return h.bytes();
}

Header inter(unsigned refresh, std::array<unsigned, 3> refs, bool shown = true) {
  Header h(false, shown);
  if (!shown) h.w.bits(0, 1);  // intra_only
  h.w.bits(0, 2).bits(refresh, 8);
  for (const unsigned ref : refs) h.w.bits(ref, 3).bits(0, 1);
  return h;
}
// The size of the `which`-th of its references.
Bytes inter_as(unsigned which, unsigned refresh, std::array<unsigned, 3> refs) {
  Header h = inter(refresh, refs);
  h.w.bits(1, which + 1);  // found_ref: which times 0, then 1
  return h.bytes();
}
Bytes inter_sized(std::uint32_t width, std::uint32_t height, unsigned refresh, bool shown = true) {
  Header h = inter(refresh, {0, 1, 2}, shown);
  h.w.bits(0, 3).bits(width - 1, 16).bits(height - 1, 16);
  return h.bytes();
}
Bytes show_existing(unsigned slot) { return {static_cast<std::uint8_t>(0x88 | slot)}; }

std::string size_of(const Vp9Stream& stream) {
  if (!stream.config()) return "none";
  return std::to_string(stream.config()->width) + "x" + std::to_string(stream.config()->height);
}

TEST(Vp9Stream, KeyFrameSaysWhatItIs) {
  Vp9Stream stream;
  EXPECT_FALSE(stream.config());
  const auto key = convert(stream, unhex(kKey));
  EXPECT_EQ(hex(key.bytes), kKey);
  EXPECT_TRUE(key.key);
  EXPECT_TRUE(key.picture);
  EXPECT_FALSE(key.config_changed);
  Vp9Config expected;
  expected.width = 48;
  expected.height = 32;
  expected.rfc6381 = "vp09.00.10.08";
  EXPECT_EQ(stream.config(), expected);

  const auto delta = convert(stream, unhex(kDelta));
  EXPECT_EQ(hex(delta.bytes), kDelta);
  EXPECT_FALSE(delta.key);
  EXPECT_FALSE(delta.config_changed);
  EXPECT_EQ(stream.config(), expected);
}

struct Flavour {
  const char* key;  // libvpx, but for the last
  unsigned profile, bit_depth, chroma, full_range, primaries, transfer, matrix;
  const char* rfc6381;
};

// What ffprobe says of each: pix_fmt, color_range, color_space.
TEST(Vp9Stream, EveryProfile) {
  const Flavour flavours[] = {
      // yuv422p, tv, unknown
      {"a249834208005e003ec1070483832e00", 1, 8, 2, 0, 2, 2, 2, "vp09.01.10.08.02.02.02.02.00"},
      // yuv420p10le, tv, bt2020nc
      {"9249834250017800fb201c120e0cb800", 2, 10, 1, 0, 9, 14, 9, "vp09.02.10.10.01.09.14.09.00"},
      // yuv444p10le, pc, bt709
      {"b124c1a1140017800fb001c120e0cb80", 3, 10, 3, 1, 1, 1, 1, "vp09.03.10.10.03.01.01.01.01"},
      // gbrp, pc, gbr
      {"a2498342e002f001f63038241c197000", 1, 8, 3, 1, 1, 13, 0, "vp09.01.10.08.03.01.13.00.01"},
      // written by hand: color_space 5, the size of kKey
      {"82498342a002f001f0", 0, 8, 1, 0, 9, 1, 9, "vp09.00.10.08.01.09.01.09.00"},
  };
  for (const Flavour& f : flavours) {
    SCOPED_TRACE(f.rfc6381);
    Vp9Stream stream;
    EXPECT_TRUE(convert(stream, unhex(f.key)).key);
    ASSERT_TRUE(stream.config());
    const Vp9Config& c = *stream.config();
    EXPECT_EQ(c.profile, f.profile);
    EXPECT_EQ(c.bit_depth, f.bit_depth);
    EXPECT_EQ(c.chroma_subsampling, f.chroma);
    EXPECT_EQ(c.full_range, f.full_range != 0);
    EXPECT_EQ(c.primaries, f.primaries);
    EXPECT_EQ(c.transfer, f.transfer);
    EXPECT_EQ(c.matrix, f.matrix);
    EXPECT_EQ(c.rfc6381, f.rfc6381);
    EXPECT_EQ(size_of(stream), "48x32");
  }
}

TEST(Vp9Stream, OtherFramesOfEveryProfileAreRead) {
  for (const char* delta : {"a60040921c005fe000032000000cf8", "960040921c005fe000032000000cf8",
                            "b30020490e002ff00001802000000cf8"}) {
    Vp9Stream stream;
    convert(stream, unhex(kKey));
    EXPECT_FALSE(convert(stream, unhex(delta)).key) << delta;
    EXPECT_EQ(size_of(stream), "48x32") << delta;
  }
}

TEST(Vp9Stream, ASuperframeIsOneSample) {
  const Bytes sample = unhex(kSuperframe);
  const auto split = split_vp9_superframe(sample);
  ASSERT_TRUE(split);
  ASSERT_EQ(split.value().count, 2u);
  EXPECT_EQ(split.value().frames[0].size(), 100u);
  EXPECT_EQ(split.value().frames[1].size(), 15u);
  EXPECT_FALSE(parse_vp9_frame(split.value().frames[0]).value().shown);
  EXPECT_TRUE(parse_vp9_frame(split.value().frames[1]).value().shown);

  Vp9Stream stream;
  convert(stream, unhex(kKey));
  const auto out = convert(stream, unhex(kSuperframe));
  EXPECT_EQ(hex(out.bytes), kSuperframe);
  EXPECT_FALSE(out.key);
  EXPECT_FALSE(out.config_changed);
}

TEST(Vp9Stream, ASuperframeIsAKeyIfItsFirstFrameIs) {
  for (unsigned size_bytes = 1; size_bytes <= 4; ++size_bytes) {
    Vp9Stream stream;
    EXPECT_TRUE(convert(stream, superframe({unhex(kKey), unhex(kDelta)}, size_bytes)).key);
    EXPECT_FALSE(convert(stream, superframe({unhex(kDelta), unhex(kKey)}, size_bytes)).key);
  }
}

// Spatial layers: the picture is the last one.
TEST(Vp9Stream, TheSizeOfASuperframeIsThatOfItsLastShownFrame) {
  Vp9Stream stream;
  convert(stream,
          superframe({key_frame(160, 90), inter_sized(320, 180, 2), inter_sized(640, 360, 4)}));
  EXPECT_EQ(size_of(stream), "640x360");
  convert(stream, superframe({key_frame(160, 90), inter_sized(640, 360, 4, /*shown=*/false)}));
  EXPECT_EQ(size_of(stream), "160x90");
}

TEST(Vp9Stream, AHiddenKeyFrameHasASizeToo) {
  Vp9Stream stream;
  EXPECT_TRUE(convert(stream, key_frame(160, 90, /*shown=*/false)).key);
  EXPECT_EQ(size_of(stream), "160x90");
}

TEST(Vp9Stream, ShowsAnExistingFrame) {
  Vp9Stream stream;
  convert(stream, key_frame(160, 90));
  convert(stream, inter_sized(320, 180, 1 << 3));
  EXPECT_EQ(size_of(stream), "320x180");
  const auto out = convert(stream, show_existing(2));
  EXPECT_FALSE(out.key);
  EXPECT_TRUE(out.picture);
  EXPECT_TRUE(out.config_changed);
  EXPECT_EQ(size_of(stream), "160x90");
  convert(stream, show_existing(3));
  EXPECT_EQ(size_of(stream), "320x180");
}

TEST(Vp9Stream, AnIntraOnlyFrameIsNoKey) {
  Vp9Stream stream;
  EXPECT_FALSE(convert(stream, intra_only(160, 90, 0xff)).key);
  EXPECT_FALSE(stream.config());
  convert(stream, key_frame(320, 180));
  EXPECT_FALSE(convert(stream, intra_only(160, 90, 1 << 5)).key);
  EXPECT_EQ(size_of(stream), "320x180");  // it is not shown
  EXPECT_TRUE(convert(stream, show_existing(5)).config_changed);
  EXPECT_EQ(size_of(stream), "160x90");
}

TEST(Vp9Stream, AnotherSizeAtAKeyFrameIsAChange) {
  Vp9Stream stream;
  convert(stream, key_frame(640, 360));
  EXPECT_FALSE(convert(stream, key_frame(640, 360)).config_changed);
  EXPECT_TRUE(convert(stream, key_frame(1280, 720)).config_changed);
  EXPECT_EQ(stream.config()->rfc6381, "vp09.00.31.08");
  EXPECT_FALSE(convert(stream, key_frame(1280, 720)).config_changed);
}

TEST(Vp9Stream, AnotherSizeAtAnInterFrameIsAChange) {  // libvpx's dynamic resize
  Vp9Stream stream;
  convert(stream, key_frame(1280, 720));
  EXPECT_TRUE(convert(stream, inter_sized(640, 360, 1 << 1)).config_changed);
  EXPECT_EQ(size_of(stream), "640x360");
  EXPECT_FALSE(convert(stream, inter_as(0, 0, {1, 0, 2})).config_changed);
  EXPECT_EQ(size_of(stream), "640x360");
  EXPECT_TRUE(convert(stream, inter_as(1, 0, {1, 0, 2})).config_changed);
  EXPECT_EQ(size_of(stream), "1280x720");
  EXPECT_TRUE(convert(stream, inter_as(2, 1 << 7, {0, 0, 1})).config_changed);
  EXPECT_TRUE(convert(stream, key_frame(1280, 720)).config_changed);
  convert(stream, show_existing(7));
  EXPECT_EQ(size_of(stream), "1280x720");  // the key frame filled all slots
}

// vp9enc end-usage=cbr resize-allowed=true: frames 0, 59, 60, 61 and 90 of a stream that is
// starved, cut off. ffprobe says: 640x360, from frame 60 on 480x270, from frame 90 on 320x180.
TEST(Vp9Stream, FollowsTheDynamicResizeOfLibvpx) {
  Vp9Stream stream;
  convert(stream, unhex("824983422027f016763438241c194810"));
  EXPECT_FALSE(convert(stream, unhex("8600409273f17f840006700000000008")).config_changed);
  EXPECT_EQ(size_of(stream), "640x360");
  EXPECT_TRUE(convert(stream, unhex("8600c09000ef8086c09fc059dcfc5fe1")).config_changed);
  EXPECT_EQ(size_of(stream), "480x270");
  EXPECT_FALSE(convert(stream, unhex("86004093027f016773f17f84001e73bf")).config_changed);
  EXPECT_TRUE(convert(stream, unhex("8600c090009f8059c09fc059dcfc5fe0")).config_changed);
  EXPECT_EQ(size_of(stream), "320x180");
}

TEST(Vp9Stream, AStreamThatBeginsInTheMiddleWaitsForAKey) {
  Vp9Stream stream;
  const auto out = convert(stream, unhex(kDelta));
  EXPECT_FALSE(out.key);
  EXPECT_TRUE(out.picture);
  EXPECT_FALSE(stream.config());
  convert(stream, inter_sized(640, 360, 0));
  EXPECT_FALSE(stream.config());
  convert(stream, unhex(kKey));
  EXPECT_EQ(size_of(stream), "48x32");
}

TEST(Vp9Stream, TheLevelReckonsWithTheRate) {
  Vp9Stream stream;
  stream.set_frame_rate({60, 1});
  convert(stream, key_frame(1280, 720));
  EXPECT_EQ(stream.config()->level, 40);
  EXPECT_EQ(stream.config()->rfc6381, "vp09.00.40.08");
  stream.set_frame_rate({0, 1});  // variable: 30
  EXPECT_FALSE(convert(stream, inter_as(0, 0, {0, 0, 0})).config_changed);
  convert(stream, key_frame(1280, 720));
  EXPECT_EQ(stream.config()->level, 31);
  convert(stream, key_frame(256, 144));  // its size alone would be level 1
  EXPECT_EQ(stream.config()->level, 11);
  stream.set_frame_rate({15, 0});
  convert(stream, key_frame(1280, 720));
  EXPECT_EQ(stream.config()->level, 31);
}

void expect_refused(const Bytes& sample, Error::Kind kind = Error::Kind::kInvalidData) {
  Vp9Stream stream;
  convert(stream, key_frame(320, 180));
  convert(stream, inter_sized(640, 360, 1 << 4));
  const auto before = stream.config();
  const auto out = stream.convert(sample);
  ASSERT_FALSE(out) << hex(sample);
  EXPECT_EQ(out.error().kind, kind) << out.error().what;
  EXPECT_EQ(stream.config(), before);
  convert(stream, inter_as(0, 0, {4, 0, 0}));  // the references are as they were
  EXPECT_EQ(stream.config(), before);
}

TEST(Vp9Stream, RefusesWhatIsNoFrame) {
  expect_refused({});
  expect_refused(unhex("00"));  // no frame marker
  for (std::size_t size = 1; size < 9; ++size) expect_refused(prefix(unhex(kKey), size));
  for (std::size_t size = 1; size < 4; ++size) expect_refused(prefix(unhex(kDelta), size));
  Bytes frame = unhex(kKey);
  frame[2] ^= 1;  // sync code
  expect_refused(frame);
  // Of a superframe whose second frame is damaged, the first one is not remembered.
  expect_refused(superframe({key_frame(160, 90), unhex("00")}));
}

TEST(Vp9Stream, RefusesASuperframeWithWrongSizes) {
  expect_refused(superframe({unhex(kKey), {}}));
  EXPECT_FALSE(split_vp9_superframe(superframe({unhex(kKey), {}})));
  Bytes sample = superframe({unhex(kKey), unhex(kDelta)});
  sample[sample.size() - 3] += 1;  // one byte more than there is
  expect_refused(sample);
  expect_refused(unhex("c0 01 c0"));  // an index alone
}

// The same byte at one end only is data.
TEST(Vp9Stream, AFrameMayEndLikeAnIndex) {
  Bytes frame = unhex(kKey);
  frame.push_back(0xc1);
  const auto split = split_vp9_superframe(frame);
  ASSERT_TRUE(split);
  EXPECT_EQ(split.value().count, 1u);
  EXPECT_EQ(split.value().frames[0].size(), frame.size());
}

TEST(Vp9Stream, RefusesReservedValues) {
  // Profile 3 with its reserved bit; RGB in profile 0; 4:2:0 in profile 1.
  expect_refused(BitWriter().bits(0b10111, 5).bits(0, 64).bytes());
  expect_refused(BitWriter().bits(0x82, 8).bits(0x498342, 24).bits(7, 3).bits(0, 64).bytes());
  expect_refused(
      BitWriter().bits(0xa2, 8).bits(0x498342, 24).bits(0b0000110, 7).bits(0, 64).bytes());
}

TEST(Vp9Stream, RefusesWhatASampleEntryCannotSay) {
  expect_refused(key_frame(65536, 16), Error::Kind::kUnsupported);
  expect_refused(key_frame(16, 65536), Error::Kind::kUnsupported);
  expect_refused(inter_sized(65536, 16, 0), Error::Kind::kUnsupported);
  // 4:4:0
  expect_refused(
      BitWriter().bits(0xa2, 8).bits(0x498342, 24).bits(0b0000010, 7).bits(0, 64).bytes(),
      Error::Kind::kUnsupported);
}

}  // namespace
}  // namespace rec::codec
