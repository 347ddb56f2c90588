// SPDX-License-Identifier: LGPL-2.1-or-later
//
// PTS and RTP times that lie, as a file shows them: true durations, true places, no giant sample.
#include <random>

#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

constexpr Nanos kHour = 3'600'000 * kMs;

// A call of 20 s whose audio or video goes wrong.
class Call20s {
 public:
  explicit Call20s(bool rtp = true) {
    for (Source* s : {&audio, &video}) {
      s->rtp = rtp;
      s->jitter = rtp ? 15 * kMs : 0;
    }
  }
  void run() {
    Call call(studio);
    v = call.add(video);
    a = call.add(audio);
    call.run_and_finish(20'000 * kMs);
    ASSERT_EQ(studio.keys.size(), 1u);
    file = studio.file("s-1.mp4");
    expect_sound(file);
    delivered_video = call.delivered[v].size();
    delivered_audio = call.delivered[a].size();
  }
  // Everything is there, as long as it is, where it was.
  void expect_nothing_to_be_seen() {
    expect_untouched(file, a);
    expect_steady(file, v, 2 * 3600);
    EXPECT_EQ(played_audio(file, a).size(), delivered_audio);
    EXPECT_EQ(played_video(file, v).size(), delivered_video);
    EXPECT_LE(std::abs(worst(av_errors(file, v, a))), 40);
    for (const auto& g : studio.gaps) EXPECT_LE(g.duration, 20 * kMs) << g.reason;
  }

  Source audio = Source::audio();
  Source video = Source::video();
  Studio studio;
  int v = 0;
  int a = 0;
  ReadFile file;
  std::size_t delivered_video = 0;
  std::size_t delivered_audio = 0;
};

struct Fault {
  const char* name;
  bool without_rtp_too;  // PTS are to blame, and nothing else has to say where a sample belongs
  std::function<void(Unit&)> edit;
};
void PrintTo(const Fault& f, std::ostream* out) { *out << f.name; }

bool since(const Unit& u, Nanos from) { return u.captured >= from; }
bool between(const Unit& u, Nanos from, Nanos until) {
  return u.captured >= from && u.captured < until;
}
void move_rtp(Unit& u, std::int64_t seconds) {
  if (u.input.rtp)
    u.input.rtp->timestamp += static_cast<std::uint32_t>(seconds * u.input.rtp->clock_rate);
}

const Nanos kFrom = 5000 * kMs;

const Fault kFaults[] = {
    {"PTS jump back by 510 ms", true,
     [](Unit& u) {
       if (since(u, kFrom)) *u.input.pts -= 510 * kMs;
     }},
    {"PTS jump back by 510 ms and return", false,  // is a hole if there is nothing but PTS
     [](Unit& u) {
       if (between(u, kFrom, 2 * kFrom)) *u.input.pts -= 510 * kMs;
     }},
    {"PTS jump ahead by an hour", true,
     [](Unit& u) {
       if (since(u, kFrom)) *u.input.pts += kHour;
     }},
    {"PTS jump ahead by an hour and return", true,
     [](Unit& u) {
       if (between(u, kFrom, 2 * kFrom)) *u.input.pts += kHour;
     }},
    {"PTS begin anew at 0", true,
     [](Unit& u) {
       if (since(u, kFrom)) *u.input.pts -= kRunning + kFrom;
     }},
    {"one PTS is an hour ahead", true,
     [](Unit& u) {
       if (u.n == 100) *u.input.pts += kHour;
     }},
    {"one PTS is 510 ms back", false,
     [](Unit& u) {
       if (u.n == 100) *u.input.pts -= 510 * kMs;
     }},
    {"the second has no PTS", true,
     [](Unit& u) {
       if (u.n == 1) u.input.pts.reset();
     }},
    {"every third has no PTS", true,
     [](Unit& u) {
       if (u.n % 3 == 1) u.input.pts.reset();
     }},
    {"PTS end", true,
     [](Unit& u) {
       if (since(u, kFrom)) u.input.pts.reset();
     }},
    {"PTS come in pairs", false,
     [](Unit& u) {
       if (u.n % 2 == 1) *u.input.pts -= 20 * kMs;
     }},
    {"PTS stand still", false,
     [](Unit& u) {
       if (between(u, kFrom, kFrom + 1000 * kMs)) u.input.pts = kRunning + kFrom;
     }},
    {"RTP time jumps back by 510 ms", false,
     [](Unit& u) {
       if (since(u, kFrom)) u.input.rtp->timestamp -= u.input.rtp->clock_rate * 51 / 100;
     }},
    {"RTP time jumps ahead by an hour", false,
     [](Unit& u) {
       if (since(u, kFrom)) move_rtp(u, 3600);
     }},
    {"RTP time jumps back by an hour", false,
     [](Unit& u) {
       if (since(u, kFrom)) move_rtp(u, -3600);
     }},
    {"one RTP time is an hour ahead", false,
     [](Unit& u) {
       if (u.n == 100) move_rtp(u, 3600);
     }},
    {"RTP times are those of another SSRC", false,
     [](Unit& u) {
       if (!since(u, kFrom)) return;
       u.input.rtp->ssrc = 77;
       u.input.key |= u.captured < kFrom + 40 * kMs;  // a new sender begins with one
       u.input.rtp->timestamp += 123'456'789;
     }},
    {"RTP times end", false,
     [](Unit& u) {
       if (since(u, kFrom)) u.input.rtp.reset();
     }},
    {"RTP and PTS jump ahead by an hour", false,
     [](Unit& u) {
       if (!since(u, kFrom)) return;
       move_rtp(u, 3600);
       *u.input.pts += kHour;
     }},
};

class BadTimes : public ::testing::TestWithParam<Fault> {};

TEST_P(BadTimes, OfAudioAreNotHeard) {
  Call20s c;
  c.audio.edit = GetParam().edit;
  c.run();
  c.expect_nothing_to_be_seen();
}
TEST_P(BadTimes, OfVideoAreNotSeen) {
  Call20s c;
  c.video.edit = GetParam().edit;
  c.run();
  c.expect_nothing_to_be_seen();
}
TEST_P(BadTimes, OfBothAreNotNoticed) {
  Call20s c;
  c.audio.edit = c.video.edit = GetParam().edit;
  c.run();
  c.expect_nothing_to_be_seen();
}
TEST_P(BadTimes, WithoutRtpAreNotNoticedEither) {
  if (!GetParam().without_rtp_too) return;
  for (const bool of_video : {false, true}) {
    SCOPED_TRACE(of_video ? "video" : "audio");
    Call20s c(false);
    (of_video ? c.video : c.audio).edit = GetParam().edit;
    c.run();
    c.expect_nothing_to_be_seen();
  }
}
INSTANTIATE_TEST_SUITE_P(Clocks, BadTimes, ::testing::ValuesIn(kFaults));

// Time that is really missing when the clocks jump.
TEST(Jump, WithAHoleLeavesTheHoleAsLongAsItWas) {
  for (const Nanos jump : {kHour, -kHour}) {
    for (const bool rtp : {true, false}) {
      SCOPED_TRACE(std::to_string(jump) + (rtp ? " RTP" : ""));
      Call20s c(rtp);
      c.audio.edit = c.video.edit = [&](Unit& u) {
        u.sent = !between(u, kFrom, kFrom + 2000 * kMs);
        if (!since(u, kFrom)) return;
        *u.input.pts += jump;
        if (u.input.rtp) u.input.rtp->timestamp += 0x12345678;
      };
      c.run();
      EXPECT_LE(std::abs(worst(av_errors(c.file, c.v, c.a))), 40);
      EXPECT_NEAR(ms(c.studio.objects["s-1.mp4"].duration), 20'000 - 20, 60);
      expect_steady(c.file, c.v, 2080 * 90);
      expect_steady(c.file, c.a, 960);
      for (const int track : {c.a, c.v}) {
        const auto gap = std::find_if(c.studio.gaps.begin(), c.studio.gaps.end(),
                                      [&](const auto& g) { return g.track == track; });
        ASSERT_NE(gap, c.studio.gaps.end()) << track;
        EXPECT_NEAR(ms(gap->start - kRunning), 5020, 40 + 15);
        EXPECT_NEAR(ms(gap->duration), 2000, 40 + 15);
      }
    }
  }
}

TEST(Untimed, CallIsPlacedByArrival) {
  Call20s c(false);
  c.audio.edit = c.video.edit = [](Unit& u) { u.input.pts.reset(); };
  c.run();
  c.expect_nothing_to_be_seen();
}

TEST(Wrap, OfRtpTimeIsNotNoticed) {
  Call20s c;  // audio starts 85 ms before its wrap
  c.video.first_timestamp = 0xffffffff - 3600 * 50;
  c.run();
  c.expect_nothing_to_be_seen();
}

TEST(Wrap, InAHoleIsNotNoticed) {
  Call20s c;
  c.audio.first_timestamp = 0xffffffff - 48000 * 6;
  c.video.first_timestamp = 0xffffffff - 90000 * 6;
  c.audio.edit = c.video.edit = [](Unit& u) { u.sent = !between(u, kFrom, kFrom + 3000 * kMs); };
  c.run();
  EXPECT_LE(std::abs(worst(av_errors(c.file, c.v, c.a))), 40);
  expect_steady(c.file, c.v, 3080 * 90);
}

TEST(Repeated, PacketsAreInTheFileOnce) {
  for (const bool rtp : {true, false}) {
    Studio s;
    const int a = s.add_audio();
    for (int i = 0; i < 500; ++i) {
      s.run_until(i * 20 * kMs);
      for (int copy = 0; copy < (i % 100 == 99 ? 2 : 1); ++copy) {
        Input in{.pts = kRunning + i * 20 * kMs, .duration = 960, .key = true};
        if (rtp)
          in.rtp = Input::Rtp{
              .ssrc = 1, .timestamp = static_cast<std::uint32_t>(i) * 960, .clock_rate = 48000};
        const auto taken = s.push(a, in);
        if (rtp) {
          EXPECT_EQ(taken, copy ? Taken::kLate : Taken::kYes) << i;
        }
      }
    }
    s.finish();
    const auto samples = s.file("s-1.mp4").samples(a);
    for (std::size_t i = 0; i < samples.size(); ++i)
      EXPECT_EQ(samples[i].dts, static_cast<std::int64_t>(i) * 960);
    // PTS alone may be jitter.
    EXPECT_NEAR(static_cast<double>(samples.size()), 500, rtp ? 0 : 5);
  }
}

}  // namespace
}  // namespace rec::test
