// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/worker.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace rec::objstore {

struct Worker::State {
  std::mutex lock;
  std::condition_variable changed;
  std::deque<std::function<void()>> jobs;
  bool stopping = false;
  std::thread thread;

  void work() {
    pthread_setname_np(pthread_self(), "rec-credentials");
    std::unique_lock l(lock);
    for (;;) {
      changed.wait(l, [this] { return stopping || !jobs.empty(); });
      if (jobs.empty()) return;
      {
        auto job = std::move(jobs.front());
        jobs.pop_front();
        l.unlock();
        job();
      }  // what the job held goes before the lock comes back
      l.lock();
    }
  }
};

std::shared_ptr<Worker> Worker::shared() {
  static std::mutex lock;
  static std::weak_ptr<Worker> weak;
  const std::lock_guard l(lock);
  auto worker = weak.lock();
  if (!worker) {
    worker = std::make_shared<Worker>();
    weak = worker;
  }
  return worker;
}

Worker::Worker() : state_(std::make_shared<State>()) {
  // The thread has its own hold on the state: it may be the one that drops the worker.
  state_->thread = std::thread([state = state_] { state->work(); });
}

Worker::~Worker() {
  {
    const std::lock_guard l(state_->lock);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  if (state_->thread.get_id() == std::this_thread::get_id())
    state_->thread.detach();
  else
    state_->thread.join();
}

void Worker::append(std::function<void()> job) {
  {
    const std::lock_guard l(state_->lock);
    state_->jobs.push_back(std::move(job));
  }
  state_->changed.notify_all();
}

}  // namespace rec::objstore
