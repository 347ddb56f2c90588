// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h264_rtp.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

TEST(H264RtpGuard, AdmitsWhatRfc6184Defines) {
  H264RtpGuard guard;
  EXPECT_TRUE(guard.admit(unhex("6742c00a"), 1));                   // single NAL unit, 5.6
  EXPECT_TRUE(guard.admit(unhex("780004 6742c00a 0002 68cb"), 2));  // STAP-A, 5.7.1
  EXPECT_TRUE(guard.admit(unhex("7c85 8884"), 3));                  // FU-A of type 5: start, 5.8
  EXPECT_TRUE(guard.admit(unhex("7c05 1122"), 4));
  EXPECT_TRUE(guard.admit(unhex("7c45 33"), 5));  // end
}

TEST(H264RtpGuard, SequenceNumbersWrapWithinAFragmentationUnit) {
  H264RtpGuard guard;
  EXPECT_TRUE(guard.admit(unhex("7c85 8884"), 65535));
  EXPECT_TRUE(guard.admit(unhex("7c45 33"), 0));
}

TEST(H264RtpGuard, RefusesWhatItDoesNotDefine) {
  H264RtpGuard guard;
  EXPECT_FALSE(guard.admit({}, 1));
  EXPECT_FALSE(guard.admit(unhex("e742c00a"), 1));                     // forbidden_zero_bit
  for (const char* type : {"60", "79", "7a", "7b", "7d", "7e", "7f"})  // 0, 25-27, 29-31
    EXPECT_FALSE(guard.admit(unhex(std::string(type) + "8511223344"), 1)) << type;
  EXPECT_FALSE(guard.admit(unhex("7c"), 1));        // FU-A without a header
  EXPECT_FALSE(guard.admit(unhex("7c85"), 1));      // ... without a byte of the NAL unit
  EXPECT_FALSE(guard.admit(unhex("7cc58884"), 1));  // ... that starts and ends
  EXPECT_FALSE(guard.admit(unhex("7c9c8884"), 1));  // ... of a FU-A
}

TEST(H264RtpGuard, RefusesAnAggregateThatDoesNotAddUp) {
  H264RtpGuard guard;
  EXPECT_FALSE(guard.admit(unhex("78"), 1));
  EXPECT_FALSE(guard.admit(unhex("780004"), 1));
  EXPECT_FALSE(guard.admit(unhex("780005 6742c00a"), 1));   // longer than the packet
  EXPECT_FALSE(guard.admit(unhex("780003 6742c00a"), 1));   // a byte is left
  EXPECT_FALSE(guard.admit(unhex("780000 0002 68cb"), 1));  // an empty NAL unit
  EXPECT_FALSE(guard.admit(unhex("780004 7842c00a"), 1));   // an aggregate in an aggregate
}

TEST(H264RtpGuard, RefusesPiecesThatDoNotFollow) {
  H264RtpGuard guard;
  EXPECT_FALSE(guard.admit(unhex("7c05 1122"), 1));  // never started
  EXPECT_TRUE(guard.admit(unhex("7c85 8884"), 2));
  EXPECT_FALSE(guard.admit(unhex("7c05 1122"), 4));  // 3 is missing
  EXPECT_FALSE(guard.admit(unhex("7c45 1122"), 5));  // and so is the start
  EXPECT_TRUE(guard.admit(unhex("7c85 8884"), 6));
  EXPECT_FALSE(guard.admit(unhex("7c01 1122"), 7));  // of another NAL unit
  EXPECT_TRUE(guard.admit(unhex("7c85 8884"), 8));
  EXPECT_TRUE(guard.admit(unhex("419a39ea"), 9));  // something else ends it
  EXPECT_FALSE(guard.admit(unhex("7c05 1122"), 10));
}

}  // namespace
}  // namespace rec::codec
