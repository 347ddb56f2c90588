// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Deliberately damaged copies of a good file, moof and mdat: each must give the violation that
// names its damage; and what the options of the reader let pass.
#include "tests/unit/support/damage.h"

namespace rec::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class DamagedFragment : public testing::TestWithParam<Damage> {};

TEST_P(DamagedFragment, IsNamed) { expect_named(GetParam()); }

const Damage kFragmentDamage[] = {
    {"mfhd{ 00000000 00000002", "mfhd{ 00000000 00000001", "moof/mfhd", "does not follow 1"},
    {"mfhd{ 00000000 00000001", "mfhd{ 00000001 00000001", "moof/mfhd", "unknown flags 0x000001"},
    {"mfhd{ 00000000 00000001 }", "", "moof", "mfhd is missing"},
    {"tfhd{ 00020000 00000001", "tfhd{ 00020200 00000001", "tfhd", "unknown flags 0x000200"},
    {"tfhd{ 00020000 00000001", "tfhd{ 00000000 00000001", "tfhd",
     "default-base-is-moof is not set"},
    {"tfhd{ 00020000 00000001", "tfhd{ 00020001 00000001 0000000000000000", "tfhd",
     "unknown flags 0x000001"},
    {"tfhd{ 00020000 00000001", "tfhd{ 00030000 00000001", "tfhd", "unknown flags 0x010000"},
    {"tfhd{ 00020000 00000001", "tfhd{ 00020000 00000009", "tfhd", "9 is not declared"},
    {"0002002a 00000002 00000001", "0002002a 00000002 00000002", "tfhd",
     "sample_description_index is 2"},
    {"tfhd{ 00020000 00000001", "tfhd{ 00020008 00000001", "tfhd", "too short"},
    {"tfdt{ 01000000 0000000000000000 }", "", "traf[0]", "tfdt is missing"},
    {"tfdt{ 01000000 0000000000000000", "tfdt{ 00000000 00000000", "tfdt", "must be 1"},
    {"tfdt{ 01000000 0000000000000000", "tfdt{ 01000000 00000000", "tfdt", "too short"},
    {"0000000000001774", "0000000000001775", "traf[0]", "gap: tfdt 6005, the track ended at 6004"},
    {"0000000000001774", "0000000000001773", "traf[0]", "overlap: tfdt 6003"},
    {"0000000000001774", "0000000000000064", "traf[0]", "goes backwards: tfdt 100"},
    {"0000000000000b40", "0000000000000f00", "traf[1]", "gap"},
    {"trun{ 01000f01", "trun{ 01001f01", "trun[0]", "unknown flags 0x001000"},
    {"trun{ 01000f01", "trun{ 02000f01", "trun[0]", "unknown version 2"},
    {"trun{ 01000f01 00000002", "trun{ 01000f01 00000003", "trun[0]", "sample_count does not fit"},
    {"trun{ 01000f01 00000002", "trun{ 01000f01 ffffffff", "trun[0]", "sample_count does not fit"},
    {"trun{ 00000205 00000001 000000c0 01010000 00000008", "trun{ 00000001 ffffffff 000000c0",
     "trun[0]", "more samples than bytes"},
    {"trun{ 00000201 00000003 000000fb 00000003 00000003 00000004 }",
     "trun{ 00000201 00000000 000000fb }", "trun[0]", "sample_count is 0"},
    {"trun{ 00000205 00000001 000000c0 01010000 00000008",
     "trun{ 00000605 00000001 000000c0 01010000 00000008 01010000", "trun[0]",
     "first-sample-flags together"},
    {"00000bbc 00000008", "00000000 00000008", "trun[0]", "sample 1: duration is 0"},
    {"00000bbc 00000008", "ffffff00 00000008", "trun[0]", "sample 1: duration wrapped"},
    {"00000bbc 00000008 01010000", "00000bbc 00000008 11010000", "trun[0]",
     "sample 1: reserved bits"},
    {"00000bbc 00000008 01010000", "00000bbc 00000008 01030000", "trun[0]", "sample_padding_value"},
    {"00000bbc 00000008 01010000", "00000bbc 00000008 03010000", "trun[0]",
     "sample_depends_on is 3"},
    {"0000001b 02000000", "0000001b 01000000", "trun[0]", "a sync sample depends on others"},
    {"traf{\n    tfhd{ 00020000 00000001 }", "traf{ sdtp{ 00000000 } tfhd{ 00020000 00000001 }",
     "sdtp", "unexpected box"},
    {"tfhd{ 00020000 00000001 }\n    tfdt{ 01000000 0000000000000000 }",
     "tfdt{ 01000000 0000000000000000 } tfhd{ 00020000 00000001 }", "tfhd",
     "must be the first box"},
    {"mfhd{ 00000000 00000001 }", "mfhd{ 00000000 00000001 00 }", "mfhd", "1 bytes more"},
    {"tfhd{ 00020000 00000001 }", "tfhd{ 00020000 00000001 00 }", "tfhd", "1 bytes more"},
    {"tfdt{ 01000000 0000000000000000 }", "tfdt{ 01000000 0000000000000000 00 }", "tfdt",
     "1 bytes more"},
    {"00000003 00000003 00000004 }", "00000003 00000003 00000000 }", "trun[0]",
     "sample 2: size is 0"},
    {"traf{\n    tfhd{ 00020000 00000001 }",
     "traf{ tfhd{ 00020000 00000001 } trun{ 00000001 00000001 000000d8 }", "trun[0]",
     "before tfhd or tfdt"},
};
INSTANTIATE_TEST_SUITE_P(Fragment, DamagedFragment, testing::ValuesIn(kFragmentDamage));

