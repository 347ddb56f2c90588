// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/fragmenter.h"

#include <gtest/gtest.h>

namespace rec::recording {
namespace {

constexpr Nanos kMs = 1'000'000;

// Ticks are milliseconds here. Fragments of 1 s, 500 ms of patience.
class Fragments : public ::testing::Test {
 protected:
  int add(Medium medium) {
    const int track = fragmenter.add_track(medium);
    fragmenter.set_timescale(track, 1000);
    fragmenter.enable(track);
    return track;
  }
  void video(int track, std::int64_t dts, bool key = false, std::size_t size = 1) {
    fragmenter.push(track, {.dts = dts, .key = key, .arrival = dts * kMs, .bytes = Bytes(size)});
  }
  void audio(int track, std::int64_t dts, std::size_t size = 1) {
    fragmenter.push(
        track,
        {.dts = dts, .duration = 20, .key = true, .arrival = dts * kMs, .bytes = Bytes(size)});
  }
  void frames(int track, std::int64_t from, std::int64_t until, std::int64_t key_every = 0) {
    for (auto t = from; t < until; t += 40)
      video(track, t, t == 0 || (key_every && t % key_every == 0));
  }
  void packets(int track, std::int64_t from, std::int64_t until) {
    for (auto t = from; t < until; t += 20) audio(track, t);
  }
  // Where the fragment ends, in ms.
  std::optional<std::int64_t> cut(std::int64_t now) {
    const auto next = fragmenter.next_cut(now * kMs);
    return next ? std::optional(next->at / kMs) : std::nullopt;
  }
  std::optional<std::int64_t> deadline() {
    const auto at = fragmenter.deadline();
    return at ? std::optional(*at / kMs) : std::nullopt;
  }
  std::vector<Fragmenter::Run> take(std::int64_t now) {
    return fragmenter.take(fragmenter.next_cut(now * kMs).value());
  }
  static std::string text(const std::vector<Fragmenter::Run>& runs) {
    std::string out;
    for (const auto& run : runs)
      out += std::to_string(run.track) + ":" + std::to_string(run.samples.front().dts) + "-" +
             std::to_string(run.samples.back().dts) + ">" + std::to_string(run.end_dts) + " ";
    return out;
  }
  Fragmenter fragmenter{{.duration = 1000 * kMs, .latency = 500 * kMs, .max_bytes = 1'000'000}};
};

TEST_F(Fragments, EndAfterTheirDurationInEveryTrack) {
  const int v = add(Medium::kVideo), a = add(Medium::kAudio);
  frames(v, 0, 1040);
  packets(a, 0, 980);
  EXPECT_EQ(cut(1000), std::nullopt);  // the audio has not reached 1 s
  audio(a, 980);
  EXPECT_EQ(cut(1000), 1000);
  EXPECT_EQ(text(take(1000)), "0:0-960>1000 1:0-980>1000 ");
  EXPECT_EQ(cut(1000), std::nullopt);
}

TEST_F(Fragments, PreferAKeyFrameInTheirLaterHalf) {
  const int v = add(Medium::kVideo);
  frames(v, 0, 1040, 720);
  EXPECT_EQ(cut(1000), 720);
  EXPECT_EQ(text(take(1000)), "0:0-680>720 ");
}

TEST_F(Fragments, DoNotCareForAKeyFrameInTheirFirstHalf) {
  const int v = add(Medium::kVideo);
  for (int t = 0; t < 1040; t += 40) video(v, t, t == 0 || t == 480);
  EXPECT_EQ(cut(1000), 1000);
}

TEST_F(Fragments, NeedNoKeyFrame) {
  const int v = add(Medium::kVideo);
  frames(v, 0, 10'040);
  for (int i = 1; i <= 10; ++i) {
    EXPECT_EQ(cut(10'000), i * 1000);
    take(10'000);
  }
  EXPECT_EQ(cut(10'000), std::nullopt);
}

TEST_F(Fragments, WaitForASlowerTrackOnlySoLong) {
  const int v = add(Medium::kVideo), a = add(Medium::kAudio);
  packets(a, 0, 400);
  frames(v, 0, 1040);
  EXPECT_EQ(deadline(), 1500);
  EXPECT_EQ(cut(1499), std::nullopt);
  const auto late = fragmenter.next_cut(1500 * kMs);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->at, 1000 * kMs);
  EXPECT_EQ(late->late, std::vector<int>{a});
}

TEST_F(Fragments, DoNotWaitForATrackThatHasEnded) {
  const int v = add(Medium::kVideo), a = add(Medium::kAudio);
  packets(a, 0, 400);
  frames(v, 0, 1040);
  fragmenter.end_track(a);
  EXPECT_EQ(cut(1000), 1000);
  fragmenter.resume_track(a);
  EXPECT_EQ(cut(1000), std::nullopt);
}

TEST_F(Fragments, HoldNothingButTheLastSampleOfATrackThatStops) {
  const int v = add(Medium::kVideo), a = add(Medium::kAudio);
  frames(v, 0, 200);
  packets(a, 0, 200);
  EXPECT_EQ(deadline(), 1500);
  EXPECT_EQ(cut(1499), std::nullopt);
  EXPECT_EQ(text(take(1500)), "0:0-120>160 1:0-180>200 ");
  EXPECT_EQ(deadline(), std::nullopt);  // how long the last picture stands is not known
  EXPECT_EQ(cut(1'000'000), std::nullopt);
  EXPECT_EQ(fragmenter.first_sample(v), 160);
}

TEST_F(Fragments, OfAFrameEveryFewSecondsDoNotGrowOld) {
  const int v = add(Medium::kVideo);
  video(v, 0, true);
  video(v, 5000);
  EXPECT_EQ(text(take(5000)), "0:0-0>5000 ");
  EXPECT_EQ(cut(5000), std::nullopt);
  EXPECT_EQ(deadline(), std::nullopt);
}

TEST_F(Fragments, HaveTheirDeadlineInTheFutureOnceNothingCanBeCut) {
  const int v = add(Medium::kVideo), a = add(Medium::kAudio);
  for (std::int64_t t = 0; t < 60'000; t += 20) {
    if (t % 40 == 0 && t % 7000 < 5000) video(v, t, t % 1800 == 0);
    if (t % 9000 < 3000) audio(a, t);
    while (fragmenter.next_cut(t * kMs)) take(t);
    const auto at = deadline();
    ASSERT_TRUE(!at || *at > t) << t;
  }
}

TEST_F(Fragments, OfAFileThatRollsEndThere) {
  const int v = add(Medium::kVideo), a = add(Medium::kAudio);
  frames(v, 0, 400);
  packets(a, 0, 420);
  fragmenter.roll_at(400 * kMs, 400 * kMs);
  video(v, 400, true);
  const auto roll = fragmenter.next_cut(400 * kMs);
  ASSERT_TRUE(roll && roll->rolls);
  EXPECT_EQ(text(fragmenter.take(*roll)), "0:0-360>400 1:0-380>400 ");
  EXPECT_FALSE(fragmenter.rolling());
  EXPECT_EQ(fragmenter.first_sample(v), 400);
}

TEST_F(Fragments, RollEvenIfTracksStandStill) {
  const int v = add(Medium::kVideo), a = add(Medium::kAudio);
  packets(a, 0, 200);
  while (fragmenter.next_cut(1700 * kMs)) take(1700);
  fragmenter.roll_at(2000 * kMs, 2000 * kMs);
  EXPECT_EQ(deadline(), 2500);
  EXPECT_EQ(cut(2499), std::nullopt);
  const auto roll = fragmenter.next_cut(2500 * kMs);
  ASSERT_TRUE(roll && roll->rolls);
  EXPECT_EQ(roll->late, (std::vector<int>{v, a}));
  EXPECT_TRUE(fragmenter.take(*roll).empty());
  EXPECT_EQ(cut(2500), std::nullopt);
}

TEST_F(Fragments, RollWhereTheyHaveBeenAlready) {
  const int a = add(Medium::kAudio);
  packets(a, 0, 2000);
  while (fragmenter.next_cut(2000 * kMs)) take(2000);
  packets(a, 2000, 2100);
  fragmenter.roll_at(500 * kMs, 2100 * kMs);
  const auto roll = fragmenter.next_cut(2100 * kMs);
  ASSERT_TRUE(roll && roll->rolls);
  EXPECT_TRUE(fragmenter.take(*roll).empty());
  EXPECT_EQ(fragmenter.first_sample(a), 2000);
}

TEST_F(Fragments, OfAFileThatRollsNameTheTracksThatMissItsEnd) {
  const int v = add(Medium::kVideo), a = add(Medium::kAudio);
  frames(v, 0, 920);
  packets(a, 0, 400);
  fragmenter.roll_at(900 * kMs, 1400 * kMs);  // patience until 1900, but what is old goes at 1500
  const auto roll = fragmenter.next_cut(1500 * kMs);
  ASSERT_TRUE(roll && roll->rolls);
  EXPECT_EQ(roll->late, (std::vector<int>{v, a}));
}

TEST_F(Fragments, OfAFileThatRollsTwiceEndWhereItWasFirstSaid) {
  const int a = add(Medium::kAudio);
  packets(a, 0, 100);
  fragmenter.roll_at(200 * kMs, 100 * kMs);
  fragmenter.roll_at(300 * kMs, 400 * kMs);
  const auto roll = fragmenter.next_cut(600 * kMs);
  ASSERT_TRUE(roll && roll->rolls);
  EXPECT_EQ(roll->at, 200 * kMs);
}

TEST_F(Fragments, LeaveNoVideoBehindThatNoFileCanBeginWith) {
  const int v = add(Medium::kVideo), w = add(Medium::kVideo), x = add(Medium::kVideo);
  frames(v, 0, 400);
  frames(w, 0, 640, 600);
  frames(x, 0, 640);
  fragmenter.roll_at(400 * kMs, 400 * kMs);
  video(v, 400, true);
  EXPECT_FALSE(fragmenter.next_cut(890 * kMs));  // there may be one soon
  const auto roll = fragmenter.next_cut(900 * kMs);
  ASSERT_TRUE(roll && roll->rolls);
  EXPECT_EQ(text(fragmenter.take(*roll)), "0:0-360>400 1:0-560>600 2:0-600>640 ");
  EXPECT_EQ(fragmenter.first_sample(v), 400);
  EXPECT_EQ(fragmenter.first_sample(w), 600);
  EXPECT_EQ(fragmenter.first_sample(x), std::nullopt);
}

TEST_F(Fragments, LetTheLastPictureStandUntilTheFileEnds) {
  const int v = add(Medium::kVideo);
  frames(v, 0, 120);
  fragmenter.roll_at(3000 * kMs, 100 * kMs);
  const auto roll = fragmenter.next_cut(3000 * kMs);
  ASSERT_TRUE(roll && !roll->rolls);  // what is old is not held back for the end
  EXPECT_EQ(text(fragmenter.take(*roll)), "0:0-40>80 ");
  EXPECT_EQ(text(take(3000)), "0:80-80>3000 ");
}

TEST_F(Fragments, LeaveOutTracksThatAreDisabled) {
  const int v = add(Medium::kVideo), w = add(Medium::kVideo);
  fragmenter.disable(w);
  video(w, 0, true, 900'000);  // nearly the whole budget
  frames(v, 0, 200);
  EXPECT_EQ(cut(200), std::nullopt);  // and no reason to hurry for the others
  EXPECT_EQ(text(take(1500)), "0:0-120>160 ");
  EXPECT_EQ(fragmenter.first_sample(w), 0);
}

TEST_F(Fragments, EndEarlyWhenHalfTheBudgetIsHeld) {
  const int v = add(Medium::kVideo);
  for (int i = 0; i < 5; ++i) video(v, i * 40, i == 0, 90'000);
  EXPECT_EQ(cut(160), std::nullopt);
  video(v, 200, false, 90'000);
  EXPECT_EQ(text(take(200)), "0:0-160>200 ");
  EXPECT_EQ(cut(200), std::nullopt);
}

TEST_F(Fragments, AtTheEndHaveEverything) {
  const int v = add(Medium::kVideo), w = add(Medium::kVideo), a = add(Medium::kAudio);
  frames(v, 0, 120);
  fragmenter.push(w, {.dts = 10, .duration_hint = 25, .key = true, .bytes = Bytes(1)});
  packets(a, 0, 100);
  EXPECT_EQ(text(fragmenter.take_all()), "0:0-80>120 1:10-10>35 2:0-80>100 ");
  EXPECT_TRUE(fragmenter.empty());
  EXPECT_EQ(fragmenter.bytes(), 0u);
}

TEST_F(Fragments, GuessTheLastDurationFromAStepThatIsNoHole) {
  const int v = add(Medium::kVideo);
  frames(v, 0, 120);
  video(v, 5000);
  EXPECT_EQ(text(fragmenter.take_all()), "0:0-5000>5040 ");
}

TEST_F(Fragments, OfASingleFrameHaveADuration) {
  const int v = add(Medium::kVideo);
  video(v, 0, true);
  EXPECT_EQ(text(fragmenter.take_all()), "0:0-0>33 ");
}

TEST_F(Fragments, DropTheOldestGopOfAllTracks) {
  const int v = add(Medium::kVideo), a = add(Medium::kAudio);
  frames(v, 0, 2000, 1000);
  packets(a, 0, 2000);
  const auto before = fragmenter.bytes();
  const auto dropped = fragmenter.drop_oldest_gop(false);
  EXPECT_EQ(dropped.samples(), 25u + 50u);
  ASSERT_EQ(dropped.parts.size(), 2u);
  for (const auto& part : dropped.parts) {
    EXPECT_EQ(part.start, 0);
    EXPECT_EQ(part.end, 1000 * kMs);
  }
  EXPECT_TRUE(dropped.need_key.empty());
  EXPECT_EQ(fragmenter.first_sample(v), 1000);
  EXPECT_EQ(fragmenter.first_sample(a), 1000);
  EXPECT_EQ(fragmenter.bytes(), before / 2);
}

TEST_F(Fragments, OfAnOpenFileKeepAPictureToShowInstead) {
  const int v = add(Medium::kVideo);
  frames(v, 0, 2000, 1000);
  EXPECT_EQ(fragmenter.drop_oldest_gop(true).samples(), 24u);
  EXPECT_EQ(fragmenter.first_sample(v), 0);
  EXPECT_EQ(fragmenter.drop_oldest_gop(true).need_key, std::vector<int>{v});
  EXPECT_EQ(fragmenter.drop_oldest_gop(true).samples(), 0u);
  video(v, 3000, true);
  video(v, 3040);
  EXPECT_EQ(text(take(4600)), "0:0-0>3000 ");
}

TEST_F(Fragments, OfAnotherFileKeepNoPictureOfADroppedGop) {
  const int v = add(Medium::kVideo), w = add(Medium::kVideo);
  fragmenter.disable(w);
  frames(v, 0, 200);
  frames(w, 0, 2000, 1000);
  EXPECT_EQ(fragmenter.drop_oldest_gop(true).samples(), 25u);
  EXPECT_EQ(fragmenter.first_sample(w), 1000);
  EXPECT_EQ(fragmenter.first_sample(v), 0);
}

TEST_F(Fragments, DropWhatADroppedFrameWasNeededFor) {
  const int v = add(Medium::kVideo), w = add(Medium::kVideo);
  frames(v, 0, 400, 200);
  frames(w, 0, 400);
  const auto dropped = fragmenter.drop_oldest_gop(false);
  EXPECT_EQ(dropped.samples(), 5u + 10u);
  EXPECT_EQ(dropped.need_key, std::vector<int>{w});
  EXPECT_EQ(fragmenter.first_sample(v), 200);
}

TEST_F(Fragments, DropTheOlderHalfOfAudioAlone) {
  const int a = add(Medium::kAudio);
  packets(a, 0, 2000);
  EXPECT_EQ(fragmenter.drop_oldest_gop(false).samples(), 51u);
  for (int left = 49; left > 0;) {
    const auto samples = fragmenter.drop_oldest_gop(false).samples();
    ASSERT_GT(samples, 0u);
    left -= static_cast<int>(samples);
  }
  EXPECT_EQ(fragmenter.drop_oldest_gop(false).samples(), 0u);
}

TEST_F(Fragments, CountWhatSamplesCost) {
  const int v = add(Medium::kVideo);
  for (int i = 0; i < 100; ++i) video(v, i, i == 0, 0);
  EXPECT_GE(fragmenter.bytes(), 100 * sizeof(Sample));  // empty ones are not free
  EXPECT_EQ(fragmenter.clear(), 100u);
  EXPECT_EQ(fragmenter.bytes(), 0u);
}

}  // namespace
}  // namespace rec::recording
