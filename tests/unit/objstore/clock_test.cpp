// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/clock.h"

#include <gtest/gtest.h>

#include "tests/unit/objstore/test_clock.h"

namespace rec::objstore {
namespace {

TEST(ServerClock, FollowsWhatTheServerSaid) {
  TestClock clock;
  ServerClock server(clock);
  EXPECT_EQ(server.now(), clock.utc());
  server.learn(clock.utc() + std::chrono::hours(3));
  EXPECT_EQ(server.skew(), std::chrono::hours(3));
  clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(server.now(), clock.utc() + std::chrono::hours(3));
  server.learn(clock.utc() - std::chrono::minutes(20));  // somebody has set the clock since
  EXPECT_EQ(server.now(), clock.utc() - std::chrono::minutes(20));
}

}  // namespace
}  // namespace rec::objstore
