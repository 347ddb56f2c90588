// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether an access unit begins where its picture begins.
#include <gtest/gtest.h>

#include "lib/codec/h264_stream.h"
#include "tests/unit/codec/bit_writer.h"
#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

Bytes slice(NalType type, std::uint32_t first_mb_in_slice) {
  return BitWriter()
      .bits(0x60u | static_cast<unsigned>(type), 8)
      .ue(first_mb_in_slice)
      .ue(7)
      .ue(0)
      .bits(0xabcd, 16)
      .nal();
}

bool beginning_lost(std::initializer_list<Bytes> nals) {
  Bytes au;
  for (const Bytes& nal : nals) {
    au.insert(au.end(), {0, 0, 0, 1});
    au.insert(au.end(), nal.begin(), nal.end());
  }
  const auto unit = H264Stream().convert(au);
  EXPECT_TRUE(unit);
  return unit && unit.value().beginning_lost;
}

const Bytes kAud = {0x09, 0xf0};

TEST(H264StreamStart, TheFirstSliceOfEachKindBeginsThePicture) {
  for (const NalType type : {NalType::kSlice, NalType::kPartitionA, NalType::kIdrSlice}) {
    EXPECT_FALSE(beginning_lost({slice(type, 0)}));
    EXPECT_FALSE(beginning_lost({kAud, slice(type, 0), slice(type, 20)}));
    EXPECT_TRUE(beginning_lost({slice(type, 1)}));
    EXPECT_TRUE(beginning_lost({kAud, slice(type, 20), slice(type, 40)}));
  }
}

TEST(H264StreamStart, ASliceWithoutContentBeginsNothing) { EXPECT_TRUE(beginning_lost({{0x65}})); }

TEST(H264StreamStart, WithoutAPictureNothingIsLost) {
  EXPECT_FALSE(beginning_lost({kAud}));
  EXPECT_FALSE(beginning_lost({unhex("6742e01fda0280f640"), unhex("68ce3c80")}));
}

}  // namespace
}  // namespace rec::codec
