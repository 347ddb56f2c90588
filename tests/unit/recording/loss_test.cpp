// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lost and damaged video, and tracks that fall silent.
#include <random>
#include <set>

#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

class Loss : public ::testing::Test {
 protected:
  // `edit` marks what the network does to the video of a call of 60 s.
  void run(std::function<void(Unit&)> edit, const Studio::Settings& settings = {},
           int gop = 1'000'000) {
    studio.emplace(settings);
    Call call(*studio);
    Source video = Source::video(30);
    video.jitter = 10 * kMs;
    video.gop = gop;
    video.edit = [&, mark = std::move(edit)](Unit& u) {
      mark(u);
      arrived[u.n] = !u.lost;
      if (u.lost || (u.input.rtp && u.input.rtp->damaged)) broken.insert(u.n);
    };
    v = call.add(video);
    a = call.add(Source::audio());
    call.run_and_finish(60'000 * kMs);
    ASSERT_EQ(studio->keys.size(), 1u);
    file = studio->file("s-1.mp4");
    expect_sound(file);
    expect_untouched(file, a);
    frames = played_video(file, v);
    ASSERT_FALSE(frames.empty());
  }
  // Whether each frame of the file is whole and has all frames since its key frame before it.
  void expect_decodable() const {
    EXPECT_TRUE(frames.front().key);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      EXPECT_FALSE(broken.contains(frames[i].n)) << frames[i].n;
      if (i > 0 && !frames[i].key) {
        EXPECT_EQ(frames[i].n, frames[i - 1].n + 1);
      }
    }
  }
  void expect_few_requests() const {
    for (std::size_t i = 1; i < studio->key_requests.size(); ++i)
      EXPECT_GE(studio->key_requests[i].at - studio->key_requests[i - 1].at, 500 * kMs);
  }
  // All that was dropped is told.
  void expect_gaps_told() const {
    Nanos missing = 0, told = 0;
    for (std::size_t i = 1; i < frames.size(); ++i) {
      const int n = frames[i].n - frames[i - 1].n - 1;
      missing += n * recording::kSecond / 30;
    }
    int gaps = 0;
    for (const auto& g : studio->gaps) {
      EXPECT_EQ(g.track, v);
      EXPECT_STREQ(g.reason, "loss");
      EXPECT_TRUE(g.filled);
      told += g.duration;
      ++gaps;
    }
    EXPECT_GT(gaps, 0);
    EXPECT_NEAR(ms(told), ms(missing), 34 * gaps);
  }
  std::optional<Studio> studio;
  std::map<int, bool> arrived;
  std::set<int> broken;
  int v = 0;
  int a = 0;
  ReadFile file;
  std::vector<Played> frames;
};

std::function<void(Unit&)> random_loss(int percent, unsigned seed) {
  return [percent, random = std::mt19937(seed)](Unit& u) mutable {
    u.lost = static_cast<int>(random() % 100) < percent;
  };
}
// Some packets of a frame are missing; the rest of it comes.
std::function<void(Unit&)> random_damage(int percent, unsigned seed) {
  return [percent, random = std::mt19937(seed)](Unit& u) mutable {
    if (static_cast<int>(random() % 100) >= percent) return;
    u.input.rtp->damaged = true;
    u.lost = false;
  };
}

TEST_F(Loss, OfAnyRateLeavesOnlyWhatCanBeDecoded) {
  for (const int percent : {1, 5, 20}) {
    for (unsigned seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(percent);
      run(random_loss(percent, seed));
      expect_decodable();
      expect_few_requests();
      expect_gaps_told();
      EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 30);
      broken.clear();
    }
  }
}

TEST_F(Loss, InBurstsLeavesOnlyWhatCanBeDecoded) {
  run([](Unit& u) { u.lost = u.n % 200 > 180; });
  expect_decodable();
  expect_few_requests();
  expect_gaps_told();
  EXPECT_GE(frames.size(), 1200u);
}

