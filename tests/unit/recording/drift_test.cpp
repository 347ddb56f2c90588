// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Clocks that run apart for hours, and tracks that start apart.
#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

constexpr Nanos kTwoHours = 7200 * recording::kSecond;

enum class Kind { kReports, kArrival, kEncoded };

struct Drift {
  Kind kind;
  double audio_ppm;
  double video_ppm;
  std::int64_t packet = 960;  // ticks; long ones save time
};
void PrintTo(const Drift& d, std::ostream* out) {
  const char* const names[] = {"reports", "arrival", "encoded"};
  *out << names[static_cast<int>(d.kind)] << " audio " << d.audio_ppm << " video " << d.video_ppm
       << " packet " << d.packet;
}

// As `kind` of input has its times.
Source of_kind(Kind kind, Source source) {
  switch (kind) {
    case Kind::kReports:
      source.jitter = 15 * kMs;
      source.smooth = true;
      source.first_report = source.start + 500 * kMs;
      break;
    case Kind::kArrival: source.jitter = 15 * kMs; break;
    case Kind::kEncoded:
      source.jitter = 5 * kMs;
      source.rtp = false;
      break;
  }
  return source;
}

class Drifting : public ::testing::TestWithParam<Drift> {};

TEST_P(Drifting, StaysInSyncForTwoHoursOnTheGridOfTheAudio) {
  const Drift drift = GetParam();
  Studio s({.duration = 4000 * kMs});
  Call call(s);
  Source video = of_kind(drift.kind, Source::video(5)),
         audio = of_kind(drift.kind, Source::audio());
  video.ppm = drift.video_ppm;
  audio.ppm = drift.audio_ppm;
  audio.step = drift.packet;
  const int v = call.add(video), a = call.add(audio);
  call.run_and_finish(kTwoHours);
  ASSERT_EQ(s.keys.size(), 1u);
  const auto file = s.file("s-1.mp4");
  expect_untouched(file, a, drift.packet);
  EXPECT_EQ(played_audio(file, a).size(), call.delivered[a].size());
  const auto errors = av_errors(file, v, a);
  EXPECT_EQ(errors.size(), call.delivered[v].size());
  EXPECT_LE(std::abs(worst(errors)), 20);
  // 0.5 % and a tick; the PTS of encoded input are its own.
  expect_steady(file, v, drift.kind == Kind::kEncoded ? 18'600 : 18'091);
  EXPECT_TRUE(std::none_of(s.gaps.begin(), s.gaps.end(),
                           [](const auto& g) { return g.duration > 20 * kMs; }));
}

std::vector<Drift> all_drifts() {
  std::vector<Drift> all;
  for (const Kind kind : {Kind::kReports, Kind::kArrival, Kind::kEncoded})
    for (const auto& [a, v, packet] :
         {std::tuple(100., 0., kind == Kind::kArrival ? 960 : 2880), std::tuple(-100., 0., 2880),
          std::tuple(0., 100., 2880), std::tuple(100., -100., 2880), std::tuple(-100., 100., 2880)})
      all.push_back({kind, a, v, packet});
  return all;
}
INSTANTIATE_TEST_SUITE_P(Clocks, Drifting, ::testing::ValuesIn(all_drifts()));

// A second microphone whose clock runs apart from the first; a tenth of its packets are DTX.
class SecondMicrophone : public ::testing::TestWithParam<Drift> {};

