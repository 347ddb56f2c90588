// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What recovery does not touch: everything that a recorder of this project did not leave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "lib/isobmff/movie_index.h"
#include "lib/recovery/recover.h"
#include "tests/unit/recovery/memory_file.h"
#include "tests/unit/recovery/sample_recording.h"

namespace rec::recovery {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const SampleRecording kSample;

Report expect_untouched(const Bytes& bytes) {
  MemoryFile file(bytes);
  const Report report = recover(file, {});
  EXPECT_THAT(file.steps, IsEmpty());
  EXPECT_EQ(file.content(), bytes);
  return report;
}

// In the nth box of that type, `at` bytes behind the type.
struct Change {
  const char* type;
  int nth;
  int at;
  std::uint8_t value;
};
void PrintTo(const Change& change, std::ostream* out) {
  *out << change.type << " " << change.nth << " " << change.at;
}

Bytes changed(const Change& change) {
  Bytes bytes = kSample.bytes;
  auto at = bytes.begin();
  const std::string_view type = change.type;
  for (int n = change.nth; n >= 0; --n)
    at = std::search(at + 1, bytes.end(), type.begin(), type.end());
  at[4 + change.at] = change.value;
  return bytes;
}

class OtherHeads : public testing::TestWithParam<Change> {};

TEST_P(OtherHeads, AreNotOurs) {
  const Report report = expect_untouched(changed(GetParam()));
  EXPECT_EQ(report.outcome, Outcome::kNothingToDo);
  EXPECT_EQ(report.reason, "not a recording of recordmux");
}

INSTANTIATE_TEST_SUITE_P(, OtherHeads,
                         testing::Values(Change{"ftyp", 0, 3, '5'},   // iso5
                                         Change{"ftyp", 0, 7, 1},     // a minor version
                                         Change{"ftyp", 0, 15, '2'},  // mp42
                                         Change{"free", 0, 7, 1},  // no room, but something to keep
                                         Change{"mvhd", 0, 0, 0},  // version 0
                                         Change{"mvhd", 0, 22, 2},  // another timescale
                                         Change{"mvhd", 0, 31, 1},  // a duration
                                         Change{"tkhd", 0, 35, 1},  // likewise
                                         Change{"tkhd", 1, 23,
                                                1},  // the track_ID of the other track
                                         Change{"elst", 0, 7, 2},     // two edits
                                         Change{"elst", 0, 11, 1},    // one of a part of the track
                                         Change{"mdhd", 0, 31, 1},    // a duration
                                         Change{"hdlr", 0, 24, 'K'},  // another writer's name
                                         Change{"hdlr", 1, 8, 't'},   // neither video nor audio
                                         Change{"stts", 0, 7, 1},     // samples in the moov
                                         Change{"trex", 0, 11, 2},    // another sample description
                                         Change{"trex", 1, 23, 1},    // default flags
                                         Change{"trex", 1, 7, 9}));   // of no track

class Contradictions : public testing::TestWithParam<Change> {};

TEST_P(Contradictions, AreNotWhatAKillLeaves) {
  const Report report = expect_untouched(changed(GetParam()));
  EXPECT_EQ(report.outcome, Outcome::kDamaged);
  EXPECT_THAT(report.reason, HasSubstr(std::to_string(kSample.ends[1])));  // where it is
}

INSTANTIATE_TEST_SUITE_P(, Contradictions,
                         testing::Values(Change{"prft", 1, -5, 33},  // its size
                                         Change{"moof", 1, 1, 'x'},  // not so long: no mfhd
                                         Change{"mfhd", 1, 7, 1},    // as in the fragment before
                                         Change{"tfhd", 1, 1, 0},    // base is not the moof
                                         Change{"tfhd", 1, 7, 3},    // of no track
                                         Change{"tfdt", 1, 0, 0},    // version 0
                                         Change{"tfdt", 1, 10, 0},   // before the end of the last
                                         Change{"tfdt", 1, 4, 1},    // in a million years
                                         Change{"trun", 1, 3, 0},    // no data offset
                                         Change{"trun", 1, 7, 200},  // more samples than it has
                                         Change{"trun", 1, 7, 0},    // none
                                         Change{"trun", 1, 11, 0}));

TEST(LeftAlone, AFragmentWithMoreDataThanSamples) {
  Bytes bytes = kSample.bytes;
  const std::string_view type = "mdat";
  const auto mdat = std::find_end(bytes.begin(), bytes.end(), type.begin(), type.end());
  ++mdat[-1];  // its size
  bytes.push_back(0);
  EXPECT_EQ(expect_untouched(bytes).outcome, Outcome::kDamaged);
}

TEST(LeftAlone, WhatIsNoMp4) {
  EXPECT_EQ(expect_untouched({}).outcome, Outcome::kNothingToDo);
  std::minstd_rand dice(1);
  for (int n = 0; n < 1000; ++n) {
    Bytes garbage(dice() % 300);
    for (auto& byte : garbage) byte = static_cast<std::uint8_t>(dice());
    EXPECT_EQ(expect_untouched(garbage).outcome, Outcome::kNothingToDo);
  }
}

// A head that was not committed, and one that is cut: nothing was recorded.
TEST(LeftAlone, AnUnfinishedHead) {
  for (std::size_t size = 0; size <= kSample.ends[0]; ++size) {
    EXPECT_EQ(expect_untouched(kSample.upto(size)).outcome, Outcome::kNothingToDo) << size;
    Bytes uncommitted = kSample.upto(size);
    std::fill_n(uncommitted.begin(), std::min<std::size_t>(8, size), 0);
    EXPECT_EQ(expect_untouched(uncommitted).outcome, Outcome::kNothingToDo) << size;
  }
}

// Not the last fragment is torn: what follows it would be lost.
TEST(LeftAlone, AFragmentBehindATornOne) {
  for (const auto& [at, value] : {std::pair{0, 0xff}, {4, 0}}) {  // its size, its type
    Bytes bytes = kSample.bytes;
    for (int i = at; i < at + 4; ++i)
      bytes[kSample.ends[1] + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value);
    EXPECT_EQ(expect_untouched(bytes).outcome, Outcome::kDamaged);
    // The fragment that was torn may be long: the type of the next moof anywhere in a megabyte.
    const std::size_t type = kSample.ends[2] + 32 + 4;
    for (const std::size_t place : {3u << 20, (1u << 20) + 40 - 6}) {
      Bytes longer = bytes;
      longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(kSample.ends[1] + 100),
                    kSample.ends[1] + place - type, 1);
      EXPECT_EQ(expect_untouched(longer).outcome, Outcome::kDamaged);
    }
  }
}

