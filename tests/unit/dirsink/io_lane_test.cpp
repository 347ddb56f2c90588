// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/io_lane.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "gst/dirsink/backlog.h"

namespace rec::dirsink {
namespace {

void drain(const std::shared_ptr<Lane>& lane) {
  std::promise<void> done;
  lane->append([&] { done.set_value(); });
  done.get_future().wait();
}

TEST(Lane, RunsJobsInOrderOneAtATime) {
  const auto lane = Lane::of("/one");
  EXPECT_EQ(lane, Lane::of("/one"));
  std::atomic<int> inside{0};
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i)
    lane->append([&, i] {
      EXPECT_EQ(inside++, 0);
      order.push_back(i);
      --inside;
    });
  drain(lane);
  ASSERT_EQ(order.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(Lane, AHungRootDoesNotStopAnother) {
  std::promise<void> answer;
  const auto hung = Lane::of("/hung");
  hung->append([&] { answer.get_future().wait(); });
  for (int i = 0; i < 20; ++i) drain(Lane::of("/good" + std::to_string(i)));
  answer.set_value();
  drain(hung);
}

TEST(Backlog, ElementsOfOneLaneTakeTurns) {
  const auto lane = Lane::of("/shared");
  std::promise<void> go;
  lane->append([&] { go.get_future().wait(); });
  const auto nothing = [](const Backlog&) {};
  const auto first = std::make_shared<Backlog>(lane, nothing);
  const auto second = std::make_shared<Backlog>(lane, nothing);
  std::string order;
  for (int i = 0; i < 3; ++i) first->append({.key = {}, .run = [&] { order += 'a'; }});
  for (int i = 0; i < 3; ++i) second->append({.key = {}, .run = [&] { order += 'b'; }});
  go.set_value();
  const auto idle = [](const Backlog::Load& load) { return load.jobs == 0; };
  first->wait(idle);
  second->wait(idle);
  EXPECT_EQ(order, "ababab");
}

TEST(Backlog, ForgetsJobsOfOneKeyAndFreesThem) {
  const auto lane = Lane::of("/discard");
  std::promise<void> go;
  lane->append([&] { go.get_future().wait(); });
  const auto backlog = std::make_shared<Backlog>(lane, [](const Backlog&) {});
  std::string order;
  const auto memory = std::make_shared<int>(1);
  for (const char* key : {"a", "b", "a"})
    backlog->append({.key = key, .bytes = 10, .run = [&order, key, memory] { order += key; }});
  backlog->append({.key = {}, .run = [&] { order += '.'; }});
  EXPECT_EQ(backlog->load().bytes, 30u);
  backlog->discard("a");
  EXPECT_EQ(backlog->load().bytes, 10u);
  EXPECT_EQ(memory.use_count(), 2);
  go.set_value();
  backlog->wait([](const Backlog::Load& load) { return load.jobs == 0; });
  EXPECT_EQ(order, "b.");
}

}  // namespace
}  // namespace rec::dirsink