TEST_F(Loss, DamagedUnitsAreNeverInTheFile) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    run(random_damage(5, seed));
    expect_decodable();
    expect_few_requests();
    expect_gaps_told();
    broken.clear();
  }
}

TEST_F(Loss, ADamagedKeyFrameIsNone) {
  run([](Unit& u) { u.input.rtp->damaged = u.n == 0 || u.n == 90; }, {}, 90);
  expect_decodable();
  EXPECT_GT(frames.front().n, 0);
  const auto after =
      std::find_if(frames.begin(), frames.end(), [](const Played& p) { return p.n >= 90; });
  ASSERT_NE(after, frames.end());
  EXPECT_GT(after->n, 90);
  EXPECT_TRUE(after->key);
}

TEST_F(Loss, OfEverythingButKeyFramesAsksTwiceASecond) {
  run([](Unit& u) { u.lost = u.n % 3 == 1; });
  expect_decodable();
  expect_few_requests();
  EXPECT_GE(studio->key_requests.size(), 100u);  // it never gives up
}

TEST_F(Loss, GoesOnAskingUntilAKeyFrameComes) {
  Studio s;
  const int track = s.add_video();
  for (int i = 0; i < 250; ++i) {
    s.run_until(i * 40 * kMs);
    s.push(track, {.pts = i * 40 * kMs,
                   .rtp = Input::Rtp{.timestamp = static_cast<std::uint32_t>(i) * 3600,
                                     .clock_rate = 90000,
                                     .lost = i < 50 ? 0u : 1u},
                   .key = i == 0});
  }
  EXPECT_EQ(s.key_requests.size(), 16u);  // 8 s
  s.finish();
  EXPECT_EQ(s.payloads(track), s.pushed(track, 0, 50));
}

