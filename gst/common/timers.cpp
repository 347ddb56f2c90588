// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/timers.h"

#include <gst/gst.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace rec {
namespace {

using Job = std::function<void()>;

// As many as there ever are, however many alarms ring at once; more only while these are stuck.
constexpr gint kWorkers = 2;
// Jobs take microseconds: if none is done for this long, the workers are stuck.
constexpr std::chrono::nanoseconds kStuck(20'000'000);

std::atomic<unsigned> jobs_done = 0;

// Shared with GLib's other pools: idle threads are reused and end by themselves.
GThreadPool* job_pool() {
  static GThreadPool* const pool = g_thread_pool_new(
      [](gpointer data, gpointer) {
        std::unique_ptr<Job> job(static_cast<Job*>(data));
        (*job)();
        job.reset();
        ++jobs_done;
      },
      nullptr, kWorkers, FALSE, nullptr);
  return pool;
}

void push_job(Job job) { g_thread_pool_push(job_pool(), new Job(std::move(job)), nullptr); }

// Adds a worker when those that there are are stuck. Belongs to the timer thread.
class Relief {
 public:
  // True: jobs are waiting; ask again after kStuck. Whoever blocks a worker (a push into a paused
  // filesink) holds nobody up for much longer than that.
  bool check(Nanos now) {
    GThreadPool* pool = job_pool();
    if (g_thread_pool_unprocessed(pool) == 0) {
      g_thread_pool_set_max_threads(pool, kWorkers, nullptr);
      return waiting_ = false;
    }
    const unsigned done = jobs_done;
    if (std::exchange(done_, done) != done || !std::exchange(waiting_, true)) {
      since_ = now;
    } else if (now - since_ >= kStuck.count()) {
      const auto threads = static_cast<gint>(g_thread_pool_get_num_threads(pool));
      g_thread_pool_set_max_threads(pool, threads + 1, nullptr);
      since_ = now;
    }
    return true;
  }

 private:
  bool waiting_ = false;
  unsigned done_ = 0;
  Nanos since_ = 0;  // no job was done since then
};

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
  void run_soon(Job job) override;

  class ThreadAlarm;

 private:
  using Queue = std::multimap<Nanos, ThreadAlarm*>;
  void run();

  std::mutex lock_;
  std::condition_variable changed_;
  Queue queue_;
  bool stopping_ = false;
  bool jobs_pushed_ = false;  // and not known to be taken by a worker
  std::thread thread_;        // last: it uses the others
};

class ThreadTimers::ThreadAlarm final : public Alarm {
 public:
  ThreadAlarm(std::shared_ptr<ThreadTimers> timers, Job callback)
      : timers_(std::move(timers)), callback_(std::move(callback)) {}
  ~ThreadAlarm() override { cancel(); }

  void ring_by(Nanos at) override {
    // Without the lock, which all recordings share: this is called whenever a sample comes. Whoever
    // saw the callback run sees, too, that it has gone off.
    if (rings_at_.load() <= at) return;
    std::lock_guard l(timers_->lock_);
    if (place_ && (*place_)->first <= at) return;
    if (place_) timers_->queue_.erase(*place_);
    place_ = timers_->queue_.emplace(at, this);
    rings_at_ = at;
    if (*place_ == timers_->queue_.begin()) timers_->changed_.notify_one();
  }
  void cancel() override {
    std::lock_guard l(timers_->lock_);
    if (place_) timers_->queue_.erase(*place_);
    forget_place();
  }

 private:
  friend class ThreadTimers;
  static constexpr Nanos kNever = std::numeric_limits<Nanos>::max();

  void forget_place() {
    place_.reset();
    rings_at_ = kNever;
  }

  const std::shared_ptr<ThreadTimers> timers_;
  const Job callback_;
  std::optional<Queue::iterator> place_;  // guarded by timers_->lock_
  std::atomic<Nanos> rings_at_ = kNever;  // written with the lock held
};

std::unique_ptr<Alarm> ThreadTimers::create_alarm(Job callback) {
  return std::make_unique<ThreadAlarm>(shared_from_this(), std::move(callback));
}

void ThreadTimers::run_soon(Job job) {
  push_job(std::move(job));
  {
    std::lock_guard l(lock_);
    jobs_pushed_ = true;
  }
  changed_.notify_one();
}

void ThreadTimers::run() {
  std::unique_lock l(lock_);
  Relief relief;
  while (!stopping_) {
    const auto first = queue_.begin();
    const std::chrono::nanoseconds wait(first == queue_.end() ? std::numeric_limits<Nanos>::max()
                                                              : first->first - now());
    if (wait.count() > 0) {
      if (jobs_pushed_) jobs_pushed_ = relief.check(now());
      if (jobs_pushed_)
        changed_.wait_for(l, std::min(wait, kStuck));
      else if (first == queue_.end())
        changed_.wait(l);
      else
        changed_.wait_for(l, wait);
      continue;
    }
    ThreadAlarm* alarm = first->second;
    queue_.erase(first);
    alarm->forget_place();
    push_job(alarm->callback_);
    jobs_pushed_ = true;
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
