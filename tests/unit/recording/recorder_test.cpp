// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One file: what is in it, and when it gets there.
#include <random>

#include "tests/unit/recording/studio.h"

namespace rec::test {
namespace {

TEST(Recorder, WritesEverySampleOnceAndStops) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 10'000 * kMs);
  s.finish();
  ASSERT_TRUE(s.stopped);
  EXPECT_EQ(s.stopped->objects, 1u);
  EXPECT_EQ(s.stopped->lost_samples, 0u);
  EXPECT_EQ(s.stopped->bytes, s.objects["s-1.mp4"].bytes.size());
  EXPECT_TRUE(s.objects["s-1.mp4"].ended);
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  EXPECT_EQ(file.tracks, (std::vector<int>{v, a}));
  EXPECT_EQ(file.fragments.size(), 10u);
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 250));
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 500));
  EXPECT_TRUE(s.gaps.empty());
}

TEST(Recorder, PutsUtcOnTheFirstSample) {
  Studio s({.path = "{utc:%H%M%S}.mp4"});
  s.recorder.set_utc_origin(1'000'000 * recording::kSecond);  // 13:46:40
  const int a = s.add_audio();
  s.run_until(5000 * kMs);
  s.play(-1, a, 5000 * kMs, 8000 * kMs);
  s.finish();
  EXPECT_EQ(s.claims, std::vector<std::string>{"134645.mp4"});
  ASSERT_EQ(s.started.size(), 1u);
  EXPECT_EQ(s.started[0].start_utc, 1'000'005 * recording::kSecond);
  EXPECT_EQ(s.file("134645.mp4").utc_seconds, 1'000'005);
  EXPECT_EQ(s.objects["134645.mp4"].duration, 3000 * kMs);
}

TEST(Recorder, DurationsAreExactWhateverPtsDo) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  std::mt19937 random(4);
  for (int i = 0; i < 1000; ++i) {
    const Nanos jitter = i == 0 ? 0 : (static_cast<Nanos>(random() % 41) - 20) * kMs;
    const Nanos at = i * 20 * kMs;
    s.run_until(at);
    s.push(a, {.pts = at + jitter,
               .duration = 960,
               .rtp = Input::Rtp{.ssrc = 1,
                                 .timestamp = 0xffff0000u + static_cast<std::uint32_t>(i) * 960,
                                 .clock_rate = 48000},
               .key = true});
    if (i % 2) continue;
    s.push(v, {.pts = at + jitter,
               .rtp = Input::Rtp{.ssrc = 2,
                                 .timestamp = 0xffff0000u + static_cast<std::uint32_t>(i) * 1800,
                                 .clock_rate = 90000},
               .key = i == 0});
  }
  s.finish();
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  for (const auto& x : file.samples(a)) EXPECT_EQ(x.duration, 960);
  for (const auto& x : file.samples(v)) EXPECT_EQ(x.duration, 3600);
  EXPECT_EQ(file.samples(v).back().dts, 499 * 3600);
  EXPECT_EQ(s.payloads(a).size(), 1000u);
}

TEST(Recorder, KeepsTheDistanceOfTracksThatStartApart) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.video(v, 100'000 * kMs, true);
  s.audio(a, 100'137 * kMs);
  s.video(v, 100'200 * kMs);
  s.finish();
  const auto file = s.file("s-1.mp4");
  EXPECT_EQ(file.samples(v).front().dts, 0);
  const auto audio = file.samples(a);
  EXPECT_EQ(audio.front().dts, 137 * 48 % 120);
  EXPECT_EQ(audio.back().dts, 137 * 48);
  EXPECT_EQ(audio.back().payload, "1#0");
  ASSERT_EQ(s.gaps.size(), 1u);
  EXPECT_STREQ(s.gaps[0].reason, "late");
  EXPECT_EQ(s.gaps[0].duration, 135 * kMs);  // what packets of 2.5 ms can fill of 137 ms
}

TEST(Recorder, TakesNegativeDtsOfBFrames) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.audio(a, 0);
  const Nanos pts[] = {0, 120, 40, 80};
  for (int i = 0; i < 4; ++i)
    s.push(v, {.pts = pts[i] * kMs, .dts = (i * 40 - 80) * kMs, .key = i == 0});
  s.finish();
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  const auto video = file.samples(v);
  ASSERT_EQ(video.size(), 4u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(video[static_cast<std::size_t>(i)].dts, i * 3600);
    EXPECT_EQ(
        video[static_cast<std::size_t>(i)].dts + video[static_cast<std::size_t>(i)].cts_offset,
        (pts[i] + 80) * 90);
  }
  EXPECT_EQ(file.samples(a).back().dts, 80 * 48);
}

TEST(Recorder, PutsAFirstSampleWithoutTimeWhereItArrives) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.run_until(50'000 * kMs);
  s.push(a, {.pts = 7000 * kMs, .duration = 960, .key = true});
  s.run_until(50'500 * kMs);
  s.push(v, {.key = true});
  const int b = s.add_audio();
  s.run_until(50'800 * kMs);
  s.push(b, {.duration = 960, .key = true});
  s.finish();
  EXPECT_EQ(s.file("s-1.mp4").samples(v).front().dts, 45000);
  EXPECT_EQ(s.file("s-1.mp4").samples(b).back().dts, 800 * 48);
}

TEST(Recorder, WritesNothingLaterThanDurationAndLatencyWhenInputStopsDead) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 3500 * kMs);
  const auto fragments = [&] { return s.file("s-1.mp4").fragments.size(); };
  s.run_until(60'000 * kMs);
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 87));  // of 88: the last one still stands
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 175));
  EXPECT_LE(s.objects["s-1.mp4"].units.back().at, 3500 * kMs + 1500 * kMs);
  EXPECT_EQ(fragments(), 4u);
  EXPECT_EQ(s.recorder.deadline(), std::nullopt);
  s.finish();
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 88));
}

