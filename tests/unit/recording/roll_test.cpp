// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When a recording goes on in another file, and that nothing is lost or doubled by it.
#include "tests/unit/recording/rolls.h"

namespace rec::test {
namespace {

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
