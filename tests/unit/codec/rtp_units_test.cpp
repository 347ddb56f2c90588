// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which units of H.265, VP8 and VP9 go on to a depayloader. What all have in common is tested with
// H.264.
#include "lib/codec/rtp_units.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

// Plays the front: a unit is a list of payloads, "" is one that is lost, the last one has the
// marker bit. What goes on is counted in `packets`, what is not used although it came in
// `given_up`.
class Played {
 public:
  explicit Played(const char* encoding) : units_(RtpUnits::create(encoding)) {}

  Played& unit(std::initializer_list<const char*> payloads) {
    ++timestamp_;
    std::size_t left = payloads.size();
    for (const char* payload : payloads) {
      --left;
      ++sequence_;
      const Bytes bytes = unhex(payload);
      if (bytes.empty()) {
        gap_ = true;
        continue;
      }
      const auto verdict = units_->add({.timestamp = timestamp_,
                                        .sequence = sequence_,
                                        .marker = left == 0,
                                        .after_gap = std::exchange(gap_, false),
                                        .payload = bytes});
      settle(verdict.before);
      held_ += verdict.taken ? 1 : 0;
      begins += verdict.taken && verdict.begins_nal ? 1 : 0;
      given_up += verdict.given_up ? 1 : 0;
      settle(verdict.after);
    }
    return *this;
  }

  int units = 0;
  int packets = 0;
  int begins = 0;
  int given_up = 0;

 private:
  void settle(RtpUnits::Held held) {
    if (held == RtpUnits::Held::kRelease) {
      ++units;
      packets += held_;
    }
    if (held != RtpUnits::Held::kStay) held_ = 0;
  }

  const std::shared_ptr<RtpUnits> units_;
  std::uint32_t timestamp_ = 0;
  std::uint16_t sequence_ = 65530;
  bool gap_ = false;
  int held_ = 0;
};

TEST(RtpUnits, EncodingsWhosePacketsStandForThemselves) {
  for (const char* encoding : {"OPUS", "PCMU", "AV1", "h264", ""})
    EXPECT_EQ(RtpUnits::create(encoding), nullptr) << encoding;
}

// RFC 7741, 4.2: X N S PID; then I L T K.
TEST(Vp8RtpUnits, AFrameBeginsWithPartitionZero) {
  const Played played = Played("VP8").unit({"10 aa", "00 bb", "11 cc"}).unit({"10 aa"});
  EXPECT_EQ(played.units, 2);
  EXPECT_EQ(played.packets, 4);
  EXPECT_EQ(played.begins, 2);
}

TEST(Vp8RtpUnits, AFrameWithoutItsBeginningIsDiscarded) {
  const Played lost = Played("VP8").unit({"10 aa"}).unit({"", "00 bb", "11 cc"}).unit({"10 aa"});
  EXPECT_EQ(lost.units, 2);
  EXPECT_EQ(lost.packets, 2);
  // As when the first packet of all is lost: no gap says so.
  const Played first = Played("VP8").unit({"11 bb"}).unit({"10 aa"});
  EXPECT_EQ(first.units, 1);
  EXPECT_EQ(first.given_up, 1);
}

TEST(Vp8RtpUnits, AFrameThatMissesAPacketIsDiscarded) {
  EXPECT_EQ(Played("VP8").unit({"10 aa", "", "00 bb"}).unit({"10 aa"}).units, 1);
  EXPECT_EQ(Played("VP8").unit({"10 aa", "00 bb", ""}).unit({"10 aa"}).units, 1);
}

TEST(Vp8RtpUnits, AFrameBeginsOnce) {
  EXPECT_EQ(Played("VP8").unit({"10 aa", "10 bb"}).unit({"10 aa"}).units, 1);
}

TEST(Vp8RtpUnits, APacketHasMoreThanItsDescriptor) {
  // X; I and a picture ID of 7 bits, of 15 bits; L; T and K share a byte.
  for (const char* whole : {"90 00 aa", "90 80 12 aa", "90 80 92 34 aa", "90 40 01 aa",
                            "90 30 01 aa", "90 f0 92 34 01 02 aa"})
    EXPECT_EQ(Played("VP8").unit({whole}).units, 1) << whole;
  for (const char* cut : {"10", "90", "90 00", "90 80 12", "90 80 92 34", "90 40 01", "90 30 01",
                          "90 f0 92 34 01 02"})
    EXPECT_EQ(Played("VP8").unit({cut}).units, 0) << cut;
}

// RFC 9628, 4.2: I P L F B E V Z; then the picture ID, TID U SID D, TL0PICIDX, P_DIFF.
TEST(Vp9RtpUnits, APictureBeginsWithItsLowestLayer) {
  EXPECT_EQ(Played("VP9").unit({"08 aa", "00 bb", "04 cc"}).units, 1);
  // Two spatial layers.
  const Played layers = Played("VP9").unit({"2c 00 01 aa", "2c 03 01 bb"});
  EXPECT_EQ(layers.units, 1);
  EXPECT_EQ(layers.packets, 2);
  EXPECT_EQ(Played("VP9").unit({"2c 03 01 bb"}).units, 0);
  EXPECT_EQ(Played("VP9").unit({"ac 92 34 03 01 bb"}).units, 0);
  EXPECT_EQ(Played("VP9").unit({"ac 92 34 00 01 bb"}).units, 1);
}