TEST_P(SecondMicrophone, GainsAndLosesPacketsOfSilence) {
  const Drift drift = GetParam();
  Studio s({.duration = 4000 * kMs});
  Call call(s);
  Source first = of_kind(drift.kind, Source::audio()), second = first;
  second.ppm = drift.audio_ppm;
  second.ssrc = 5;
  second.seed = 5;
  second.edit = [](Unit& u) { u.input.quiet = u.n % 10 == 0; };
  const int a = call.add(first), b = call.add(second);
  call.run_and_finish(kTwoHours / 4);
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  expect_untouched(file, a);
  const auto packets = played_audio(file, b);
  EXPECT_LE(std::abs(worst(sync_errors(packets, played_audio(file, a)))), 25);
  // 100 ppm of half an hour are 180 ms: 9 packets.
  std::int64_t silence = 0;
  for (const auto& x : file.samples(b)) {
    if (x.silent())
      silence += x.duration;
    else
      EXPECT_EQ(x.duration, 960);
  }
  const std::int64_t moved =
      packets.back().dts - packets.front().dts - 960LL * (packets.back().n - packets.front().n);
  EXPECT_EQ(moved % 120, 0);
  EXPECT_NEAR(static_cast<double>(moved) / 960, -drift.audio_ppm * 0.09, 1.5);
  EXPECT_LE(silence, 11 * 960);
  EXPECT_LE(call.delivered[b].size() - packets.size(), 11u);
}
INSTANTIATE_TEST_SUITE_P(
    Clocks, SecondMicrophone,
    ::testing::Values(Drift{Kind::kReports, 100, 0}, Drift{Kind::kReports, -100, 0},
                      Drift{Kind::kArrival, 100, 0}, Drift{Kind::kArrival, -100, 0},
                      Drift{Kind::kEncoded, 100, 0}, Drift{Kind::kEncoded, -100, 0}));

struct Start {
  Kind kind;
  int audio;  // ms
  int video;  // ms
};
void PrintTo(const Start& s, std::ostream* out) {
  *out << static_cast<int>(s.kind) << " audio " << s.audio << " video " << s.video;
}

class StartSkew : public ::testing::TestWithParam<Start> {};

TEST_P(StartSkew, IsKeptWithinOneFrame) {
  const Start start = GetParam();
  Studio s;
  Call call(s);
  Source video = Source::video(), audio = Source::audio();
  video.start = start.video * kMs;
  audio.start = start.audio * kMs;
  const int v = call.add(of_kind(start.kind, video)), a = call.add(of_kind(start.kind, audio));
  call.run_and_finish(20'000 * kMs);
  std::size_t frames = 0, packets = 0;
  for (const auto& key : s.keys) {
    const auto file = s.file(key);
    expect_sound(file);
    expect_untouched(file, a);
    frames += played_video(file, v).size();
    packets += played_audio(file, a).size();
  }
  // A late video track begins with its first key frame, when a new file is begun for it.
  EXPECT_EQ(frames, call.delivered[v].size());
  EXPECT_EQ(packets, call.delivered[a].size());
  EXPECT_LE(std::abs(worst(av_errors(s, v, a))), 40);
}

std::vector<Start> all_starts() {
  std::vector<Start> all;
  for (const Kind kind : {Kind::kReports, Kind::kArrival, Kind::kEncoded})
    for (const int apart : {500, 1000, 3000, 5000}) {
      all.push_back({kind, 0, apart});
      all.push_back({kind, apart, 0});
    }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Tracks, StartSkew, ::testing::ValuesIn(all_starts()));

// With RTP time that wraps: that of audio after 24.8 hours, that of video every 13.3 hours.
TEST(Hours, ThirtyThreeAreOneFileInSync) {
  Studio s({.duration = 60'000 * kMs});
  Call call(s);
  Source video = Source::video(2), audio = Source::audio();
  audio.step = 24000;
  video.jitter = audio.jitter = 10 * kMs;
  audio.ppm = 20;
  const int v = call.add(video), a = call.add(audio);
  const Nanos hours = 33 * 3600 * recording::kSecond;
  call.run_and_finish(hours);
  ASSERT_EQ(s.keys.size(), 1u);
  const auto file = s.file("s-1.mp4");
  expect_sound(file);
  expect_untouched(file, a, 24000);
  expect_steady(file, v, 45000 + 225 + 1);
  EXPECT_EQ(played_video(file, v).size(), call.delivered[v].size());
  EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 20);
  EXPECT_NEAR(ms(s.objects["s-1.mp4"].duration), ms(hours), 33 * 3600 * 0.02 + 1000);
  EXPECT_TRUE(s.gaps.empty());
}

}  // namespace
}  // namespace rec::test
