// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The strict MP4 reader on files whose fragments say when they were: what it reads, where a killed
// writer's file ends, and damaged copies, each of which must give the violation that names it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/box_reader.h"
#include "tests/unit/support/box_text.h"
#include "tests/unit/support/damage.h"
#include "tests/unit/support/sample_file.h"

namespace rec::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Bytes = std::vector<std::uint8_t>;
using Kind = Mp4Tail::Kind;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNewYear2026 = 1'767'225'600 * kSecond;  // 00:00:00 UTC

// The first fragment presents 0 to 6004 of the video and 0 to 2880 of the audio; the audio's time
// 960 is 20 ms after time 0. The second one begins at 2880, 60 ms (0x0f5c28f6 / 2^32) after time 0.
const std::string kFirstReference =
    "prft{ 01000018 00000002 ed003780 051eb852 00000000000003c0 }\n";
const std::string kSecondReference =
    "prft{ 01000018 00000002 ed003780 0f5c28f6 0000000000000b40 }\n";
const std::string kReferenced =
    kHeaderText + kFirstReference + kFirstText + kSecondReference + kSecondText;

std::string replaced(const std::string& find, const std::string& by,
                     std::string text = kReferenced) {
  const auto at = text.find(find);
  if (at == std::string::npos) throw std::invalid_argument(find);
  return text.replace(at, find.size(), by);
}

