// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tracks that come when the file is open already, and the files that they open.
#include "tests/unit/recording/studio.h"

namespace rec::test {
namespace {

TEST(LateTrack, OpensAFileAtTheNextKeyFrame) {
  Studio s;
  const int v = s.add_video();
  s.play(v, -1, 0, 3000 * kMs, 1'000'000);
  const int a = s.add_audio();
  s.play(v, a, 3000 * kMs, 3200 * kMs, 1'000'000);
  ASSERT_FALSE(s.key_requests.empty());
  EXPECT_EQ(s.key_requests[0].track, v);
  EXPECT_EQ(s.key_requests[0].reason, "late-track");
  s.audio(a, 3200 * kMs);
  s.video(v, 3200 * kMs, true);
  s.play(v, a, 3220 * kMs, 6000 * kMs, 1'000'000);
  s.finish();
  ASSERT_EQ(s.keys, (std::vector<std::string>{"s-1.mp4", "s-2.mp4"}));
  const auto one = s.file("s-1.mp4"), two = s.file("s-2.mp4");
  expect_sound(one);
  expect_sound(two);
  EXPECT_EQ(one.tracks, std::vector<int>{v});
  EXPECT_EQ(two.tracks, (std::vector<int>{v, a}));
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 150));
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 150));
  EXPECT_EQ(two.samples(a).front().dts, 0);
  EXPECT_EQ(two.samples(v).front().dts, 200 * 90);
  EXPECT_EQ(s.stopped->lost_samples, 0u);
  EXPECT_EQ(s.key_requests.size(), 1u);
}

TEST(LateTrack, IsNoHoleInTheOthers) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 3000 * kMs);
  const int b = s.add_audio();
  s.audio(b, 3000 * kMs);
  s.play(v, a, 3000 * kMs, 6000 * kMs, 10);  // a key frame each 400 ms, the next at 3200 ms
  s.finish();
  ASSERT_EQ(s.keys.size(), 2u);
  EXPECT_EQ(s.file("s-2.mp4").samples(a).front().dts, 0);  // silence: it is in the first file
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 300));
  for (const auto& gap : s.gaps) EXPECT_NE(gap.track, a);
}

TEST(LateTrack, OpensOneFileEvenIfTheOldOneWaitsForAnother) {
  Studio s({.latency = 1500 * kMs});
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2800 * kMs, 1'000'000);
  s.play(v, -1, 2800 * kMs, 3000 * kMs, 1'000'000);
  const int b = s.add_audio();
  s.audio(b, 3000 * kMs);
  s.video(v, 3000 * kMs, true);  // here it rolls; `a` is waited for
  for (int i = 1; i < 75; ++i) {
    s.audio(b, (3000 + i * 20) * kMs);
    if (i % 2 == 0) s.video(v, (3000 + i * 20) * kMs);
  }
  EXPECT_EQ(s.keys.size(), 1u);
  for (int i = 75; i < 200; ++i) {
    s.audio(b, (3000 + i * 20) * kMs);
    if (i % 2 == 0) s.video(v, (3000 + i * 20) * kMs, i % 20 == 0);
  }
  s.finish();
  EXPECT_EQ(s.keys.size(), 2u);
  EXPECT_EQ(s.key_requests.size(), 1u);
  EXPECT_EQ(s.payloads(b), s.pushed(b, 0, 200));
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 175));
  expect_sound(s.file("s-1.mp4"));
  expect_sound(s.file("s-2.mp4"));
}

TEST(LateTrack, DoesNotWaitForVideoThatHasStopped) {
  Studio s;
  const int v = s.add_video();
  s.play(v, -1, 0, 3000 * kMs);
  const int a = s.add_audio();
  s.audio(a, 3500 * kMs);
  s.run_until(60'000 * kMs);  // nothing ever comes again
  ASSERT_EQ(s.keys.size(), 2u);
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 75));
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 1));
  EXPECT_LE(s.objects["s-2.mp4"].units.back().at, 3500 * kMs + 2 * 1500 * kMs);
}