TEST_F(Loss, ThatLastsUntilTheEndIsTold) {
  run([](Unit& u) {
    u.lost = u.n == 900;
    u.input.key = u.n == 0;
  });
  EXPECT_EQ(frames.size(), 900u);
  ASSERT_EQ(studio->gaps.size(), 1u);
  EXPECT_STREQ(studio->gaps[0].reason, "loss");
  EXPECT_NEAR(ms(studio->gaps[0].start - kRunning), 30'020, 45);
  EXPECT_NEAR(ms(studio->gaps[0].duration), 30'000, 100);
}

TEST_F(Loss, InFrontOfAKeyFrameIsTold) {
  run([](Unit& u) { u.lost = u.n >= 297 && u.n < 300; }, {}, 300);
  expect_decodable();
  EXPECT_EQ(frames.size(), arrived.size() - 3 - 1);  // and the one that is still to come
  expect_gaps_told();
}

TEST_F(Loss, KeepsWhatComesWhenItIsToldTo) {
  run(random_loss(5, 1), {.keep_damaged = true});
  std::size_t count = 0;
  for (const auto& [n, came] : arrived) count += came && n <= frames.back().n;
  EXPECT_EQ(frames.size(), count);
  expect_few_requests();
  EXPECT_FALSE(studio->key_requests.empty());
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 30);
}

TEST_F(Loss, KeepsDamagedUnitsWhenItIsToldTo) {
  run(random_damage(5, 1), {.keep_damaged = true});
  std::size_t damaged = 0;
  for (const Played& p : frames) damaged += broken.contains(p.n);
  EXPECT_GE(damaged, broken.size() - 1);
}

TEST_F(Loss, OfAudioDropsNothingElse) {
  Studio s;
  Call call(s);
  Source audio = Source::audio();
  audio.edit = random_loss(5, 1);
  a = call.add(audio);
  v = call.add(Source::video());
  call.run_and_finish(30'000 * kMs);
  EXPECT_TRUE(s.key_requests.empty());
  const auto read = s.file("s-1.mp4");
  EXPECT_EQ(played_audio(read, a).size(), call.delivered[a].size());
  EXPECT_EQ(played_video(read, v).size(), call.delivered[v].size());
  expect_sound(read);
  EXPECT_LE(std::abs(worst(av_errors(read, v, a))), 20);
}

class Liveness : public ::testing::Test {
 protected:
  // States of `track` as "stalled 7000".
  static std::vector<std::string> states(const Studio& s, int track) {
    std::vector<std::string> all;
    for (const auto& l : s.liveness)
      if (l.track == track) all.push_back(l.state + " " + std::to_string(l.at / kMs));
    return all;
  }
  using Strings = std::vector<std::string>;
};

TEST_F(Liveness, IsToldAtTheTimeout) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2020 * kMs);
  s.play(v, -1, 2020 * kMs, 10'000 * kMs);
  EXPECT_EQ(states(s, a), Strings{"stalled 7000"});
  s.play(v, a, 10'000 * kMs, 12'000 * kMs);
  EXPECT_EQ(states(s, a), (Strings{"stalled 7000", "recovered 10000"}));
  EXPECT_EQ(states(s, v), Strings{});
}

TEST_F(Liveness, IsToldWhenEverythingStops) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2020 * kMs);
  s.run_until(60'000 * kMs);
  EXPECT_EQ(states(s, a), Strings{"stalled 7000"});
  EXPECT_EQ(states(s, v), Strings{"stalled 7000"});
  s.play(v, a, 60'000 * kMs, 61'000 * kMs);
  s.run_until(70'000 * kMs);
  EXPECT_EQ(states(s, a), (Strings{"stalled 7000", "recovered 60000", "stalled 65980"}));
  EXPECT_EQ(states(s, v), (Strings{"stalled 7000", "recovered 60000", "stalled 65960"}));
}

TEST_F(Liveness, IsToldBeforeTheStoreHasAnswered) {
  Studio s({.claim_timeout = 60'000 * kMs, .track_timeout = 1000 * kMs, .grants = false});
  const int a = s.add_audio();
  s.play(-1, a, 0, 1020 * kMs);
  s.run_until(10'000 * kMs);
  EXPECT_EQ(states(s, a), Strings{"stalled 2000"});
}

TEST_F(Liveness, IsToldWhileTheStoreIsCongested) {
  Studio s;
  const int a = s.add_audio();
  s.play(-1, a, 0, 1020 * kMs);
  s.congest(true);
  s.run_until(10'000 * kMs);
  EXPECT_EQ(states(s, a), Strings{"stalled 6000"});
}

TEST_F(Liveness, HasNoTimeoutOfZero) {
  Studio s({.track_timeout = 0});
  const int a = s.add_audio();
  s.play(-1, a, 0, 1000 * kMs);
  s.run_until(3'600'000 * kMs);
  s.play(-1, a, 3'600'000 * kMs, 3'601'000 * kMs);
  EXPECT_TRUE(s.liveness.empty());
}

TEST_F(Liveness, OfATrackThatHasEndedIsNotAsked) {
  Studio s;
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 1000 * kMs);
  s.end(a);
  s.play(v, -1, 1000 * kMs, 20'000 * kMs);
  EXPECT_TRUE(s.liveness.empty());
}

TEST_F(Liveness, IsDataAndNotOnlyWhatIsWritten) {
  Studio s;
  const int v = s.add_video();
  const int a = s.add_audio();
  s.play(v, a, 0, 1000 * kMs, 1'000'000);
  std::uint32_t lost = 0;
  for (Nanos t = 1000 * kMs; t < 20'000 * kMs; t += 40 * kMs) {  // no frame can be decoded
    s.run_until(t);
    s.push(v, {.pts = t,
               .rtp = Input::Rtp{.timestamp = static_cast<std::uint32_t>(t / kMs) * 90,
                                 .clock_rate = 90000,
                                 .lost = ++lost}});
    s.audio(a, t);
    s.audio(a, t + 20 * kMs);
  }
  EXPECT_TRUE(s.liveness.empty());
}

}  // namespace
}  // namespace rec::test
