// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/key_frame_policy.h"

#include <gtest/gtest.h>

namespace rec::recording {
namespace {

constexpr Nanos kMs = 1'000'000;

Input frame(bool key, std::uint32_t lost = 0) {
  return {.rtp = Input::Rtp{.ssrc = 1, .clock_rate = 90000, .lost = lost}, .key = key};
}

TEST(KeyFramePolicy, LetsVideoBeginWithAKeyFrame) {
  KeyFramePolicy video(Medium::kVideo, true);
  EXPECT_FALSE(video.admit(frame(false)));
  EXPECT_FALSE(video.admit(frame(false)));
  EXPECT_TRUE(video.admit(frame(true)));
  EXPECT_TRUE(video.admit(frame(false)));
  video.require();
  EXPECT_FALSE(video.admit(frame(false)));
  EXPECT_TRUE(video.admit(frame(true)));
}

TEST(KeyFramePolicy, AsksNothingOfAudio) {
  KeyFramePolicy audio(Medium::kAudio, true);
  audio.require();
  EXPECT_TRUE(audio.admit(frame(false, 5)));
  EXPECT_FALSE(audio.damaged());
}

TEST(KeyFramePolicy, RemembersALossUntilTheNextKeyFrame) {
  KeyFramePolicy video(Medium::kVideo, true);
  video.admit(frame(true, 3));  // lost before the track began
  EXPECT_FALSE(video.damaged());
  EXPECT_TRUE(video.admit(frame(false, 4)));
  EXPECT_TRUE(video.damaged());
  video.admit(frame(false, 4));
  EXPECT_TRUE(video.damaged());
  video.admit(frame(true, 4));
  EXPECT_FALSE(video.damaged());
}

TEST(KeyFramePolicy, AsksAtMostTwiceASecondAndNeverGivesUp) {
  KeyFramePolicy video(Medium::kVideo, true);
  std::vector<Nanos> asked;
  for (Nanos now = 0; now < 60'000 * kMs; now += 33 * kMs)
    if (video.ask(now)) asked.push_back(now);
  EXPECT_GE(asked.size(), 110u);
  for (std::size_t i = 1; i < asked.size(); ++i) EXPECT_GE(asked[i] - asked[i - 1], 500 * kMs);
}

TEST(KeyFramePolicy, AKeyFrameDoesNotMakeItImpatient) {
  KeyFramePolicy video(Medium::kVideo, true);
  EXPECT_TRUE(video.ask(0));
  video.admit(frame(true));
  EXPECT_FALSE(video.ask(40 * kMs));
  EXPECT_TRUE(video.ask(500 * kMs));
}

TEST(KeyFramePolicy, TakesAnotherSenderForALoss) {
  KeyFramePolicy video(Medium::kVideo, false);
  EXPECT_TRUE(video.admit(frame(true)));
  Input other = frame(false);
  other.rtp->ssrc = 2;
  EXPECT_FALSE(video.admit(other));
  EXPECT_TRUE(video.damaged());
  other.key = true;
  EXPECT_TRUE(video.admit(other));
}

}  // namespace
}  // namespace rec::recording
