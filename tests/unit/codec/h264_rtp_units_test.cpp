// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h264_rtp_units.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "lib/codec/rtp_order.h"
#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

using Place = RtpOrder::Place;

TEST(RtpOrder, CountsWhatIsMissing) {
  RtpOrder order;
  EXPECT_EQ(order.add(1, 10), Place::kNext);
  EXPECT_EQ(order.add(1, 11), Place::kNext);
  EXPECT_EQ(order.lost(), 0u);
  EXPECT_EQ(order.add(1, 15), Place::kAfterGap);
  EXPECT_EQ(order.lost(), 3u);
  EXPECT_EQ(order.add(1, 16), Place::kNext);
  order.lose();
  EXPECT_EQ(order.lost(), 4u);
}

TEST(RtpOrder, SequenceNumbersWrap) {
  RtpOrder order;
  EXPECT_EQ(order.add(1, 65534), Place::kNext);
  EXPECT_EQ(order.add(1, 65535), Place::kNext);
  EXPECT_EQ(order.add(1, 0), Place::kNext);
  EXPECT_EQ(order.add(1, 2), Place::kAfterGap);
  EXPECT_EQ(order.lost(), 1u);
}

TEST(RtpOrder, LateAndRepeatedPacketsChangeNothing) {
  RtpOrder order;
  order.add(1, 200);
  EXPECT_EQ(order.add(1, 200), Place::kOld);
  EXPECT_EQ(order.add(1, 101), Place::kOld);
  EXPECT_EQ(order.add(1, 201), Place::kNext);
  EXPECT_EQ(order.lost(), 0u);
}

TEST(RtpOrder, AnotherSenderOrOneThatBeginsAnewIsALoss) {
  RtpOrder order;
  order.add(1, 200);
  EXPECT_EQ(order.add(1, 100), Place::kAnew);
  EXPECT_EQ(order.lost(), 1u);
  EXPECT_EQ(order.add(2, 101), Place::kAnew);
  EXPECT_EQ(order.lost(), 2u);
  EXPECT_EQ(order.add(2, 102), Place::kNext);
}

// Plays the front: each packet is called by one letter, units come out in brackets.
class Held {
 public:
  // Payloads: A access unit delimiter, S and P parameter sets, M both in a STAP-A, E SEI, I IDR
  // slice, i a further one, p slice; [ - ] start, middle and end of a fragmented one, { _ } of an
  // IDR slice; ? nothing that RFC 6184 has; x is a packet that is lost.
  Held& packets(std::uint32_t timestamp, const std::string& letters, bool marker = true) {
    for (std::size_t i = 0; i < letters.size(); ++i, ++sequence_) {
      if (letters[i] == 'x') {
        gap_ = true;
        continue;
      }
      const Bytes bytes = payload(letters[i]);
      const auto verdict = units_.add({.timestamp = timestamp,
                                       .sequence = sequence_,
                                       .marker = marker && i + 1 == letters.size(),
                                       .after_gap = std::exchange(gap_, false),
                                       .payload = bytes});
      settle(verdict.before);
      given_up += verdict.given_up ? 1 : 0;
      if (verdict.taken) held_ += letters[i];
      begins += verdict.taken && verdict.begins_nal ? letters.substr(i, 1) : "";
      settle(verdict.after);
    }
    return *this;
  }
  Held& finish() {
    settle(units_.finish());
    return *this;
  }
  bool holds_nothing() const { return held_.empty(); }

  std::string out;
  std::string begins;  // packets in which a NAL unit begins
  int given_up = 0;

 private:
  void settle(H264RtpUnits::Held held) {
    if (held == H264RtpUnits::Held::kRelease) out += "(" + held_ + ")";
    if (held != H264RtpUnits::Held::kStay) held_.clear();
  }
  static Bytes payload(char letter) {
    switch (letter) {
      case 'A': return unhex("09f0");
      case 'S': return unhex("6742c00a");
      case 'P': return unhex("68cb80");
      case 'M': return unhex("78 0004 6742c00a 0003 68cb80");
      case 'E': return unhex("060501");
      case 'I': return unhex("658884");
      case 'i': return unhex("650888");
      case 'p': return unhex("419a39");
      case '[': return unhex("7c81 9a39");
      case '{': return unhex("7c85 8884");
      case '-': return unhex("7c01 1122");
      case ']': return unhex("7c41 1122");
      case '_': return unhex("7c05 1122");
      case '}': return unhex("7c45 1122");
      default: return unhex("7f00");
    }
  }

  H264RtpUnits units_;
  std::string held_;
  std::uint16_t sequence_ = 65530;
  bool gap_ = false;
};

TEST(H264RtpUnits, AUnitGoesOnWithItsLastPacket) {
  Held held;
  held.packets(0, "ASP{_", false);
  EXPECT_EQ(held.out, "");
  held.packets(0, "}");
  EXPECT_EQ(held.out, "(ASP{_})");
  EXPECT_EQ(held.begins, "ASP{");
  held.packets(3000, "p").packets(6000, "pp");
  EXPECT_EQ(held.out, "(ASP{_})(p)(pp)");
  EXPECT_EQ(held.given_up, 0);
}

