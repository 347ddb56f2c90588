// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/retry.h"

#include <gtest/gtest.h>

#include "tests/unit/objstore/test_clock.h"

namespace rec::objstore {
namespace {

using Action = RetryDecision::Action;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

Failure failure(FailureClass kind) {
  Failure out;
  out.kind = kind;
  return out;
}

struct RetryTest : testing::Test {
  Retry retry(double random = 0.5, std::chrono::nanoseconds patience = hours(24)) {
    return {Retry::Settings{}, budget, [random] { return random; }, clock.monotonic() + patience};
  }
  TestClock clock;
  RetryBudget budget;
};

TEST_F(RetryTest, DelaysDoubleUpToTheLongestWithFullJitter) {
  auto half = retry(0.5);
  for (const int expected : {25, 50, 100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000}) {
    const auto decision = half.failed(failure(FailureClass::kTransient), clock.monotonic());
    EXPECT_EQ(decision.action, Action::kWait);
    EXPECT_EQ(decision.delay, milliseconds(expected));
  }
  auto none = retry(0.0);
  EXPECT_EQ(none.failed(failure(FailureClass::kTransient), clock.monotonic()).delay,
            milliseconds(0));
}

TEST_F(RetryTest, ThrottlingWaitsLonger) {
  auto r = retry(0.5);
  for (const int expected : {500, 1000, 2000, 4000, 8000, 10'000})
    EXPECT_EQ(r.failed(failure(FailureClass::kThrottle), clock.monotonic()).delay,
              milliseconds(expected));
}

TEST_F(RetryTest, TheServersTimeIsTheShortest) {
  auto r = retry(0.0);
  auto told = failure(FailureClass::kThrottle);
  told.retry_after = seconds(42);
  EXPECT_EQ(r.failed(told, clock.monotonic()).delay, seconds(42));
}

TEST_F(RetryTest, GoesOnUntilTheDeadlineHoweverOften) {
  auto r = retry(0.5, hours(24));
  unsigned attempts = 0;
  RetryDecision decision;
  do {
    decision = r.failed(failure(FailureClass::kTransient), clock.monotonic());
    clock.advance(decision.delay);
    ++attempts;
  } while (decision.action == Action::kWait);
  EXPECT_EQ(decision.action, Action::kGiveUp);
  EXPECT_GT(attempts, 24U * 3600 / 20);
  EXPECT_EQ(r.attempts(), attempts);
  // Not a moment longer: the last attempt was at the deadline.
  EXPECT_EQ(clock.monotonic(), TestClock().monotonic() + hours(24));
}

TEST_F(RetryTest, UploadsTogetherSlowDownWhenTheBudgetIsSpent) {
  int quick = 0;
  for (int upload = 0; upload < 200; ++upload) {  // all fail for the first time
    auto r = retry(0.2);
    const auto delay = r.failed(failure(FailureClass::kTransient), clock.monotonic()).delay;
    if (delay == milliseconds(10))
      ++quick;
    else
      EXPECT_EQ(delay, milliseconds(12'000));
  }
  EXPECT_EQ(quick, RetryBudget::kCapacity / RetryBudget::kRetryCost);
  auto r = retry(0.2);
  for (int i = 0; i < RetryBudget::kRetryCost; ++i) r.succeeded();
  EXPECT_EQ(r.failed(failure(FailureClass::kTransient), clock.monotonic()).delay, milliseconds(10));
}

TEST_F(RetryTest, TimeoutsCostTwice) {
  auto slow = failure(FailureClass::kTransient);
  slow.timed_out = true;
  for (int i = 0; i < RetryBudget::kCapacity / RetryBudget::kTimeoutCost; ++i) {
    auto r = retry(0.0);
    EXPECT_EQ(r.failed(slow, clock.monotonic()).delay, milliseconds(0));
  }
  auto r = retry(0.0);
  EXPECT_EQ(r.failed(slow, clock.monotonic()).delay, milliseconds(10'000));
}

TEST_F(RetryTest, TheBudgetNeverHoldsMoreThanItsCapacity) {
  for (int i = 0; i < 1000; ++i) budget.succeeded();
  EXPECT_TRUE(budget.take(RetryBudget::kCapacity));
  EXPECT_FALSE(budget.take(1));
}

TEST_F(RetryTest, CuresAreTriedAtOnceAndNotForEver) {
  const struct {
    FailureClass kind;
    Action action;
    unsigned times;
  } cases[] = {{FailureClass::kClock, Action::kResign, 2},
               {FailureClass::kAuth, Action::kRefresh, 1},
               {FailureClass::kRegion, Action::kRedirect, 1},
               {FailureClass::kNotImplemented, Action::kDropChecksum, 1},
               {FailureClass::kIntegrity, Action::kWait, 3}};
  for (const auto& c : cases) {
    auto r = retry();
    for (unsigned i = 0; i < c.times; ++i)
      EXPECT_EQ(r.failed(failure(c.kind), clock.monotonic()).action, c.action);
    EXPECT_EQ(r.failed(failure(c.kind), clock.monotonic()).action, Action::kGiveUp);
  }
}

// A request that is retried all day outlives several tokens.
TEST_F(RetryTest, ACureMayHelpAgainLater) {
  auto r = retry();
  for (int hour = 0; hour < 5; ++hour) {
    EXPECT_EQ(r.failed(failure(FailureClass::kAuth), clock.monotonic()).action, Action::kRefresh);
    EXPECT_EQ(r.failed(failure(FailureClass::kTransient), clock.monotonic()).action, Action::kWait);
  }
}

TEST_F(RetryTest, WhatCannotHelpIsNotTried) {
  for (const auto kind : {FailureClass::kFatal, FailureClass::kExists, FailureClass::kCancelled}) {
    auto r = retry();
    EXPECT_EQ(r.failed(failure(kind), clock.monotonic()).action, Action::kGiveUp);
  }
}

struct ConcurrencyTest : testing::Test {
  TestClock clock;
  ConcurrencyLimit limit{20, clock};
};

TEST_F(ConcurrencyTest, IsTheMaximumUntilTheStoreComplains) {
  EXPECT_EQ(limit.current(), 20U);
  limit.throttled();
  EXPECT_EQ(limit.current(), 14U);  // 0.7 of it
}

TEST_F(ConcurrencyTest, ComesBackWithinSeconds) {
  limit.throttled();
  unsigned before = limit.current();
  for (int i = 0; i < 100; ++i) {
    clock.advance(milliseconds(100));
    EXPECT_GE(limit.current(), before);
    before = limit.current();
  }
  EXPECT_EQ(before, 20U);
  clock.advance(hours(48));
  EXPECT_EQ(limit.current(), 20U);
}

TEST_F(ConcurrencyTest, ComplaintsOfOneMomentAreOne) {
  for (int i = 0; i < 20; ++i) limit.throttled();
  EXPECT_EQ(limit.current(), 14U);
}

TEST_F(ConcurrencyTest, FallsAsFarAsOneAndNotFurther) {
  for (int i = 0; i < 50; ++i) {
    limit.throttled();
    clock.advance(milliseconds(500));
  }
  limit.throttled();
  EXPECT_EQ(limit.current(), 1U);
  clock.advance(seconds(30));
  EXPECT_EQ(limit.current(), 20U);
}

}  // namespace
}  // namespace rec::objstore
