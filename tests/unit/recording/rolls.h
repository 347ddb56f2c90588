// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A call that is recorded into several files, and what they have to be together.
#pragma once

#include "tests/unit/recording/av_judge.h"

namespace rec::test {

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

inline Source endless(Source video) {
  video.gop = 1'000'000;
  return video;
}

}  // namespace rec::test
