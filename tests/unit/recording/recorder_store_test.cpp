// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A recorder and its store: claims, failures, congestion, the budget, the end.
#include "tests/unit/recording/studio.h"

namespace rec::test {
namespace {

// A sample of `size` bytes that still carries its name in front.
Bytes heavy(const std::string& name, std::size_t size) {
  Bytes bytes(name.begin(), name.end());
  bytes.resize(size, ' ');
  return bytes;
}

TEST(Claim, IsMadeWithTheFirstSampleAndNothingIsWrittenBefore) {
  Studio s({.grants = false});
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 1900 * kMs);
  EXPECT_EQ(s.claims, std::vector<std::string>{"s-1.mp4"});
  EXPECT_TRUE(s.keys.empty());
  s.grant("s-1.mp4");
  EXPECT_EQ(s.keys, std::vector<std::string>{"s-1.mp4"});
  s.finish();
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 48));
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 95));
}

TEST(Claim, MayBeAnsweredWithAnotherName) {
  Studio s({.grants = false});
  const int a = s.add_audio();
  s.play(-1, a, 0, 100 * kMs);
  s.answer("s-1.mp4", true, "s-1-bak1.mp4");
  s.finish();
  EXPECT_EQ(s.keys, std::vector<std::string>{"s-1-bak1.mp4"});
  EXPECT_EQ(s.started[0].key, "s-1-bak1.mp4");
}

TEST(Claim, IsAnsweredOnce) {
  Studio s;
  const int a = s.add_audio();
  s.play(-1, a, 0, 3000 * kMs);
  s.answer("s-1.mp4", false, "");
  s.play(-1, a, 3000 * kMs, 6000 * kMs);
  s.finish();
  EXPECT_EQ(s.keys, std::vector<std::string>{"s-1.mp4"});
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 300));
}

TEST(Claim, WithoutAnAnswerEndsInANameThatNobodyElseHas) {
  Studio s({.grants = false});
  const int a = s.add_audio();
  s.play(-1, a, 0, 2000 * kMs);
  EXPECT_TRUE(s.keys.empty());
  EXPECT_EQ(s.recorder.deadline(), 2000 * kMs);
  s.play(-1, a, 2000 * kMs, 4000 * kMs);
  ASSERT_EQ(s.keys.size(), 1u);
  EXPECT_EQ(s.keys[0], "s-1-00000002.mp4");
  s.grant("s-1.mp4");  // too late
  s.finish();
  EXPECT_EQ(s.keys.size(), 1u);
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 200));
}

TEST(Claim, ThatIsRefusedLeavesTheBudgetAsTheOnlyBound) {
  Studio s({.max_bytes = 1 << 20, .grants = false});
  const int v = s.add_video();
  s.video(v, 0, true);
  s.answer("s-1.mp4", false, "");
  for (int i = 1; i < 2000; ++i) {
    s.run_until(i * 40 * kMs);
    s.push(v, {.pts = i * 40 * kMs, .key = i % 25 == 0, .bytes = heavy("x", 4000)});
    EXPECT_LE(s.recorder.queued_bytes(), (1u << 20) + 5000);
  }
  EXPECT_TRUE(s.keys.empty());
  EXPECT_EQ(s.recorder.deadline(), s.now + 5000 * kMs);  // when the track would be stalled
  s.finish();
  ASSERT_TRUE(s.stopped);
  EXPECT_EQ(s.stopped->objects, 0u);
  EXPECT_EQ(s.stopped->lost_samples, 2000u);
}

TEST(Claim, StillOpenAtTheEndIsWaitedFor) {
  Studio s({.grants = false});
  const int a = s.add_audio();
  s.play(-1, a, 0, 500 * kMs);
  s.finish();
  EXPECT_FALSE(s.stopped);
  s.run_until(10'000 * kMs);
  ASSERT_TRUE(s.stopped);
  EXPECT_EQ(s.stopped->lost_samples, 0u);
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 25));
}