TEST(Vp9RtpUnits, APictureWithoutItsBeginningIsDiscarded) {
  const Played lost = Played("VP9").unit({"08 aa"}).unit({"", "00 bb", "04 cc"}).unit({"08 aa"});
  EXPECT_EQ(lost.units, 2);
  EXPECT_EQ(Played("VP9").unit({"04 bb"}).unit({"0c aa"}).units, 1);
  EXPECT_EQ(Played("VP9").unit({"08 aa", "", "04 bb"}).unit({"0c aa"}).units, 1);
}

TEST(Vp9RtpUnits, APacketHasMoreThanItsDescriptor) {
  for (const char* whole : {"08 aa", "88 12 aa", "88 92 34 aa", "28 00 01 aa", "38 00 aa",
                            "58 02 aa", "58 03 02 aa", "58 03 03 03 aa"})
    EXPECT_EQ(Played("VP9").unit({whole}).units, 1) << whole;
  for (const char* cut :
       {"08", "88", "88 12", "88 92 34", "28 00 01", "38 00", "58 02", "58 03 02", "58 03 03 03"})
    EXPECT_EQ(Played("VP9").unit({cut}).units, 0) << cut;
}

// RFC 7798, 4.4. NAL unit headers: 4001 VPS, 4201 SPS, 4401 PPS, 2601 IDR, 0201 TRAIL_R, 4e01 SEI,
// 6001 aggregation packet, 6201 fragmentation unit with 93, 13, 53 for the pieces of an IDR slice.
constexpr char kVps[] = "4001 0c";
constexpr char kSps[] = "4201 01";
constexpr char kPps[] = "4401 c1";
constexpr char kIdr[] = "2601 af";  // first_slice_segment_in_pic_flag
constexpr char kFurtherIdr[] = "2601 2f";
constexpr char kSlice[] = "0201 d0";
constexpr char kFurther[] = "0201 50";
constexpr char kSei[] = "4e01 05";
constexpr char kSets[] = "6001 0003 40010c 0003 420101 0003 4401c1";
constexpr char kStart[] = "6201 93 af";
constexpr char kLateStart[] = "6201 93 2f";
constexpr char kMiddle[] = "6201 13 aa";
constexpr char kEnd[] = "6201 53 aa";

TEST(H265RtpUnits, WholeUnitsGoOn) {
  const Played played = Played("H265")
                            .unit({kVps, kSps, kPps, kStart, kMiddle, kEnd, kFurtherIdr})
                            .unit({kSei, kSlice, kFurther})
                            .unit({kSets, kIdr});
  EXPECT_EQ(played.units, 3);
  EXPECT_EQ(played.packets, 7 + 3 + 2);
  EXPECT_EQ(played.begins, 5 + 3 + 2);
  EXPECT_EQ(played.given_up, 0);
}

TEST(H265RtpUnits, APictureWithoutItsFirstSliceIsDiscarded) {
  EXPECT_EQ(Played("H265").unit({"", kFurther}).unit({kSlice}).units, 1);
  EXPECT_EQ(Played("H265").unit({kSei, kFurther}).unit({kSlice}).units, 1);
  EXPECT_EQ(Played("H265").unit({"", kLateStart, kEnd}).unit({kSlice}).units, 1);
  EXPECT_EQ(Played("H265").unit({"", kMiddle, kEnd}).unit({kSlice}).units, 1);
  EXPECT_EQ(Played("H265").unit({"6001 0003 020150 0003 020150"}).unit({kSlice}).units, 1);
}

TEST(H265RtpUnits, AKeyPictureAfterAGapBeginsLikeTheOthers) {
  EXPECT_EQ(Played("H265").unit({kVps, kSps, kPps, kIdr}).unit({"", kSps, kPps, kIdr}).units, 1);
  EXPECT_EQ(Played("H265").unit({kSets, kIdr}).unit({"", kIdr}).unit({kSets, kIdr}).units, 2);
}

TEST(H265RtpUnits, SetsBetweenSlicesAreLeftOut) {
  const Played played = Played("H265").unit({kSets, kIdr, kSets, kFurtherIdr}).unit({kSets, kIdr});
  EXPECT_EQ(played.units, 2);
  EXPECT_EQ(played.packets, 3 + 2);
}

TEST(H265RtpUnits, WhatTheStandardDoesNotHaveIsDiscarded) {
  for (const char* odd : {"0201", "8201 d0", "6201 93", "6201 d3 af", "6401 d0", "6001 0003 0201",
                          "6001 0002 0201", "6001", "6001 0003 620193", "6201 b1 af"})
    EXPECT_EQ(Played("H265").unit({odd}).units, 0) << odd;
}

}  // namespace
}  // namespace rec::codec
