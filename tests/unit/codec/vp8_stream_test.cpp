// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/vp8_stream.h"

#include <gtest/gtest.h>

#include "lib/codec/vp_codec.h"
#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

// libvpx: ffmpeg -f lavfi -i testsrc=size=48x32:rate=25 -frames:v 2 -pix_fmt yuv420p -c:v libvpx
//   -b:v 20k -deadline realtime -qmin 60 -qmax 63 -f ivf. ffprobe says: vp8, profile 0, 48x32.
constexpr char kKey[] =
    "d006009d012a300020000987088585889984883b0202d46bb4181a18f4bb6043bb249d7cc41ad6a5b61e2dcb"
    "ee299fd67a8e1effd6b65ed945db5d0f0a8dad50fe9e33bae21dde5e1ee209cd7fda625cba8d9fa96fbd1db1"
    "a789a358e5c11357af93f11ea25c982d7cdf19aa037959b0aa74adcb632fe40bf8d477c064da945acfe1a5e7"
    "ee4a5e4a206c1deaf93e6f475dcfc41ff1c41cd5e2dd2c903c06da27c4a6ef1c900c8fd6c96e1d5f04504478"
    "bb5bb1c0";
constexpr char kDelta[] =
    "5102003e11d8001e98801203957aa0deb0a5450828c57e0007279807a349d193600006d8f04f4c000000";

Vp8Stream::AccessUnit convert(Vp8Stream& stream, const Bytes& frame) {
  auto out = stream.convert(frame);
  EXPECT_TRUE(out) << out.error().what;
  return out ? std::move(out.value()) : Vp8Stream::AccessUnit{};
}

// kKey with another size in its header.
Bytes key(unsigned width, unsigned height) {
  Bytes frame = unhex(kKey);
  frame[6] = static_cast<std::uint8_t>(width);
  frame[7] = static_cast<std::uint8_t>(width >> 8);
  frame[8] = static_cast<std::uint8_t>(height);
  frame[9] = static_cast<std::uint8_t>(height >> 8);
  return frame;
}

void expect_refused(const Bytes& frame) {
  Vp8Stream stream;
  convert(stream, unhex(kKey));
  const auto before = stream.config();
  const auto out = stream.convert(frame);
  ASSERT_FALSE(out) << hex(frame);
  EXPECT_EQ(out.error().kind, Error::Kind::kInvalidData);
  EXPECT_EQ(stream.config(), before);
}

TEST(Vp8Stream, KeyFrameSaysWhatItIs) {
  Vp8Stream stream;
  EXPECT_FALSE(stream.config());
  const auto out = convert(stream, unhex(kKey));
  EXPECT_EQ(hex(out.bytes), kKey);
  EXPECT_TRUE(out.key);
  EXPECT_TRUE(out.picture);
  EXPECT_FALSE(out.config_changed);
  EXPECT_EQ(stream.config(), (Vp8Config{0, 10, 48, 32, "vp08.00.10.08"}));
}

TEST(Vp8Stream, OtherFramesChangeNothing) {
  Vp8Stream stream;
  const auto early = convert(stream, unhex(kDelta));
  EXPECT_FALSE(early.key);
  EXPECT_TRUE(early.picture);
  EXPECT_FALSE(stream.config());
  convert(stream, unhex(kKey));
  const auto before = stream.config();
  const auto out = convert(stream, unhex(kDelta));
  EXPECT_EQ(hex(out.bytes), kDelta);
  EXPECT_FALSE(out.key);
  EXPECT_FALSE(out.config_changed);
  EXPECT_EQ(stream.config(), before);
}

TEST(Vp8Stream, AnotherSizeIsAChange) {
  Vp8Stream stream;
  convert(stream, unhex(kKey));
  EXPECT_FALSE(convert(stream, unhex(kKey)).config_changed);
  EXPECT_TRUE(convert(stream, key(1280, 720)).config_changed);
  EXPECT_EQ(stream.config(), (Vp8Config{0, 31, 1280, 720, "vp08.00.31.08"}));
  EXPECT_FALSE(convert(stream, key(1280, 720)).config_changed);
}