const Damage kDataDamage[] = {
    {"000000d8", "000000d0", "trun[0]", "outside the mdat"},  // at mdat's header
    {"000000d8", "7fffffff", "trun[0]", "outside the mdat"},
    {"000000d8", "80000000", "trun[0]", "outside the mdat"},  // before the file
    {"000000fb", "000000fa", "traf[1]/trun[0]", "overlaps another run"},
    {"00000bbc 00000008", "00000bbc 00000007", "mdat", "1 bytes belong to no sample"},
    {"00000003 00000003 00000004 }", "00000003 00000003 00000003 }", "mdat",
     "1 bytes belong to no sample"},
    {"00000003 00000003 00000004 }", "00000003 00000003 00000005 }", "trun[0]", "outside the mdat"},
    {"fcaabbcc", "fcaabbcc 00", "mdat", "1 bytes belong to no sample"},
    {"trun{ 01000f01 00000002 000000d8", "trun{ 01000f00 00000002", "trun[0]", "outside the mdat"},
    {"fcfffe fcfffe fcaabbcc", "f8fffe f4fffe fcaabbcc", "sample 1",
     "960 ticks, the packet holds 480"},
    {"fcfffe fcfffe fcaabbcc", "fdfffe fcfffe fcaabbcc", "sample 0",
     "960 ticks, the packet holds 1920"},
    {"fcfffe fcfffe fcaabbcc", "fcfffe fcfffe ffaabbcc", "sample 2", "frames"},
    {"000003c0 02000000", "000003bf 02000000", "sample 0", "959 ticks"},
    {"000003c0 02000000", "000003c0 01010000", "sample 0", "not a sync sample"},
    {"658884a1", "418884a1", "sample 0", "a sync sample without IDR"},
    {"658884a1", "418884a1", "sample 0", "first sample of the track is no IDR"},
    {"0000001b 02000000", "0000001b 01010000", "sample 0", "not marked as sync sample"},
    {"00000004 419a246c", "00000004 659a246c", "sample 1", "not marked as sync sample"},
    {"00000004 68ce3c80  00000004 65", "00000004 06050180  00000004 65", "sample 0",
     "without SPS and PPS"},
    {"00000007 6742e01f8c8d40  00", "00000007 0642e01f8c8d40  00", "sample 0",
     "without SPS and PPS"},
    {"00000004 419a246c", "00000003 419a246c", "sample 1", "do not add up"},
    {"00000004 419a246c", "00000001 419a246c", "sample 1", "do not add up"},
    {"00000004 419a246c", "00000004 789a246c", "sample 1", "NAL unit type 24"},
    {"01010000 00000000 }", "01010000 fffff448 }", "", "presented at"},
    {"0000001b 02000000 00000000", "0000001b 02000000 ffffffff", "sample 0", "presented before 0"},
    {"trun{ 00000201 00000002 000000c8 00000003 00000003 }",
     "trun{ 00000a01 00000002 000000d0 00000003 00000001 00000003 00000000 }", "sample 0",
     "composition offset"},
};
INSTANTIATE_TEST_SUITE_P(Data, DamagedFragment, testing::ValuesIn(kDataDamage));

