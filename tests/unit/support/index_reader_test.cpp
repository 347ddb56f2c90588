// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A finished file, written by hand, and every piece of damage to its index.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <ostream>

#include "tests/support/box_reader.h"
#include "tests/unit/support/box_text.h"
#include "tests/unit/support/sample_file.h"

namespace rec::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kFree = 24;  // behind ftyp

std::string word(std::size_t value) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08zx", value);
  return text.data();
}

void replace_first(std::string& text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  if (at == std::string::npos) throw std::invalid_argument(what);
  text.replace(at, what.size(), by);
}

const std::size_t kFirst = from_text(kHeaderText).size();
const std::size_t kSecond = kFirst + from_text(kFirstText).size();
const std::size_t kEnd = kSecond + from_text(kSecondText).size();

// The moov of the header with the samples of both fragments: 100 ms of either track.
std::string index_text() {
  std::string text = kHeaderText.substr(kHeaderText.find("moov{"));
  text.erase(text.find("mvex{"));
  text += "}";
  replace_first(text, "000003e8 00000000 00010000", "000003e8 00000065 00010000");  // mvhd
  replace_first(text, "00000001 00000000 00000000 00000000", "00000001 00000000 00000065 00000000");
  replace_first(text, "00000002 00000000 00000000 00000000", "00000002 00000000 00000064 00000000");
  replace_first(text, "00015f90 00000000 55c4", "00015f90 0000232c 55c4");
  replace_first(text, "0000bb80 00000000 55c4", "0000bb80 000012c0 55c4");
  const std::string empty =
      text.substr(text.find("stts{"), text.find("stco{") - text.find("stts{")) +
      "stco{ 00000000 00000000 }";
  replace_first(text, empty,
                "stts{ 00000000 00000003 00000001 00000bb8 00000001 00000bbc 00000001 00000bb8 }"
                "stss{ 00000000 00000001 00000001 }"
                "stsc{ 00000000 00000002 00000001 00000002 00000001 00000002 00000001 00000001 }"
                "stsz{ 00000000 00000000 00000003 0000001b 00000008 00000008 }"
                "stco{ 00000000 00000002 " +
                    word(kFirst + 0xd8) + " " + word(kSecond + 0xc0) + " }");
  replace_first(text, empty,
                "stts{ 00000000 00000001 00000005 000003c0 }"
                "stsc{ 00000000 00000002 00000001 00000003 00000001 00000002 00000002 00000001 }"
                "stsz{ 00000000 00000000 00000005 00000003 00000003 00000004 00000003 00000003 }"
                "stco{ 00000000 00000002 " +
                    word(kFirst + 0xfb) + " " + word(kSecond + 0xc8) + " }");
  return text;
}

std::vector<std::uint8_t> file_of(const std::string& index, bool flipped) {
  auto bytes = from_text(kHeaderText + kFirstText + kSecondText + index);
  const auto header = from_text("00000001 'mdat' 00000000 " + word(kEnd - kFree));
  if (flipped) std::copy(header.begin(), header.end(), bytes.begin() + kFree);
  return bytes;
}

TEST(FinishedFile, HasNothingToObjectTo) {
  for (const bool flipped : {false, true}) {
    const auto file = read_mp4(file_of(index_text(), flipped));
    EXPECT_THAT(file.violations, IsEmpty());
    EXPECT_EQ(file.index_offset, kEnd);
    EXPECT_EQ(file.mdat_offset, flipped ? kFree : 0);
    EXPECT_EQ(file.movie_duration, 0x65u);
    EXPECT_EQ(file.fragments.size(), 2u);  // they are read as before
    EXPECT_EQ(file.tracks[1].samples.size(), 5u);
  }
}

TEST(FinishedFile, MayLackTheFirstBytesOfItsIndex) {
  auto bytes = file_of(index_text(), false);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(kEnd), 8, 0);
  const auto file = read_mp4(bytes);
  EXPECT_THAT(file.violations, IsEmpty());
  EXPECT_EQ(file.tail.kind, Mp4Tail::Kind::kUncommitted);
  EXPECT_TRUE(file.tail.unit_complete);
}

TEST(FinishedFile, MayBeTornInTheTagsBehindItsTracks) {
  std::string text = index_text();
  text.insert(text.rfind('}'), "udta{ meta{ 00000000 } }");
  auto bytes = file_of(text, false);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(kEnd), 8, 0);
  constexpr std::size_t kTags = 8 + 8 + 4;
  for (std::size_t left = kTags; left > 0; --left, bytes.pop_back()) {
    const auto file = read_mp4(bytes);
    EXPECT_THAT(file.violations, IsEmpty()) << left;
    EXPECT_EQ(file.tail.unit_complete, left == kTags) << left;
  }
  const auto whole = from_text("udta{ }");
  bytes.insert(bytes.end(), whole.begin(), whole.end());
  bytes.push_back(0);
  EXPECT_THAT(read_mp4(bytes).violations, Contains(HasSubstr("behind an uncommitted unit")));
}

TEST(FinishedFile, MustHaveItsIndex) {
  auto bytes = file_of(index_text(), true);
  bytes.resize(kEnd);
  EXPECT_THAT(read_mp4(bytes).violations, Contains(HasSubstr("no index behind the mdat")));
}

TEST(FinishedFile, EndsItsMdatWhereTheIndexBegins) {
  auto bytes = file_of(index_text(), true);
  --bytes[kFree + 15];
  EXPECT_THAT(read_mp4(bytes).violations, AllOf(Contains(HasSubstr("goes beyond the mdat over it")),
                                                Contains(HasSubstr("the mdat before it ends at"))));
}

