// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <random>

#include "lib/codec/h264.h"
#include "tests/unit/codec/hex.h"

namespace rec::codec {
namespace {

struct Avcc {
  const char* name;
  const char* sps;
  const char* pps;
  const char* avcc;
};

// avcC boxes that ffmpeg 5.1 wrote for streams of sps_vectors.h (ffmpeg -i NAME -c copy x.mp4).
const Avcc kFfmpeg[] = {
    {"hd1080", "67640028acd940780227e5c044000003000400000300c83c60c658", "68ebe3cb22c0",
     "01640028ff e1001b 67640028acd940780227e5c044000003000400000300c83c60c658"
     "01 0006 68ebe3cb22c0 fdf8f800"},
    {"odd444", "67f4000d919b282a10f1f1f808800000030080000019078a14cb", "68ebe3c44844",
     "01f4000dff e1001a 67f4000d919b282a10f1f1f808800000030080000019078a14cb"
     "01 0006 68ebe3c44844 fff8f800"},
    {"hi10", "676e001ea6cd940a02ff97011000000300100000030320f162d960", "68ebe3cb22c0",
     "016e001eff e1001b 676e001ea6cd940a02ff97011000000300100000030320f162d960"
     "01 0006 68ebe3cb22c0 fdfafa00"},
    {"main_b", "674d400df202c12d80880000030008000003019078a14890", "68ebe3cb20",
     "014d400dff e10018 674d400df202c12d80880000030008000003019078a14890 01 0005 68ebe3cb20"},
};

TEST(MakeAvcc, WritesWhatFfmpegWrites) {
  for (const Avcc& v : kFfmpeg) {
    const auto made = make_avcc({unhex(v.sps)}, {unhex(v.pps)});
    ASSERT_TRUE(made) << v.name;
    EXPECT_EQ(hex(made.value()), hex(unhex(v.avcc))) << v.name;
  }
}

TEST(MakeAvcc, CountsAndOrdersSets) {
  const Bytes sps = unhex("6742c01e8c8d40501ed37010d01078442350");
  const auto made = make_avcc({sps, sps}, {unhex("68ce3c80"), unhex("6848e3")});
  ASSERT_TRUE(made);
  EXPECT_EQ(hex(made.value()),
            "0142c01effe2"
            "0012" +
                hex(sps) + "0012" + hex(sps) +
                "02"
                "000468ce3c80"
                "00036848e3");
}

TEST(MakeAvcc, RefusesWhatTheRecordCannotSay) {
  const Bytes sps = unhex("6742c01e8c8d40501ed37010d01078442350");
  const Bytes pps = unhex("68ce3c80");
  EXPECT_TRUE(make_avcc(std::vector<Bytes>(31, sps), std::vector<Bytes>(255, pps)));
  EXPECT_FALSE(make_avcc(std::vector<Bytes>(32, sps), {pps}));
  EXPECT_FALSE(make_avcc({sps}, std::vector<Bytes>(256, pps)));
  EXPECT_FALSE(make_avcc({}, {pps}));
  EXPECT_FALSE(make_avcc({sps}, {Bytes{}}));
  EXPECT_FALSE(make_avcc({sps}, {Bytes(0x10000, 0x68)}));
  EXPECT_FALSE(make_avcc({pps}, {pps}));
}

TEST(ParseAvcc, ReadsWhatFfmpegWrote) {
  for (const Avcc& v : kFfmpeg) {
    const auto record = parse_avcc(unhex(v.avcc));
    ASSERT_TRUE(record) << v.name;
    EXPECT_EQ(record.value().nal_length_size, 4u);
    EXPECT_EQ(record.value().sps, std::vector<Bytes>{unhex(v.sps)});
    EXPECT_EQ(record.value().pps, std::vector<Bytes>{unhex(v.pps)});
  }
}

TEST(ParseAvcc, SizesOfOneAndTwoBytesAndNoSets) {
  EXPECT_EQ(parse_avcc(unhex("0142c01e fc e0 00")).value().nal_length_size, 1u);
  EXPECT_EQ(parse_avcc(unhex("0142c01e fd e0 00")).value().nal_length_size, 2u);
  EXPECT_FALSE(parse_avcc(unhex("0142c01e fe e0 00")));
  const auto none = parse_avcc(unhex("0142c01e ff e0 00"));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none.value().sps.empty());
  EXPECT_TRUE(none.value().pps.empty());
  // Some writers leave the reserved bits zero.
  EXPECT_EQ(parse_avcc(unhex("0142c01e 03 00 00")).value().nal_length_size, 4u);
}

TEST(ParseAvcc, EndingAtEveryByteIsAnError) {
  for (const Avcc& v : kFfmpeg) {
    const Bytes whole = unhex(v.avcc);
    const std::size_t sets_end = 11 + unhex(v.sps).size() + unhex(v.pps).size();
    for (std::size_t size = 0; size < sets_end; ++size)
      EXPECT_FALSE(parse_avcc(prefix(whole, size))) << v.name << ", " << size << " bytes";
    for (std::size_t size = sets_end; size <= whole.size(); ++size)  // no or half an extension
      EXPECT_TRUE(parse_avcc(prefix(whole, size))) << v.name << ", " << size << " bytes";
  }
  EXPECT_FALSE(parse_avcc(unhex("0042c01e ff e0 00")));
  EXPECT_FALSE(parse_avcc(unhex("00000001 6742e01fda0280f640")));
}

TEST(ParseAvcc, RandomBytesNeverReadOutOfBounds) {
  std::mt19937 random(2);
  for (int i = 0; i < 20000; ++i) {
    Bytes data(random() % 40);
    for (auto& byte : data) byte = static_cast<std::uint8_t>(random() % 4);
    if (!data.empty()) data[0] = 1;
    if (const auto record = parse_avcc(data)) {
      for (const Bytes& set : record.value().sps) EXPECT_LT(set.size(), data.size());
    }
  }
}

}  // namespace
}  // namespace rec::codec
