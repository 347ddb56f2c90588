// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The plugin's own timers, in real time: alarms ring once, early enough, and whoever blocks in one
// holds nobody else up.
#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

#include "gst/common/timers.h"
#include "tests/check/record/pipeline_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

constexpr auto kPatience = std::chrono::seconds(30);
constexpr Nanos kLong = 3600LL * 1'000'000'000;

void wait_for(std::future<void>& future) {
  fail_unless(future.wait_for(kPatience) == std::future_status::ready, "it never rang");
}

}  // namespace

GST_START_TEST(an_alarm_rings_once_and_not_too_early) {
  const auto timers = Timers::get();
  std::atomic<int> rings = 0;
  std::promise<Nanos> rang;
  const Nanos at = timers->now() + 20'000'000;
  const auto alarm = timers->create_alarm([&] {
    if (++rings == 1) rang.set_value(timers->now());
  });
  alarm->ring_by(at);
  alarm->ring_by(at + kLong);  // an earlier wish stands
  auto future = rang.get_future();
  fail_unless(future.wait_for(kPatience) == std::future_status::ready, "it never rang");
  fail_unless(future.get() >= at, "it rang too early");
  fail_unless_equals_int(rings, 1);
}
GST_END_TEST

GST_START_TEST(the_earliest_wish_counts_and_cancel_takes_it_back) {
  const auto timers = Timers::get();
  std::promise<void> rang;
  std::atomic<bool> wrong = false;
  const auto cancelled = timers->create_alarm([&] { wrong = true; });
  const auto alarm = timers->create_alarm([&] { rang.set_value(); });
  cancelled->ring_by(timers->now() + 1'000'000);
  cancelled->cancel();
  alarm->ring_by(timers->now() + kLong);
  alarm->ring_by(timers->now() + 30'000'000);
  auto future = rang.get_future();
  wait_for(future);
  fail_if(wrong, "a cancelled alarm rang");
}
GST_END_TEST

GST_START_TEST(who_blocks_holds_nobody_up) {
  const auto timers = Timers::get();
  std::promise<void> released;
  const auto release = released.get_future().share();
  std::atomic<int> blocked = 0;
  for (int i = 0; i < 10; ++i)
    timers->run_soon([&] {
      ++blocked;
      release.wait();
    });
  std::promise<void> rang;
  const auto alarm = timers->create_alarm([&] { rang.set_value(); });
  alarm->ring_by(timers->now());
  auto future = rang.get_future();
  wait_for(future);
  fail_unless_equals_int(blocked, 10);
  released.set_value();
}
GST_END_TEST

GST_START_TEST(many_alarms_at_once_need_few_threads) {
  const auto timers = Timers::get();
  const std::size_t before = thread_count();
  constexpr int kAlarms = 500;
  std::atomic<int> left = kAlarms;
  std::atomic<std::size_t> most = 0;
  std::promise<void> all;
  std::vector<std::unique_ptr<Alarm>> alarms;
  const Nanos at = timers->now() + 50'000'000;
  for (int i = 0; i < kAlarms; ++i) {
    alarms.push_back(timers->create_alarm([&] {
      most = std::max<std::size_t>(most, thread_count());
      if (--left == 0) all.set_value();
    }));
    alarms.back()->ring_by(at);
  }
  auto future = all.get_future();
  wait_for(future);
  fail_unless(most <= before + 4, "%zu threads for %d alarms", most.load() - before, kAlarms);
}
GST_END_TEST

GST_START_TEST(the_thread_goes_with_the_last_user) {
  const std::size_t before = thread_count();
  for (int i = 0; i < 20; ++i) {
    const auto timers = Timers::get();
    fail_unless(timers == Timers::get(), "there is more than one");
    const auto alarm = timers->create_alarm([] {});
    alarm->ring_by(timers->now() + kLong);
  }
  fail_unless_equals_int(thread_count(), before);
}
GST_END_TEST

static Suite* record_timers_suite() {
  Suite* suite = suite_create("timers");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, an_alarm_rings_once_and_not_too_early);
  tcase_add_test(tests, the_earliest_wish_counts_and_cancel_takes_it_back);
  tcase_add_test(tests, who_blocks_holds_nobody_up);
  tcase_add_test(tests, many_alarms_at_once_need_few_threads);
  tcase_add_test(tests, the_thread_goes_with_the_last_user);
  return suite;
}
GST_CHECK_MAIN(record_timers)
