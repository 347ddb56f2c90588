// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which UTC a recording claims: in its messages and in the references of its fragments.
#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

using recording::kSecond;
using recording::Timing;

struct Line {
  Nanos utc_of_zero;  // of the start of the file, as a reference has it
  bool of_sender;
};

std::uint32_t timescale_of(int track, int audio) { return track == audio ? 48000 : 90000; }

// The references of a file, one for each of its fragments.
std::vector<Line> lines(const ReadFile& file, int audio) {
  std::vector<Line> all;
  for (const auto& f : file.fragments) {
    EXPECT_TRUE(f.reference) << "fragment " << f.sequence;
    if (!f.reference) continue;
    const int track = static_cast<int>(f.reference->track_id) - 1;
    const auto run = std::find_if(f.runs.begin(), f.runs.end(),
                                  [&](const ReadRun& r) { return r.track == track; });
    EXPECT_NE(run, f.runs.end()) << "of a track that is not in the fragment";
    if (run != f.runs.end()) {
      EXPECT_TRUE(std::any_of(run->samples.begin(), run->samples.end(), [&](const ReadSample& s) {
        return s.dts + s.cts_offset == f.reference->pts;
      })) << "of no sample";
    }
    all.push_back(
        {f.reference->utc - recording::to_nanos(f.reference->pts, timescale_of(track, audio)),
         f.reference->of_sender});
  }
  return all;
}

void expect_one_line(const std::vector<Line>& lines) {
  ASSERT_FALSE(lines.empty());
  for (const Line& l : lines) {
    EXPECT_NEAR(ms(l.utc_of_zero - lines.front().utc_of_zero), 0, 1);
    EXPECT_EQ(l.of_sender, lines.front().of_sender);
  }
}

class WallClock : public ::testing::Test {
 protected:
  WallClock() {
    for (Source* s : {&audio, &video}) {
      s->start = 700 * kMs;
      s->delay = 120 * kMs;
      s->jitter = 15 * kMs;
    }
  }
  void with_reports() {
    audio.first_report = 2000 * kMs;
    video.first_report = 1000 * kMs;
  }
  void run(Studio& s, Nanos until = 20'000 * kMs) {
    Call call(s);
    if (user) s.recorder.set_utc_origin(*user, true);
    v = call.add(video);
    a = call.add(audio);
    call.run_and_finish(until);
    ASSERT_EQ(s.started.size(), 1u);
    ASSERT_EQ(s.keys.size(), 1u);
    file = s.file("s-1.mp4");
  }
  // UTC of the start of the file, as it really was.
  Nanos truth() const { return kEpoch + 700 * kMs; }

  Source audio = Source::audio();
  Source video = Source::video();
  std::optional<Nanos> user;
  int v = 0;
  int a = 0;
  ReadFile file;
};

TEST_F(WallClock, IsThatOfTheSenderWhenItsReportsAreKnown) {
  with_reports();
  Studio s;
  run(s);
  EXPECT_STREQ(s.started[0].clock_source, "ntp");
  EXPECT_NEAR(ms(s.started[0].start_utc - truth()), 0, 10);
  EXPECT_EQ(s.objects["s-1.mp4"].start_utc, s.started[0].start_utc);
  const auto all = lines(file, a);
  expect_one_line(all);
  for (const Line& l : all) {
    EXPECT_TRUE(l.of_sender);
    EXPECT_NEAR(ms(l.utc_of_zero - s.started[0].start_utc), 0, 1);
  }
}