TEST(H264RtpUnits, WithoutMarkersTheNextTimestampEndsIt) {
  Held held;
  held.packets(0, "ASPI", false).packets(3000, "[]", false).packets(6000, "p", false);
  EXPECT_EQ(held.out, "(ASPI)([])");
  EXPECT_EQ(held.finish().out, "(ASPI)([])(p)");
}

TEST(H264RtpUnits, WithMarkersWhatHasNoneAtTheEndIsIncomplete) {
  Held held;
  held.packets(0, "SPI").packets(3000, "pp", false).finish();
  EXPECT_EQ(held.out, "(SPI)");
  EXPECT_TRUE(held.holds_nothing());
}

TEST(H264RtpUnits, AUnitThatMissesAPacketIsDiscarded) {
  EXPECT_EQ(Held().packets(0, "SPI").packets(1, "pxp").packets(2, "p").out, "(SPI)(p)");
  EXPECT_EQ(Held().packets(0, "SPI").packets(1, "[x]").packets(2, "p").out, "(SPI)(p)");
  EXPECT_EQ(Held().packets(0, "SPI").packets(1, "ppx").packets(2, "p").out, "(SPI)(p)");
  EXPECT_EQ(Held().packets(0, "SPI").packets(1, "[x").packets(2, "[]").out, "(SPI)([])");
  EXPECT_EQ(Held().packets(0, "SPI").packets(1, "px").packets(2, "x").packets(3, "p").out,
            "(SPI)(p)");
}

// The beginning of a fragmentation unit is missing.
TEST(H264RtpUnits, AUnitThatMissesItsFirstPacketIsDiscardedIfThatCanBeSeen) {
  EXPECT_EQ(Held().packets(0, "SPI").packets(1, "x-]").packets(2, "p").out, "(SPI)(p)");
  Held first;
  first.packets(0, "-]").packets(1, "SPI");
  EXPECT_EQ(first.out, "(SPI)");
  EXPECT_EQ(first.given_up, 1);
}

TEST(H264RtpUnits, AKeyPictureAfterAGapBeginsLikeTheOthers) {
  EXPECT_EQ(Held().packets(0, "SPI").packets(1, "xPI").packets(2, "SPI").out, "(SPI)(SPI)");
  EXPECT_EQ(Held().packets(0, "ASPI").packets(1, "xSPI").packets(2, "p").out, "(ASPI)(p)");
  EXPECT_EQ(Held().packets(0, "MI").packets(1, "xI").packets(2, "p").out, "(MI)(p)");
  EXPECT_EQ(Held().packets(0, "MI").packets(1, "x").packets(2, "MI").out, "(MI)(MI)");
  EXPECT_EQ(Held().packets(0, "I").packets(1, "x").packets(2, "{}").out, "(I)({})");
  // Only a gap makes it doubtful, and only key pictures need their beginning.
  EXPECT_EQ(Held().packets(0, "ASPI").packets(1, "SPI").packets(2, "xp").out, "(ASPI)(SPI)(p)");
}

TEST(H264RtpUnits, WhatIsNoRtpPayloadOfH264DamagesItsUnit) {
  Held held;
  held.packets(0, "SPI").packets(1, "p?p").packets(2, "p");
  EXPECT_EQ(held.out, "(SPI)(p)");
  EXPECT_EQ(held.given_up, 1);
}

TEST(H264RtpUnits, ParameterSetsBetweenSlicesAreNotTaken) {
  Held held;
  held.packets(0, "ASPSPISPiMi").packets(1, "p");
  EXPECT_EQ(held.out, "(ASPSPIii)(p)");
  EXPECT_EQ(held.given_up, 0);
  EXPECT_EQ(Held().packets(0, "SPISPI").packets(1, "MI").out, "(SPII)(MI)");
}

TEST(H264RtpUnits, AUnitThatNeverEndsIsGivenUp) {
  H264RtpUnits units;
  const Bytes slice(60000, 0x41);
  int taken = 0;
  int given_up = 0;
  for (std::uint16_t i = 0; i < 200; ++i) {
    const auto verdict = units.add({.timestamp = 1, .sequence = i, .payload = slice});
    taken += verdict.taken ? 1 : 0;
    given_up += verdict.given_up ? 1 : 0;
    EXPECT_EQ(verdict.after,
              verdict.taken ? H264RtpUnits::Held::kStay : H264RtpUnits::Held::kDiscard);
  }
  EXPECT_EQ(taken, (8 << 20) / 60000);
  EXPECT_EQ(given_up, 1);
  const auto next = units.add({.timestamp = 2, .sequence = 200, .payload = slice});
  EXPECT_TRUE(next.taken);
  EXPECT_EQ(next.before, H264RtpUnits::Held::kDiscard);
}

}  // namespace
}  // namespace rec::codec
