// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sender reports: what they correct, how, and how long the first file waits for them.
#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

using recording::Timing;

// Chromium through a network: reports as it sends them, PTS as rtpbin makes them. Video may be
// `skew` slower than audio (< 0: faster).
struct Chromium {
  explicit Chromium(Nanos skew, unsigned seed = 1) {
    audio = Source::audio();
    video = Source::video();
    audio.delay += std::max<Nanos>(-skew, 0);
    video.delay += std::max<Nanos>(skew, 0);
    audio.jitter = video.jitter = 15 * kMs;
    audio.smooth = video.smooth = true;
    audio.first_report = 2000 * kMs;
    video.first_report = 500 * kMs;
    video.report_interval = 1000 * kMs;
    audio.seed = seed;
    video.seed = seed + 100;
    // From the second report on rtpbin moves the stream that came first.
    Source& moved = skew > 0 ? audio : video;
    const Nanos from = std::max(audio.first_report, video.first_report) + 20 * kMs;
    moved.edit = [from, by = std::abs(skew)](Unit& u) {
      if (u.arrival >= from) *u.input.pts += by;
    };
  }
  Source audio;
  Source video;
};

struct Recorded {
  Recorded(const Studio::Settings& settings, const Chromium& c, Nanos until) : studio(settings) {
    Call call(studio);
    v = call.add(c.video);
    a = call.add(c.audio);
    call.run_and_finish(until);
    EXPECT_EQ(studio.keys.size(), 1u);
    file = studio.file(studio.keys.at(0));
    pushed_audio = call.delivered[a].size();
    pushed_video = call.delivered[v].size();
  }
  Nanos first_write() const { return studio.objects.begin()->second.units.at(0).at; }

  Studio studio;
  int v = 0;
  int a = 0;
  ReadFile file;
  std::size_t pushed_audio = 0;
  std::size_t pushed_video = 0;
};

// Largest deviation of a step between frames from `distance`, in ticks.
std::int64_t worst_step(const std::vector<Played>& frames, std::int64_t distance) {
  std::int64_t worst = 0;
  for (std::size_t i = 1; i < frames.size(); ++i) {
    const auto frames_between = frames[i].n - frames[i - 1].n;
    worst =
        std::max(worst, std::abs(frames[i].dts - frames[i - 1].dts - frames_between * distance));
  }
  return worst;
}

class Skew : public ::testing::TestWithParam<int> {};  // ms

TEST_P(Skew, IsGoneFromTheFirstFrameOnWhenReportsAreWaitedFor) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const Recorded r({}, Chromium(GetParam() * kMs, seed), 30'000 * kMs);
    expect_sound(r.file);
    expect_untouched(r.file, r.a);
    const auto errors = av_errors(r.file, r.v, r.a);
    EXPECT_EQ(errors.size(), r.pushed_video);
    EXPECT_EQ(played_audio(r.file, r.a).size(), r.pushed_audio);
    EXPECT_LE(std::abs(worst(errors)), 25) << "seed " << seed;
    EXPECT_LE(std::abs(mean(errors)), 15) << "seed " << seed;
  }
}

