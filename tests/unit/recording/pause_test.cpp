// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pause and resume: what comes in between is not in the file, and neither is the time.
#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

class Paused : public ::testing::TestWithParam<bool> {  // with sender reports and RTP
 protected:
  static constexpr Nanos kPause = 10'000 * kMs;

  explicit Paused(const Studio::Settings& settings = {}) : studio(settings), call(studio) {
    Source video = Source::video(), audio = Source::audio();
    video.jitter = audio.jitter = 15 * kMs;
    if (GetParam()) {
      audio.first_report = 2000 * kMs;
      video.first_report = 500 * kMs;
    } else {
      video.rtp = audio.rtp = false;
      video.jitter = audio.jitter = 5 * kMs;
    }
    v = call.add(video);
    a = call.add(audio);
  }
  void pause() {
    studio.recorder.pause(studio.now);
    studio.collect();
  }
  void resume() {
    studio.recorder.resume(studio.now);
    studio.collect();
  }
  // Records from 0 to 10 s and from 10 s + `length` for 10 s more.
  void pause_for(Nanos length) {
    call.run_until(kPause);
    pause();
    call.run_until(kPause + length);
    resume();
    call.run_and_finish(kPause + length + 10'000 * kMs);
    ASSERT_EQ(studio.keys.size(), 1u);
    file = studio.file("s-1.mp4");
  }

  Studio studio;
  Call call;
  int v = 0;
  int a = 0;
  ReadFile file;
};

TEST_P(Paused, TimeIsNotInTheFile) {
  pause_for(3000 * kMs);
  expect_sound(file);
  EXPECT_NEAR(ms(studio.objects["s-1.mp4"].duration), 20'000 - 20, 60);
  for (const auto& x : file.samples(a)) {
    EXPECT_FALSE(x.silent()) << "a hole at " << x.dts;
    EXPECT_EQ(x.duration, 960);
  }
  EXPECT_EQ(file.samples(a).size(), played_audio(file, a).size());
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 40);
  // Video shows its last picture until a key frame comes.
  expect_steady(file, v, 300 * 90);
}

TEST_P(Paused, DataIsNotInTheFile) {
  pause_for(3000 * kMs);
  for (const int track : {a, v}) {
    for (const Played& p : played(file, track, 48000)) {
      const Nanos arrived = p.captured + 20 * kMs;
      EXPECT_TRUE(arrived <= kPause || arrived + 15 * kMs >= kPause + 3000 * kMs) << p.n;
    }
    for (const auto& d : call.delivered[track]) {
      const bool in_pause = d.unit.arrival >= kPause && d.unit.arrival < kPause + 3000 * kMs;
      EXPECT_EQ(d.taken == Taken::kPaused, in_pause) << d.unit.n;
    }
  }
  EXPECT_EQ(studio.stopped->lost_samples, 0u);
}

TEST_P(Paused, VideoGoesOnWithAKeyFrameThatIsAskedFor) {
  pause_for(3000 * kMs);
  const auto frames = played_video(file, v);
  const auto after = std::find_if(frames.begin(), frames.end(),
                                  [](const Played& p) { return p.captured > kPause; });
  ASSERT_NE(after, frames.end());
  EXPECT_TRUE(after->key);
  EXPECT_LE(after->captured, 13'000 * kMs + 200 * kMs);
  ASSERT_FALSE(studio.key_requests.empty());
  EXPECT_LE(studio.key_requests.back().at, 13'100 * kMs);
}

TEST_P(Paused, ReferencesAreShiftedByThePause) {
  pause_for(3000 * kMs);
  std::optional<double> first;
  for (const auto& f : file.fragments) {
    ASSERT_TRUE(f.reference);
    const bool audio = static_cast<int>(f.reference->track_id) - 1 == a;
    const Nanos at = recording::to_nanos(f.reference->pts, audio ? 48000 : 90000);
    const double zero = ms(f.reference->utc - at);
    if (!first) first = zero;
    if (at < 9800 * kMs) {
      EXPECT_NEAR(zero, *first, 1) << at;
    } else if (at > 10'200 * kMs) {
      EXPECT_NEAR(zero, *first + 3000, 50) << at;
    }
  }
  const Object& o = studio.objects["s-1.mp4"];
  EXPECT_NEAR(ms(o.end_utc - o.start_utc), ms(o.duration) + 3000, 50);
}

TEST_P(Paused, IsToldAsAGap) {
  pause_for(3000 * kMs);
  int pauses = 0;
  for (const auto& gap : studio.gaps) {
    if (gap.track >= 0) {  // video has to wait for a key frame
      EXPECT_EQ(gap.track, v);
      EXPECT_LE(gap.duration, 300 * kMs);
      continue;
    }
    ++pauses;
    EXPECT_STREQ(gap.reason, "pause");
    EXPECT_NEAR(ms(gap.duration), 3000, 50);
    EXPECT_NEAR(ms(gap.start - kRunning), 10'000, 50);
    EXPECT_FALSE(gap.filled);
  }
  EXPECT_EQ(pauses, 1);
}

TEST_P(Paused, TracksAreNotStalled) {
  pause_for(60'000 * kMs);
  EXPECT_TRUE(studio.liveness.empty());
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 40);
}

TEST_P(Paused, TracksThatSendNothingAreNotStalledEither) {
  for (const int track : {a, v})
    call.sender(track).source().edit = [](Unit& u) {
      u.sent = u.captured < 9500 * kMs || u.captured >= 40'000 * kMs;
    };
  pause_for(30'000 * kMs);
  EXPECT_TRUE(studio.liveness.empty());
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 40);
}

TEST_P(Paused, TenTimesIsInSync) {
  for (int i = 1; i <= 10; ++i) {
    call.run_until(i * 5000 * kMs + i * 7 * kMs);
    pause();
    call.run_until(i * 5000 * kMs + 500 * kMs + i * 31 * kMs);
    resume();
  }
  call.run_and_finish(60'000 * kMs);
  file = studio.file("s-1.mp4");
  expect_sound(file);
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 40);
  for (const auto& x : file.samples(a)) EXPECT_FALSE(x.silent()) << "a hole at " << x.dts;
  Nanos paused = 0;
  for (int i = 1; i <= 10; ++i) paused += 500 * kMs + i * 24 * kMs;
  // Each pause ends on a packet.
  EXPECT_NEAR(ms(studio.objects["s-1.mp4"].duration), ms(60'000 * kMs - paused) - 20, 10 * 20 + 60);
}

TEST_P(Paused, WhatWasTakenIsWritten) {
  call.run_until(kPause);
  pause();
  call.run_until(kPause + 5000 * kMs);
  EXPECT_GE(played_audio(studio.file("s-1.mp4"), a).back().captured, 9900 * kMs);
  studio.finish();
  file = studio.file("s-1.mp4");
  expect_sound(file);
  EXPECT_NEAR(ms(studio.objects["s-1.mp4"].duration), 10'000 - 20, 60);
}

TEST_P(Paused, BeforeTheFirstSampleIsNoHole) {
  pause();
  EXPECT_TRUE(studio.recorder.paused());
  call.run_until(3000 * kMs);
  EXPECT_TRUE(studio.keys.empty());
  resume();
  EXPECT_FALSE(studio.recorder.paused());
  call.run_and_finish(13'000 * kMs);
  file = studio.file("s-1.mp4");
  expect_sound(file);
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 40);
  EXPECT_NEAR(ms(studio.objects["s-1.mp4"].duration), 10'000 - 20, 140);
}

TEST_P(Paused, TwiceIsPausedOnce) {
  call.run_until(kPause);
  pause();
  call.run_until(kPause + 1000 * kMs);
  pause();
  call.run_until(kPause + 3000 * kMs);
  resume();
  resume();
  call.run_and_finish(kPause + 13'000 * kMs);
  file = studio.file("s-1.mp4");
  EXPECT_NEAR(ms(studio.objects["s-1.mp4"].duration), 20'000 - 20, 60);
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 40);
}

INSTANTIATE_TEST_SUITE_P(Call, Paused, ::testing::Bool());

}  // namespace
}  // namespace rec::test
