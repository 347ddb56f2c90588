// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The strict MP4 reader on VP8, VP9 and AV1: the file of sample_file.h with another video track, as
// it should be and damaged. And the judges of single samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>

#include "tests/support/box_reader.h"
#include "tests/support/video_judge.h"
#include "tests/unit/support/box_text.h"
#include "tests/unit/support/sample_file.h"

namespace rec::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

struct Video {
  const char* entry;   // fourcc
  const char* config;  // the box in it
  const char* key;     // 27 bytes, 640x480
  const char* delta;   // 8 bytes
  const char* rfc6381;
};
constexpr Video kVp8 = {"vp08", "vpcC{ 01000000 00 1e 82 02 02 02 0000 }",
                        "100000 9d012a 8002 e001 1111111111111111111111111111111111",
                        "1100001111111111", "vp08.00.30.08.01.02.02.02.00"};
constexpr Video kVp9 = {"vp09", "vpcC{ 01000000 00 1e 82 02 02 02 0000 }",
                        "82 498342 0027f01df0 111111111111111111111111111111111111",
                        "860040921c0c5f11", "vp09.00.30.08.01.02.02.02.00"};
constexpr Video kAv1 = {"av01", "av1C{ 81 04 0c 00 0a0a00000024c4ffdf006002 }",
                        "0a0a00000024c4ffdf006002 320d10111111111111111111111111",
                        "3206301111111111", "av01.0.04M.08"};

std::string replace(std::string text, std::string_view find, const std::string& with) {
  const auto at = text.find(find);
  if (at == std::string::npos) throw std::invalid_argument(std::string(find));
  return text.replace(at, find.size(), with);
}

std::string file_with(const Video& video) {
  std::string text = kHeaderText + kFirstText + kSecondText;
  text = replace(text, "avc3{", std::string(video.entry) + "{");
  text =
      replace(text, "avcC{ 01 42e01f ff e1 0007 6742e01f8c8d40 01 0004 68ce3c80 }", video.config);
  text = replace(text, "00000007 6742e01f8c8d40  00000004 68ce3c80  00000004 658884a1", video.key);
  text = replace(text, "00000004 419a246c", video.delta);
  text = replace(text, "00000004 419a486c", video.delta);
  if (video.entry == std::string("av01")) text = replace(text, "'mp41' }", "'mp41' 'av01' }");
  return text;
}

TEST(VideoReader, ReadsTheTrack) {
  for (const Video& video : {kVp8, kVp9, kAv1}) {
    SCOPED_TRACE(video.entry);
    const auto file = read_mp4(from_text(file_with(video)));
    EXPECT_THAT(file.violations, IsEmpty());
    const auto* track = file.find_track("vide");
    ASSERT_TRUE(track);
    EXPECT_EQ(track->entry, video.entry);
    EXPECT_EQ(track->rfc6381(), video.rfc6381);
    EXPECT_EQ(track->width, 640);
  }
}

struct VideoDamage {
  const Video& video;
  const char* find;
  const char* replace;
  const char* path;
  const char* violation;
};
void PrintTo(const VideoDamage& damage, std::ostream* out) { *out << damage.replace; }

class DamagedVideo : public testing::TestWithParam<VideoDamage> {};

TEST_P(DamagedVideo, IsNamed) {
  const auto& d = GetParam();
  const auto file = read_mp4(from_text(replace(file_with(d.video), d.find, d.replace)));
  EXPECT_THAT(file.violations, Contains(AllOf(HasSubstr(d.path), HasSubstr(d.violation))));
}

const VideoDamage kDamage[] = {
    {kVp8, "vpcC{ 01000000", "vpcC{ 00000000", "vp08/vpcC", "version is 0"},
    {kVp8, "vpcC{ 01000000", "vpcC{ 01000001", "vp08/vpcC", "unknown flags"},
    {kVp8, "00 1e 82", "00 00 82", "vpcC", "level is 0"},
    {kVp8, "00 1e 82", "00 1e a2", "vpcC", "VP8 is 8 bit"},
    {kVp8, "02 0000 }", "02 0001 }", "vpcC", "codecInitializationDataSize is 1"},
    {kVp8, "02 0000 }", "02 0000 00 }", "vpcC", "1 bytes more"},
    {kVp8, "vpcC{", "avcC{", "vp08", "vpcC is missing"},
    {kVp8, "0280 01e0\n", "0000 01e0\n", "vp08", "width or height is 0"},
    {kVp9, "00 1e 82", "04 1e 82", "vpcC", "profile is 4"},
    {kVp9, "00 1e 82", "01 1e 82", "vpcC", "profile does not fit"},
    {kVp9, "00 1e 82", "00 1e a2", "vpcC", "profile does not fit"},
    {kVp9, "00 1e 82", "00 1e 92", "vpcC", "bitDepth is 9"},
    {kVp9, "00 1e 82", "00 1e 88", "vpcC", "chromaSubsampling is 4"},
    {kVp9, "82 02 02 02", "82 02 02 00", "vpcC", "RGB must be 4:4:4"},
    {kAv1, "'mp41' 'av01'", "'mp41'", "moov", "no brand av01"},
    {kAv1, "81 04 0c 00", "82 04 0c 00", "av1C", "marker and version"},
    {kAv1, "81 04 0c 00", "81 64 0c 00", "av1C", "seq_profile is 3"},
    {kAv1, "81 04 0c 00", "81 24 0c 00", "av1C", "seq_profile differs"},
    {kAv1, "81 04 0c 00", "81 05 0c 00", "av1C", "seq_level_idx_0 differs"},
    {kAv1, "81 04 0c 00", "81 04 8c 00", "av1C", "seq_tier_0 below"},
    {kAv1, "81 04 0c 00", "81 04 2c 00", "av1C", "twelve_bit"},
    {kAv1, "81 04 0c 00", "81 04 0c 20", "av1C", "reserved must be 0"},
    {kAv1, "81 04 0c 00", "81 04 0c 01", "av1C", "reserved must be 0"},
    {kAv1, "81 04 0c 00 0a", "81 04 0c 00 12", "av1C", "header of the first OBU"},
    {kAv1, "0280 01e0\n", "0281 01e0\n", "av1C", "width or height differs"},
    // Samples. 0x1b is the size of the first one, 02000000 its flags.
    {kVp8, "0000001b 02000000", "0000001b 01010000", "sample 0", "not marked as sync"},
    {kVp9, "0000001b 02000000", "0000001b 01010000", "sample 0", "not marked as sync"},
    {kAv1, "0000001b 02000000", "0000001b 01010000", "sample 0", "not marked as sync"},
    {kVp8, "00000008 01010000", "00000008 02000000", "sample 1", "sync sample without key frame"},
    {kVp9, "00000008 01010000", "00000008 02000000", "sample 1", "sync sample without key frame"},
    {kAv1, "00000008 01010000", "00000008 02000000", "sample 1", "sync sample without key frame"},
    {kVp9, "0000001b 02000000 00000000", "0000001b 02000000 00000001", "sample 0",
     "composition offset"},
    {kVp9, "82 498342", "86 498342", "sample 0", "first sample of the track is no key frame"},
    {kVp8, "9d012a", "9d012b", "sample 0", "without its start code"},
};
INSTANTIATE_TEST_SUITE_P(, DamagedVideo, testing::ValuesIn(kDamage));