TEST_F(WallClock, OfTheSenderIsKnownWithOneTrack) {
  with_reports();
  audio.first_report = 900 * kMs;  // before its first fragment is complete
  Studio s;
  Call call(s);
  a = call.add(audio);
  call.run_and_finish(10'000 * kMs);
  ASSERT_EQ(s.started.size(), 1u);
  EXPECT_STREQ(s.started[0].clock_source, "ntp");
  EXPECT_NEAR(ms(s.started[0].start_utc - truth()), 0, 10);
}

TEST_F(WallClock, IsThatOfThisMachineOtherwise) {
  Studio s;
  run(s);
  EXPECT_STREQ(s.started[0].clock_source, "system");
  EXPECT_NEAR(ms(s.started[0].start_utc - truth()), 120 + 7.5, 10);  // when it arrived
  const auto all = lines(file, a);
  expect_one_line(all);
  for (const Line& l : all) {
    EXPECT_FALSE(l.of_sender);
    EXPECT_NEAR(ms(l.utc_of_zero - s.started[0].start_utc), 0, 1);
  }
}

TEST_F(WallClock, IsThatOfThisMachineForTimesOfArrival) {
  with_reports();
  Studio s({.timing = Timing::kArrival});
  run(s);
  EXPECT_STREQ(s.started[0].clock_source, "system");
  EXPECT_NEAR(ms(s.started[0].start_utc - truth()), 120 + 7.5, 10);
}

TEST_F(WallClock, DoesNotChangeWhenReportsComeLater) {
  with_reports();
  audio.first_report = video.first_report = 6000 * kMs;
  Studio s;
  run(s);
  EXPECT_STREQ(s.started[0].clock_source, "system");
  expect_one_line(lines(file, a));
}

TEST_F(WallClock, DoesNotChangeWhenThatOfTheSenderIsStepped) {
  with_reports();
  for (const Nanos step : {-kSecond * 3600, kSecond * 3600, 300 * kMs}) {
    audio.edit = video.edit = [step](Unit& u) {
      if (u.captured >= 8000 * kMs && u.input.ntp) *u.input.ntp += step;
    };
    Studio s;
    run(s, 60'000 * kMs);
    EXPECT_NEAR(ms(s.started[0].start_utc - truth()), 0, 10);
    expect_one_line(lines(file, a));
    EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 25);
    expect_untouched(file, a);
    EXPECT_NEAR(ms(s.objects["s-1.mp4"].end_utc - s.started[0].start_utc),
                ms(s.objects["s-1.mp4"].duration), 1);
  }
}

TEST_F(WallClock, IsOneLineHoweverTheClocksDrift) {
  with_reports();
  audio.ppm = 100;
  video.ppm = -100;
  Studio s;
  run(s, 600 * kSecond);
  expect_one_line(lines(file, a));
}

TEST_F(WallClock, OfTheUserWins) {
  with_reports();
  user = 1'234'567'890 * kSecond;
  Studio s;
  run(s);
  EXPECT_STREQ(s.started[0].clock_source, "property");
  // The user says what running time 0 is.
  EXPECT_NEAR(ms(s.started[0].start_utc - *user - kRunning), 820 + 7.5, 15);
  const auto all = lines(file, a);
  expect_one_line(all);
  for (const Line& l : all) EXPECT_NEAR(ms(l.utc_of_zero - s.started[0].start_utc), 0, 1);
}

TEST_F(WallClock, OfTheUserIsNotReplacedByThatOfThisMachine) {
  Studio s;
  s.recorder.set_utc_origin(1'234'567'890 * kSecond, true);
  a = s.add_audio();
  s.play(-1, a, 5000 * kMs, 6000 * kMs);
  s.finish();
  EXPECT_STREQ(s.started[0].clock_source, "property");
  EXPECT_EQ(s.started[0].start_utc, 1'234'567'895 * kSecond);
}

TEST_F(WallClock, OfTheEndIsThatOfTheLastSample) {
  for (const bool reports : {false, true}) {
    if (reports) with_reports();
    Studio s;
    run(s);
    const Object& o = s.objects["s-1.mp4"];
    EXPECT_NEAR(ms(o.end_utc - kEpoch), 20'000 - (reports ? 120 : 0), 60) << reports;
    EXPECT_NEAR(ms(o.end_utc - o.start_utc), ms(o.duration), 1);
  }
}

TEST_F(WallClock, GoesOnInTheNextFile) {
  with_reports();
  Studio s;
  Call call(s);
  a = call.add(audio);
  v = call.add(video);
  call.run_until(10'000 * kMs);
  Source late = Source::video();
  late.ssrc = 9;
  late.start = 10'000 * kMs;
  late.first_report = 10'500 * kMs;
  call.add(late);
  call.run_and_finish(20'000 * kMs);
  ASSERT_EQ(s.keys.size(), 2u);
  const Object& second = s.objects["s-2.mp4"];
  const auto packet = played_audio(second.read(), a).front();
  EXPECT_NEAR(ms(second.start_utc + packet.at - kEpoch - packet.captured), 0, 25);
  const auto all = lines(second.read(), a);
  expect_one_line(all);
  ASSERT_FALSE(all.empty());
  EXPECT_NEAR(ms(all.front().utc_of_zero - second.start_utc), 0, 1);
}

TEST_F(WallClock, OfSilenceIsOnTheLineToo) {
  with_reports();
  audio.edit = [](Unit& u) { u.sent = u.captured < 5000 * kMs || u.captured >= 9000 * kMs; };
  Studio s;
  run(s);
  expect_one_line(lines(file, a));
}

// Of each fragment, the true capture of the sample that its reference names.
TEST_F(WallClock, OfEachReferenceIsWhenItsSampleWasCaptured) {
  with_reports();
  Studio s;
  run(s, 60'000 * kMs);
  int checked = 0;
  for (const auto& f : file.fragments) {
    ASSERT_TRUE(f.reference);
    const int track = static_cast<int>(f.reference->track_id) - 1;
    for (const Played& p : played(file, track, timescale_of(track, a))) {
      if (p.at != recording::to_nanos(f.reference->pts, timescale_of(track, a))) continue;
      EXPECT_NEAR(ms(f.reference->utc - kEpoch - p.captured), 0, 25);
      ++checked;
    }
  }
  EXPECT_EQ(checked, static_cast<int>(file.fragments.size()));
}

}  // namespace
}  // namespace rec::test
