// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/timers.h"

#include <gst/gst.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace rec {
namespace {

using Job = std::function<void()>;

// Unlimited and shared with GLib's other pools: idle threads are reused and end by themselves.
GThreadPool* job_pool() {
  static GThreadPool* const pool = g_thread_pool_new(
      [](gpointer data, gpointer) {
        std::unique_ptr<Job> job(static_cast<Job*>(data));
        (*job)();
      },
      nullptr, -1, FALSE, nullptr);
  return pool;
}

void push_job(Job job) { g_thread_pool_push(job_pool(), new Job(std::move(job)), nullptr); }

class ThreadTimers final : public Timers, public std::enable_shared_from_this<ThreadTimers> {
 public:
  ThreadTimers() : thread_([this] { run(); }) {}
  ~ThreadTimers() override {
    {
      std::lock_guard l(lock_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  Nanos now() const override { return g_get_monotonic_time() * 1000; }
  std::unique_ptr<Alarm> create_alarm(Job callback) override;
  void run_soon(Job job) override { push_job(std::move(job)); }

  class ThreadAlarm;

 private:
  using Queue = std::multimap<Nanos, ThreadAlarm*>;
  void run();

  std::mutex lock_;
  std::condition_variable changed_;
  Queue queue_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

class ThreadTimers::ThreadAlarm final : public Alarm {
 public:
  ThreadAlarm(std::shared_ptr<ThreadTimers> timers, Job callback)
      : timers_(std::move(timers)), callback_(std::move(callback)) {}
  ~ThreadAlarm() override { cancel(); }

  void ring_by(Nanos at) override {
    std::lock_guard l(timers_->lock_);
    if (place_ && (*place_)->first <= at) return;
    if (place_) timers_->queue_.erase(*place_);
    place_ = timers_->queue_.emplace(at, this);
    if (*place_ == timers_->queue_.begin()) timers_->changed_.notify_one();
  }
  void cancel() override {
    std::lock_guard l(timers_->lock_);
    if (place_) timers_->queue_.erase(*place_);
    place_.reset();
  }

 private:
  friend class ThreadTimers;
  const std::shared_ptr<ThreadTimers> timers_;
  const Job callback_;
  std::optional<Queue::iterator> place_;  // guarded by timers_->lock_
};

std::unique_ptr<Alarm> ThreadTimers::create_alarm(Job callback) {
  return std::make_unique<ThreadAlarm>(shared_from_this(), std::move(callback));
}

void ThreadTimers::run() {
  std::unique_lock l(lock_);
  while (!stopping_) {
    if (queue_.empty()) {
      changed_.wait(l);
      continue;
    }
    const auto first = queue_.begin();
    const Nanos wait = first->first - now();
    if (wait > 0) {
      changed_.wait_for(l, std::chrono::nanoseconds(wait));
      continue;
    }
    ThreadAlarm* alarm = first->second;
    queue_.erase(first);
    alarm->place_.reset();
    push_job(alarm->callback_);
  }
}

std::mutex instance_lock;
std::weak_ptr<Timers> instance;
std::shared_ptr<Timers> replacement;

}  // namespace

std::shared_ptr<Timers> Timers::get() {
  std::lock_guard l(instance_lock);
  if (replacement) return replacement;
  auto timers = instance.lock();
  if (!timers) instance = timers = std::make_shared<ThreadTimers>();
  return timers;
}

void Timers::replace_for_tests(std::shared_ptr<Timers> timers) {
  std::lock_guard l(instance_lock);
  replacement = std::move(timers);
}

}  // namespace rec
