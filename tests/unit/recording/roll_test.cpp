// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When a recording goes on in another file, and that nothing is lost or doubled by it.
#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

class Rolls : public ::testing::Test {
 protected:
  void begin(Studio::Settings settings) {
    studio.emplace(settings);
    call.emplace(*studio);
  }
  // Every unit that was taken is in one file, once, in order.
  void expect_whole(int track, bool video) {
    std::vector<int> got, sent;
    for (const auto& key : studio->keys) {
      const auto file = studio->file(key);
      expect_sound(file);
      for (const Played& p : played(file, track, video ? 90000 : 48000)) got.push_back(p.n);
    }
    for (const auto& d : call->delivered[track])
      if (d.taken == Taken::kYes) sent.push_back(d.unit.n);
    EXPECT_EQ(got, sent);
    EXPECT_EQ(sent.size(), call->delivered[track].size());
  }
  // Each file begins with a key frame at 0, at the UTC of its capture.
  void expect_starts(int video) {
    for (const auto& key : studio->keys) {
      const auto frames = played_video(studio->file(key), video);
      ASSERT_FALSE(frames.empty());
      EXPECT_TRUE(frames.front().key);
      EXPECT_LE(frames.front().at, 20 * kMs);
      EXPECT_NEAR(ms(studio->objects.at(key).start_utc - kEpoch), ms(frames.front().captured), 45);
    }
  }
  Nanos longest() const {
    Nanos longest = 0;
    for (const auto& key : studio->keys)
      longest = std::max(longest, studio->objects.at(key).duration);
    return longest;
  }
  std::size_t requests(const std::string& reason) const {
    return static_cast<std::size_t>(
        std::count_if(studio->key_requests.begin(), studio->key_requests.end(),
                      [&](const auto& r) { return r.reason == reason; }));
  }
  std::optional<Studio> studio;
  std::optional<Call> call;
};

Source endless(Source video) {
  video.gop = 1'000'000;
  return video;
}

TEST_F(Rolls, AtTheFirstKeyFrameThatMaxDurationAsksFor) {
  begin({.max_duration = 5000 * kMs});
  const int a = call->add(Source::audio()), v = call->add(endless(Source::video()));
  call->run_and_finish(22'000 * kMs);
  EXPECT_EQ(studio->keys.size(), 5u);
  EXPECT_LE(longest(), 5200 * kMs);
  EXPECT_EQ(requests("split"), 4u);
  expect_whole(v, true);
  expect_whole(a, false);
  expect_starts(v);
  EXPECT_LE(std::abs(worst(av_errors(*studio, v, a))), 1);
}

// Whose index takes as much memory as it may.
TEST_F(Rolls, WhenTheContainerIsFull) {
  begin({.most_fragments = 5});
  const int a = call->add(Source::audio()), v = call->add(endless(Source::video()));
  call->run_and_finish(22'000 * kMs);
  EXPECT_EQ(studio->keys.size(), 5u);
  EXPECT_LE(longest(), 6200 * kMs);
  EXPECT_EQ(requests("split"), 4u);
  expect_whole(v, true);
  expect_whole(a, false);
  expect_starts(v);
}

TEST_F(Rolls, AtMaxBytes) {
  begin({.max_bytes_of_file = 100'000});
  Source heavy = Source::video();
  heavy.bytes = 1000;
  const int a = call->add(Source::audio()), v = call->add(heavy);
  call->run_and_finish(20'000 * kMs);
  EXPECT_GE(studio->keys.size(), 5u);
  for (const auto& key : studio->keys) EXPECT_LE(studio->objects.at(key).bytes.size(), 125'000u);
  expect_whole(v, true);
  expect_whole(a, false);
  expect_starts(v);
}

TEST_F(Rolls, WithoutVideoAtAnyPacket) {
  begin({.max_duration = 3000 * kMs});
  const int a = call->add(Source::audio());
  call->run_and_finish(10'000 * kMs);
  EXPECT_EQ(studio->keys.size(), 4u);
  EXPECT_LE(longest(), 3020 * kMs);
  expect_whole(a, false);
  EXPECT_TRUE(studio->gaps.empty());
}

TEST_F(Rolls, WhenToldTo) {
  begin({});
  const int a = call->add(Source::audio()), v = call->add(endless(Source::video()));
  call->run_until(4000 * kMs);
  studio->split();
  studio->split();
  call->run_until(8000 * kMs);
  EXPECT_EQ(studio->keys.size(), 2u);
  call->run_and_finish(10'000 * kMs);
  EXPECT_EQ(studio->keys.size(), 2u);
  EXPECT_NEAR(ms(studio->objects.at("s-1.mp4").duration), 4000, 150);
  expect_whole(v, true);
  expect_whole(a, false);
  expect_starts(v);
}

TEST_F(Rolls, NotBeforeAFileIsOpen) {
  begin({});
  studio->split();
  const int a = call->add(Source::audio());
  call->run_and_finish(3000 * kMs);
  EXPECT_EQ(studio->keys.size(), 1u);
  expect_whole(a, false);
}

TEST_F(Rolls, OtherVideoStaysInTheOldFileUntilItsKeyFrame) {
  begin({.max_duration = 4000 * kMs});
  Source second = endless(Source::video());
  second.ssrc = 9;
  second.seed = 9;
  second.delay = 220 * kMs;  // its answer comes later
  const int v = call->add(endless(Source::video())), w = call->add(second);
  const int a = call->add(Source::audio());
  call->run_and_finish(14'000 * kMs);
  EXPECT_EQ(studio->keys.size(), 4u);
  expect_whole(v, true);
  expect_whole(w, true);
  expect_whole(a, false);
  EXPECT_EQ(studio->stopped->lost_samples, 0u);
}

TEST_F(Rolls, WhileAStoreTakesItsTimeToAnswer) {
  begin({.grants = false, .max_duration = 3000 * kMs});
  const int a = call->add(Source::audio()), v = call->add(Source::video());
  studio->grant("s-1.mp4");
  call->run_until(500 * kMs);
  studio->grant("s-1.mp4");
  call->run_until(4800 * kMs);
  ASSERT_EQ(studio->claims.back(), "s-2.mp4");
  studio->grant("s-2.mp4");
  call->run_and_finish(5500 * kMs);
  EXPECT_EQ(studio->keys.size(), 2u);
  expect_whole(v, true);
  expect_whole(a, false);
}

TEST_F(Rolls, KeyFramesAreAskedForAtTheirInterval) {
  begin({.keyframe_interval = 2000 * kMs});
  call->add(endless(Source::video()));
  call->run_and_finish(20'500 * kMs);
  EXPECT_GE(requests("interval"), 9u);
  EXPECT_LE(requests("interval"), 10u);
  EXPECT_EQ(studio->keys.size(), 1u);
}

TEST_F(Rolls, NoKeyFrameIsAskedForByDefault) {
  begin({});
  call->add(endless(Source::video()));
  call->run_and_finish(60'000 * kMs);
  EXPECT_TRUE(studio->key_requests.empty());
}

}  // namespace
}  // namespace rec::test
