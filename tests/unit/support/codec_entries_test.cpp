// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The strict reader and the sample entries of H.265, AAC and G.711: the file of sample_file.h with
// another entry in the place of avc3 or Opus, then damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sample_judge.h"
#include "tests/unit/support/damage.h"

namespace rec::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// x265, 64x64; hvcC as ffmpeg makes it.
const std::string kHev1 = R"(hev1{ 000000000000 0001 0000 0000 000000000000000000000000 0280 01e0
    00480000 00480000 00000000 0001
    00 00000000000000000000000000000000000000000000000000000000000000 0018 ffff
  hvcC{ 01 01 60000000 900000000000 1e f000 fc fd f8 f8 0000 0f 03
        20 0001 0018 40010c01ffff01600000030090000003000003001eba0240
        21 0001 0028 42010101600000030090000003000003001ea020810596e92930bc05a02000000300200000030321
        22 0001 0006 4401c0718112 }
})";
const std::string kMp4a = R"(mp4a{ 000000000000 0001 0000000000000000 0002 0010 0000 0000 bb800000
  esds{ 00000000 03 80808022 0000 00 04 80808014 40 15 000000 00000000 00000000
        05 80808002 1190 06 80808001 02 }
})";
const std::string kUlaw = "ulaw{ 000000000000 0001 0000000000000000 0002 0010 0000 0000 bb800000 }";

// The header of the file with `entry` as its video (avc3) or audio (Opus) entry.
std::string header_with(std::string_view old_entry, const std::string& entry) {
  std::string text = kHeaderText;
  const auto begin = text.find(std::string(old_entry) + "{");
  const auto end = text.find("\n          }\n          stts", begin);
  return text.replace(begin, end - begin, entry);
}
std::string hev1_header(const std::string& entry = kHev1) { return header_with("avc3", entry); }
std::string mp4a_header(const std::string& entry = kMp4a) { return header_with("Opus", entry); }

TEST(CodecEntries, AreReadWithoutViolation) {
  const auto hevc = read_mp4(from_text(hev1_header()));
  EXPECT_THAT(hevc.violations, IsEmpty());
  EXPECT_EQ(hevc.find_track("vide")->rfc6381(), "hev1.1.6.L30.90");
  EXPECT_EQ(hevc.find_track("vide")->width, 640);
  const auto aac = read_mp4(from_text(mp4a_header()));
  EXPECT_THAT(aac.violations, IsEmpty());
  EXPECT_EQ(aac.find_track("soun")->rfc6381(), "mp4a.40.2");
  EXPECT_EQ(aac.find_track("soun")->channels, 2);
  EXPECT_EQ(aac.find_track("soun")->frame_samples, 1024u);
  const auto ulaw = read_mp4(from_text(mp4a_header(kUlaw)));
  EXPECT_THAT(ulaw.violations, IsEmpty());
  EXPECT_EQ(ulaw.find_track("soun")->entry, "ulaw");
}

