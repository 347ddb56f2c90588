// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A source that goes on in another codec: each codec has files of its own, however early the
// change.
#include "tests/unit/recording/studio.h"

namespace rec::test {
namespace {

struct CodecChange : testing::Test {
  // The source of `track` goes on as another one.
  int change(Medium medium, TrackConfig config, int track) {
    s.end(track);
    const int next = s.recorder.add_track(medium, track);
    s.recorder.configure(next, std::move(config));
    return next;
  }
  int change_video(int track) {
    return change(Medium::kVideo, {90000, Vp8Config{.width = 640, .height = 360}}, track);
  }
  // What each file declares; nothing of what was pushed is missing or in two of them.
  void expect_files(const std::vector<std::vector<int>>& declared) {
    ASSERT_EQ(s.keys.size(), declared.size());
    for (std::size_t i = 0; i < declared.size(); ++i) {
      const auto file = s.file(s.keys[i]);
      expect_sound(file);
      EXPECT_EQ(file.tracks, declared[i]) << s.keys[i];
    }
    for (const auto& [track, samples] : s.count)
      EXPECT_EQ(s.payloads(track), s.pushed(track, 0, samples)) << "track " << track;
    EXPECT_EQ(s.stopped->lost_samples, 0u);
    EXPECT_TRUE(s.gaps.empty());
  }
  Studio s;
};

TEST_F(CodecChange, BeforeTheFirstFileMakesTwoFiles) {
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 400 * kMs);
  const int w = change_video(v);
  s.play(w, a, 400 * kMs, 4000 * kMs, 10);
  s.finish();
  expect_files({{v, a}, {a, w}});
  EXPECT_EQ(s.file("s-1.mp4").samples(a).size(), 20u);
  EXPECT_EQ(s.file("s-2.mp4").samples(w).front().dts, 0);
}

TEST_F(CodecChange, TwiceBeforeTheFirstFileMakesThree) {
  const int v = s.add_video();
  s.play(v, -1, 0, 200 * kMs);
  const int w = change_video(v);
  s.play(w, -1, 200 * kMs, 400 * kMs, 5);
  const int x = change(Medium::kVideo, h264(), w);
  s.play(x, -1, 400 * kMs, 4000 * kMs, 10);
  s.finish();
  expect_files({{v}, {w}, {x}});
}

TEST_F(CodecChange, WhileTheHeaderWaitsForAnotherTrack) {
  const int v = s.add_video(), a = s.add_audio();
  s.recorder.expect_tracks(true);
  s.play(v, a, 0, 400 * kMs);
  const int w = change_video(v);
  s.play(w, a, 400 * kMs, 4000 * kMs, 10);
  s.finish();
  expect_files({{v, a}, {a, w}});
}

TEST_F(CodecChange, OfAudioWaitsForAKeyFrame) {
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 400 * kMs);
  const int b = change(Medium::kAudio, opus(), a);
  s.play(v, b, 400 * kMs, 4000 * kMs, 20);  // the next key frame at 800 ms
  s.finish();
  expect_files({{v, a}, {v, b}});
  EXPECT_EQ(s.file("s-1.mp4").samples(v).size(), 20u);
}

TEST_F(CodecChange, BeforeTheEndOfAShortRecording) {
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 400 * kMs);
  const int w = change_video(v);
  s.play(w, a, 400 * kMs, 600 * kMs, 10);
  s.finish();
  expect_files({{v, a}, {a, w}});
}

TEST_F(CodecChange, BeforeTheStoreHasAnswered) {
  s.grants = false;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 400 * kMs);
  const int w = change_video(v);
  s.play(w, a, 400 * kMs, 1600 * kMs, 10);
  s.grants = true;
  s.grant(s.claims.back());
  s.play(w, a, 1600 * kMs, 4000 * kMs, 10);
  s.finish();
  expect_files({{v, a}, {a, w}});
}

// What the first codec left is dropped for the budget: the file that follows is the only one.
TEST(CodecChangeWithoutStore, DropsTheFirstCodecAndSaysSo) {
  Studio s({.max_bytes = 12'000, .grants = false});
  const int v = s.add_video();
  s.play(v, -1, 0, 400 * kMs);
  s.end(v);
  const int w = s.recorder.add_track(Medium::kVideo, v);
  s.recorder.configure(w, {90000, Vp8Config{.width = 640, .height = 360}});
  s.play(w, -1, 400 * kMs, 1800 * kMs, 10);
  for (int i = 45; !s.gaps.size() && i < 2000; ++i)
    s.push(w, {.pts = i * 40 * kMs, .key = i % 10 == 0});
  ASSERT_FALSE(s.gaps.empty());
  EXPECT_EQ(s.gaps[0].track, v);
  EXPECT_EQ(s.gaps[0].start, 0);
  EXPECT_EQ(s.gaps[0].duration, 400 * kMs);
  s.grants = true;
  s.grant(s.claims.back());
  s.finish();
  ASSERT_EQ(s.keys.size(), 1u);
  EXPECT_EQ(s.file(s.keys[0]).tracks, std::vector<int>{w});
  expect_sound(s.file(s.keys[0]));
}

}  // namespace
}  // namespace rec::test
