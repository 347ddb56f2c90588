// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A store that cannot keep up, or says nothing at all: what is dropped, and what is left.
#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

constexpr std::size_t kBudget = 1'000'000;
constexpr std::size_t kFrame = 4000;
constexpr int kGop = 25;  // units

class Congested : public ::testing::TestWithParam<bool> {  // with sender reports
 protected:
  Congested() : studio({.max_bytes = kBudget}), call(studio) {
    Source video = Source::video(), audio = Source::audio();
    video.bytes = kFrame;
    video.gop = kGop;
    audio.bytes = 100;
    video.jitter = audio.jitter = 10 * kMs;
    if (GetParam()) video.first_report = audio.first_report = 500 * kMs;
    v = call.add(video);
    a = call.add(audio);
  }
  void run_within_budget(Nanos until) {
    while (studio.now < until) {
      call.run_until(std::min(studio.now + 100 * kMs, until));
      ASSERT_LE(studio.recorder.queued_bytes(), kBudget + kFrame + 500);
    }
  }

  Studio studio;
  Call call;
  int v = 0;
  int a = 0;
};

TEST_P(Congested, LosesWholeGopsTheOldestFirst) {
  constexpr Nanos kEnd = 30'360 * kMs;  // when the oldest that would fit is no key frame
  run_within_budget(5000 * kMs);
  studio.congest(true);
  run_within_budget(kEnd);
  studio.congest(false);
  call.run_and_finish(40'000 * kMs);
  ASSERT_EQ(studio.keys.size(), 1u);
  const auto file = studio.file("s-1.mp4");
  expect_sound(file);
  const auto frames = played_video(file, v);
  int holes = 0;
  for (std::size_t i = 1; i < frames.size(); ++i) {
    if (frames[i].n == frames[i - 1].n + 1) continue;
    ++holes;
    EXPECT_TRUE(frames[i].key) << frames[i].n;
    EXPECT_LE(frames[i - 1].captured, 5100 * kMs) << "the oldest goes first";
    // What fits into the budget is kept, but for a GOP.
    EXPECT_LE(frames[i].captured, kEnd - (kBudget / (kFrame + 600) - kGop) * 40 * kMs);
  }
  EXPECT_EQ(holes, 1);
  EXPECT_EQ(frames.back().n, call.delivered[v].back().unit.n);
  EXPECT_TRUE(studio.key_requests.empty()) << "there is a key frame to go on with";
}

TEST_P(Congested, IsInSyncAfterwards) {
  for (int i = 0; i < 5; ++i) {
    run_within_budget(studio.now + 5000 * kMs);
    studio.congest(true);
    run_within_budget(studio.now + (i + 1) * 7000 * kMs);
    studio.congest(false);
  }
  call.run_and_finish(studio.now + 10'000 * kMs);
  const auto file = studio.file("s-1.mp4");
  expect_sound(file);
  const auto errors = av_errors(file, v, a);
  EXPECT_LE(std::abs(worst(errors)), GetParam() ? 25 : 20);
  for (const auto& x : file.samples(a)) {
    EXPECT_EQ(x.dts % 120, file.samples(a).front().dts % 120);
    EXPECT_LE(x.duration, 960);
  }
  std::size_t pushed = call.delivered[v].size() + call.delivered[a].size();
  EXPECT_EQ(
      played_video(file, v).size() + played_audio(file, a).size() + studio.stopped->lost_samples,
      pushed);
}

TEST_P(Congested, ShortlyLosesNothing) {
  run_within_budget(5000 * kMs);
  studio.congest(true);
  run_within_budget(9000 * kMs);
  studio.congest(false);
  call.run_and_finish(15'000 * kMs);
  const auto file = studio.file("s-1.mp4");
  EXPECT_EQ(played_video(file, v).size(), call.delivered[v].size());
  expect_untouched(file, a);
  EXPECT_TRUE(studio.gaps.empty());
}

TEST_P(Congested, WithoutAKeyFrameAsksForOne) {
  call.sender(v).source().gop = 1'000'000;
  call.run_until(5000 * kMs);
  studio.congest(true);
  run_within_budget(60'000 * kMs);
  studio.congest(false);
  call.run_and_finish(65'000 * kMs);
  ASSERT_FALSE(studio.key_requests.empty());
  for (std::size_t i = 1; i < studio.key_requests.size(); ++i)
    EXPECT_GE(studio.key_requests[i].at - studio.key_requests[i - 1].at, 500 * kMs);
  const auto frames = played_video(studio.file("s-1.mp4"), v);
  for (std::size_t i = 1; i < frames.size(); ++i) {
    if (frames[i].n != frames[i - 1].n + 1) {
      EXPECT_TRUE(frames[i].key);
    }
  }
  EXPECT_LE(std::abs(worst(av_errors(studio, v, a))), 25);
}

TEST_P(Congested, ToTheEndKeepsWhatFits) {
  call.run_until(5000 * kMs);
  studio.congest(true);
  run_within_budget(60'000 * kMs);
  studio.finish();
  const auto file = studio.file("s-1.mp4");
  expect_sound(file);
  EXPECT_EQ(played_video(file, v).back().n, call.delivered[v].back().unit.n);
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 25);
}

INSTANTIATE_TEST_SUITE_P(Store, Congested, ::testing::Bool());

// No answer to the claim, and congestion that is never over.
TEST(SilentStore, NeverStopsAPushNorFillsTheMemory) {
  for (const bool congested : {false, true}) {
    Studio s({.max_bytes = kBudget, .claim_timeout = 3'600'000 * kMs, .grants = false});
    Call call(s);
    Source video = Source::video(10);
    video.bytes = 20'000;
    const int v = call.add(video), a = call.add(Source::audio());
    s.congest(congested);
    for (Nanos t = 0; t < 1'800'000 * kMs; t += 1000 * kMs) {
      call.run_until(t);
      ASSERT_LE(s.recorder.queued_bytes(), kBudget + 21'000);
    }
    for (const int track : {v, a})
      for (const auto& d : call.delivered[track])
        EXPECT_TRUE(d.taken == Taken::kYes || d.taken == Taken::kBeforeKeyFrame) << d.unit.n;
    EXPECT_TRUE(s.keys.empty());
    const auto &frames = call.delivered[v], &packets = call.delivered[a];
    ASSERT_NEAR(static_cast<double>(frames.size()), 17'990, 2);
    ASSERT_NEAR(static_cast<double>(packets.size()), 89'950, 2);
  }
}

}  // namespace
}  // namespace rec::test
