// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Timers whose time the test drives: nothing rings and no job runs but within advance().
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "gst/common/timers.h"

namespace rec::test {

inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1000 * kMillisecond;

class FakeTimers final : public Timers, public std::enable_shared_from_this<FakeTimers> {
 public:
  // From here on the elements that are created or started live in this time.
  static std::shared_ptr<FakeTimers> install() {
    auto timers = std::make_shared<FakeTimers>();
    Timers::replace_for_tests(timers);
    return timers;
  }

  Nanos now() const override {
    std::lock_guard l(lock_);
    return now_;
  }
  std::unique_ptr<Alarm> create_alarm(std::function<void()> callback) override {
    return std::make_unique<FakeAlarm>(shared_from_this(), std::move(callback));
  }
  void run_soon(std::function<void()> job) override {
    std::lock_guard l(lock_);
    jobs_.push_back(std::move(job));
  }

  // Runs what is due on the way, in the order of time, in the calling thread.
  void advance(Nanos by) {
    const Nanos until = now() + by;
    while (auto job = next(until)) (*job)();
    std::lock_guard l(lock_);
    now_ = until;
  }
  std::size_t armed() const {
    std::lock_guard l(lock_);
    return queue_.size();
  }
  std::optional<Nanos> next_ring() const {
    std::lock_guard l(lock_);
    return queue_.empty() ? std::nullopt : std::optional(queue_.begin()->first);
  }

 private:
  class FakeAlarm;
  using Queue = std::multimap<Nanos, FakeAlarm*>;

  class FakeAlarm final : public Alarm {
   public:
    FakeAlarm(std::shared_ptr<FakeTimers> timers, std::function<void()> callback)
        : timers_(std::move(timers)), callback_(std::move(callback)) {}
    ~FakeAlarm() override { cancel(); }
    void ring_by(Nanos at) override {
      std::lock_guard l(timers_->lock_);
      if (place_ && (*place_)->first <= at) return;
      if (place_) timers_->queue_.erase(*place_);
      place_ = timers_->queue_.emplace(at, this);
    }
    void cancel() override {
      std::lock_guard l(timers_->lock_);
      if (place_) timers_->queue_.erase(*place_);
      place_.reset();
    }

   private:
    friend class FakeTimers;
    const std::shared_ptr<FakeTimers> timers_;
    const std::function<void()> callback_;
    std::optional<Queue::iterator> place_;  // guarded by timers_->lock_
  };

  std::optional<std::function<void()>> next(Nanos until) {
    std::lock_guard l(lock_);
    if (!jobs_.empty()) {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      return job;
    }
    if (queue_.empty() || queue_.begin()->first > until) return std::nullopt;
    const auto first = queue_.begin();
    FakeAlarm* alarm = first->second;
    if (first->first > now_) now_ = first->first;
    queue_.erase(first);
    alarm->place_.reset();
    return alarm->callback_;
  }

  mutable std::mutex lock_;
  Nanos now_ = 1000 * kSecond;
  Queue queue_;
  std::deque<std::function<void()>> jobs_;
};

}  // namespace rec::test
