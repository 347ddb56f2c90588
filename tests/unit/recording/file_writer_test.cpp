// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/file_writer.h"

#include <gtest/gtest.h>

#include "tests/support/fake_container.h"

namespace rec::recording {
namespace {

constexpr Nanos kMs = 1'000'000;
constexpr int kAudio = 0, kVideo = 1;

class File : public ::testing::Test {
 protected:
  void begin(Nanos origin) {
    utc.set(1'000 * kSecond, "system", false);
    file.emplace(container, "k",
                 std::vector<FileWriter::Track>{{kAudio, {48000, OpusConfig{}}},
                                                {kVideo, {90000, H264Config{}}}},
                 origin, utc, true, false);
    take(file->header());
  }
  void take(ObjectUnit unit) {
    EXPECT_EQ(unit.offset, bytes.size());
    EXPECT_EQ(unit.begin, bytes.empty());
    bytes.insert(bytes.end(), unit.bytes.begin(), unit.bytes.end());
    last = std::move(unit);
  }
  std::size_t write(std::vector<Fragmenter::Run> runs, std::vector<FileWriter::Rest> rests = {}) {
    auto units = file->fragments(std::move(runs), rests);
    for (auto& unit : units) take(std::move(unit));
    return units.size();
  }
  static Fragmenter::Run audio(std::vector<std::int64_t> dts) {
    Fragmenter::Run run{kAudio, {}, dts.back() + 960};
    for (const auto t : dts)
      run.samples.push_back({.dts = t, .duration = 960, .key = true, .bytes = {'a'}});
    return run;
  }
  static Fragmenter::Run video(std::vector<std::int64_t> dts, std::int64_t end) {
    Fragmenter::Run run{kVideo, {}, end};
    for (const auto t : dts) run.samples.push_back({.dts = t, .bytes = {'v'}});
    return run;
  }
  // "a960 s480": payload and duration of each sample.
  std::string samples(int track) const {
    std::string out;
    for (const auto& s : test::FakeReader::read(bytes).samples(track))
      out += s.payload.substr(0, 1) + std::to_string(s.duration) + " ";
    return out;
  }
  std::int64_t first(int track) const {
    return test::FakeReader::read(bytes).samples(track).front().dts;
  }
  test::FakeContainer container;
  UtcMap utc;
  std::optional<FileWriter> file;
  Bytes bytes;
  ObjectUnit last;
};

TEST_F(File, TimeStartsAtItsOrigin) {
  begin(-200 * kMs);
  write({audio({-4800, -3840}), video({-18000, -9000}, 0)});
  EXPECT_EQ(first(kAudio), 200 * 48 - 4800 - 4800);  // -100 ms, 100 ms after the origin, filled
  EXPECT_EQ(samples(kAudio), "s960 s960 s960 s960 s960 a960 a960 ");
  EXPECT_EQ(first(kVideo), 0);
  EXPECT_EQ(last.duration, 200 * kMs);
  EXPECT_EQ(last.start_utc, 1'000 * kSecond - 200 * kMs);
}

TEST_F(File, KeepsTheStartOffsetOfVideo) {
  begin(0);
  write({video({90000, 93600}, 97200)});
  EXPECT_EQ(first(kVideo), 90000);
}

TEST_F(File, FillsHolesBetweenAndInsideRuns) {
  begin(0);
  write({audio({0, 960 + 480})});
  write({audio({2400 + 120, 2400 + 120 + 960 + 360})});
  EXPECT_EQ(samples(kAudio), "a960 s480 a960 s120 a960 s240 s120 a960 ");
}

TEST_F(File, LeavesAHoleThatNoPacketFitsInto) {
  begin(0);
  write({audio({100, 1060})});
  EXPECT_EQ(first(kAudio), 100);
  EXPECT_EQ(samples(kAudio), "a960 a960 ");
}

TEST_F(File, EndsAPartOfAudioWithWholePacketsOfSilence) {
  begin(0);
  write({audio({0})}, {{kAudio, 960 * 3 + 959, {}}});
  EXPECT_EQ(samples(kAudio), "a960 s960 s960 ");
  EXPECT_EQ(file->end_of(kAudio), 2880);
  write({audio({960 * 3 + 600})});
  EXPECT_EQ(samples(kAudio), "a960 s960 s960 s480 s120 a960 ");
}

TEST_F(File, BeginsSilenceOnTheGridThatTheTrackHas) {
  begin(20 * kMs);
  write({}, {{kAudio, 960 * 3, 70}});  // 70 + 8 * 120 = 1030
  EXPECT_EQ(first(kAudio), 70);
  EXPECT_EQ(samples(kAudio), "s960 ");
}

TEST_F(File, SpreadsVeryLongSilenceOverSeveralFragments) {
  begin(0);
  EXPECT_EQ(write({audio({0})}), 1u);
  EXPECT_EQ(write({audio({3600 * 48000})}), 60u);
  const auto all = test::FakeReader::read(bytes).samples(kAudio);
  EXPECT_EQ(all.size(), 1 + (3600u * 48000 - 960) / 960 + 1);
  for (const auto& f : test::FakeReader::read(bytes).fragments)
    EXPECT_LE(f.runs.front().samples.size(), 3002u);
}

TEST_F(File, HasNoSampleOfMoreThan32Bits) {
  begin(0);
  write({audio({0}), video({0, 3600, 5'000'000'000, 5'000'003'600}, 10'000'000'000)});
  std::vector<std::int64_t> starts;
  for (const auto& s : test::FakeReader::read(bytes).samples(kVideo)) {
    EXPECT_LE(s.duration, 0xffffffff);
    starts.push_back(s.dts);
  }
  EXPECT_EQ(starts, (std::vector<std::int64_t>{0, 3600, 5'000'000'000, 5'000'003'600}));
}

TEST_F(File, WritesNoFragmentOfNothing) {
  begin(0);
  EXPECT_EQ(write({}), 0u);
  EXPECT_EQ(write({}, {{kAudio, 959, {}}}), 0u);
}

TEST_F(File, EndsWithAnEmptyUnit) {
  begin(0);
  write({audio({0})});
  const auto units = file->end(UINT64_MAX);
  ASSERT_EQ(units.size(), 1u);
  const auto& end = units.front();
  EXPECT_TRUE(end.end);
  EXPECT_FALSE(end.begin);
  EXPECT_TRUE(end.bytes.empty());
  EXPECT_EQ(end.offset, bytes.size());
  EXPECT_EQ(end.duration, 20 * kMs);
}

TEST_F(File, EndsWithWhatItsContainerSays) {
  container.ending = {{'m', 'o', 'o', 'v'}, 3, {'x', 'y'}};
  begin(0);
  write({audio({0})});
  const auto units = file->end(8);
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units[0].offset, bytes.size());
  EXPECT_EQ(units[0].bytes, (Bytes{'m', 'o', 'o', 'v'}));
  EXPECT_EQ(units[1].offset, 3u);
  EXPECT_EQ(units[1].bytes, (Bytes{'x', 'y'}));
  EXPECT_FALSE(units[0].end || units[1].end || units[1].begin);
  EXPECT_TRUE(units[2].end);
  EXPECT_EQ(units[2].offset, bytes.size() + 4);  // what was rewritten is not counted twice
  EXPECT_TRUE(units[2].bytes.empty());
}

TEST_F(File, RewritesNothingWhereTheStoreCannot) {
  container.ending = {{'m'}, 3, {'x', 'y'}};
  begin(0);
  write({audio({0})});
  const auto units = file->end(0);
  ASSERT_EQ(units.size(), 2u);
  EXPECT_EQ(units[0].bytes, Bytes{'E'});
  EXPECT_EQ(units[0].offset, bytes.size());
  EXPECT_TRUE(units[1].end);
}

}  // namespace
}  // namespace rec::recording