TEST(LeftAlone, AHeadAndATornFragment) {
  Bytes bytes = kSample.upto(kSample.ends[0]);
  append(bytes, Bytes(100));
  EXPECT_EQ(expect_untouched(bytes).reason, "nothing was recorded in it");
}

TEST(LeftAlone, AFileThatItsStoreClosed) {
  const auto tracks = sample_tracks();
  isobmff::MovieIndex index(tracks, 0);
  const TrackRun runs[] = {{1, {{0, 0, 1, true}}, 3000, {}}};
  index.add(runs, kSample.ends[0], kSample.ends[0] + 100);
  Bytes bytes = kSample.bytes;
  append(bytes, index.mfra());
  EXPECT_EQ(expect_untouched(bytes).reason, "finished, in fragments");
}

TEST(LeftAlone, WhatSomebodyAppended) {
  for (const char* text : {"udta{ 00000000 }", "free{ }", "mdat{ 00 }", "moov{ 00 } free{ }",
                           "'abcd' 'efgh' 'ijkl'", "00000000 'uuid'", "ffffffff 'skip' 00"}) {
    Bytes bytes = kSample.bytes;
    append(bytes, test::BoxText(text).bytes());
    EXPECT_EQ(expect_untouched(bytes).outcome, Outcome::kDamaged) << text;
  }
}

// Any one byte is another: the file is made whole, or not touched at all.
TEST(LeftAlone, WhatIsNotUnderstood) {
  std::minstd_rand dice(2);
  for (std::size_t at = 0; at < kSample.bytes.size(); ++at) {
    Bytes bytes = kSample.bytes;
    bytes[at] = static_cast<std::uint8_t>(dice());
    MemoryFile file(bytes);
    const Report report = recover(file, {});
    if (report.outcome == Outcome::kRecovered) continue;
    EXPECT_THAT(file.steps, IsEmpty()) << at;
  }
}

}  // namespace
}  // namespace rec::recovery
