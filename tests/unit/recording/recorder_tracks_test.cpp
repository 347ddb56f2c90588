// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tracks that are silent, slow, absent, gone, or expected in vain.
#include "tests/unit/recording/studio.h"

namespace rec::test {
namespace {

TEST(SilentTrack, DoesNotStopTheOthersAndIsSilentInTheFile) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2000 * kMs);
  s.play(v, -1, 2000 * kMs, 5000 * kMs);
  EXPECT_GE(s.file("s-1.mp4").fragments.size(), 4u);
  EXPECT_GE(s.file("s-1.mp4").samples(a).back().dts, 3900 * 48);  // silence comes along
  s.play(v, a, 5000 * kMs, 8000 * kMs);
  EXPECT_EQ(s.gaps.size(), 1u);  // told when it is over
  s.finish();
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  std::int64_t silent = 0;
  for (const auto& x : file.samples(a)) {
    EXPECT_EQ(x.dts % 120, 0);
    if (x.silent()) silent += x.duration;
  }
  EXPECT_EQ(silent, 3 * 48000);
  ASSERT_EQ(s.gaps.size(), 1u);
  EXPECT_EQ(s.gaps[0].track, a);
  EXPECT_STREQ(s.gaps[0].reason, "mute");
  EXPECT_EQ(s.gaps[0].start, 2000 * kMs);
  EXPECT_EQ(s.gaps[0].duration, 3000 * kMs);
  EXPECT_TRUE(s.gaps[0].filled);
  EXPECT_EQ(s.payloads(a).size(), 100u + 150u);
  EXPECT_EQ(file.samples(a).back().dts, 8000 * 48 - 960);  // rejoined at its true time
}

TEST(SilentTrack, IsSilentInEveryFragmentOnceItsNextPacketIsKnown) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  const auto audio = [&](Nanos pts) { s.push(a, {.pts = pts, .duration = 960, .key = true}); };
  for (Nanos t = 0; t < 1000 * kMs; t += 20 * kMs) audio(t);
  audio(5000 * kMs);  // as fast as a file can be read: no time has passed
  for (Nanos t = 0; t < 4040 * kMs; t += 40 * kMs) s.push(v, {.pts = t, .key = t == 0});
  const auto file = s.file("s-1.mp4");
  ASSERT_EQ(file.fragments.size(), 4u);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(file.fragments[static_cast<std::size_t>(i)].runs.at(1).end_dts, (i + 1) * 48000);
}

TEST(SilentTrack, AloneIsFilledWhenItComesBack) {
  Studio s;
  const int a = s.add_audio();
  s.play(-1, a, 0, 1000 * kMs);
  s.play(-1, a, 3'601'000 * kMs, 3'602'000 * kMs);
  s.finish();
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  EXPECT_EQ(file.samples(a).size(), 3602u * 50);
  ASSERT_EQ(s.gaps.size(), 1u);
  EXPECT_EQ(s.gaps[0].duration, 3600 * recording::kSecond);
}

TEST(SilentTrack, OfVideoShowsItsLastPictureUntilTheNext) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2000 * kMs);
  s.play(-1, a, 2000 * kMs, 5000 * kMs);
  EXPECT_GE(s.file("s-1.mp4").samples(a).back().dts, 3900 * 48);
  s.play(v, a, 5000 * kMs, 6000 * kMs);
  s.finish();
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  EXPECT_EQ(file.samples(v)[49].duration, 3040 * 90);
  EXPECT_EQ(file.samples(v)[50].dts, 5000 * 90);
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 75));
}

TEST(AbsentTrack, IsSilentFromTheBeginning) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, -1, 0, 3000 * kMs);
  s.play(v, a, 3000 * kMs, 6000 * kMs);
  s.finish();
  EXPECT_EQ(s.keys.size(), 1u);
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  const auto audio = file.samples(a);
  EXPECT_EQ(audio.front().dts, 0);
  EXPECT_EQ(audio[150].payload, "1#0");
  EXPECT_EQ(audio[150].dts, 3000 * 48);
  ASSERT_EQ(s.gaps.size(), 1u);
  EXPECT_STREQ(s.gaps[0].reason, "late");
  EXPECT_EQ(s.gaps[0].start, 0);
  EXPECT_EQ(s.gaps[0].duration, 3000 * kMs);
}

TEST(AbsentTrack, ThatNeverComesIsSilentToTheEnd) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, -1, 0, 5000 * kMs);
  s.finish();
  expect_sound(s.file("s-1.mp4"));
  EXPECT_GE(s.file("s-1.mp4").samples(a).size(), 150u);
  EXPECT_EQ(s.gaps.size(), 1u);
}