TEST(DamageOptions, AFragmentNeedsAMovie) {
  EXPECT_THAT(read_mp4(from_text("ftyp{ 'iso6' 00000000 'iso6' }" + kFirstText)).violations,
              Contains(HasSubstr("moof before moov")));
}

TEST(DamageOptions, AVideoGapMayBeAllowedAndIsStillReported) {
  Mp4ReadOptions options;
  options.allow_video_gaps = true;
  const auto file =
      read_mp4(from_text(damaged({"0000000000001774", "0000000000002000", "", ""})), options);
  EXPECT_THAT(file.violations, IsEmpty());
  ASSERT_EQ(file.gaps.size(), 1u);
  EXPECT_EQ(file.gaps[0].track, 1u);
  EXPECT_EQ(file.gaps[0].fragment, 1u);
  EXPECT_EQ(file.gaps[0].from, 6004u);
  EXPECT_EQ(file.gaps[0].to, 8192u);
  const auto audio =
      read_mp4(from_text(damaged({"0000000000000b40", "0000000000000f00", "", ""})), options);
  EXPECT_THAT(audio.violations, Contains(HasSubstr("gap")));
}

TEST(DamageOptions, OverlapsAreCounted) {
  const auto file = read_mp4(from_text(damaged({"0000000000001774", "0000000000001773", "", ""})));
  ASSERT_EQ(file.overlaps.size(), 1u);
  EXPECT_THAT(file.gaps, IsEmpty());
}

TEST(DamageOptions, OtherBoxesMayBeAllowed) {
  Mp4ReadOptions options;
  options.extra_boxes = {"uuid"};
  const auto text = damaged({"moov{", "uuid{ 00 } moov{ uuid{ 11 }", "", ""});
  EXPECT_THAT(read_mp4(from_text(text), options).violations, IsEmpty());
}

TEST(DamageOptions, OnlyTheLastPacketMayBeTrimmed) {
  Mp4ReadOptions options;
  options.allow_short_last_audio = true;
  const auto text =
      damaged({"trun{ 00000201 00000002 000000c8 00000003 00000003 }",
               "trun{ 00000301 00000002 000000c8 000003c0 00000003 00000100 00000003 }", "", ""});
  const std::string shifted = [&] {  // moof grew by 8 bytes
    std::string s = text;
    s.replace(s.find("000000c0 01010000"), 8, "000000c8");
    s.replace(s.find("000000c8 000003c0"), 8, "000000d0");
    return s;
  }();
  EXPECT_THAT(read_mp4(from_text(shifted), options).violations, IsEmpty());
  EXPECT_THAT(read_mp4(from_text(shifted)).violations, Contains(HasSubstr("256 ticks")));
  std::string early = shifted;
  early.replace(early.find("000003c0 00000003 00000100"), 26, "00000100 00000003 000003c0");
  EXPECT_THAT(read_mp4(from_text(early), options).violations,
              Contains(HasSubstr("not the last one")));
}

}  // namespace
}  // namespace rec::test