TEST(LateTrack, OfAudioDoesNotWaitForAudioThatHasStopped) {
  Studio s;
  const int a = s.add_audio();
  s.play(-1, a, 0, 2000 * kMs);
  s.run_until(10'000 * kMs);
  const int b = s.add_audio();
  s.play(-1, b, 10'000 * kMs, 10'500 * kMs);
  s.run_until(60'000 * kMs);
  ASSERT_EQ(s.keys.size(), 2u);
  EXPECT_EQ(s.payloads(b), s.pushed(b, 0, 25));
  expect_sound(s.file("s-2.mp4"));
  EXPECT_EQ(s.file("s-2.mp4").tracks, (std::vector<int>{a, b}));
}

TEST(LateTrack, OfVideoOpensAFileAtItsKeyFrame) {
  Studio s;
  const int a = s.add_audio();
  s.play(-1, a, 0, 3000 * kMs);
  const int v = s.add_video();
  s.play(v, a, 3000 * kMs, 6000 * kMs, 1);
  s.finish();
  ASSERT_EQ(s.keys.size(), 2u);
  expect_sound(s.file("s-1.mp4"));
  expect_sound(s.file("s-2.mp4"));
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 300));
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 75));
}

TEST(LateTrack, WaitingAtTheEndGetsItsFile) {
  Studio s;
  const int v = s.add_video();
  s.play(v, -1, 0, 3000 * kMs, 1'000'000);
  const int a = s.add_audio();
  s.play(v, a, 3000 * kMs, 3400 * kMs, 1'000'000);
  s.grants = false;
  s.run_until(4000 * kMs);
  const auto asked = s.key_requests.size();
  s.finish();
  EXPECT_EQ(s.key_requests.size(), asked);  // none will be waited for
  EXPECT_FALSE(s.stopped);
  EXPECT_EQ(s.claims.back(), "s-2.mp4");
  s.grant("s-2.mp4");
  ASSERT_TRUE(s.stopped);
  EXPECT_EQ(s.stopped->objects, 2u);
  EXPECT_EQ(s.stopped->lost_samples, 0u);
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 85));
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 20));
  EXPECT_TRUE(s.objects["s-2.mp4"].ended);
}

TEST(NewFile, HasNoVideoThatBeginsInTheMiddle) {
  Studio s;
  const int v = s.add_video(), w = s.add_video();
  for (int i = 0; i < 75; ++i) {
    s.video(v, i * 40 * kMs, i == 0);
    s.video(w, i * 40 * kMs, i == 0);
  }
  const int a = s.add_audio();
  s.audio(a, 3000 * kMs);
  s.video(w, 3000 * kMs);
  s.video(v, 3000 * kMs, true);  // rolls, in the middle of w's GOP
  EXPECT_EQ(s.key_requests.back().track, w);
  for (int i = 76; i < 200; ++i) {
    s.audio(a, i * 40 * kMs);
    s.audio(a, (i * 40 + 20) * kMs);
    s.video(v, i * 40 * kMs);
    // The old file waits for its key frame as long as a fragment waits for a slower track.
    const bool dropped = i >= 87 && i < 100;
    EXPECT_EQ(s.video(w, i * 40 * kMs, i == 100), dropped ? Taken::kBeforeKeyFrame : Taken::kYes);
    if (i == 110) s.video(v, (i * 40 + 20) * kMs, true);
  }
  s.finish();
  for (const auto& key : s.keys) expect_sound(s.file(key));
  EXPECT_EQ(s.payloads(w).size(), 87u + 100u);
  EXPECT_EQ(s.stopped->lost_samples, 0u);
}

TEST(NewFile, HasNoAudioBeforeItsStart) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 1010 * kMs);
  s.play(v, -1, 1040 * kMs, 3000 * kMs);
  const int b = s.add_audio();
  s.audio(b, 3010 * kMs);
  s.play(v, -1, 3040 * kMs, 9000 * kMs);
  s.play(v, a, 9000 * kMs, 9500 * kMs);
  s.finish();
  ASSERT_EQ(s.keys.size(), 2u);
  expect_sound(s.file("s-1.mp4"));
  expect_sound(s.file("s-2.mp4"));
  const auto audio = s.file("s-2.mp4").samples(a);
  EXPECT_LT(audio.front().dts, 120);
  EXPECT_EQ(audio.back().dts, (9480 - 3010) * 48);
}

}  // namespace
}  // namespace rec::test
