// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The strict MP4 reader: what it reads from a file written by hand, and where a killed writer's
// file ends for it. The damaged copies are in damage_*_test.cpp.
#include "tests/support/box_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/box_text.h"
#include "tests/unit/support/sample_file.h"

namespace rec::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Bytes = std::vector<std::uint8_t>;
using Kind = Mp4Tail::Kind;

const Bytes& header() {
  static const Bytes bytes = from_text(kHeaderText);
  return bytes;
}
const Bytes& first() {
  static const Bytes bytes = from_text(kFirstText);
  return bytes;
}
const Bytes& second() {
  static const Bytes bytes = from_text(kSecondText);
  return bytes;
}

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes uncommitted(Bytes unit) {
  std::fill_n(unit.begin(), 8, std::uint8_t{0});
  return unit;
}

TEST(BoxReader, ReadsTheTracks) {
  const auto file = read_mp4(join({header(), first(), second()}));
  EXPECT_THAT(file.violations, IsEmpty());
  EXPECT_EQ(file.major_brand, "iso6");
  EXPECT_THAT(file.brands, ElementsAre("iso6", "mp41"));
  ASSERT_THAT(file.tracks, SizeIs(2));
  const auto& video = file.tracks[0];
  EXPECT_EQ(video.handler, "vide");
  EXPECT_EQ(video.entry, "avc3");
  EXPECT_EQ(video.rfc6381(), "avc3.42e01f");
  EXPECT_EQ(video.timescale, 90000u);
  EXPECT_EQ(video.width, 640);
  EXPECT_EQ(video.height, 480);
  EXPECT_THAT(video.avcc, SizeIs(22));
  const auto& audio = file.tracks[1];
  EXPECT_EQ(audio.handler, "soun");
  EXPECT_EQ(audio.entry, "Opus");
  EXPECT_EQ(audio.channels, 2);
  EXPECT_EQ(audio.dops.pre_skip, 312);
  EXPECT_EQ(audio.dops.input_sample_rate, 48000u);
}

TEST(BoxReader, ReadsTheSamples) {
  const auto bytes = join({header(), first(), second()});
  const auto file = read_mp4(bytes);
  ASSERT_THAT(file.tracks, SizeIs(2));
  const auto& video = file.tracks[0].samples;
  ASSERT_THAT(video, SizeIs(3));
  EXPECT_EQ(video[0].duration, 3000u);
  EXPECT_EQ(video[1].dts, 3000u);
  EXPECT_EQ(video[1].duration, 3004u);
  EXPECT_EQ(video[2].dts, 6004u);
  EXPECT_EQ(video[2].fragment, 1u);
  EXPECT_TRUE(video[0].key);
  EXPECT_FALSE(video[1].key);
  EXPECT_EQ(video[0].offset, header().size() + 216);
  EXPECT_EQ(bytes[video[1].offset + 4], 0x41);
  const auto& audio = file.tracks[1];
  ASSERT_THAT(audio.samples, SizeIs(5));
  EXPECT_EQ(audio.samples[2].size, 4u);
  EXPECT_EQ(bytes[audio.samples[2].offset + 1], 0xaa);
  EXPECT_EQ(audio.samples[4].dts, 3840u);
  EXPECT_EQ(audio.end_dts, 4800u);
}

TEST(BoxReader, ReadsTheFragments) {
  const auto file = read_mp4(join({header(), first(), second()}));
  ASSERT_THAT(file.fragments, SizeIs(2));
  EXPECT_EQ(file.fragments[0].sequence, 1u);
  EXPECT_EQ(file.fragments[0].offset, header().size());
  EXPECT_EQ(file.fragments[0].size, first().size());
  EXPECT_EQ(file.fragments[1].offset, header().size() + first().size());
  EXPECT_EQ(file.tail.kind, Kind::kNone);
}

TEST(BoxReader, EveryPrefixIsATornTailAndNoViolation) {
  const auto whole = join({header(), first(), second()});
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const auto file = read_mp4(std::span(whole).first(length));
    EXPECT_THAT(file.violations, IsEmpty()) << "cut at " << length;
    std::size_t whole_units = 0;
    if (length >= header().size() + first().size()) whole_units = 1;
    if (length == whole.size()) whole_units = 2;
    EXPECT_THAT(file.fragments, SizeIs(whole_units)) << "cut at " << length;
    if (length > header().size() && length < header().size() + first().size()) {
      EXPECT_EQ(file.tail.kind, Kind::kTorn);
      EXPECT_EQ(file.tail.offset, header().size());
      EXPECT_EQ(file.tail.size, length - header().size());
    }
  }
}