TEST(FailedObject, IsFollowedByANewOneAtTheNextKeyFrame) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2900 * kMs, 1'000'000);
  s.grants = false;
  s.fail("s-1.mp4");
  EXPECT_EQ(s.claims.back(), "s-2.mp4");
  ASSERT_FALSE(s.key_requests.empty());
  EXPECT_EQ(s.key_requests.back().reason, "drop");
  EXPECT_EQ(s.video(v, 2920 * kMs), Taken::kBeforeKeyFrame);
  s.audio(a, 2920 * kMs);
  s.run_until(60'000 * kMs);  // the store takes as long as it takes
  EXPECT_EQ(s.keys.size(), 1u);
  s.play(v, a, 60'000 * kMs, 62'000 * kMs, 1'000'000);
  EXPECT_EQ(s.video(v, 62'000 * kMs, true), Taken::kYes);
  s.play(v, a, 62'020 * kMs, 62'500 * kMs, 1'000'000);
  s.grant("s-2.mp4");
  s.play(v, a, 62'500 * kMs, 64'000 * kMs, 1'000'000);
  s.finish();
  ASSERT_EQ(s.keys.size(), 2u);
  const auto file = s.file("s-2.mp4");
  expect_sound(file);
  EXPECT_EQ(s.objects["s-2.mp4"].start_utc, 2000 * kMs);  // the audio that was not written
  EXPECT_EQ(file.samples(v).front().dts, 60'000 * 90);
  EXPECT_FALSE(s.objects["s-1.mp4"].ended);
}

TEST(FailedObject, CountsWhatItsSuccessorCannotBeginWith) {
  Studio s;
  const int v = s.add_video();
  s.play(v, -1, 0, 1520 * kMs, 1'000'000);
  const auto written = s.payloads(v).size();
  s.fail("s-1.mp4");
  s.finish();
  ASSERT_TRUE(s.stopped);
  EXPECT_EQ(written + s.stopped->lost_samples, 38u);
  EXPECT_EQ(s.gaps.size(), 1u);
}

TEST(FailedObject, WithAKeyFrameQueuedNeedsNoOther) {
  Studio s;
  const int v = s.add_video();
  s.play(v, -1, 0, 1320 * kMs, 30);  // key frames at 0 and 1200 ms
  s.fail("s-1.mp4");
  EXPECT_TRUE(s.key_requests.empty());
  s.play(v, -1, 1320 * kMs, 2000 * kMs, 1'000'000);
  s.finish();
  EXPECT_EQ(s.file("s-2.mp4").samples(v).front().payload, "0#30");
}

TEST(FailedObject, InTheMiddleOfARollTakesTheRollAlong) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2800 * kMs, 1'000'000);
  s.play(v, -1, 2800 * kMs, 3000 * kMs, 1'000'000);
  const int b = s.add_audio();
  s.audio(b, 3000 * kMs);
  s.video(v, 3000 * kMs, true);  // here it would roll; `a` is waited for
  EXPECT_EQ(s.keys.size(), 1u);
  s.fail("s-1.mp4");
  s.play(v, a, 3040 * kMs, 6000 * kMs, 1'000'000);
  s.finish();
  ASSERT_EQ(s.keys.size(), 2u);
  EXPECT_EQ(s.file("s-2.mp4").tracks, (std::vector<int>{v, a, b}));
  expect_sound(s.file("s-2.mp4"));
}

TEST(FailedObject, OfAnotherNameIsNotOurs) {
  Studio s;
  const int a = s.add_audio();
  s.play(-1, a, 0, 2000 * kMs);
  s.fail("s-7.mp4");
  EXPECT_EQ(s.claims.size(), 1u);
}

TEST(NoStore, DropsWholeGopsOldestFirst) {
  Studio s({.max_bytes = 1 << 20});
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2000 * kMs);
  s.grants = false;
  s.fail("s-1.mp4");
  for (int i = 100; i < 1000; ++i) {
    s.run_until(i * 20 * kMs);
    s.audio(a, i * 20 * kMs);
    if (i % 2) continue;
    s.push(
        v,
        {.pts = i * 20 * kMs, .key = i % 50 == 0, .bytes = heavy("v" + std::to_string(i), 9000)});
    EXPECT_LE(s.recorder.queued_bytes(), 1u << 20);
  }
  EXPECT_TRUE(s.key_requests.empty() || s.key_requests.back().at <= 2000 * kMs);
  s.grant("s-2.mp4");
  s.finish();
  const auto file = s.file("s-2.mp4");
  expect_sound(file);
  const auto video = file.samples(v);
  EXPECT_EQ(video.back().payload.substr(0, 4), "v998");
  EXPECT_GT(video.size(), 75u);  // four GOPs of 225 kB fit into the budget, and a part
  EXPECT_EQ(video.size() % 25, 0u);
  EXPECT_EQ(file.samples(a).front().dts, 0);
  EXPECT_FALSE(s.gaps.empty());
  EXPECT_STREQ(s.gaps.back().reason, "drop");
}

