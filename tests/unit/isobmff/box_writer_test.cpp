// SPDX-License-Identifier: LGPL-2.1-or-later
//
// BoxWriter against the box syntax of ISO/IEC 14496-12, 4.2.
#include "lib/isobmff/box_writer.h"

#include <gtest/gtest.h>

#include "tests/unit/isobmff/hex.h"

namespace rec::isobmff {
namespace {

TEST(BoxWriter, WritesEveryIntegerBigEndian) {
  BoxWriter w;
  w.u8(0x01);
  w.u16(0x0203);
  w.u24(0x040506);
  w.u32(0x0708090a);
  w.u64(0x0b0c0d0e0f101112);
  w.i32(-2);
  EXPECT_EQ(hex(w.take()), words("01 0203 040506 0708090a 0b0c0d0e0f101112 fffffffe"));
}

TEST(BoxWriter, CutsAnIntegerToItsField) {
  BoxWriter w;
  w.u24(0xff000001);
  EXPECT_EQ(hex(w.take()), words("000001"));
}

TEST(BoxWriter, WritesFourccZerosAndBytes) {
  BoxWriter w;
  w.fourcc("avcC");
  w.zeros(3);
  w.bytes(Bytes{0xaa, 0xbb});
  EXPECT_EQ(hex(w.take()), words("61766343 000000 aabb"));
}

TEST(BoxWriter, BoxIsSizeAndType) {  // 4.2
  BoxWriter w;
  {
    auto box = w.box("free");
    w.u16(0xabcd);
  }
  EXPECT_EQ(hex(w.take()), words("0000000a 66726565 abcd"));
}

TEST(BoxWriter, FullBoxAddsVersionAndFlags) {  // 4.2
  BoxWriter w;
  { auto box = w.full_box("tfhd", 1, 0x020038); }
  EXPECT_EQ(hex(w.take()), words("0000000c 74666864 01 020038"));
}

TEST(BoxWriter, NestedBoxesCloseInsideOut) {
  BoxWriter w;
  w.u8(0xee);  // boxes need not start at 0
  {
    auto outer = w.box("moof");
    { auto first = w.box("free"); }
    auto second = w.full_box("mfhd", 0, 0);
    w.u32(7);
  }
  EXPECT_EQ(hex(w.take()), words("ee"
                                 "00000020 6d6f6f66 "
                                 "00000008 66726565 "
                                 "00000010 6d666864 00 000000 00000007"));
}

TEST(BoxWriter, PatchOverwritesFourBytes) {
  BoxWriter w;
  w.zeros(6);
  w.patch_u32(1, 0x01020304);
  EXPECT_EQ(w.size(), 6u);
  EXPECT_EQ(hex(w.take()), words("00 01020304 00"));
}

}  // namespace
}  // namespace rec::isobmff
