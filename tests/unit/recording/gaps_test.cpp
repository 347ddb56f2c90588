// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Holes: what is told about them, and what is in the file where they are.
#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

using Gaps = std::vector<recording::GapMade>;

enum class Clock { kRtp, kRtpWithReports, kEncoded };

struct Mode {
  Clock clock;
  bool fill;  // audio-gaps
};
void PrintTo(const Mode& m, std::ostream* out) {
  *out << (m.clock == Clock::kRtp       ? "RTP"
           : m.clock == Clock::kEncoded ? "encoded"
                                        : "reports")
       << (m.fill ? " silence" : " hole");
}

class Hole : public ::testing::TestWithParam<Mode> {
 protected:
  Hole() : studio({.fill_audio = GetParam().fill}) {
    for (Source* s : {&audio, &video}) {
      s->jitter = 10 * kMs;
      s->rtp = GetParam().clock != Clock::kEncoded;
    }
    if (GetParam().clock == Clock::kRtpWithReports)
      audio.first_report = video.first_report = 500 * kMs;
  }
  void run(Nanos until = 20'000 * kMs) {
    Call call(studio);
    v = call.add(video);
    a = call.add(audio);
    call.run_and_finish(until);
    delivered_audio = call.delivered[a].size();
    delivered_video = call.delivered[v].size();
    ASSERT_EQ(studio.keys.size(), 1u);
    file = studio.file("s-1.mp4");
  }
  Gaps gaps(int track, const std::string& reason) const {
    Gaps found;
    for (const auto& g : studio.gaps)
      if (g.track == track && g.reason == reason) found.push_back(g);
    return found;
  }
  // One gap, from `start` on (of capture) for `duration`.
  void expect_gap(int track, const std::string& reason, Nanos start, Nanos duration) const {
    const Gaps found = gaps(track, reason);
    ASSERT_EQ(found.size(), 1u) << reason;
    EXPECT_EQ(studio.gaps.size(), 1u) << "and others";
    const double unit = track == a ? 20 : 40;
    EXPECT_NEAR(ms(found[0].start - kRunning - 20 * kMs), ms(start), unit + 10);
    EXPECT_NEAR(ms(found[0].duration), ms(duration), unit);
    EXPECT_EQ(found[0].filled, track == v || GetParam().fill);
  }
  // The rest of the audio is in its place, and between it is silence or nothing.
  void expect_audio_in_sync(std::optional<std::int64_t> silent = {}) const {
    EXPECT_EQ(played_audio(file, a).size(), delivered_audio);
    EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 30);
    std::int64_t silence = 0;
    for (const auto& x : file.samples(a)) {
      EXPECT_EQ(x.dts % 120, file.samples(a).front().dts % 120);
      if (x.silent()) silence += x.duration;
    }
    Nanos gap = 0;
    for (const auto& g : studio.gaps)
      if (g.track == a) gap += g.duration;
    // To a grid that jitters with the first PTS of encoded input.
    EXPECT_NEAR(static_cast<double>(silence),
                static_cast<double>(GetParam().fill ? silent.value_or(gap * 48 / kMs) : 0), 120);
    if (GetParam().fill) {
      expect_sound(file);
      expect_steady(file, a, 960);
    }
  }

  Source audio = Source::audio();
  Source video = Source::video();
  Studio studio;
  int v = 0;
  int a = 0;
  ReadFile file;
  std::size_t delivered_audio = 0;
  std::size_t delivered_video = 0;
};

bool within(const Unit& u, int from, int until) {  // ms
  return u.captured >= from * kMs && u.captured < until * kMs;
}

TEST_P(Hole, OfMutedAudio) {
  audio.edit = [](Unit& u) { u.sent = !within(u, 5000, 8000); };
  run();
  expect_gap(a, "mute", 5000 * kMs, 3000 * kMs);
  expect_audio_in_sync();
}

