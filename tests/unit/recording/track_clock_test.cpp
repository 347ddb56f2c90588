// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/track_clock.h"

#include <gtest/gtest.h>

#include <random>

#include "lib/recording/placer.h"

namespace rec::recording {
namespace {

constexpr Nanos kMs = 1'000'000;
constexpr std::int64_t kPacket = 960;  // 20 ms of Opus

Input::Rtp rtp(std::uint32_t timestamp, std::uint32_t clock_rate, std::uint32_t ssrc = 1) {
  return {.ssrc = ssrc, .timestamp = timestamp, .clock_rate = clock_rate};
}

// A clock and what it says, placed: a track that no other shifts.
class Timer {
 public:
  Timer(std::uint32_t timescale, std::int64_t grid) : clock_(timescale), placer_(timescale, grid) {}
  void set_reorders(bool reorders) { placer_.set_reorders(reorders); }
  std::optional<Placer::Place> place(const Input& input, Nanos now) {
    return placer_.place(input, clock_.read(input, now, 0));
  }
  void advance_to(std::int64_t end) { placer_.advance_to(end); }
  std::int64_t lag() const { return placer_.lag(); }

 private:
  TrackClock clock_;
  Placer placer_;
};

// One audio track of 20 ms packets; the clock on the wall shows running time.
class Audio : public ::testing::Test {
 protected:
  std::optional<Placer::Place> packet(Nanos arrival, std::optional<Nanos> pts,
                                      std::optional<std::uint32_t> timestamp = {}) {
    Input input{.pts = pts, .duration = kPacket};
    if (timestamp) input.rtp = rtp(*timestamp, 48000);
    return clock.place(input, arrival);
  }
  Timer clock{48000, 120};
};

// One video track.
class Video : public ::testing::Test {
 protected:
  std::int64_t frame(Nanos arrival, std::optional<Nanos> pts,
                     std::optional<std::uint32_t> timestamp = {}, std::uint32_t ssrc = 1) {
    Input input{.pts = pts};
    if (timestamp) input.rtp = rtp(*timestamp, 90000, ssrc);
    return clock.place(input, arrival)->dts;
  }
  Timer clock{90000, 0};
};

TEST_F(Audio, StaysOnItsGridFor33Hours) {
  const std::int64_t packets = 33LL * 3600 * 50;
  for (std::int64_t i = 0; i < packets; ++i) {
    const auto placed = packet(i * 20 * kMs, i * 20 * kMs, static_cast<std::uint32_t>(i * kPacket));
    ASSERT_TRUE(placed);
    ASSERT_EQ(placed->dts, i * kPacket);  // 5.7e9 ticks: RTP time wraps once on the way
    ASSERT_EQ(placed->gap, 0);
  }
}

TEST_F(Video, TakesItsDistancesFromRtpFor33Hours) {
  const std::int64_t frames = 33LL * 3600 * 30;
  for (std::int64_t i = 0; i < frames; ++i) {
    const Nanos pts = i * kSecond / 30;
    ASSERT_EQ(frame(pts, pts, static_cast<std::uint32_t>(4'000'000'000 + i * 3000)), i * 3000);
  }
}

TEST_F(Video, KeepsPtsThatAreNotWholeTicksFromDriftingFor24Hours) {
  const std::int64_t frames = 24LL * 3600 * 30;
  std::int64_t last = 0;
  for (std::int64_t i = 0; i < frames; ++i) {
    const Nanos pts = i * 1'001 * kSecond / 30'000;
    last = frame(pts, pts);
    ASSERT_NEAR(static_cast<double>(last), static_cast<double>(i) * 3003, 0.6);
  }
}

TEST_F(Audio, DoesNotShowTheJitterOfPts) {
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    const Nanos jitter = (static_cast<Nanos>(random() % 41) - 20) * kMs;
    const auto placed = packet(i * 20 * kMs, 1000 * kMs + i * 20 * kMs + (i ? jitter : 0),
                               static_cast<std::uint32_t>(i * kPacket));
    ASSERT_TRUE(placed) << i;
    ASSERT_EQ(placed->dts, 48000 + i * kPacket);
    ASSERT_EQ(placed->gap, 0);
  }
}

TEST_F(Audio, DoesNotShowTheJitterOfPtsWithoutRtpEither) {
  std::mt19937 random(1);
  std::optional<std::int64_t> first;
  for (int i = 0; i < 5000; ++i) {
    const Nanos jitter = i == 0 ? 19 * kMs : (static_cast<Nanos>(random() % 39) - 19) * kMs;
    const auto placed = packet(i * 20 * kMs, 1000 * kMs + i * 20 * kMs + jitter);
    ASSERT_TRUE(placed) << i;
    if (!first) first = placed->dts;
    ASSERT_EQ(placed->dts, *first + i * kPacket);
    ASSERT_EQ(placed->gap, 0);
  }
}

TEST_F(Video, DoesNotShowTheJitterOfPts) {
  std::mt19937 random(2);
  for (int i = 0; i < 5000; ++i) {
    const Nanos jitter = (static_cast<Nanos>(random() % 41) - 20) * kMs;
    ASSERT_EQ(frame(i * 33 * kMs, i * Nanos{33'333'333} + (i ? jitter : 0),
                    static_cast<std::uint32_t>(i * 3000)),
              i * 3000);
  }
}

TEST_F(Audio, SaysWhereAPacketIsMissing) {
  packet(0, 0, 0);
  packet(20 * kMs, 20 * kMs, 960);
  const auto placed = packet(80 * kMs, 80 * kMs, 3840);
  EXPECT_EQ(placed->dts, 3840);
  EXPECT_EQ(placed->gap, 1920);
}

TEST_F(Audio, MakesHolesThatPacketsOfSilenceFillExactly) {
  packet(0, 0, 0);
  const auto placed = packet(70 * kMs, 70 * kMs, 960 + 1234);  // 1234 = 10 * 120 + 34
  EXPECT_EQ(placed->gap, 1200);
  EXPECT_EQ(placed->dts, 960 + 1200);
  // Where it really is does not get lost in the rounding.
  EXPECT_EQ(packet(200 * kMs, 200 * kMs, 960 + 1234 + 960 + 206)->gap, 240);
}

TEST_F(Audio, RefusesWhatItHasAlready) {
  packet(0, 0, 0);
  packet(20 * kMs, 20 * kMs, 960);
  EXPECT_FALSE(packet(21 * kMs, 20 * kMs, 960));
  EXPECT_FALSE(packet(22 * kMs, 0, 0));
  EXPECT_EQ(packet(40 * kMs, 40 * kMs, 1920)->dts, 1920);
  EXPECT_EQ(clock.lag(), 0);  // it is not slow
}

TEST_F(Audio, RefusesWhatSilenceHasTakenThePlaceOf) {
  packet(0, 0, 0);
  clock.advance_to(960 + 10 * kPacket);
  EXPECT_FALSE(packet(300 * kMs, 20 * kMs, 960));
  EXPECT_EQ(clock.lag(), 10 * kPacket);
  EXPECT_FALSE(packet(300 * kMs, 200 * kMs, 9600));
  EXPECT_EQ(clock.lag(), 10 * kPacket);
  const auto placed = packet(300 * kMs, 250 * kMs, 12000);
  EXPECT_EQ(placed->gap, 1440);
  EXPECT_EQ(placed->dts, 12000);
}

TEST_F(Audio, ThatStartsInSilenceMayBeBehindIt) {
  clock.advance_to(48000);
  EXPECT_FALSE(packet(5000 * kMs, 300 * kMs));  // not a jump of its clock: it is merely slow
  EXPECT_EQ(clock.lag(), 48000 - 14400);
  const auto placed = packet(5700 * kMs, 1010 * kMs);
  EXPECT_EQ(placed->dts, 48480);
  EXPECT_EQ(placed->gap, 480);
}

TEST_F(Audio, RejoinsSilenceWhereItBelongsAndStaysThere) {
  packet(0, 0, 0);
  clock.advance_to(48000);
  EXPECT_EQ(packet(1030 * kMs, 1030 * kMs, 49440)->gap, 1440);
  EXPECT_EQ(packet(1050 * kMs, 1050 * kMs, 50400)->gap, 0);
}

TEST_F(Video, UnwrapsRtpTimeAndReordersIt) {
  EXPECT_EQ(frame(0, 0, 0xffffffff - 2999), 0);
  EXPECT_EQ(frame(33 * kMs, 100 * kMs, 6000), 9000);
  EXPECT_EQ(frame(66 * kMs, 33 * kMs, 0), 9001);  // earlier than what was written: decode order
  EXPECT_EQ(frame(99 * kMs, 66 * kMs, 3000), 9002);
  EXPECT_EQ(frame(132 * kMs, 133 * kMs, 9000), 12000);
}

TEST_F(Audio, ContinuesWhenPtsJumpBackBy510Ms) {
  int i = 0;
  for (; i < 100; ++i) packet(i * 20 * kMs, i * 20 * kMs, static_cast<std::uint32_t>(i * kPacket));
  for (; i < 200; ++i) {
    const auto placed =
        packet(i * 20 * kMs, (i * 20 - 510) * kMs, static_cast<std::uint32_t>(i * kPacket));
    ASSERT_TRUE(placed) << i;
    ASSERT_EQ(placed->dts, i * kPacket);
  }
}

TEST_F(Audio, ContinuesWhenPtsJumpBackAndThereIsNoRtp) {
  int i = 0;
  for (; i < 100; ++i) packet(i * 20 * kMs, i * 20 * kMs);
  for (; i < 200; ++i) {
    const auto placed = packet(i * 20 * kMs, (i * 20 - 510) * kMs);
    ASSERT_TRUE(placed) << i;
    ASSERT_EQ(placed->dts, i * kPacket);
  }
}

TEST_F(Video, ContinuesWhenPtsJumpBackBy510Ms) {
  int i = 0;
  for (; i < 100; ++i) frame(i * 40 * kMs, i * 40 * kMs);
  for (; i < 200; ++i) ASSERT_EQ(frame(i * 40 * kMs, (i * 40 - 510) * kMs), i * 3600);
}

TEST_F(Video, KeepsTheDistancesOfPtsThatHaveJumped) {
  int i = 0;
  for (; i < 100; ++i) frame(i * 40 * kMs, i * 40 * kMs);
  for (; i < 200; ++i)
    ASSERT_EQ(frame((i * 40 + (i > 100 ? i % 3 * 15 : 0)) * kMs, (i * 40 - 510) * kMs), i * 3600);
}

TEST_F(Video, ContinuesWhenPtsJumpBackByHoursAndAHoleIsThere) {
  frame(0, 3600 * kSecond);
  frame(40 * kMs, 3600 * kSecond + 40 * kMs);
  EXPECT_EQ(frame(2040 * kMs, 0), 3600 * 90000LL + 2040 * 90);
  EXPECT_EQ(frame(2080 * kMs, 40 * kMs), 3600 * 90000LL + 2080 * 90);
}

TEST_F(Video, ContinuesWhenPtsJumpAheadByAnHour) {
  frame(0, 0);
  frame(40 * kMs, 40 * kMs);
  EXPECT_EQ(frame(80 * kMs, 3600 * kSecond), 7200);
  EXPECT_EQ(frame(120 * kMs, 3600 * kSecond + 40 * kMs), 10800);
}

TEST_F(Audio, ContinuesWhenRtpTimeJumps) {
  packet(0, 0, 0);
  packet(20 * kMs, 20 * kMs, 960);
  for (int i = 2; i < 100; ++i) {
    const auto placed =
        packet(i * 20 * kMs, i * 20 * kMs, 1'000'000'000u + static_cast<std::uint32_t>(i) * 960);
    ASSERT_TRUE(placed);
    ASSERT_EQ(placed->dts, i * kPacket);
  }
}

TEST_F(Audio, BelievesRtpTimeWhenPtsJumpAheadOfTheClock) {
  packet(0, 0, 0);
  packet(20 * kMs, 20 * kMs, 960);
  for (int i = 2; i < 100; ++i) {
    const auto placed =
        packet(i * 20 * kMs, (i * 20 + 5000) * kMs, static_cast<std::uint32_t>(i * kPacket));
    ASSERT_EQ(placed->dts, i * kPacket);
    ASSERT_EQ(placed->gap, 0);
  }
}

TEST_F(Audio, BelievesPtsWhenTheSenderStoppedItsRtpClock) {
  packet(0, 0, 0);
  packet(20 * kMs, 20 * kMs, 960);
  EXPECT_EQ(packet(3000 * kMs, 3000 * kMs, 1920)->dts, 144000);
  EXPECT_EQ(packet(3020 * kMs, 3020 * kMs, 2880)->dts, 144960);
}

TEST_F(Video, ContinuesWithANewSsrcAtItsPts) {
  frame(0, 0, 5000);
  EXPECT_EQ(frame(40 * kMs, 40 * kMs, 8600), 3600);
  EXPECT_EQ(frame(90 * kMs, 90 * kMs, 123456, 2), 8100);
  EXPECT_EQ(frame(120 * kMs, 130 * kMs, 123456 + 2700, 2), 10800);
}

TEST_F(Audio, ANewSsrcDoesNotBreakTheGrid) {
  for (int i = 0; i < 10; ++i)
    packet(i * 20 * kMs, i * 20 * kMs, static_cast<std::uint32_t>(i * kPacket));
  for (int i = 10; i < 20; ++i) {
    Input input{.pts = (i * 20 + 15) * kMs, .duration = kPacket};  // jitters on this side
    input.rtp = rtp(static_cast<std::uint32_t>(77777 + i * 960), 48000, 2);
    const auto placed = clock.place(input, i * 20 * kMs);
    ASSERT_EQ(placed->dts, i * kPacket);
    ASSERT_EQ(placed->gap, 0);
  }
}

TEST_F(Audio, WithoutPtsFollowsItsNeighbour) {
  packet(0, 1000 * kMs);
  EXPECT_EQ(packet(20 * kMs, {})->dts, 48960);
  EXPECT_EQ(packet(5000 * kMs, 6000 * kMs)->dts, 288000);
  EXPECT_EQ(packet(5020 * kMs, {})->dts, 288960);  // the hole before it is not repeated
}

TEST_F(Video, WithoutPtsFollowsItsNeighbours) {
  frame(0, 1000 * kMs);
  EXPECT_EQ(frame(40 * kMs, 1040 * kMs), 93600);
  EXPECT_EQ(frame(95 * kMs, {}), 97200);
  EXPECT_EQ(frame(120 * kMs, 1120 * kMs), 100800);
  EXPECT_EQ(frame(5000 * kMs, 6000 * kMs), 540000);
  EXPECT_EQ(frame(5040 * kMs, {}), 543600);
}

TEST_F(Video, WithoutAnyPtsFollowsTheClock) {
  EXPECT_EQ(frame(500 * kMs, {}), 0);
  EXPECT_EQ(frame(540 * kMs, {}), 3600);
  EXPECT_EQ(frame(640 * kMs, {}), 12600);
}

TEST_F(Video, KeepsNegativeDtsAndTheOffsetsOfBFrames) {
  const Nanos pts[] = {0, 120, 40, 80, 240};
  for (int i = 0; i < 5; ++i) {
    const Nanos dts = (i * 40 - 80) * kMs;
    const auto placed = clock.place({.pts = pts[i] * kMs, .dts = dts}, i * 40 * kMs);
    EXPECT_EQ(placed->dts, (i * 40 - 80) * 90);
    EXPECT_EQ(placed->dts + placed->cts_offset, pts[i] * 90);
  }
}

TEST_F(Video, NeverGoesBackOrStandsStill) {
  std::mt19937 random(3);
  std::int64_t last = -1;
  for (int i = 0; i < 20000; ++i) {
    const auto pts = static_cast<Nanos>(random() % 4'000) * kMs * (random() % 50 ? 1 : 1000);
    const bool stamped = random() % 7 != 0;
    const bool with_rtp = random() % 3 != 0;
    const auto dts = frame(i * kMs, stamped ? std::optional(pts) : std::nullopt,
                           with_rtp ? std::optional<std::uint32_t>(random()) : std::nullopt);
    ASSERT_GT(dts, last);
    ASSERT_LT(dts - last, 90000LL * 3600 * 2);
    last = dts;
  }
}

}  // namespace
}  // namespace rec::recording