TEST(Vp8Stream, ScalingIsNoPartOfTheSize) {  // 9.1: the two highest bits
  Vp8Stream stream;
  convert(stream, key(0x8000 | 640, 0x4000 | 480));
  EXPECT_EQ(stream.config()->width, 640);
  EXPECT_EQ(stream.config()->height, 480);
}

TEST(Vp8Stream, VersionIsTheProfile) {
  // The same encoder with -profile:v 2: the first bytes of a key frame, its partition cut to
  // nothing.
  Vp8Stream stream;
  convert(stream, unhex("140000 9d012a b000 9000"));
  EXPECT_EQ(stream.config(), (Vp8Config{2, 10, 176, 144, "vp08.02.10.08"}));
}

TEST(Vp8Stream, RefusesWhatIsNoFrame) {
  expect_refused({});
  expect_refused(unhex("d006"));
  for (std::size_t size = 3; size < 10; ++size) expect_refused(prefix(unhex(kKey), size));
  expect_refused(key(0, 32));
  expect_refused(key(48, 0));
  expect_refused(key(0x4000, 32));  // scaling without a size
  Bytes frame = unhex(kKey);
  frame[4] = 0x02;  // start code
  expect_refused(frame);
  frame = unhex(kKey);
  frame[0] |= 4 << 1;  // version 4
  expect_refused(frame);
}

TEST(Vp8Stream, RefusesAFirstPartitionThatIsCutOff) {
  // The first partition of kKey has 54 bytes: 0x06d0 >> 5, behind a header of 10.
  EXPECT_TRUE(parse_vp8_frame(prefix(unhex(kKey), 64)));
  expect_refused(prefix(unhex(kKey), 63));
  // kDelta: 0x0251 >> 5 = 18, behind 3.
  EXPECT_TRUE(parse_vp8_frame(prefix(unhex(kDelta), 21)));
  expect_refused(prefix(unhex(kDelta), 20));
}

TEST(Vp8Frame, SaysWhetherItIsShown) {
  EXPECT_TRUE(parse_vp8_frame(unhex(kDelta)).value().shown);
  Bytes hidden = unhex(kDelta);
  hidden[0] &= static_cast<std::uint8_t>(~0x10u);
  EXPECT_FALSE(parse_vp8_frame(hidden).value().shown);
}

// VP9 levels: the table of the VP9 bitstream guide, at its edges.
TEST(VpLevel, IsTheLowestThatFits) {
  EXPECT_EQ(vp_level(256, 144, {15, 1}), 10);  // 36864 samples, 552960 a second
  EXPECT_EQ(vp_level(256, 144, {22, 1}), 10);
  EXPECT_EQ(vp_level(256, 144, {23, 1}), 11);  // 847872 a second
  EXPECT_EQ(vp_level(258, 144, {15, 1}), 11);  // one more column
  EXPECT_EQ(vp_level(514, 16, {15, 1}), 11);   // too wide
  EXPECT_EQ(vp_level(16, 514, {15, 1}), 11);   // too high
  EXPECT_EQ(vp_level(640, 360, {30, 1}), 21);
  EXPECT_EQ(vp_level(640, 480, {30, 1}), 30);
  EXPECT_EQ(vp_level(1280, 720, {30, 1}), 31);
  EXPECT_EQ(vp_level(1280, 720, {60, 1}), 40);
  EXPECT_EQ(vp_level(1920, 1080, {30000, 1001}), 40);
  EXPECT_EQ(vp_level(1920, 1080, {60, 1}), 41);
  EXPECT_EQ(vp_level(3840, 2160, {30, 1}), 50);
  EXPECT_EQ(vp_level(3840, 2160, {60, 1}), 51);
  EXPECT_EQ(vp_level(3840, 2160, {120, 1}), 52);
  EXPECT_EQ(vp_level(7680, 4320, {30, 1}), 60);
  EXPECT_EQ(vp_level(7680, 4320, {60, 1}), 61);
  EXPECT_EQ(vp_level(65535, 65535, {0xffffffff, 1}), 62);  // none fits, nothing overflows
}

}  // namespace
}  // namespace rec::codec