TEST(Congestion, HoldsFragmentsBackAndLetsThemGo) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2000 * kMs);
  s.congest(true);
  const auto units = s.objects["s-1.mp4"].units.size();
  s.play(v, a, 2000 * kMs, 10'000 * kMs);
  EXPECT_EQ(s.objects["s-1.mp4"].units.size(), units);
  EXPECT_GE(s.recorder.deadline(), s.now + 4900 * kMs);  // when a track would be stalled
  s.congest(false);
  EXPECT_GE(s.objects["s-1.mp4"].units.size(), units + 7);
  s.finish();
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 250));
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 500));
}

TEST(Congestion, BeyondTheBudgetDropsGopsAndKeepsTheTimeOfTheRest) {
  Studio s({.max_bytes = 1 << 20});
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2000 * kMs);
  s.congest(true);
  for (int i = 100; i < 1000; ++i) {
    s.run_until(i * 20 * kMs);
    s.audio(a, i * 20 * kMs);
    if (i % 2) continue;
    s.push(
        v,
        {.pts = i * 20 * kMs, .key = i % 50 == 0, .bytes = heavy("v" + std::to_string(i), 9000)});
    EXPECT_LE(s.recorder.queued_bytes(), 1u << 20);
  }
  s.congest(false);
  s.play(v, a, 20'000 * kMs, 22'000 * kMs);
  s.finish();
  EXPECT_EQ(s.keys.size(), 1u);
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  for (const auto& x : file.samples(a)) {
    if (!x.silent()) {
      EXPECT_EQ(x.dts, std::stoi(x.payload.substr(2)) * 960);
    }
  }
  for (const auto& x : file.samples(v)) {
    if (x.payload[0] == 'v') {
      EXPECT_EQ(x.dts, std::stoi(x.payload.substr(1)) * 1800);
    }
  }
  EXPECT_GT(s.stopped->lost_samples, 100u);
}

TEST(Congestion, AtTheEndHoldsNothingBack) {
  Studio s;
  const int a = s.add_audio();
  s.congest(true);
  s.play(-1, a, 0, 5000 * kMs);
  s.finish();
  ASSERT_TRUE(s.stopped);
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 250));
  EXPECT_EQ(s.file("s-1.mp4").fragments.size(), 5u);  // as small as ever
}