class DamagedEntry : public testing::TestWithParam<Damage> {};
TEST_P(DamagedEntry, IsNamed) {
  const Damage& damage = GetParam();
  for (const std::string& whole : {hev1_header(), mp4a_header(), mp4a_header(kUlaw)}) {
    const auto at = whole.find(damage.find);
    if (at == std::string::npos) continue;
    std::string text = whole;
    text.replace(at, std::string(damage.find).size(), damage.replace);
    EXPECT_THAT(read_mp4(from_text(text)).violations,
                Contains(AllOf(HasSubstr(damage.path), HasSubstr(damage.violation))));
    return;
  }
  ADD_FAILURE() << "no header has " << damage.find;
}
const Damage kDamage[] = {
    {"hvcC{ 01", "hvcC{ 00", "hvcC", "configurationVersion"},
    {"hvcC{ 01 01 60000000", "hvcC{ 01 02 60000000", "hvcC", "differ from the SPS"},
    {"900000000000 1e", "900000000000 1f", "hvcC", "differ from the SPS"},
    {"1e f000", "1e 0000", "hvcC", "min_spatial_segmentation_idc"},
    {"f000 fc fd", "f000 0c fd", "hvcC", "parallelismType"},
    {"fc fd f8", "fc 01 f8", "hvcC", "chromaFormat"},
    {"fd f8 f8", "fd 08 f8", "hvcC", "bitDepthLumaMinus8"},
    {"f8 f8 0000", "f8 08 0000", "hvcC", "bitDepthChromaMinus8"},
    {"0000 0f 03", "0000 07 03", "hvcC", "numTemporalLayers"},
    {"0000 0f 03", "0000 0d 03", "hvcC", "lengthSizeMinusOne"},
    {"0000 0f 03", "0000 0f 02", "hvcC", "bytes more"},
    {"20 0001 0018", "60 0001 0018", "hvcC", "reserved bit of an array"},
    {"20 0001 0018", "23 0001 0018", "hvcC", "NAL unit type 35"},
    {"20 0001 0018", "21 0001 0018", "hvcC", "not in the order"},
    {"20 0001 0018 4001", "20 0001 0018 4401", "hvcC", "not a NAL unit of type 32"},
    {"hev1{", "hvc1{", "hvcC", "not complete"},
    {"hvcC{", "avcC{", "hev1", "avcC"},
    {"esds{ 00000000", "esds{ 00000001", "esds", "flags"},
    {"03 80808022", "03 80808023", "esds", "ES_Descriptor says 35 bytes"},
    {"03 80808022", "04 80808022", "esds", "tag of ES_Descriptor"},
    {"03 80808022 0000", "03 80808022 0001", "esds", "ES_ID"},
    {"0000 00 04", "0000 80 04", "esds", "streamPriority"},
    {"04 80808014", "04 80808013", "esds", "DecoderConfigDescriptor says 19 bytes"},
    {"40 15", "6b 15", "esds", "objectTypeIndication"},
    {"40 15", "40 11", "esds", "streamType"},
    {"05 80808002", "05 80808003", "esds", "DecoderSpecificInfo says 3 bytes"},
    {"80808002 1190", "80808002 1210", "esds", "the track counts at 48000 Hz"},
    {"80808002 1190", "80808002 1188", "esds", "the entry 2 channels"},
    {"06 80808001 02", "06 80808001 01", "esds", "predefined"},
    {"06 80808001 02", "07 80808001 02", "esds", "tag of SLConfigDescriptor"},
    {"bb800000\n  esds", "ac440000\n  esds", "mp4a", "samplerate"},
    {"mp4a{ 000000000000 0001 0000000000000000 0002 0010",
     "mp4a{ 000000000000 0001 0000000000000000 0002 0008", "mp4a", "samplesize"},
    {"0000 bb800000 }\n", "0000 bb800000 free{ } }\n", "ulaw", "unexpected box"},
    {"ulaw{ 000000000000 0001 0000000000000000 0002",
     "ulaw{ 000000000000 0001 0000000000000000 0000", "ulaw", "channelcount is 0"},
};
INSTANTIATE_TEST_SUITE_P(CodecEntries, DamagedEntry, testing::ValuesIn(kDamage));

// The fragment has packets of Opus and pictures of H.264.
TEST(CodecEntries, SamplesAreHeldAgainstTheCodec) {
  const auto violations = [](const std::string& header) {
    return read_mp4(from_text(header + kFirstText)).violations;
  };
  EXPECT_THAT(violations(mp4a_header()),
              Contains(HasSubstr("duration is 960 ticks, the sample holds 1024")));
  EXPECT_THAT(violations(mp4a_header(kUlaw)),
              Contains(HasSubstr("duration is 960 ticks, the sample holds 1")));
  EXPECT_THAT(violations(mp4a_header(kUlaw)), Contains(HasSubstr("do not divide")));
  EXPECT_THAT(violations(hev1_header()), Contains(HasSubstr("no IRAP picture")));
}

TEST(HevcSample, SeesPictureAndParameterSets) {
  const std::string sets = "00000004 40010c01 00000004 42010101 00000003 4401c0 ";
  const auto facts = judge_hevc_sample(from_text(sets + "00000003 2801ac"));
  EXPECT_THAT(facts.defects, IsEmpty());
  EXPECT_TRUE(facts.irap && facts.vps && facts.sps && facts.pps && facts.sets_before_slice);
  EXPECT_FALSE(judge_hevc_sample(from_text("00000003 2801ac " + sets)).sets_before_slice);
  EXPECT_FALSE(judge_hevc_sample(from_text("00000003 0201d0")).irap);
  EXPECT_TRUE(judge_hevc_sample(from_text("00000003 2a01ac")).irap);  // CRA
}

TEST(HevcSample, FindsDefects) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"00000004 2801ac", "do not add up"},
      {"00000003 460110", "no slice"},
      {"00000003 2801ac 00000003 2801ac", "more than one access unit"},
      {"00000003 28012c", "first slice of the picture is missing"},
      {"00000003 a801ac", "forbidden_zero_bit"},
      {"00000003 2800ac", "nuh_temporal_id_plus1"},
      {"00000003 6201ac 00000003 2801ac", "NAL unit type 49"},
      {"00000003 1601ac 00000003 2801ac", "NAL unit type 11"},
      {"00000007 2801ac00000165", "start code"},
      {"00000004 2801ac00", "ends with a zero byte"},
      {"00000003 2801ac 00000003 460110", "delimiter that is not first"},
      {"00000002 2801", "a NAL unit of 2 bytes"},
  };
  for (const auto& [bytes, defect] : cases)
    EXPECT_THAT(judge_hevc_sample(from_text(bytes)).defects, Contains(HasSubstr(defect))) << bytes;
}

}  // namespace
}  // namespace rec::test