TEST(Vp8Sample, IsJudged) {
  EXPECT_TRUE(judge_vp8_sample(from_text("100000 9d012a 3000 2000")).key);
  EXPECT_FALSE(judge_vp8_sample(from_text("510200")).key);
  EXPECT_EQ(judge_vp8_sample(from_text("5102")).defect, "no frame tag");
  EXPECT_THAT(judge_vp8_sample(from_text("100000 9d012a 30")).defect, HasSubstr("header"));
  EXPECT_THAT(judge_vp8_sample(from_text("100000 9d012a 00c0 2000")).defect, HasSubstr("size"));
  EXPECT_THAT(judge_vp8_sample(from_text("100000 9d012a 3000 0000")).defect, HasSubstr("size"));
}

TEST(Vp9Sample, IsJudged) {
  EXPECT_TRUE(judge_vp9_sample(from_text("824983420002f001f6")).key);
  EXPECT_TRUE(judge_vp9_sample(from_text("b124c1a1140017800f")).key);  // profile 3
  EXPECT_FALSE(judge_vp9_sample(from_text("b30020490e002ff0")).key);   // profile 3
  EXPECT_FALSE(judge_vp9_sample(from_text("860040921c0c5fe0")).key);
  EXPECT_FALSE(judge_vp9_sample(from_text("89")).key);  // show_existing_frame
  EXPECT_EQ(judge_vp9_sample({}).defect, "an empty sample");
  EXPECT_THAT(judge_vp9_sample(from_text("42498342")).defect, HasSubstr("marker"));
  EXPECT_THAT(judge_vp9_sample(from_text("82498343")).defect, HasSubstr("sync code"));
  EXPECT_EQ(judge_vp9_sample(from_text("82498342 8600 c1 04 02 c1")).defect, "");
  EXPECT_THAT(judge_vp9_sample(from_text("82498342 8600 c1 04 03 c1")).defect, HasSubstr("add up"));
  EXPECT_THAT(judge_vp9_sample(from_text("82498342 8600 c1 06 00 c1")).defect, HasSubstr("empty"));
  EXPECT_EQ(judge_vp9_sample(from_text("82498342 8600 c1")).defect, "");  // no index
}

TEST(Av1Sample, IsJudged) {
  const std::string sequence = "0a0a00000002a5ff36be4010 ";
  const auto judge = [](const std::string& text) { return judge_av1_sample(from_text(text)); };
  EXPECT_TRUE(judge(sequence + "320110").key);
  EXPECT_FALSE(judge("320110").key);              // no sequence header
  EXPECT_FALSE(judge("320110 " + sequence).key);  // too late
  EXPECT_FALSE(judge(sequence + "320100").key);   // hidden
  EXPECT_FALSE(judge(sequence + "320130").key);   // inter
  EXPECT_FALSE(judge(sequence + "1a0190").key);   // show_existing_frame
  EXPECT_FALSE(judge(sequence + "320130 320110").key);
  EXPECT_EQ(judge(sequence + "320110").defect, "");
  for (const char* forbidden : {"1200", "3a0110", "420110", "7a0100"})
    EXPECT_THAT(judge(sequence + "320110 " + forbidden).defect, HasSubstr("type")) << forbidden;
  EXPECT_THAT(judge(sequence + "3010").defect, HasSubstr("no size"));
  EXPECT_THAT(judge(sequence + "320210").defect, HasSubstr("damaged"));
  EXPECT_EQ(judge(sequence).defect, "no frame");
  EXPECT_EQ(judge("").defect, "an empty sample");
}

}  // namespace
}  // namespace rec::test
