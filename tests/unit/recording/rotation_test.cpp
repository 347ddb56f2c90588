// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A sender that turns its camera: each file says once how its pictures are shown.
#include "tests/unit/recording/rolls.h"

namespace rec::test {
namespace {

constexpr Orientation kUpright{};
constexpr Orientation k90{false, 90};
constexpr Orientation k270{false, 270};
constexpr Orientation kMirrored{true, 0};

class Rotation : public Rolls {
 protected:
  // From what arrives at `at` on.
  void turn_at(Nanos at, int track, Orientation orientation) {
    call->run_until(at);
    studio->turn(track, orientation);
    turns[track].emplace_back(at, orientation);
  }
  // How it was told to be shown when it arrived.
  Orientation told(int track, int n) {
    Orientation found;
    for (const auto& d : call->delivered[track])
      if (d.unit.n == n)
        for (const auto& [at, orientation] : turns[track])
          if (at <= d.unit.arrival) found = orientation;
    return found;
  }
  Orientation orientation(std::size_t file, int track) {
    return studio->file(studio->keys.at(file)).tags.at(track).orientation;
  }
  // Every file is shown as all of its key frames have to be, and holds the pictures that followed
  // them. Nothing is lost or doubled.
  void expect_shown(int track) {
    expect_whole(track, true);
    for (const auto& key : studio->keys) {
      const auto file = studio->file(key);
      for (const Played& p : played_video(file, track)) {
        if (!p.key) continue;
        EXPECT_EQ(told(track, p.n), file.tags.at(track).orientation) << key << " " << p.n;
      }
    }
  }
  std::map<int, std::vector<std::pair<Nanos, Orientation>>> turns;
};

TEST_F(Rotation, BeginsTheNextFileAtItsKeyFrame) {
  begin({});
  const int a = call->add(Source::audio()), v = call->add(endless(Source::video()));
  turn_at(4000 * kMs, v, k90);
  EXPECT_EQ(requests("rotation"), 1u);
  call->run_and_finish(8000 * kMs);
  ASSERT_EQ(studio->keys.size(), 2u);
  EXPECT_EQ(orientation(0, v), kUpright);
  EXPECT_EQ(orientation(1, v), k90);
  // Until the key frame came, 60 ms and a picture later, the pictures stayed where they were.
  EXPECT_NEAR(ms(studio->objects.at("s-1.mp4").duration), 4080, 45);
  expect_shown(v);
  expect_whole(a, false);
  expect_starts(v);
  EXPECT_LE(std::abs(worst(av_errors(*studio, v, a))), 1);
  EXPECT_EQ(requests("rotation"), 1u);
  EXPECT_TRUE(studio->gaps.empty());
}

TEST_F(Rotation, TheSameAgainIsNoTurn) {
  begin({});
  const int v = call->add(Source::video());
  for (Nanos at = 0; at < 6000 * kMs; at += 300 * kMs) turn_at(at, v, k270);
  call->run_and_finish(7000 * kMs);
  EXPECT_EQ(studio->keys.size(), 1u);
  EXPECT_EQ(orientation(0, v), k270);
  EXPECT_TRUE(studio->key_requests.empty());
}

TEST_F(Rotation, ATurnThatIsTakenBackInTimeIsNone) {
  begin({});
  const int v = call->add(endless(Source::video()));
  turn_at(4000 * kMs, v, k90);
  turn_at(4020 * kMs, v, kUpright);
  call->run_and_finish(8000 * kMs);
  EXPECT_EQ(studio->keys.size(), 1u);
  expect_shown(v);
}

TEST_F(Rotation, IsIgnoredWhereThatIsWanted) {
  begin({.roll_on_rotation = false});
  const int v = call->add(Source::video());
  turn_at(0, v, kMirrored);
  turn_at(3000 * kMs, v, k90);
  call->run_until(6000 * kMs);
  EXPECT_TRUE(studio->key_requests.empty());
  studio->split();
  call->run_and_finish(10'000 * kMs);
  ASSERT_EQ(studio->keys.size(), 2u);
  EXPECT_EQ(orientation(0, v), kMirrored);
  EXPECT_EQ(orientation(1, v), k90);
  expect_whole(v, true);
}

// Pictures that wait for their file are told apart all the same.
TEST_F(Rotation, CountsBeforeAFileIsOpen) {
  begin({.grants = false});
  const int a = call->add(Source::audio()), v = call->add(Source::video());
  turn_at(500 * kMs, v, k90);
  turn_at(1200 * kMs, v, k270);
  call->run_until(1900 * kMs);
  for (const char* name : {"s-1.mp4", "s-2.mp4"}) {
    ASSERT_EQ(studio->claims.back(), name);
    studio->grant(name);
  }
  call->run_until(3000 * kMs);
  ASSERT_EQ(studio->claims.back(), "s-3.mp4");
  studio->grant("s-3.mp4");
  call->run_and_finish(4000 * kMs);
  ASSERT_EQ(studio->keys.size(), 3u);
  EXPECT_EQ(orientation(0, v), kUpright);
  EXPECT_EQ(orientation(1, v), k90);
  EXPECT_EQ(orientation(2, v), k270);
  expect_shown(v);
  expect_whole(a, false);
}

TEST_F(Rotation, CountsInTheLastPicturesToo) {
  for (const Nanos end : {450, 700, 4200}) {
    turns.clear();
    begin({});
    const int a = call->add(Source::audio()), v = call->add(endless(Source::video()));
    turn_at((end - 200) * kMs, v, k90);
    call->run_and_finish(end * kMs);
    ASSERT_EQ(studio->keys.size(), 2u) << end;
    EXPECT_EQ(orientation(1, v), k90);
    expect_shown(v);
    expect_whole(a, false);
    EXPECT_EQ(studio->stopped->lost_samples, 0u);
    EXPECT_TRUE(studio->objects.at("s-2.mp4").ended);
  }
}

TEST_F(Rotation, OfAnotherVideoThanTheOneThatLeads) {
  begin({});
  Source second = endless(Source::video());
  second.ssrc = 9;
  second.seed = 9;
  const int v = call->add(endless(Source::video())), w = call->add(second);
  const int a = call->add(Source::audio());
  turn_at(4000 * kMs, w, k90);
  call->run_and_finish(8000 * kMs);
  ASSERT_EQ(studio->keys.size(), 2u);
  EXPECT_EQ(orientation(1, v), kUpright);
  EXPECT_EQ(orientation(1, w), k90);
  expect_shown(v);
  expect_shown(w);
  expect_whole(a, false);
  expect_starts(w);
}

TEST_F(Rotation, IsAskedForWhenAPauseIsOver) {
  begin({});
  const int v = call->add(endless(Source::video()));
  call->run_until(3000 * kMs);
  studio->recorder.pause(studio->now);
  turn_at(4000 * kMs, v, k90);
  call->run_until(5000 * kMs);
  EXPECT_TRUE(studio->key_requests.empty());
  studio->recorder.resume(studio->now);
  studio->collect();
  call->run_and_finish(8000 * kMs);
  ASSERT_EQ(studio->keys.size(), 2u);
  EXPECT_EQ(orientation(0, v), kUpright);
  EXPECT_EQ(orientation(1, v), k90);
}

// Whatever else ends files at the same time.
TEST_F(Rotation, OfARestlessHand) {
  for (const unsigned seed : {1u, 2u, 3u, 4u, 5u, 6u}) {
    turns.clear();
    begin({.max_duration = seed % 2 ? 1700 * kMs : 0});
    Source second = endless(Source::video());
    second.ssrc = 9;
    second.seed = 9;
    second.delay = 90 * kMs;
    const int v = call->add(endless(Source::video())), w = call->add(second);
    const int a = call->add(Source::audio());
    std::mt19937 random(seed);
    for (Nanos at = 0; at < 30'000 * kMs;) {
      at += static_cast<Nanos>(random() % 1500) * kMs;
      const auto degrees = static_cast<std::uint16_t>(random() % 4 * 90);
      turn_at(at, random() % 3 ? v : w, {random() % 2 == 0, degrees});
    }
    call->run_and_finish(33'000 * kMs);
    EXPECT_GT(studio->keys.size(), 15u);
    expect_shown(v);
    expect_shown(w);
    expect_whole(a, false);
    EXPECT_EQ(studio->stopped->lost_samples, 0u);
  }
}

TEST_F(Rotation, TitleAndLanguageAreTheLatest) {
  begin({});
  const int a = call->add(Source::audio());
  studio->recorder.set_tags({"first", "", ""});
  studio->turn(a, {}, "deu");
  call->run_until(3000 * kMs);
  studio->recorder.set_tags({"second", "", ""});
  studio->turn(a, {}, "fra");
  studio->split();
  call->run_and_finish(6000 * kMs);
  ASSERT_EQ(studio->keys.size(), 2u);
  EXPECT_EQ(studio->file("s-1.mp4").title, "first");
  EXPECT_EQ(studio->file("s-1.mp4").tags.at(a).language, "deu");
  EXPECT_EQ(studio->file("s-2.mp4").title, "second");
  EXPECT_EQ(studio->file("s-2.mp4").tags.at(a).language, "fra");
}

}  // namespace
}  // namespace rec::test