TEST(SlowTrack, LosesNothingOnceItsLagIsKnown) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  int late = 0;
  for (int i = 0; i < 1500; ++i) {  // 30 s of audio that comes 2 s after the video
    s.video(v, i * 20 * kMs, i == 0);
    if (i < 100) continue;
    const auto taken = s.push(a, {.pts = (i - 100) * 20 * kMs, .duration = 960, .key = true});
    if (taken == Taken::kLate) late = i;
  }
  s.finish();
  EXPECT_LT(late, 250);  // 5 s
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  for (const auto& x : file.samples(a)) {
    if (x.dts > 5 * 48000) {
      EXPECT_FALSE(x.silent()) << x.dts;
    }
    if (!x.silent()) {
      EXPECT_EQ(x.dts, std::stoi(x.payload.substr(2)) * 960);
    }
  }
  EXPECT_LE(file.fragments.size(), 31u);  // it shares them
}

TEST(SlowTrack, IsWaitedForAsLongAsTheLatency) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  for (int i = 0; i < 500; ++i) {
    s.video(v, i * 20 * kMs, i == 0);
    if (i >= 24) s.push(a, {.pts = (i - 24) * 20 * kMs, .duration = 960, .key = true});
  }
  s.finish();
  EXPECT_TRUE(s.gaps.empty());
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 476));
}

TEST(EndedTrack, IsNotWaitedForAndMayComeBack) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2000 * kMs);
  s.end(a);
  s.end(v);
  s.run_until(4000 * kMs);
  s.play(v, a, 4000 * kMs, 6000 * kMs, 1'000'000);
  s.finish();
  EXPECT_EQ(s.keys.size(), 1u);
  expect_sound(s.file("s-1.mp4"));
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 100));
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 200));
  EXPECT_EQ(s.file("s-1.mp4").samples(v)[50].dts, 4000 * 90);
}

TEST(EndedTrack, ThatCameBackIsWaitedForAndSilentAgain) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 1000 * kMs);
  s.end(a);
  s.play(v, a, 1000 * kMs, 2000 * kMs);
  s.play(v, -1, 2000 * kMs, 6000 * kMs);
  EXPECT_GE(s.file("s-1.mp4").samples(a).back().dts, 4900 * 48);
}

TEST(EndedTrack, IsNotInTheNextFile) {
  Studio s;
  const int a = s.add_audio();
  s.play(-1, a, 0, 1000 * kMs);
  s.end(a);
  s.run_until(3000 * kMs);
  const int b = s.add_audio();
  s.play(-1, b, 3000 * kMs, 5000 * kMs);
  s.finish();
  ASSERT_EQ(s.keys.size(), 2u);
  EXPECT_EQ(s.file("s-2.mp4").tracks, std::vector<int>{b});
}

TEST(EndedTrack, IsNotSilentAfterwards) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2000 * kMs);
  s.end(a);
  s.play(v, -1, 2000 * kMs, 6000 * kMs);
  s.finish();
  EXPECT_EQ(s.file("s-1.mp4").samples(a).size(), 100u);
}

TEST(Header, WaitsForVideoThatIsThereButHasNoKeyFrame) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(-1, a, 0, 1800 * kMs);
  EXPECT_TRUE(s.keys.empty());
  s.play(v, a, 1800 * kMs, 4000 * kMs, 1);
  s.finish();
  EXPECT_EQ(s.keys.size(), 1u);
  EXPECT_EQ(s.file("s-1.mp4").samples(v).front().dts, 1800 * 90);
}

TEST(Header, WaitsForTracksThatAreExpectedNoLongerThanItsTimeout) {
  Studio s({.header_timeout = 1700 * kMs});
  s.recorder.expect_tracks(true);
  const int a = s.add_audio();
  s.run_until(1000 * kMs);
  s.play(-1, a, 1000 * kMs, 2700 * kMs);
  EXPECT_TRUE(s.keys.empty());
  s.run_until(2700 * kMs);
  EXPECT_EQ(s.keys.size(), 1u);
}

// One picture can not be written before the next one comes, so the file does not begin when the
// wait is over: that must not keep the clock busy.
TEST(Header, HasWaitedLongEnoughOnlyOnce) {
  Studio s;
  s.recorder.expect_tracks(true);
  const int v = s.add_video();
  s.video(v, 0, true);
  s.run_until(60'000 * kMs);
  EXPECT_EQ(s.recorder.deadline(), std::nullopt);
}

TEST(OldAudio, FromBeforeTheFileIsLateAndLeavesNothing) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.run_until(10'000 * kMs);
  s.play(v, -1, 10'000 * kMs, 11'600 * kMs);
  s.run_until(11'600 * kMs);
  EXPECT_EQ(s.push(a, {.pts = 5000 * kMs, .duration = 960, .key = true}), Taken::kLate);
  s.play(v, -1, 11'600 * kMs, 15'000 * kMs);
  s.play(v, a, 15'000 * kMs, 16'000 * kMs);
  s.finish();
  expect_sound(s.file("s-1.mp4"));
  EXPECT_EQ(s.payloads(a).size(), 50u);
}

}  // namespace
}  // namespace rec::test