TEST(FinishedFile, EndsWithItsIndex) {
  EXPECT_THAT(read_mp4(file_of(index_text() + kSecondText, true)).violations,
              Contains(HasSubstr("behind the index")));
}

struct IndexDamage {
  const char* find;
  const char* replace;
  const char* violation;
};
void PrintTo(const IndexDamage& damage, std::ostream* out) { *out << damage.violation; }

class DamagedIndex : public testing::TestWithParam<IndexDamage> {};

TEST_P(DamagedIndex, IsNamed) {
  std::string text = index_text();
  replace_first(text, GetParam().find, GetParam().replace);
  EXPECT_THAT(read_mp4(file_of(text, true)).violations, Contains(HasSubstr(GetParam().violation)));
}

const IndexDamage kDamage[] = {
    {"00000001 00000bbc", "00000001 00000bbd", "sample 1: duration is not that of its moof"},
    {"00000001 00000bbc", "00000001 00001774", "sample 2: time is not that of its moof"},
    {"0000001b 00000008 00000008", "0000001b 00000009 00000008", "sample 1: size is not"},
    {"stco{ 00000000 00000002 0000", "stco{ 00000000 00000002 0001", "sample 0: place is not"},
    {"stss{ 00000000 00000001 00000001 }", "", "sample 1: sync is not that of its moof"},
    {"stss{ 00000000 00000001 00000001 }", "stss{ 00000000 00000001 00000004 }", "sample number 4"},
    {"stsc{", "ctts{ 00000000 00000001 00000003 00000001 } stsc{", "composition offset is not"},
    {"stsc{ 00000000 00000002 00000001 00000002", "stsc{ 00000000 00000002 00000001 00000001",
     "different numbers of samples"},
    {"00000005 000003c0", "00000004 000003c0", "different numbers of samples"},
    {"stco{", "abcd{", "needs one of stco and co64"},
    {"0000232c 55c4", "0000232b 55c4", "mdhd lasts 9003 ticks, its samples 9004"},
    {"00000001 00000000 00000065", "00000001 00000000 00000064", "shows 0.1"},
    {"000003e8 00000065", "000003e8 00000063", "lasts longer than the movie"},
    {"'vide'", "'soun'", "track 1 is another one"},
    {"mdia{",
     "edts{ elst{ 00000000 00000002 0000000a ffffffff 00010000 00000065 00000000 00010000 } } "
     "mdia{",
     "sample 0: time is not that of its moof"},
    {"mdia{", "edts{ elst{ 00000000 00000001 00000064 00000000 00010000 } } mdia{",
     "tkhd and the edits differ"},
    {"stsz{ 00000000 00000000 00000005", "stsz{ 00000000 00000000 00000006", "too short"},
};
INSTANTIATE_TEST_SUITE_P(Index, DamagedIndex, testing::ValuesIn(kDamage));

// avc1: the key frame without the 19 bytes of sets in front of it.
std::string index_without_sets() {
  std::string text = index_text();
  replace_first(text, "avc3{", "avc1{");
  replace_first(text, "stsz{ 00000000 00000000 00000003 0000001b",
                "stsz{ 00000000 00000000 00000003 00000008");
  replace_first(text, "stco{ 00000000 00000002 " + word(kFirst + 0xd8),
                "stco{ 00000000 00000002 " + word(kFirst + 0xd8 + 19));
  return text;
}

TEST(FinishedFile, MayLeaveOutParameterSetsThatItsEntryHas) {
  const auto file = read_mp4(file_of(index_without_sets(), true));
  EXPECT_THAT(file.violations, IsEmpty());
  EXPECT_EQ(file.tracks[0].index_entry, "avc1");
}

TEST(FinishedFile, LeavesOutNothingElse) {
  for (const auto& [find, by, violation] : std::vector<std::array<std::string, 3>>{
           {"avc1{", "avc3{", "sample 0: size is not"},
           {"68ce3c80", "68ce3c81", "sample 0: a parameter set in front of it"},
           {word(kFirst + 0xd8 + 19), word(kFirst + 0xd8 + 18), "sample 0: size is not"},
           {"00000003 00000008 00000008", "00000003 00000004 00000008", "sample 0: size is not"}}) {
    std::string text = index_without_sets();
    replace_first(text, find, by);
    EXPECT_THAT(read_mp4(file_of(text, true)).violations, Contains(HasSubstr(violation)));
  }
}

std::string list_text() {
  return "mfra{ tfra{ 00000000 00000001 00000000 00000001 00000000 " + word(kFirst) +
         " 01 01 01 } tfra{ 00000000 00000002 00000000 00000002 00000000 " + word(kFirst) +
         " 02 01 01 00000b40 " + word(kSecond) + " 02 01 01 } mfro{ 00000000 00000069 } }";
}

TEST(ListOfKeyFrames, IsHeldAgainstTheFragments) {
  EXPECT_THAT(read_mp4(file_of(list_text(), false)).violations, IsEmpty());
  for (const auto& [find, by, violation] : std::vector<std::array<std::string, 3>>{
           {"00000b40", "00000b41", "no sync sample at 2881"},
           {word(kSecond), word(kSecond + 1), "no traf 2 of the track"},
           {" 02 01 01", " 01 01 01", "no traf 1 of the track"},
           {" 01 01 01", " 01 01 02", "no sync sample at 0"},
           {"00000069", "0000006a", "size is 106"}}) {
    std::string text = list_text();
    replace_first(text, find, by);
    EXPECT_THAT(read_mp4(file_of(text, false)).violations, Contains(HasSubstr(violation)));
  }
}

}  // namespace
}  // namespace rec::test
