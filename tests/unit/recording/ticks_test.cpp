// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/ticks.h"

#include <gtest/gtest.h>

namespace rec::recording {
namespace {

TEST(Ticks, AreTheNearestOnes) {
  EXPECT_EQ(to_ticks(0, 90000), 0);
  EXPECT_EQ(to_ticks(kSecond, 90000), 90000);
  EXPECT_EQ(to_ticks(33'333'333, 90000), 3000);
  EXPECT_EQ(to_ticks(5'555, 90000), 0);  // half a tick is 5555.6 ns
  EXPECT_EQ(to_ticks(5'556, 90000), 1);
  EXPECT_EQ(to_ticks(-33'333'333, 90000), -3000);
  EXPECT_EQ(to_ticks(-5'555, 90000), 0);
  EXPECT_EQ(to_ticks(-5'557, 90000), -1);
}

TEST(Ticks, BecomeTheNanosecondAtOrBefore) {
  EXPECT_EQ(to_nanos(1, 90000), 11'111);
  EXPECT_EQ(to_nanos(2, 90000), 22'222);
  EXPECT_EQ(to_nanos(-1, 90000), -11'112);
  EXPECT_EQ(to_nanos(960, 48000), 20'000'000);
}

TEST(Ticks, SurviveTheWayToNanosecondsAndBack) {
  const std::int64_t years = 10LL * 365 * 24 * 3600;
  for (const std::uint32_t timescale : {8000u, 44100u, 48000u, 90000u}) {
    for (const std::int64_t around :
         {std::int64_t{0}, std::int64_t{-90000} * 3600, timescale * years}) {
      for (std::int64_t t = around; t < around + 2000; ++t)
        ASSERT_EQ(to_ticks(to_nanos(t, timescale), timescale), t) << timescale;
    }
  }
}

TEST(Ticks, DivideTowardsTheEarlier) {
  EXPECT_EQ(floor_div(7, 2), 3);
  EXPECT_EQ(floor_div(-7, 2), -4);
  EXPECT_EQ(floor_div(-8, 2), -4);
  EXPECT_EQ(floor_div(0, 2), 0);
}

TEST(Ticks, DivideWhatDoesNotFitInto64BitsToo) {
  constexpr std::int64_t kBig = 1LL << 62;
  EXPECT_EQ(floor_div(Int128{kBig} * 6 + 5, 6), kBig);
  EXPECT_EQ(floor_div(Int128{kBig} * -6 - 1, 6), -kBig - 1);
  EXPECT_EQ(floor_div(Int128{kBig} * -6, 6), -kBig);
}

TEST(Ticks, AreNotBeforeTheNanosecondThatTheyAreTheFirstAt) {
  for (const std::uint32_t timescale : {8000u, 44100u, 48000u, 90000u}) {
    for (const Nanos around : {Nanos{0}, -3600 * kSecond, 365 * 24 * 3600 * kSecond}) {
      for (Nanos at = around - 50'000; at < around + 50'000; at += 777) {
        const std::int64_t tick = first_tick_at(at, timescale);
        ASSERT_GE(to_nanos(tick, timescale), at) << timescale;
        ASSERT_LT(to_nanos(tick - 1, timescale), at) << timescale;
      }
    }
  }
}

}  // namespace
}  // namespace rec::recording