TEST(Recorder, NeedsNoKeyFrameButTheFirst) {
  Studio s;
  const int v = s.add_video();
  s.play(v, -1, 0, 20'000 * kMs, 1'000'000);
  EXPECT_EQ(s.file("s-1.mp4").fragments.size(), 19u);
  EXPECT_TRUE(s.key_requests.empty());
}

TEST(Recorder, CutsBeforeKeyFrames) {
  Studio s;
  const int v = s.add_video();
  s.play(v, -1, 0, 10'000 * kMs, 18);  // each 720 ms
  const auto file = s.file("s-1.mp4");
  ASSERT_GE(file.fragments.size(), 12u);
  for (const auto& f : file.fragments) EXPECT_TRUE(f.runs[0].samples[0].key);
}

TEST(Recorder, BeginsVideoWithAKeyFrameAndAsksForOne) {
  Studio s;
  const int v = s.add_video();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(s.video(v, i * 40 * kMs), Taken::kBeforeKeyFrame);
  EXPECT_EQ(s.key_requests.size(), 8u);  // in 4 s
  for (std::size_t i = 0; i < s.key_requests.size(); ++i) {
    EXPECT_EQ(s.key_requests[i].reason, "start");
    if (i > 0) {
      EXPECT_GE(s.key_requests[i].at - s.key_requests[i - 1].at, 500 * kMs);
    }
  }
  EXPECT_EQ(s.video(v, 4000 * kMs, true), Taken::kYes);
  EXPECT_EQ(s.video(v, 4040 * kMs), Taken::kYes);
  s.finish();
  EXPECT_EQ(s.payloads(v), s.pushed(v, 100, 102));
}

TEST(Recorder, AsksForAKeyFrameAfterALossUntilOneComes) {
  Studio s;
  const int v = s.add_video();
  const auto frame = [&](int i, std::uint32_t lost, bool key = false) {
    s.run_until(i * 40 * kMs);
    s.push(v, {.pts = i * 40 * kMs,
               .rtp = Input::Rtp{.timestamp = static_cast<std::uint32_t>(i) * 3600,
                                 .clock_rate = 90000,
                                 .lost = lost},
               .key = key});
  };
  frame(0, 0, true);
  for (int i = 1; i < 50; ++i) frame(i, i < 20 ? 0 : 3);
  ASSERT_EQ(s.key_requests.size(), 3u);  // from 0.8 to 2 s
  EXPECT_EQ(s.key_requests[0].reason, "loss");
  EXPECT_EQ(s.key_requests[0].at, 800 * kMs);
  frame(50, 3, true);
  for (int i = 51; i < 100; ++i) frame(i, 3);
  EXPECT_EQ(s.key_requests.size(), 3u);
  s.finish();
  auto expected = s.pushed(v, 0, 20);  // and nothing that refers to what is lost
  for (const auto& name : s.pushed(v, 50, 100)) expected.push_back(name);
  EXPECT_EQ(s.payloads(v), expected);
}

TEST(Recorder, FinishesWithoutHavingSeenAnything) {
  Studio s;
  s.add_video();
  s.add_audio();
  s.finish();
  ASSERT_TRUE(s.stopped);
  EXPECT_EQ(s.stopped->objects, 0u);
  EXPECT_TRUE(s.claims.empty());
  s.finish();
  s.recorder.tick(s.now);
  s.collect();
  EXPECT_EQ(s.recorder.deadline(), std::nullopt);
}

TEST(Recorder, TakesNothingAfterItsEnd) {
  Studio s;
  const int a = s.add_audio();
  s.audio(a, 0);
  s.finish();
  EXPECT_EQ(s.audio(a, 20 * kMs), Taken::kFinished);
  EXPECT_TRUE(s.recorder.finished());
}

TEST(Recorder, TakesNothingOfATrackThatIsNotConfigured) {
  Studio s;
  const int v = s.recorder.add_track(Medium::kVideo);
  EXPECT_EQ(s.video(v, 0, true), Taken::kFinished);
  s.end(v);
  s.finish();
  EXPECT_TRUE(s.stopped);
}

}  // namespace
}  // namespace rec::test