TEST_P(Skew, IsSlewedAwayWhenNothingWaits) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const Recorded r({.sync_wait = 0}, Chromium(GetParam() * kMs, seed), 90'000 * kMs);
    expect_sound(r.file);
    expect_untouched(r.file, r.a);
    const auto frames = played_video(r.file, r.v);
    EXPECT_EQ(frames.size(), r.pushed_video);
    EXPECT_LE(worst_step(frames, 3600), 18 + 1) << "0.5 % and a tick; seed " << seed;
    EXPECT_LE(std::abs(worst(av_errors(r.file, r.v, r.a), 40'000 * kMs)), 25) << "seed " << seed;
  }
}

TEST_P(Skew, IsSlewedAwayWhenReportsComeAfterTheWait) {
  Chromium late(GetParam() * kMs);
  late.audio.first_report = 6000 * kMs;
  const Recorded r({}, late, 90'000 * kMs);
  EXPECT_LE(r.first_write(), 2560 * kMs);
  expect_sound(r.file);
  expect_untouched(r.file, r.a);
  EXPECT_LE(worst_step(played_video(r.file, r.v), 3600), 18 + 1);
  EXPECT_LE(std::abs(worst(av_errors(r.file, r.v, r.a), 46'000 * kMs)), 25);
}

TEST_P(Skew, IsKeptByTimesOfArrival) {
  const Recorded r({.timing = Timing::kArrival}, Chromium(GetParam() * kMs), 1900 * kMs);
  EXPECT_LE(std::abs(worst(av_errors(r.file, r.v, r.a), 0, GetParam() * kMs)), 25);
}

TEST_P(Skew, IsGoneForASecondAudioTrackToo) {
  Studio s;
  Call call(s);
  const Chromium c(GetParam() * kMs);
  const int a = call.add(c.audio);
  Source other = c.audio;
  other.edit = nullptr;
  other.ssrc = 3;
  other.seed = 7;
  other.delay = c.video.delay;
  other.first_report = 1000 * kMs;
  const int b = call.add(other);
  const int v = call.add(c.video);
  call.run_and_finish(30'000 * kMs);
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  expect_untouched(file, a);
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 25);
  EXPECT_LE(std::abs(worst(sync_errors(played_audio(file, b), played_audio(file, a)))), 25);
}

INSTANTIATE_TEST_SUITE_P(OfTheNetwork, Skew, ::testing::Values(-150, -62, 0, 62, 150));

TEST(SyncWait, EndsWithTheLastFirstReport) {
  const Recorded r({}, Chromium(150 * kMs), 10'000 * kMs);
  EXPECT_GE(r.first_write(), 2000 * kMs);
  EXPECT_LE(r.first_write(), 2000 * kMs + 100 * kMs);
}

TEST(SyncWait, EndsByItselfWhenReportsStayAway) {
  Chromium c(0);
  c.audio.first_report = 60'000 * kMs;
  const Recorded r({}, c, 10'000 * kMs);
  EXPECT_GE(r.first_write(), 2500 * kMs);
  EXPECT_LE(r.first_write(), 2500 * kMs + 60 * kMs);  // after the first arrival
}

TEST(SyncWait, EndsByItselfWhenInputStops) {
  Chromium c(0);
  c.audio.first_report = c.video.first_report = 60'000 * kMs;
  c.audio.edit = c.video.edit = [](Unit& u) { u.sent = u.captured < 2000 * kMs; };
  const Recorded r({}, c, 10'000 * kMs);
  EXPECT_GE(r.first_write(), 2500 * kMs);
  EXPECT_LE(r.first_write(), 2500 * kMs + 60 * kMs);
}

TEST(SyncWait, IsAsLongAsItIsSetTo) {
  Chromium c(0);
  c.audio.first_report = c.video.first_report = 60'000 * kMs;
  const Recorded r({.sync_wait = 4000 * kMs}, c, 10'000 * kMs);
  EXPECT_GE(r.first_write(), 4000 * kMs);
  EXPECT_LE(r.first_write(), 4000 * kMs + 60 * kMs);
}

constexpr Nanos kAtOnce = 1200 * kMs;  // a fragment, network, one unit more

TEST(SyncWait, IsNotForTimesOfArrival) {
  const Recorded r({.timing = Timing::kArrival}, Chromium(0), 10'000 * kMs);
  EXPECT_LE(r.first_write(), kAtOnce);
}

TEST(SyncWait, IsNotForSourcesWithoutReports) {
  Chromium c(0);
  c.audio.first_report = c.video.first_report = -1;
  const Recorded r({}, c, 10'000 * kMs);
  EXPECT_LE(r.first_write(), kAtOnce);
}

TEST(SyncWait, IsNotForOneSourceWithReportsAndOneWithout) {
  Chromium c(0);
  c.audio.first_report = -1;
  const Recorded r({}, c, 10'000 * kMs);
  EXPECT_LE(r.first_write(), kAtOnce);
}

TEST(SyncWait, IsNotForOneTrack) {
  for (const bool video : {false, true}) {
    Studio s;
    Call call(s);
    call.add(video ? Chromium(0).video : Chromium(0).audio);
    call.run_and_finish(5000 * kMs);
    EXPECT_LE(s.objects.at("s-1.mp4").units.at(0).at, kAtOnce);
  }
}

TEST(SyncWait, IsOverWhenTheRecordingEnds) {
  const Recorded r({}, Chromium(0), 1500 * kMs);
  EXPECT_EQ(played_video(r.file, r.v).size(), r.pushed_video);
  EXPECT_EQ(played_audio(r.file, r.a).size(), r.pushed_audio);
}

TEST(SyncWait, StaysWithinTheBudget) {
  Chromium c(0);
  c.video.bytes = 20'000;
  Studio s({.max_bytes = 200'000});
  Call call(s);
  const int v = call.add(c.video), a = call.add(c.audio);
  for (Nanos t = 0; t < 2000 * kMs; t += 40 * kMs) {
    call.run_until(t);
    EXPECT_LE(s.recorder.queued_bytes(), 221'000u);
  }
  call.run_and_finish(10'000 * kMs);
  EXPECT_LE(std::abs(worst(av_errors(s, v, a))), 25);
}

// The wall clocks of two senders are `apart`; the network is the same for both.
Recorded two_walls(Timing timing, Nanos apart) {
  Chromium c(0);
  c.video.wall = apart;
  return Recorded({.timing = timing}, c, 20'000 * kMs);
}

TEST(Timing, AutoBelievesReportsUpToASecond) {
  for (const Nanos apart : {-900 * kMs, 900 * kMs}) {
    const auto r = two_walls(Timing::kAuto, apart);
    EXPECT_LE(std::abs(worst(av_errors(r.file, r.v, r.a), 0, apart)), 25) << apart;
  }
}

TEST(Timing, AutoIgnoresReportsThatContradictArrivalByMoreThanASecond) {
  for (const Nanos apart : {-3'600'000 * kMs, -1100 * kMs, 1100 * kMs, 3'600'000 * kMs}) {
    const auto r = two_walls(Timing::kAuto, apart);
    EXPECT_LE(std::abs(worst(av_errors(r.file, r.v, r.a))), 25) << apart;
    EXPECT_EQ(played_video(r.file, r.v).size(), r.pushed_video);
  }
}

TEST(Timing, RtcpFollowsReportsWhateverTheySay) {
  for (const Nanos apart : {-3000 * kMs, 3000 * kMs}) {
    const auto r = two_walls(Timing::kRtcp, apart);
    EXPECT_LE(std::abs(worst(av_errors(r.file, r.v, r.a), 0, apart)), 25) << apart;
  }
}

TEST(Timing, ArrivalIgnoresReports) {
  const auto r = two_walls(Timing::kArrival, 500 * kMs);
  EXPECT_LE(std::abs(worst(av_errors(r.file, r.v, r.a))), 25);
}

TEST(Timing, SurvivesAReportThatIsWrongOnce) {
  Chromium c(0);
  c.video.edit = [](Unit& u) {
    if (u.captured >= 10'000 * kMs && u.captured < 10'500 * kMs && u.input.ntp)
      *u.input.ntp += 3'600'000 * kMs;
  };
  const Recorded r({}, c, 30'000 * kMs);
  EXPECT_LE(std::abs(worst(av_errors(r.file, r.v, r.a))), 25);
  EXPECT_LE(worst_step(played_video(r.file, r.v), 3600), 18 + 1);
}

TEST(Timing, PtsThatJumpWithTheFirstReportAreNeitherHeardNorSeen) {
  for (const bool of_video : {false, true}) {
    Chromium c(0);
    c.audio.smooth = c.video.smooth = false;
    (of_video ? c.video : c.audio).edit = [](Unit& u) {
      if (u.arrival >= 2020 * kMs) *u.input.pts += 62 * kMs;
    };
    const Recorded r({.sync_wait = 0}, c, 30'000 * kMs);
    expect_sound(r.file);
    expect_untouched(r.file, r.a);
    EXPECT_LE(worst_step(played_video(r.file, r.v), 3600), 18 + 1);
    EXPECT_LE(std::abs(worst(av_errors(r.file, r.v, r.a))), 25);
  }
}

}  // namespace
}  // namespace rec::test