TEST_P(Hole, OfStalledAudio) {
  audio.edit = [](Unit& u) { u.sent = !within(u, 5000, 13'000); };
  run();
  expect_gap(a, "stall", 5000 * kMs, 8000 * kMs);
  expect_audio_in_sync();
  ASSERT_EQ(studio.liveness.size(), 2u);
}

TEST_P(Hole, OfLostAudio) {
  if (GetParam().clock == Clock::kEncoded) return;  // nobody can tell
  audio.edit = [](Unit& u) { u.lost = within(u, 5000, 5100); };
  run();
  expect_gap(a, "loss", 5000 * kMs, 100 * kMs);
  expect_audio_in_sync();
}

TEST_P(Hole, OfOneLostPacket) {
  if (GetParam().clock == Clock::kEncoded) return;
  audio.edit = [](Unit& u) { u.lost = u.n == 250; };
  run();
  expect_gap(a, "loss", 5000 * kMs, 20 * kMs);
  expect_audio_in_sync();
}

// A quiet microphone sends one packet of comfort noise in 400 ms.
TEST_P(Hole, OfQuietAudio) {
  audio.edit = [](Unit& u) {
    if (!within(u, 5000, 9000)) return;
    u.input.quiet = true;
    u.sent = u.n % 20 == 10;
  };
  run();
  const Gaps found = gaps(a, "dtx");
  EXPECT_EQ(found.size(), studio.gaps.size());
  ASSERT_FALSE(found.empty());
  EXPECT_NEAR(ms(found[0].start - kRunning - 20 * kMs), 5020, 30);
  Nanos duration = 0;
  for (const auto& g : found) duration += g.duration;
  // With or without the packets of noise in between.
  EXPECT_GE(duration, (4000 - 10 * 20 - 20) * kMs);
  EXPECT_LE(duration, (4000 - 20 + 20) * kMs);
  expect_audio_in_sync((4000 - 10 * 20) * 48);
}

TEST_P(Hole, OfLateAudio) {
  audio.start = 1500 * kMs;
  audio.first_timestamp = 12345;
  if (audio.first_report >= 0) audio.first_report = 1600 * kMs;
  run();
  expect_gap(a, "late", 0, 1500 * kMs);
  expect_audio_in_sync();
  if (GetParam().fill) {
    EXPECT_LT(file.samples(a).front().dts, 120);
  }
}

TEST_P(Hole, OfVideoThatIsOff) {
  video.edit = [](Unit& u) { u.sent = !within(u, 5000, 8000); };
  run();
  expect_gap(v, "mute", 5000 * kMs, 3000 * kMs);
  EXPECT_EQ(played_video(file, v).size(), delivered_video);
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 30);
  expect_untouched(file, a);
}

TEST_P(Hole, OfStalledVideo) {
  video.edit = [](Unit& u) { u.sent = !within(u, 5000, 13'000); };
  run();
  expect_gap(v, "stall", 5000 * kMs, 8000 * kMs);
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 30);
}

// Frames that depend on what was lost go until the next key frame, which is asked for.
TEST_P(Hole, OfLostVideo) {
  if (GetParam().clock == Clock::kEncoded) return;
  video.gop = 1'000'000;
  video.edit = [](Unit& u) { u.lost = within(u, 5000, 5080); };
  run();
  ASSERT_EQ(studio.key_requests.size(), 1u);
  EXPECT_EQ(studio.key_requests[0].reason, "loss");
  const auto frames = played_video(file, v);
  const auto after = std::find_if(frames.begin(), frames.end(),
                                  [](const Played& p) { return p.captured >= 5000 * kMs; });
  ASSERT_NE(after, frames.end());
  EXPECT_TRUE(after->key);
  expect_gap(v, "loss", 5000 * kMs, after->captured - 5000 * kMs);
  EXPECT_LE(after->captured, 5300 * kMs);
  EXPECT_EQ((after - 1)->n + 1, 125);  // all before it are there
  EXPECT_EQ((after - 1)->dts + (after - 1)->duration, after->dts);
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 30);
}

TEST_P(Hole, OfDroppedMedia) {
  for (Source* s : {&audio, &video}) s->bytes = s->medium == Medium::kVideo ? 4000 : 200;
  Studio s({.max_bytes = 1'000'000, .fill_audio = GetParam().fill});
  Call call(s);
  v = call.add(video);
  a = call.add(audio);
  call.run_until(5000 * kMs);
  s.congest(true);
  call.run_until(30'000 * kMs);
  s.congest(false);
  call.run_and_finish(40'000 * kMs);
  file = s.file("s-1.mp4");
  Nanos told = 0;
  for (const auto& g : s.gaps) {
    EXPECT_STREQ(g.reason, "drop");
    if (g.track == v || g.track == -1) told += g.duration;
    EXPECT_GE(g.start, kRunning + 3000 * kMs);
    EXPECT_LE(g.start + g.duration, kRunning + 30'100 * kMs);
  }
  // What is told is what is missing.
  const auto frames = played_video(file, v);
  Nanos missing = 0;
  for (std::size_t i = 1; i < frames.size(); ++i)
    missing += (frames[i].n - frames[i - 1].n - 1) * 40 * kMs;
  EXPECT_GT(missing, 10'000 * kMs);
  EXPECT_NEAR(ms(told), ms(missing), 80);
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 30);
}

TEST_P(Hole, ThatIsNoneIsNotTold) {
  run();
  EXPECT_TRUE(studio.gaps.empty());
  expect_audio_in_sync();
}

INSTANTIATE_TEST_SUITE_P(Audio, Hole,
                         ::testing::Values(Mode{Clock::kRtp, true}, Mode{Clock::kRtp, false},
                                           Mode{Clock::kRtpWithReports, true},
                                           Mode{Clock::kRtpWithReports, false},
                                           Mode{Clock::kEncoded, true},
                                           Mode{Clock::kEncoded, false}));

// A new fragment in the middle of a hole that is not filled.
TEST(UnfilledHole, LeavesOutTheTimeInTheFile) {
  Studio s({.fill_audio = false});
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, a, 0, 2000 * kMs);
  s.play(v, -1, 2000 * kMs, 7000 * kMs);
  s.play(v, a, 7000 * kMs, 9000 * kMs);
  s.finish();
  const auto samples = s.file("s-1.mp4").samples(a);
  ASSERT_EQ(samples.size(), 200u);
  for (std::size_t i = 0; i < samples.size(); ++i)
    EXPECT_EQ(samples[i].dts, static_cast<std::int64_t>(i < 100 ? i : i + 250) * 960);
}

TEST(UnfilledHole, InFrontOfALateTrackStays) {
  Studio s({.fill_audio = false});
  const int v = s.add_video(), a = s.add_audio();
  s.play(v, -1, 0, 3000 * kMs);
  s.play(v, a, 3000 * kMs, 6000 * kMs);
  s.finish();
  ASSERT_EQ(s.keys.size(), 1u);
  const auto samples = s.file("s-1.mp4").samples(a);
  ASSERT_EQ(samples.size(), 150u);
  EXPECT_EQ(samples.front().dts, 3000 * 48);
}

}  // namespace
}  // namespace rec::test
