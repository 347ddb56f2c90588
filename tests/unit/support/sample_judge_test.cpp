// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The judges of single samples, against RFC 6716 and ITU-T H.264.
#include "tests/support/sample_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/box_text.h"

namespace rec::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// RFC 6716, 3.1, table 2, in milliseconds times ten.
TEST(OpusPacket, KnowsTheDurationOfEveryConfiguration) {
  const std::vector<unsigned> tenths = {100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 400,
                                        600, 100, 200, 100, 200, 25,  50,  100, 200, 25,  50,
                                        100, 200, 25,  50,  100, 200, 25,  50,  100, 200};
  for (unsigned config = 0; config < 32; ++config) {
    const std::vector<std::uint8_t> packet = {static_cast<std::uint8_t>(config << 3), 0, 0};
    EXPECT_EQ(judge_opus_packet(packet).duration * 10, tenths[config] * 48) << config;
  }
}

struct OpusCase {
  const char* bytes;
  std::uint32_t duration;
  const char* defect;
};

TEST(OpusPacket, CountsFramesAndChecksTheirSizes) {
  const std::vector<OpusCase> cases = {
      {"fc", 960, ""},                    // DTX: one empty frame
      {"fcfffe", 960, ""},                // the silence that fills holes
      {"fd 0102 0304", 1920, ""},         // code 1: two equal frames
      {"fd 010203", 1920, "unequal"},     // R3
      {"fe 01 aa bb", 1920, ""},          // code 2
      {"fe 05 aa bb", 1920, "longer"},    // R4
      {"fe fc", 1920, "longer"},          // the second length byte is missing
      {"ff 03 aabbcc", 2880, ""},         // code 3, CBR, three frames
      {"ff 02 aabbcc", 1920, "divide"},   // R6
      {"ff 82 01 aabb", 1920, ""},        // VBR
      {"ff 82 04 aabb", 1920, "longer"},  // R7
      {"ff 83 01", 2880, "cut off"},
      {"ff 41 02 aa 0000", 960, ""},  // two bytes of padding
      {"ff 41 09 aa 0000", 960, "padding"},
      {"ff 00", 0, "0 frames"},
      {"ff 07 00", 6720, "7 frames"},  // R5: 140 ms
      {"ff", 960, "frame count"},
  };
  for (const auto& c : cases) {
    const auto facts = judge_opus_packet(from_text(c.bytes));
    EXPECT_EQ(facts.duration, c.duration) << c.bytes;
    if (*c.defect)
      EXPECT_THAT(facts.defect, HasSubstr(c.defect)) << c.bytes;
    else
      EXPECT_EQ(facts.defect, "") << c.bytes;
  }
  EXPECT_EQ(judge_opus_packet({}).defect, "empty packet");
  EXPECT_TRUE(judge_opus_packet(from_text("fc")).stereo);
  EXPECT_FALSE(judge_opus_packet(from_text("f8")).stereo);
}

TEST(AvcSample, SeesPictureAndParameterSets) {
  const auto facts = judge_avc_sample(from_text("00000004 6742e01f 00000002 68ce 00000003 658884"));
  EXPECT_THAT(facts.defects, IsEmpty());
  EXPECT_TRUE(facts.idr && facts.sps && facts.pps && facts.sets_before_slice);
  EXPECT_FALSE(judge_avc_sample(from_text("00000003 658884 00000004 6742e01f")).sets_before_slice);
  EXPECT_FALSE(judge_avc_sample(from_text("00000003 419a24")).idr);
}

TEST(AvcSample, FindsDefects) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"00000004 658884", "do not add up"},
      {"00000003 658884 0000", "do not add up"},
      {"00000000 00000003 658884", "do not add up"},
      {"00000002 09f0", "no slice"},
      {"", "no slice"},
      {"00000003 658884 00000003 658884", "more than one access unit"},
      {"00000003 e58884", "forbidden_zero_bit"},
      {"00000003 788884 00000003 658884", "NAL unit type 24"},
      {"00000003 7c8884 00000003 658884", "NAL unit type 28"},
      {"00000007 65880000016588", "start code"},
      {"00000003 658800", "ends with a zero byte"},
      {"00000003 658884 00000002 0910", "delimiter that is not first"},
      {"00000001 65", "without a header"},
  };
  for (const auto& [bytes, defect] : cases) {
    EXPECT_THAT(judge_avc_sample(from_text(bytes)).defects, Contains(HasSubstr(defect))) << bytes;
  }
}

}  // namespace
}  // namespace rec::test
