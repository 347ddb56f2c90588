// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The concurrency core of the producers, with plain threads: also built with ThreadSanitizer, which
// GLib's own threads would confuse.
#include "gst/common/drain_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace rec {
namespace {

struct Item {
  int thread;
  int number;
};

constexpr int kThreads = 8;
constexpr int kItems = 5000;

TEST(DrainQueue, EveryItemIsCarriedOutOnceInOrderByOneThreadAtATime) {
  std::mutex lock;
  DrainQueue<Item> queue(lock);
  std::vector<int> next(kThreads, 0);  // of each thread; belongs to the holder of the token
  std::atomic<int> at_it = 0;
  const auto perform = [&](Item& item) {
    EXPECT_EQ(++at_it, 1);
    EXPECT_EQ(next[static_cast<std::size_t>(item.thread)]++, item.number);
    --at_it;
  };
  const auto work = [&](int thread) {
    for (int i = 0; i < kItems; ++i) {
      {
        std::lock_guard l(lock);
        queue.push({thread, i}, 10);
      }
      queue.drain(perform, [] {});
    }
  };
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(work, t);
  threads.clear();  // joins
  for (const int count : next) EXPECT_EQ(count, kItems);
  std::lock_guard l(lock);
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(DrainQueue, TheLockIsFreeWhileAnItemIsCarriedOutAndHeldAfterwards) {
  std::mutex lock;
  DrainQueue<int> queue(lock);
  queue.push(1, 7);
  int performed = 0;
  queue.drain(
      [&](int) {
        std::unique_lock l(lock, std::try_to_lock);
        ASSERT_TRUE(l);
        EXPECT_EQ(queue.bytes(), 7u);  // it counts until it is done
      },
      [&] {
        std::thread([&] { EXPECT_FALSE(std::unique_lock(lock, std::try_to_lock)); }).join();
        ++performed;
      });
  EXPECT_EQ(performed, 1);
}

TEST(DrainQueue, WhatIsAppendedMeanwhileIsCarriedOutByTheHolder) {
  std::mutex lock;
  DrainQueue<int> queue(lock);
  queue.push(1);
  std::vector<int> seen;
  queue.drain(
      [&](int item) {
        seen.push_back(item);
        if (item >= 3) return;
        std::lock_guard l(lock);
        queue.push(item + 1);
      },
      [] {});
  EXPECT_EQ(seen, (std::vector{1, 2, 3}));
}

TEST(DrainQueue, StopWaitsForTheHolder) {
  std::mutex lock;
  DrainQueue<int> queue(lock);
  std::atomic<bool> inside = false, let_go = false, done = false;
  std::jthread holder([&] {
    {
      std::lock_guard l(lock);
      queue.push(1, 5);
    }
    queue.drain(
        [&](int) {
          inside = true;
          while (!let_go) std::this_thread::yield();
          done = true;
        },
        [] {});
  });
  while (!inside) std::this_thread::yield();
  std::jthread helper([&] { let_go = true; });
  std::unique_lock l(lock);
  queue.stop(l);
  EXPECT_TRUE(done);
  EXPECT_EQ(queue.bytes(), 0u);
}

}  // namespace
}  // namespace rec
