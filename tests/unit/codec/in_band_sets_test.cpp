// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/in_band_sets.h"

#include <gtest/gtest.h>

#include "lib/codec/h265.h"
#include "tests/unit/codec/hex.h"
#include "tests/unit/codec/nals.h"

namespace rec::codec {
namespace {

using Dispensable = std::optional<std::size_t>;

// NAL units of H.264 by their type alone, and of H.265 (two bytes of header).
const Bytes kSps = unhex("6742e01f8c");
const Bytes kPps = unhex("68ce3c80");
const Bytes kAud = unhex("09f0");
const Bytes kSei = unhex("060104");
const Bytes kIdr = unhex("658884");
const Bytes kSlice = unhex("419a39");

InBandSets h264() {
  H264Config config;
  config.avcc = unhex("0142e01fffe10005 6742e01f8c 010004 68ce3c80");
  return InBandSets(config);
}

TEST(InBandSets, AreDispensableInFrontIfTheRecordHasThem) {
  EXPECT_EQ(h264().dispensable(prefixed({kSps, kPps, kIdr})), Dispensable(4 + 5 + 4 + 4));
  EXPECT_EQ(h264().dispensable(prefixed({kAud, kPps, kSps, kSei, kIdr})),
            Dispensable(4 + 2 + 4 + 5 + 4 + 4));
  EXPECT_EQ(h264().dispensable(prefixed({kPps, kSlice})), Dispensable(4 + 4));
}

TEST(InBandSets, NothingIsLeftOutOfASampleWithoutSets) {
  EXPECT_EQ(h264().dispensable(prefixed({kSlice, kSlice})), Dispensable(0));
  EXPECT_EQ(h264().dispensable(prefixed({kAud, kSei, kIdr})), Dispensable(0));
}

TEST(InBandSets, OthersStay) {
  const Bytes other = unhex("6742e01e8c");
  const Bytes longer = unhex("68ce3c8000");
  EXPECT_EQ(h264().dispensable(prefixed({other, kPps, kIdr})), std::nullopt);
  EXPECT_EQ(h264().dispensable(prefixed({kSps, longer, kIdr})), std::nullopt);
}

TEST(InBandSets, SetsBehindSomethingElseStay) {
  EXPECT_EQ(h264().dispensable(prefixed({kSei, kSps, kPps, kIdr})), std::nullopt);
  EXPECT_EQ(h264().dispensable(prefixed({kSps, kPps, kIdr, kPps})), std::nullopt);
}

TEST(InBandSets, ASampleOfNothingElseStays) {
  EXPECT_EQ(h264().dispensable(prefixed({kSps, kPps})), std::nullopt);
  EXPECT_EQ(h264().dispensable(unhex("00000005 6742")), std::nullopt);  // it ends too early
}

TEST(InBandSets, OfH265) {
  const Bytes vps = unhex("40010c01");
  const Bytes sps = unhex("420101");
  const Bytes pps = unhex("4401c0");
  const Bytes idr = unhex("2601af");
  const Bytes delimiter = unhex("460150");
  H265Config config;
  config.hvcc = Bytes(22, 1);
  for (const char* array :
       {"03", "20 0001 0004 40010c01", "21 0001 0003 420101", "22 0001 0003 4401c0"}) {
    const Bytes bytes = unhex(array);
    config.hvcc.insert(config.hvcc.end(), bytes.begin(), bytes.end());
  }
  const InBandSets sets(config);
  EXPECT_EQ(sets.dispensable(prefixed({delimiter, vps, sps, pps, idr})),
            Dispensable(4 * 4 + 3 + 4 + 3 + 3));
  EXPECT_EQ(sets.dispensable(prefixed({vps, sps, unhex("4401c1"), idr})), std::nullopt);
  EXPECT_EQ(sets.dispensable(prefixed({idr})), Dispensable(0));
}

TEST(InBandSets, OtherCodecsHaveNone) {
  EXPECT_EQ(InBandSets(Vp8Config{}).dispensable(unhex("00000002 6742")), Dispensable(0));
}

}  // namespace
}  // namespace rec::codec
