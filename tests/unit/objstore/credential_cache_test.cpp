// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/credential_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <thread>

#include "lib/objstore/worker.h"
#include "tests/unit/objstore/test_clock.h"

namespace rec::objstore {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct CacheTest : testing::Test {
  Credentials credentials(const std::string& id, std::optional<seconds> lifetime) {
    Credentials out;
    out.access_key_id = id;
    out.secret_access_key = Secret("s");
    out.source = "a test";
    if (lifetime) out.expires = server.now() + *lifetime;
    return out;
  }
  static Error denied() { return {Error::Kind::kDenied, "no", "yes"}; }
  void background() {
    while (!jobs.empty()) {
      auto job = std::move(jobs.front());
      jobs.pop_front();
      job();
    }
  }
  std::string id() {
    const auto current = cache->current();
    return current ? current->access_key_id : "";
  }

  TestClock clock;
  ServerClock server{clock};
  Result<Credentials> next = denied();
  int fetches = 0;
  std::deque<std::function<void()>> jobs;
  std::shared_ptr<CredentialCache> cache = CredentialCache::create(
      [this] {
        ++fetches;
        return next;
      },
      [this](std::function<void()> job) { jobs.push_back(std::move(job)); }, server, clock);
};

TEST_F(CacheTest, FetchesInTheBackgroundWhenFirstAsked) {
  next = credentials("A", std::nullopt);
  EXPECT_EQ(cache->current(), nullptr);
  EXPECT_EQ(cache->current(), nullptr);
  EXPECT_EQ(fetches, 0);
  EXPECT_EQ(jobs.size(), 1U);  // one refresher, however many ask
  background();
  EXPECT_EQ(id(), "A");
  clock.advance(hours(1000));
  EXPECT_EQ(id(), "A");  // they do not expire
  EXPECT_EQ(fetches, 1);
  EXPECT_TRUE(jobs.empty());
}

TEST_F(CacheTest, RenewsAQuarterOfAnHourBeforeTheEndWhileTheOldOnesServe) {
  next = credentials("A", hours(1));
  cache->current();
  background();
  clock.advance(minutes(45) - seconds(1));
  EXPECT_EQ(id(), "A");
  EXPECT_TRUE(jobs.empty());
  next = credentials("B", hours(1));
  clock.advance(seconds(1));
  EXPECT_EQ(id(), "A");
  EXPECT_EQ(jobs.size(), 1U);
  background();
  EXPECT_EQ(id(), "B");
}

TEST_F(CacheTest, ShortLivedOnesAreRenewedAtHalfTheirTime) {
  next = credentials("A", minutes(15));
  cache->current();
  background();
  clock.advance(minutes(7));
  EXPECT_EQ(id(), "A");
  EXPECT_TRUE(jobs.empty());
  clock.advance(minutes(1));
  EXPECT_EQ(id(), "A");
  EXPECT_EQ(jobs.size(), 1U);
}

TEST_F(CacheTest, AFailureIsNoHarmUntilTheOldOnesEnd) {
  next = credentials("A", hours(1));
  cache->current();
  background();
  next = denied();
  for (int minute = 0; minute < 59; ++minute) {
    clock.advance(minutes(1));
    EXPECT_EQ(id(), "A");
    EXPECT_FALSE(cache->error());
    background();
  }
  EXPECT_GT(fetches, 10);
  EXPECT_LT(fetches, 30);
  clock.advance(minutes(1));
  EXPECT_EQ(id(), "");
  background();
  ASSERT_TRUE(cache->error());
  EXPECT_EQ(cache->error()->what, "no");
  next = credentials("B", hours(1));
  clock.advance(minutes(1));
  EXPECT_EQ(id(), "");
  background();
  EXPECT_EQ(id(), "B");
  EXPECT_FALSE(cache->error());
}

TEST_F(CacheTest, FailuresAreRetriedEverMoreSlowly) {
  cache->current();
  background();
  EXPECT_TRUE(cache->error());
  for (const int wait : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    clock.advance(seconds(wait) - std::chrono::milliseconds(1));
    cache->current();
    EXPECT_TRUE(jobs.empty()) << wait;
    clock.advance(std::chrono::milliseconds(1));
    cache->current();
    EXPECT_EQ(jobs.size(), 1U) << wait;
    background();
  }
}

TEST_F(CacheTest, RefusedOnesAreRenewedOnceHoweverManyRequestsSaySo) {
  next = credentials("A", hours(1));
  cache->current();
  background();
  const auto old = cache->current();
  next = credentials("B", hours(1));
  cache->renew(*old);
  cache->renew(*old);
  EXPECT_EQ(jobs.size(), 1U);
  EXPECT_EQ(id(), "");  // known not to work
  background();
  EXPECT_EQ(id(), "B");
  cache->renew(*old);  // a request that was under way with the old ones
  EXPECT_TRUE(jobs.empty());
  EXPECT_EQ(id(), "B");
}

TEST_F(CacheTest, TheSameAgainIsAnError) {
  next = credentials("A", std::nullopt);
  cache->current();
  background();
  cache->renew(*cache->current());
  background();
  EXPECT_EQ(id(), "");
  ASSERT_TRUE(cache->error());
  EXPECT_EQ(cache->error()->what,
            "The service refuses the credentials of a test as expired, and there are no others");
  next = credentials("B", std::nullopt);  // somebody has changed the file
  clock.advance(seconds(1));
  EXPECT_EQ(id(), "");
  background();
  EXPECT_EQ(id(), "B");
}

// The metadata service does so when it is short of new ones; or the clock here is wrong.
TEST_F(CacheTest, WhatComesExpiredIsUsedForAWhile) {
  next = credentials("A", -hours(2));
  cache->current();
  background();
  EXPECT_EQ(id(), "A");
  clock.advance(minutes(7));
  EXPECT_EQ(id(), "A");
  EXPECT_EQ(fetches, 1);
  clock.advance(minutes(1));
  EXPECT_EQ(id(), "A");
  EXPECT_EQ(jobs.size(), 1U);
}

TEST_F(CacheTest, TellsWhoeverWaits) {
  int calls = 0;
  auto first = cache->subscribe([&] { ++calls; });
  auto second = cache->subscribe([&] { calls += 10; });
  second.reset();
  cache->current();
  background();
  EXPECT_EQ(calls, 1);
}

TEST_F(CacheTest, MayGoWhileItFetches) {
  cache->current();
  cache.reset();
  background();
  EXPECT_EQ(fetches, 1);
}

TEST(Worker, DoesOneJobAfterTheOtherAndAllOfThem) {
  std::vector<int> done;  // the worker's thread only, until it has ended
  {
    Worker worker;
    for (int i = 0; i < 100; ++i) worker.append([&done, i] { done.push_back(i); });
  }
  ASSERT_EQ(done.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(Worker, MayBeDroppedByItsOwnJob) {
  auto worker = std::make_shared<Worker>();
  std::promise<std::thread::id> done;
  std::promise<void> dropped;
  worker->append([&done, worker, gone = dropped.get_future().share()]() mutable {
    gone.wait();     // the last hold is this one now
    worker.reset();  // and ends here
    done.set_value(std::this_thread::get_id());
  });
  worker.reset();
  dropped.set_value();
  EXPECT_NE(done.get_future().get(), std::this_thread::get_id());
}

TEST(Worker, OfTheProcessIsOneWhileSomebodyHoldsIt) {
  const auto first = Worker::shared();
  EXPECT_EQ(first, Worker::shared());
  std::promise<void> ran;
  first->append([&] { ran.set_value(); });
  ran.get_future().get();
}

}  // namespace
}  // namespace rec::objstore