Bytes first_bytes(const Bytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

TEST(Reference, IsReadWithItsFragment) {
  const auto file = read_mp4(from_text(kReferenced));
  EXPECT_THAT(file.violations, IsEmpty());
  ASSERT_THAT(file.references, SizeIs(2));
  EXPECT_EQ(file.references[0].track, 2u);
  EXPECT_EQ(file.references[0].fragment, 0u);
  EXPECT_EQ(file.references[0].flags, 24u);
  EXPECT_EQ(file.references[0].media_time, 960u);
  EXPECT_EQ(file.references[0].utc, kNewYear2026 + kSecond / 50);
  EXPECT_EQ(file.references[0].origin, kNewYear2026);
  EXPECT_EQ(file.references[1].fragment, 1u);
  EXPECT_EQ(file.references[1].utc, kNewYear2026 + 3 * kSecond / 50);
  EXPECT_EQ(file.references[1].origin, kNewYear2026);
}

TEST(Reference, BelongsToTheUnit) {
  const auto file = read_mp4(from_text(kReferenced));
  const auto header = from_text(kHeaderText).size();
  const auto first = from_text(kFirstText).size() + 32;
  ASSERT_THAT(file.fragments, SizeIs(2));
  EXPECT_EQ(file.fragments[0].offset, header);
  EXPECT_EQ(file.fragments[0].size, first);
  EXPECT_EQ(file.fragments[1].offset, header + first);
}

TEST(Reference, After2036IsOfTheNextEra) {
  const auto text = replaced("ed003780 051eb852", "0754fd00 80000000",
                             kHeaderText + kFirstReference + kFirstText);
  const auto file = read_mp4(from_text(text));
  EXPECT_THAT(file.violations, IsEmpty());
  ASSERT_THAT(file.references, SizeIs(1));
  EXPECT_EQ(file.references[0].utc, 2'208'988'800 * kSecond + kSecond / 2);  // 1 January 2040
}

// The edit cuts 312 ticks: they are media time, but no time of the file.
TEST(Reference, HasItsOriginBehindTheEdit) {
  const auto text = replaced("    mdia{\n      mdhd{ 00000000 00000000 00000000 0000bb80",
                             "    edts{ elst{ 00000000 00000001 00000000 00000138 0001 0000 } }\n"
                             "    mdia{\n      mdhd{ 00000000 00000000 00000000 0000bb80");
  const auto file = read_mp4(from_text(text));
  EXPECT_THAT(file.violations, IsEmpty());
  ASSERT_THAT(file.references, SizeIs(2));
  EXPECT_EQ(file.references[0].origin, kNewYear2026 + 6'500'000);  // 312 / 48000 s
}

TEST(Reference, MayBeOfAnotherTrack) {
  // 6004 ticks of video are 66.711 ms: 0x1113fab9 / 2^32.
  const auto file = read_mp4(from_text(replaced("00000002 ed003780 0f5c28f6 0000000000000b40",
                                                "00000001 ed003780 1113fab9 0000000000001774")));
  EXPECT_THAT(file.violations, IsEmpty());
  ASSERT_THAT(file.references, SizeIs(2));
  EXPECT_NEAR(static_cast<double>(file.references[1].origin - kNewYear2026), 0, 10);
}

TEST(Reference, MayJumpForwardAsAPauseDoes) {
  const auto file = read_mp4(from_text(replaced("ed003780 0f5c28f6", "ed003783 0f5c28f6")));
  EXPECT_THAT(file.violations, IsEmpty());
  ASSERT_THAT(file.references, SizeIs(2));
  EXPECT_EQ(file.references[1].origin - file.references[0].origin, 3 * kSecond);
}

TEST(Reference, IsHeldAgainstTheClockBehindTheLastJump) {
  std::string text = replaced("ed003780 0f5c28f6", "ed003783 0f5c28f6");
  // A third fragment: the second with the times at its end.
  std::string third = kSecondReference + kSecondText;
  third = replaced("00000002 }", "00000003 }", third);
  third = replaced("0000000000001774", "000000000000232c", third);
  third = replaced("0000000000000b40 }\n    trun", "00000000000012c0 }\n    trun", third);
  third = replaced("0f5c28f6 0000000000000b40", "1999999a 00000000000012c0", third);  // 0.1 s
  EXPECT_THAT(read_mp4(from_text(text + replaced("ed003780", "ed003783", third))).violations,
              IsEmpty());
  EXPECT_THAT(read_mp4(from_text(text + third)).violations,
              ElementsAre(HasSubstr("the clock goes back by 3000000000 ns")));
}

TEST(Reference, MayBeLessThanAMillisecondOff) {
  // 0.9 ms are 0x003afb7e / 2^32.
  EXPECT_THAT(read_mp4(from_text(replaced("0f5c28f6", "0f212d78"))).violations, IsEmpty());
  EXPECT_THAT(read_mp4(from_text(replaced("0f5c28f6", "0f972474"))).violations, IsEmpty());
}

TEST(Reference, IsSkippedWhereTheOptionsSaySo) {
  Mp4ReadOptions options;
  options.extra_boxes = {"prft"};
  const auto file = read_mp4(from_text(replaced("01000018", "00000077")), options);
  EXPECT_THAT(file.violations, IsEmpty());
  EXPECT_THAT(file.references, IsEmpty());
  EXPECT_THAT(file.fragments, SizeIs(2));
}

TEST(Reference, IsOfTheTailWhenItsFragmentIs) {
  const auto whole = from_text(kReferenced);
  const std::size_t begin = from_text(kHeaderText + kFirstReference + kFirstText).size();
  for (std::size_t length = begin + 1; length < whole.size(); ++length) {
    const auto file = read_mp4(first_bytes(whole, length));
    ASSERT_THAT(file.violations, IsEmpty()) << length;
    ASSERT_THAT(file.fragments, SizeIs(1)) << length;
    ASSERT_THAT(file.references, SizeIs(1)) << length;
    ASSERT_EQ(file.tail.kind, Kind::kTorn) << length;
    ASSERT_EQ(file.tail.offset, begin) << length;
  }
}

// The first 8 bytes of a unit, which are written last, are now those of the prft.
TEST(Reference, EveryHalfDoneCommitIsATailAndNoViolation) {
  auto whole = from_text(kReferenced);
  const std::size_t begin = from_text(kHeaderText + kFirstReference + kFirstText).size();
  std::fill_n(whole.begin() + static_cast<std::ptrdiff_t>(begin), 8, std::uint8_t{0});
  for (std::size_t length = begin + 8; length <= whole.size(); ++length) {
    const auto file = read_mp4(first_bytes(whole, length));
    ASSERT_THAT(file.violations, IsEmpty()) << length;
    ASSERT_THAT(file.references, SizeIs(1)) << length;
    ASSERT_EQ(file.tail.kind, Kind::kUncommitted) << length;
    ASSERT_EQ(file.tail.offset, begin) << length;
    ASSERT_EQ(file.tail.unit_complete, length == whole.size()) << length;
  }
}

TEST(Reference, AnUncommittedUnitIsAFragmentBehindIt) {
  const std::string hidden = kHeaderText + kFirstReference + kFirstText +
                             "0000000000000000 01000018 00000002 ed003780 0f5c28f6 "
                             "0000000000000b40 ";
  EXPECT_THAT(read_mp4(from_text(hidden + kSecondText)).violations, IsEmpty());
  EXPECT_THAT(read_mp4(from_text(hidden + kSecondReference + kSecondText)).violations,
              ElementsAre(HasSubstr("unknown content")));
  EXPECT_THAT(read_mp4(from_text(hidden + kSecondText + kSecondText)).violations,
              ElementsAre(HasSubstr("bytes behind an uncommitted unit")));
}

class DamagedReference : public testing::TestWithParam<Damage> {};

TEST_P(DamagedReference, IsNamed) {
  const Damage& damage = GetParam();
  const auto file = read_mp4(from_text(replaced(damage.find, damage.replace)));
  EXPECT_THAT(file.violations,
              Contains(testing::AllOf(HasSubstr(damage.path), HasSubstr(damage.violation))));
}

const Damage kDamage[] = {
    {"prft{ 01000018", "prft{ 02000018", "prft", "unknown version 2"},
    {"prft{ 01000018 00000002 ed003780 051eb852 00000000000003c0",
     "prft{ 00000018 00000002 ed003780 051eb852 000003c0", "prft", "must be 1"},
    {"prft{ 01000018", "prft{ 01000038", "prft", "unknown flags 0x000020"},
    {"prft{ 01000018", "prft{ 01000000", "prft", "flags are 0, must be 8 or 24"},
    {"prft{ 01000018", "prft{ 01000010", "prft", "flags are 16, must be 8 or 24"},
    {"prft{ 01000018 00000002", "prft{ 01000018 00000003", "prft", "3 is not declared"},
    {"00000000000003c0 }", "000003c0 }", "prft", "too short"},
    {"00000000000003c0 }", "00000000000003c0 00 }", "prft", "1 bytes more"},
    {"00000000000003c0", "0000000000000b40", "prft",
     "media_time 2880 is not in the moof, which "
     "presents 0 to 2880"},
    {"0f5c28f6 0000000000000b40", "0f5c28f6 0000000000000b3f", "prft",
     "media_time 2879 is not in the moof"},
    {"00000000000003c0", "fffffffffffffec8", "prft", "media_time wrapped below 0"},
    {"ed003780 0f5c28f6", "ed00377f 0f5c28f6", "prft", "goes back by 1000000000 ns"},
    {"ed003780 0f5c28f6", "ed003780 0f0ccccd", "prft", "the clock goes back by 12"},  // 1.2 ms
    {"prft{", "prft{ 01000018 00000002 ed003780 051eb852 00000000000003c0 } prft{", "prft",
     "must be followed by its moof"},
    {"moof{", "free{ } moof{", "free", "must be followed by its moof"},
    {"moof{", "0000000000000000 moof{", "", "zeros between prft and moof"},
    {"mdat{", "prft{ 01000018 00000002 ed003780 051eb852 00000000000003c0 } mdat{", "prft",
     "must be followed by its mdat"},
    {"moov{", "moov{ prft{ 01000018 00000002 ed003780 051eb852 00000000000003c0 }", "moov/prft",
     "unexpected box"},
};
INSTANTIATE_TEST_SUITE_P(Box, DamagedReference, testing::ValuesIn(kDamage));

TEST(DamagedReferences, OfATrackThatIsNotInTheMoof) {
  const auto text = replaced(
      kSecondText,
      "moof{ mfhd{ 00000000 00000002 } traf{ tfhd{ 00020028 00000001 00000bb8 01010000 }"
      " tfdt{ 01000000 0000000000001774 } trun{ 00000205 00000001 00000070 01010000 00000008 } } }"
      "mdat{ 00000004 419a486c }");
  EXPECT_THAT(read_mp4(from_text(text)).violations,
              ElementsAre(HasSubstr("prft: its track has no samples in the moof that follows")));
}

// Its size, type, version, flags and track: no byte of these can change unseen.
TEST(DamagedReferences, EveryChangedByteOfTheHeadIsSeen) {
  const auto whole = from_text(kReferenced);
  const std::size_t begin = from_text(kHeaderText).size();
  for (std::size_t i = begin; i < begin + 16; ++i) {
    for (const std::uint8_t value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      auto bytes = whole;
      bytes[i] = value;
      if (bytes == whole) continue;
      const auto file = read_mp4(bytes);
      EXPECT_TRUE(!file.violations.empty() || file.tail.kind != Kind::kNone)
          << "byte " << i - begin << " is " << int{value};
    }
  }
}

// ffmpeg writes PTS as UTC since 1970, so that its file has its time 0 there.
TEST(Reference, AgreesWithFfmpeg) {
  ASSERT_EQ(std::system("command -v ffmpeg >/dev/null"), 0) << "install ffmpeg";
  std::string folder = testing::TempDir() + "reference_reader_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/out.mp4";
  const std::string make =
      "ffmpeg -v error -y -f lavfi -i testsrc2=s=160x120:r=30:d=3 -c:v libx264 -bf 0 -pix_fmt "
      "yuv420p -g 30 -write_prft pts -movflags +frag_keyframe+empty_moov+default_base_moof ";
  ASSERT_EQ(std::system((make + path).c_str()), 0);
  auto options = ffmpeg_options();
  options.extra_boxes.erase("prft");
  const auto file = read_mp4_file(path, options);
  EXPECT_EQ(std::system(("rm -r '" + folder + "'").c_str()), 0);
  EXPECT_THAT(file.violations, IsEmpty());
  ASSERT_THAT(file.references, SizeIs(3));
  for (std::size_t second = 0; second < 3; ++second) {
    const auto& reference = file.references[second];
    EXPECT_EQ(reference.flags, 24u);
    EXPECT_EQ(reference.utc, static_cast<std::int64_t>(second) * kSecond);
    EXPECT_EQ(reference.origin, 0);
  }
}

}  // namespace
}  // namespace rec::test