TEST(BoxReader, EveryHalfDoneCommitIsATailAndNoViolation) {
  const auto unit = uncommitted(second());
  for (std::size_t length = 8; length <= unit.size(); ++length) {
    const auto file =
        read_mp4(join({header(), first(),
                       Bytes(unit.begin(), unit.begin() + static_cast<std::ptrdiff_t>(length))}));
    EXPECT_THAT(file.violations, IsEmpty()) << length;
    EXPECT_THAT(file.fragments, SizeIs(1)) << length;
    EXPECT_EQ(file.tail.kind, Kind::kUncommitted) << length;
    EXPECT_EQ(file.tail.offset, header().size() + first().size()) << length;
    EXPECT_EQ(file.tail.unit_complete, length == unit.size()) << length;
  }
}

TEST(BoxReader, AnUncommittedHeaderIsATail) {
  for (const auto& bytes :
       {uncommitted(header()), join({uncommitted(header()), first()}), Bytes(8, 0)}) {
    const auto file = read_mp4(bytes);
    EXPECT_THAT(file.violations, IsEmpty());
    EXPECT_EQ(file.tail.kind, Kind::kUncommitted);
    EXPECT_EQ(file.tail.offset, 0u);
    EXPECT_FALSE(file.has_moov);
  }
}

TEST(BoxReader, AMoovThatIsItsOwnUnitMayBeUncommitted) {
  auto bytes = header();
  const std::size_t moov = 24 + 16;
  ASSERT_EQ(std::string(bytes.begin() + moov + 4, bytes.begin() + moov + 8), "moov");
  std::fill_n(bytes.begin() + moov, 8, std::uint8_t{0});
  const auto file = read_mp4(bytes);
  EXPECT_THAT(file.violations, IsEmpty());
  EXPECT_EQ(file.tail.offset, moov);
  EXPECT_TRUE(file.tail.unit_complete);
}

TEST(BoxReader, NothingFollowsAnUncommittedUnit) {
  const auto file = read_mp4(join({header(), uncommitted(first()), second()}));
  EXPECT_THAT(file.violations, ElementsAre(testing::HasSubstr("bytes behind an uncommitted unit")));
}

TEST(BoxReader, NotEvenAFewBytesFollowAnUncommittedUnit) {
  const auto file = read_mp4(join({header(), uncommitted(first()), Bytes(3, 0x11)}));
  EXPECT_THAT(file.violations, ElementsAre(testing::HasSubstr("bytes behind an uncommitted unit")));
}

TEST(BoxReader, AnUncommittedUnitHoldsAFragment) {
  Bytes junk(64, 0x5a);
  std::fill_n(junk.begin(), 8, std::uint8_t{0});
  const auto file = read_mp4(join({header(), first(), junk}));
  EXPECT_THAT(file.violations, ElementsAre(testing::HasSubstr("unknown content")));
}

TEST(BoxReader, GarbageAtTheEndIsAViolationAndTheTail) {
  const auto file = read_mp4(join({header(), first(), Bytes(40, 0xa5)}));
  EXPECT_THAT(file.violations, SizeIs(1));
  EXPECT_EQ(file.tail.kind, Kind::kGarbage);
  EXPECT_EQ(file.tail.size, 40u);
}

TEST(BoxReader, TheListOfViolationsEnds) {
  Bytes bytes = header();
  for (int i = 0; i < 1200; ++i) bytes = join({bytes, from_text("uuid{ }")});
  const auto file = read_mp4(bytes);
  EXPECT_THAT(file.violations, SizeIs(1001));
  EXPECT_THAT(file.violations.back(), testing::HasSubstr("not listed"));
}

TEST(BoxReader, AMissingFileIsAViolation) {
  EXPECT_THAT(read_mp4_file("/nonexistent.mp4").violations, SizeIs(1));
}

// Whatever the damage, the reader reads within the file (ASan is the judge of that) and ends.
TEST(BoxReader, SurvivesEveryChangedByte) {
  const auto whole = join({header(), first(), second()});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const std::uint8_t value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      auto bytes = whole;
      bytes[i] = value;
      (void)read_mp4(bytes);
    }
  }
}

}  // namespace
}  // namespace rec::test