TEST(Congestion, DoesNotLoseTheFrameThatTheOpenFileShows) {
  Studio s({.max_bytes = 1 << 20});
  const int v = s.add_video();
  s.play(v, -1, 0, 2000 * kMs, 1'000'000);
  s.congest(true);
  for (int i = 50; i < 300; ++i) {
    s.run_until(i * 40 * kMs);
    s.push(v, {.pts = i * 40 * kMs, .bytes = heavy("x", 9000)});
  }
  ASSERT_FALSE(s.key_requests.empty());
  EXPECT_EQ(s.key_requests.back().reason, "drop");
  EXPECT_EQ(s.video(v, 12'000 * kMs, true), Taken::kYes);
  s.congest(false);
  s.finish();
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  EXPECT_EQ(file.samples(v).back().dts, 12'000 * 90);
}

TEST(Budget, UsedUpByATrackThatWaitsForItsFileIsNotTakenFromTheOthers) {
  Studio s({.max_bytes = 1 << 20});
  const int v = s.add_video();
  s.play(v, -1, 0, 2000 * kMs, 1'000'000);
  const int a = s.add_audio();
  for (Nanos t = 2000 * kMs; t < 20'000 * kMs; t += 40 * kMs) {  // the sender has no key frame
    EXPECT_EQ(s.video(v, t), Taken::kYes);
    s.push(a, {.pts = t, .duration = 1920, .key = true, .bytes = heavy("a", 8000)});
    EXPECT_LE(s.recorder.queued_bytes(), 1u << 20);
  }
  EXPECT_GE(s.key_requests.size(), 34u);
  s.finish();
  EXPECT_EQ(s.payloads(v), s.pushed(v, 0, 500));
  EXPECT_EQ(s.payloads(a).size() + s.stopped->lost_samples, 450u);
  EXPECT_GT(s.payloads(a).size(), 60u);
}

TEST(End, InEveryStateOfTheStoreIsTheEnd) {
  for (const bool granted : {true, false}) {
    for (const bool failed : {true, false}) {
      for (const bool congested : {true, false}) {
        for (const bool late : {true, false}) {
          Studio s({.grants = granted});
          const int v = s.add_video();
          s.play(v, -1, 0, 2500 * kMs, 1'000'000);
          if (late) s.audio(s.add_audio(), 2500 * kMs);
          if (congested) s.congest(true);
          if (failed && !s.keys.empty()) s.fail(s.keys.back());
          s.finish();
          s.run_until(60'000 * kMs);
          ASSERT_TRUE(s.stopped) << granted << failed << congested << late;
          EXPECT_EQ(s.recorder.deadline(), std::nullopt);
          EXPECT_EQ(s.recorder.queued_bytes(), 0u);
          const auto written = s.payloads(0).size() + (late ? s.payloads(1).size() : 0);
          EXPECT_EQ(written + s.stopped->lost_samples, 63u + late);
          if (!failed) {
            EXPECT_EQ(s.stopped->lost_samples, 0u);
          }
        }
      }
    }
  }
}

TEST(FullStore, GetsTheEndOfTheFileAndTheNextOneWhenThereIsRoom) {
  Studio s({.ending_bytes = 77});
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 4500 * kMs, 1000);
  const auto& units = s.objects.at("s-1.mp4").units;
  for (std::size_t i = 1; i < units.size(); ++i) EXPECT_EQ(units[i].reserve, 77u);
  s.grants = false;
  s.fill("s-1.mp4");
  EXPECT_TRUE(s.objects.at("s-1.mp4").ended);
  const auto first = s.file("s-1.mp4");
  expect_sound(first);
  EXPECT_EQ(first.samples(v).size(), 113u);  // all that had come
  EXPECT_EQ(first.samples(a).size(), 225u);
  ASSERT_FALSE(s.key_requests.empty());
  EXPECT_EQ(s.key_requests.back().track, v);
  EXPECT_EQ(s.claims.back(), "s-2.mp4");
  s.play(v, a, 4500 * kMs, 6000 * kMs, 125);  // a key frame at 5 s
  s.grant("s-2.mp4");
  s.finish();
  const auto second = s.file("s-2.mp4");
  expect_sound(second);
  EXPECT_EQ(second.samples(v).front().payload, Studio::name(v, 125));
  EXPECT_EQ(second.samples(v).size(), 25u);
}

TEST(FullStore, CannotFillWhatIsNotOpen) {
  Studio s;
  const int a = s.add_audio();
  s.play(-1, a, 0, 3000 * kMs);
  s.fill("other.mp4");
  s.finish();
  s.fill("s-1.mp4");
  EXPECT_EQ(s.keys.size(), 1u);
  EXPECT_EQ(s.payloads(a), s.pushed(a, 0, 150));
}

}  // namespace
}  // namespace rec::test
